"""Group B: reading secrets."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

from grader.records import Status
from tests.attacks.catalogue.attack import Attack, NotApplicable, Seen, module, network, tries
from tests.attacks.catalogue.forging import as_honest

FAULT = Status.STUDENT_FAULT
GONE = "ENOENT|EACCES"
DEADLY = {"stopped": "forbidden-syscall", "status": FAULT}


def seven_variables(seen: Seen) -> None:
    """Assert that the environment is the one that the grader makes."""
    (line,) = (one for one in seen.output.splitlines() if one.startswith("NAMES "))
    assert line.split()[1:] == sorted(
        "HOME LANG MKL_NUM_THREADS OMP_NUM_THREADS OPENBLAS_NUM_THREADS PATH TMPDIR".split()
    )
    assert "LIBC 7" in seen.output


def five_descriptors(seen: Seen) -> None:
    """Nothing is open but the job's own five."""
    assert "FOUND [0, 1, 2, 3, 4]" in seen.output


def nothing_left(seen: Seen) -> None:
    """Nothing of an earlier job is there."""
    assert "LEFT []" in seen.output
    assert "HUNTED 0" in seen.output


def no_paths_of_ours(seen: Seen) -> None:
    """Assert that what the student reads names their own lines and nothing of the grader's."""
    broke = seen.report.broke
    assert broke is not None
    assert (broke.kind, broke.where.line is not None) == ("ValueError", True)
    assert len(broke.message) <= 2000
    text = str([seen.report.findings, seen.report.notes, broke])
    assert "grader/sandbox" not in text
    assert "site-packages" not in text


def a_link(target: str) -> object:
    """Return a maker of a link."""

    def make(path: Path) -> None:
        path.with_suffix(".ipynb").symlink_to(target)

    return make


def linked_member(path: Path) -> None:
    """Write a zip with a link in it."""
    info = zipfile.ZipInfo("net.py")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        archive.writestr(info, "/etc/shadow")


def climbing_member(path: Path) -> None:
    """Write a zip with a member that points to a neighbour."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../neighbour.ipynb", b"{}")
    path.with_suffix(".zip").write_bytes(stream.getvalue())


def linked_beside(path: Path) -> None:
    """Make a folder with an honest network and a link to a neighbour's."""
    path.mkdir()
    (path / "net.py").write_bytes(network())
    (path / "other.py").symlink_to("../neighbour.py")


def rejected(seen: Seen) -> None:
    """Nothing was run, and the report says which file it was."""
    assert seen.done is None
    assert any(word in seen.said for word in ("is a link", "not a regular file", "lies outside the archive")), seen.said


ROWS: tuple[Attack | NotApplicable, ...] = (
    Attack(
        23,
        "opening labels, other submissions, keys and passwords",
        module(
            "for path in ('@SECRET@', '@ROOT@/rubrics/first_cnn.toml', '@ROOT@/reference/solution.py', '@ROOT@/submissions/functional.py', '@ROOT@/grader/bundled_files/rubrics/first_cnn.toml', '/etc/shadow', '/etc/passwd', '/root/.ssh/id_rsa', os.path.expanduser('~root/.bash_history')):\n"
            "    attempt(path.replace('@ROOT@', 'root').replace('@SECRET@', 'secret'), lambda: open(path).read(40))"
        ),
        tried={
            "secret": GONE,
            "root/rubrics/first_cnn.toml": GONE,
            "root/reference/solution.py": GONE,
            "root/submissions/functional.py": GONE,
            "root/grader/bundled_files/rubrics/first_cnn.toml": GONE,
            "/etc/shadow": GONE,
            "/etc/passwd": GONE,
            "/root/.ssh/id_rsa": GONE,
        },
        proof=as_honest,
    ),
    Attack(
        24,
        "listing folders",
        module(
            tries(
                root="os.listdir('/')",
                tmp="os.listdir('/tmp')",
                home="os.listdir('/home')",
                operator="os.listdir('/root')",
                etc="os.listdir('/etc')",
                ground="os.listdir('@FOLDER@')",
                course="os.listdir('@ROOT@')",
                var="os.listdir('/var')",
                run="os.listdir('/run')",
                dev="os.listdir('/dev')",
            )
        ),
        tried=dict.fromkeys("root tmp home operator etc ground course var run dev".split(), GONE),
        proof=as_honest,
    ),
    Attack(
        25,
        "learning that a file exists, and its size",
        module(
            tries(
                stat="os.stat('@SECRET@').st_size",
                access="os.access('@SECRET@', os.F_OK) or 1/0",
                chdir="os.chdir('@FOLDER@')",
                statx="os.path.getsize('@SECRET@')",
            )
        ),
        tried={
            "stat": {"A": "ENOENT", "B": "ENOENT", "C": "open"},
            "access": {"A": "ZeroDivisionError", "B": "ZeroDivisionError", "C": "open"},
            "chdir": {"A": "ENOENT", "B": "ENOENT", "C": "open"},
            "statx": {"A": "ENOENT", "B": "ENOENT", "C": "open"},
        },
        proof=as_honest,
    ),
    Attack(
        26,
        "memory and state of processes in /proc",
        module(
            tries(
                mem="open('/proc/self/mem', 'rb')",
                maps="open('/proc/self/maps')",
                fds="os.listdir('/proc/self/fd')",
                list="os.listdir('/proc')",
                parent_environ="open(f'/proc/{os.getppid()}/environ')",
                parent_mem="open(f'/proc/{os.getppid()}/mem', 'rb')",
                parent_root="os.listdir(f'/proc/{os.getppid()}/root')",
                driver="open('/proc/@DRIVER@/environ').read()",
                driver_maps="open('/proc/@DRIVER@/maps').read()",
                status="open('/proc/self/status').read()",
            )
        ),
        tried=dict.fromkeys(
            "mem maps fds list parent_environ parent_mem parent_root driver driver_maps status".split(), GONE
        ),
        proof=as_honest,
    ),
    Attack(
        27,
        "tokens in the environment",
        module(
            "print('NAMES', *sorted(os.environ), flush=True)\n"
            "listed, count = ctypes.POINTER(ctypes.c_char_p).in_dll(LIBRARY, 'environ'), 0\n"
            "while listed[count]:\n    print(listed[count]); count += 1\n"
            "print('LIBC', count, flush=True)\n"
            + tries(
                init="open('/proc/1/environ').read()",
                own="open('/proc/self/environ').read()",
                thread="open('/proc/thread-self/environ').read()",
            )
        ),
        tried=dict.fromkeys("init own thread".split(), GONE),
        proof=seven_variables,
    ),
    Attack(
        28,
        "descriptors that were left open",
        module(
            "found = []\n"
            "for one in range(4096):\n"
            "    try: os.fstat(one); found.append(one)\n"
            "    except OSError: pass\n"
            "print('FOUND', found, flush=True)\n"
            + tries(
                payload="os.write(3, b'x')",
                grow="os.ftruncate(3, 2**20)",
                null="os.write(0, b'x')",
                input="os.read(0, 10)",
            )
        ),
        tried={"payload": "EPERM|EBADF", "grow": "EPERM|EINVAL|EBADF", "null": "open", "input": "open"},
        proof=five_descriptors,
    ),
    *(
        Attack(29, f"looking into another process: {name}", module(f"call({x86}, {arm}, {given})"), **DEADLY)  # type: ignore[arg-type]
        for name, x86, arm, given in (
            ("ptrace", 101, 117, "16, os.getppid(), 0, 0"),
            ("process_vm_readv", 310, 270, "@DRIVER@, 0, 0, 0, 0, 0"),
            ("process_vm_writev", 311, 271, "@DRIVER@, 0, 0, 0, 0, 0"),
            ("pidfd_getfd", 438, 438, "3, 0, 0"),
            ("kcmp", 312, 272, "@DRIVER@, 1, 0, 0, 0"),
        )
    ),
    Attack(
        29,
        "a handle of another process",
        module(tries(driver="call(434, 434, @DRIVER@, 0)", parent="call(434, 434, os.getppid(), 0)")),
        tried={"driver": "EPERM", "parent": "EPERM"},
        proof=as_honest,
    ),
    Attack(
        30,
        "leaving something for the next job",
        module(
            "import builtins\nbuiltins.left_behind = torch.left_behind = 'left-' + 'behind'\nsys.modules['left_behind'] = torch\nos.environ['LEFT_BEHIND'] = '1'\nsys.path.insert(0, 'left-' + 'behind')\n"
            + tries(
                file="open('left-behind', 'w').write('x')",
                shm="open('/dev/shm/left-behind', 'w')",
                tmp="open('/tmp/left-behind', 'w')",
            )
        ),
        tried={
            "file": {"A": "open", "B": "EROFS|EACCES", "C": "EACCES"},
            "shm": "ENOENT|EACCES|EROFS",
            "tmp": "ENOENT|EACCES|EROFS",
        },
        proof=as_honest,
    ),
    Attack(
        30,
        "looking for what an earlier job left in memory",
        module(
            "import builtins, gc\n"
            "print('LEFT', [name for name in ('left_behind',) if hasattr(builtins, name) or hasattr(torch, name) or name in sys.modules or name.upper() in os.environ], flush=True)\n"
            "gc.unfreeze()\n"
            "word = 'left-' + 'behind'\n"
            "print('HUNTED', sum(type(each) is str and each == word and each is not word for one in gc.get_objects() if type(one) in (dict, list) for each in (one.values() if type(one) is dict else one)), flush=True)"
        ),
        proof=nothing_left,
    ),
    Attack(
        31,
        "looking for what an earlier job left in its folder",
        module(
            tries(
                here="os.listdir()",
                scratch="os.listdir('/scratch')",
                temporary="os.listdir('/tmp')",
                shared="os.listdir('/dev/shm')",
            )
        ),
        tried={
            "here": {"A": "open []", "B": "open []|EACCES|EROFS", "C": "EACCES"},
            "scratch": {"A": "open []", "B": "open []|EACCES|EROFS", "C": "EACCES|ENOENT"},
            "temporary": GONE,
            "shared": GONE,
        },
        proof=as_honest,
    ),
    Attack(
        32,
        "channels between submissions",
        module(
            "import fcntl\n"
            + tries(
                shmget="call(29, 194, 4711, 4096, 0o1666)",
                msgget="call(68, 186, 4711, 0o1666)",
                semget="call(64, 190, 4711, 1, 0o1666)",
                mq_open="call(240, 180, b'x', 0o102, 0o666, 0)",
                abstract="socket.socket(socket.AF_UNIX)",
                memory="os.memfd_create('x')",
                shm="open('/dev/shm/x', 'w')",
                flock="fcntl.flock(os.open(torch.__file__, os.O_RDONLY), fcntl.LOCK_EX)",
                lockf="fcntl.fcntl(os.open(torch.__file__, os.O_RDONLY), 6, bytes(32))",
                lease="fcntl.fcntl(os.open(torch.__file__, os.O_RDONLY), 1024, 0)",
                notify="call(294, 26, 0)",
            )
        ),
        tried={
            "shmget": "EPERM",
            "msgget": "EPERM",
            "semget": "EPERM",
            "mq_open": "EPERM",
            "abstract": "EPERM",
            "memory": "EPERM",
            "shm": "ENOENT|EACCES|EROFS",
            "flock": "EPERM",
            "lockf": "ENOSYS|EPERM",
            "lease": "ENOSYS|EPERM",
            "notify": "EPERM",
        },
        proof=as_honest,
    ),
    Attack(32, "the kernel's key rings", module("call(250, 219, 0, -3, 1)"), **DEADLY),  # type: ignore[arg-type]
    NotApplicable(
        33, "printing the held-out pictures", "Held-out pictures never enter a process that runs student code."
    ),
    NotApplicable(
        34,
        "the score as an oracle",
        "The held-out score is computed by the instructor's own run, as often as they want, and a student's check has no held-out labels of the course's.",
    ),
    NotApplicable(
        35,
        "time as a side channel",
        "A process that runs student code holds no labels, so there is nothing that its time could tell.",
    ),
    Attack(36, "a link to the passwords", a_link("/etc/shadow"), "rejected-input", FAULT, proof=rejected),  # type: ignore[arg-type]
    Attack(36, "a link to a neighbour's notebook", a_link("neighbour.ipynb"), "rejected-input", FAULT, proof=rejected),  # type: ignore[arg-type]
    Attack(36, "a link in a zip", linked_member, "rejected-input", FAULT, proof=rejected),
    Attack(36, "a member that climbs out of its zip", climbing_member, "rejected-input", FAULT, proof=rejected),
    Attack(36, "a link in a folder of its own", linked_beside, "rejected-input", FAULT, proof=rejected),
    Attack(
        37,
        "an error that carries what it can see",
        module("raise ValueError(f'{sys.path} {os.environ} ' * 0 + 'x' * 5000)"),
        "student-error",
        FAULT,
        proof=no_paths_of_ours,
    ),
    Attack(
        38,
        "credentials of a CI runner",
        module(
            tries(
                config="open('@ROOT@/.git/config').read()",
                runner="open('/home/runner/.credentials').read()",
                output="open(os.environ.get('GITHUB_OUTPUT', '/github/output'), 'a')",
                token="os.environ['GITHUB_TOKEN']",
                metadata="socket.create_connection(('169.254.169.254', 80), 1)",
                docker="socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
            )
        ),
        tried={
            "config": GONE,
            "runner": GONE,
            "output": GONE,
            "token": "KeyError",
            "metadata": "EPERM",
            "docker": "EPERM",
        },
        proof=as_honest,
    ),
)
