"""Group C: escaping, and attacking the grader."""

from __future__ import annotations

import os
from pathlib import Path

from grader.records import Status
from tests.attacks.catalogue.attack import Attack, NotApplicable, Seen, both, module, tries
from tests.attacks.catalogue.forging import as_honest, notebook

FAULT = Status.STUDENT_FAULT
GONE = "ENOENT|EACCES"
READ_ONLY = "EROFS|EACCES|EPERM"


def deadly(row: int, title: str, x86: int, arm: int, arguments: str = "0, 0, 0, 0, 0") -> Attack:
    """Return an attack by a system call that ends its process."""
    return Attack(row, title, module(f"call({x86}, {arm}, {arguments})"), "forbidden-syscall", FAULT, proof=flagged)


def flagged(seen: Seen) -> None:
    """Nothing was earned, and the report says that it was no accident."""
    assert seen.report.points == 0
    assert "tried something that building a model never needs" in seen.said


def no_network(seen: Seen) -> None:
    """Assert that the student reads that there is no network here."""
    assert "no network" in seen.said, seen.said


def nothing_fetched(seen: Seen) -> None:
    """Assert that weights of the internet were skipped, and that it is said."""
    as_honest(seen)
    assert seen.report.model is not None
    assert "the grader fetches nothing" in " ".join(one.message for one in seen.report.model.repairs)


def no_programs(seen: Seen) -> None:
    """Assert that the student reads that nothing can be started here."""
    assert "cannot be started" in seen.said, seen.said


def not_root(seen: Seen) -> None:
    """Whoever started the grader, a submission is not root."""
    assert "UIDS 0" not in seen.output
    as_honest(seen)


def next_is_honest(seen: Seen) -> None:
    """Assert that the next job is as if nothing had been."""
    honest = seen.field.honest(again=True)
    assert honest.report.status is Status.GRADED
    as_honest(seen)


def quickly(seen: Seen) -> None:
    """Assert that the grader did not wait for anybody."""
    assert seen.done is not None
    assert seen.done.wall_seconds < 30
    as_honest(seen)


def nothing_ran(seen: Seen) -> None:
    """No magic of the notebook was run."""
    assert not Path(seen.field.place.folder, "ran").exists()
    as_honest(seen)


def _refused(seen: Seen) -> None:
    """Assert that the kernel answered the machine code as it answers Python."""
    assert seen.tried["socket"] == "open -1"


def _unreached(seen: Seen) -> None:
    """No other descriptor could be written to."""
    assert "REACHED" not in seen.output


def _no_status(seen: Seen) -> None:
    """Assert that a shell could not be started."""
    assert "STATUS True" in seen.output
    assert "uid=" not in seen.output


ROWS: tuple[Attack | NotApplicable, ...] = (
    Attack(
        39,
        "killing the process above, the grader and everybody",
        module(
            "import fcntl\nread, write = os.pipe()\n"
            + tries(
                everybody="os.kill(-1, 9)",
                group="os.kill(0, 9)",
                groups="os.killpg(os.getppid() or 2, 9)",
                driver="os.kill(@DRIVER@, 9)",
                above="os.kill(os.getppid() or 2, 9)",
                stop="os.kill(os.getppid() or 2, 19)",
                tkill="call(200, 130, @DRIVER@, 9)",
                tgkill="call(234, 131, @DRIVER@, @DRIVER@, 9)",
                queue="call(129, 138, @DRIVER@, 9, ctypes.create_string_buffer(128))",
                queue_thread="call(297, 240, @DRIVER@, @DRIVER@, 9, ctypes.create_string_buffer(128))",
                handle="call(424, 424, 0, 9, 0, 0)",
                owner="fcntl.fcntl(read, 8, @DRIVER@)",
                owner_ex="fcntl.fcntl(read, 15, ctypes.create_string_buffer(8))",
                kind="fcntl.fcntl(read, 10, 9)",
                ioctl="fcntl.ioctl(read, 0x8901, ctypes.create_string_buffer(8))",
            )
            + "\nfor one in range(2, 400):\n    for number in (9, 11, 19):\n        try: one != os.getpid() and os.kill(one, number)\n        except OSError: pass"
        ),
        tried={
            **dict.fromkeys(
                "everybody group groups driver above stop tkill tgkill queue queue_thread handle".split(), "EPERM"
            ),
            **dict.fromkeys("owner owner_ex kind ioctl".split(), "EPERM|ENOSYS"),
        },
        proof=next_is_honest,
    ),
    Attack(
        40,
        "taking the grader's time away",
        module(
            "import resource\n"
            + tries(
                driver="resource.prlimit(@DRIVER@, resource.RLIMIT_CPU, (1, 1))",
                above="resource.prlimit(os.getppid() or 2, resource.RLIMIT_CPU, (1, 1))",
                priority="os.setpriority(os.PRIO_PROCESS, @DRIVER@, 19)",
                affinity="os.sched_setaffinity(@DRIVER@, {0})",
                more="resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))",
                files="resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))",
            )
        ),
        tried={
            "driver": "EPERM|ENOSYS|ESRCH",
            "above": "EPERM|ENOSYS|ESRCH",
            "priority": "EPERM",
            "affinity": "EPERM",
            "more": "ValueError|EPERM",
            "files": "ValueError|EPERM",
        },
        proof=next_is_honest,
    ),
    deadly(41, "namespaces of its own", 272, 97, "0x10000000"),
    deadly(41, "entering other namespaces", 308, 268, "3, 0"),
    deadly(41, "mounting", 165, 40, "b'x', b'/scratch', b'tmpfs', 0, 0"),
    deadly(41, "uncovering /proc", 166, 39, "b'/proc', 2"),
    deadly(41, "another root by pivot_root", 155, 41, "b'.', b'.'"),
    deadly(41, "another root by chroot", 161, 51, "b'/'"),
    deadly(41, "the new way of mounting", 428, 428, "-100, b'/', 1"),
    Attack(
        41,
        "namespaces by clone",
        module(tries(clone="call(56, 220, 0x10000011, 0, 0, 0, 0)", clone3="call(435, 435, 0, 0)")),
        tried={"clone": "EPERM", "clone3": "ENOSYS"},
        proof=as_honest,
    ),
    deadly(42, "bpf", 321, 280),
    deadly(42, "io_uring", 425, 425, "8, ctypes.create_string_buffer(256)"),
    deadly(42, "userfaultfd", 323, 282, "1"),
    deadly(42, "keyctl", 250, 219),
    deadly(42, "perf_event_open", 298, 241),
    deadly(42, "open_by_handle_at", 304, 265, "3, 0, 0"),
    deadly(42, "a module of the kernel's", 313, 273, "3, b'', 0"),
    deadly(42, "kexec", 246, 104),
    deadly(42, "restarting the machine", 169, 142),
    Attack(
        42,
        "calls that nobody knows",
        module(
            tries(
                new="call(470, 470, 0, 0)",
                far="call(1000, 1000, 0)",
                listmount="call(458, 458, 0, 0, 0, 0)",
                cachestat="call(451, 451, 3, 0, 0, 0)",
                secret="call(447, 447, 0)",
                landlock="call(444, 444, 0, 0, 1)",
                filter="call(317, 277, 1, 0, 0)",
            )
        ),
        tried={
            "new": "ENOSYS",
            "far": "ENOSYS",
            "listmount": "ENOSYS",
            "cachestat": "ENOSYS",
            "secret": "EPERM",
            "landlock": "EPERM",
            "filter": "EPERM",
        },
        proof=as_honest,
    ),
    Attack(
        43,
        "becoming another user",
        module(
            tries(
                setuid="os.setuid(0)",
                setgid="os.setgid(0)",
                setresuid="os.setresuid(0, 0, 0)",
                setgroups="os.setgroups([0])",
                fsuid="call(122, 151, 0) and 1 / 0",
                capset="call(126, 91, ctypes.create_string_buffer(b'\\x22\\x05\\x08\\x20' + bytes(4)), ctypes.create_string_buffer(b'\\xff' * 24))",
                su="os.execv('/bin/su', ['su'])",
                ambient="checked(LIBRARY.prctl(47, 2, 0, 0, 0))",
                keep="checked(LIBRARY.prctl(8, 1, 0, 0, 0))",
            )
        ),
        tried={
            "setuid": "EPERM",
            "setgid": "EPERM",
            "setresuid": "EPERM",
            "setgroups": "EPERM",
            "fsuid": "EPERM",
            "capset": "EPERM",
            "su": "EPERM",
            "ambient": "ENOSYS|EPERM|EINVAL",
            "keep": "ENOSYS|EPERM",
        },
        proof=as_honest,
    ),
    Attack(
        44,
        "the kernel's settings, and who it is that runs",
        module(
            "print('UIDS', *os.getresuid(), *os.getresgid(), flush=True)\n"
            + tries(
                core="open('/proc/sys/kernel/core_pattern', 'w')",
                read="open('/proc/sys/kernel/core_pattern').read()",
                sysfs="open('/sys/kernel/uevent_helper', 'w')",
                trigger="open('/proc/sysrq-trigger', 'w')",
            )
        ),
        tried={"core": GONE, "read": GONE, "sysfs": "ENOENT|EACCES|EROFS", "trigger": "ENOENT|EACCES|EROFS"},
        proof=not_root,
    ),
    Attack(
        45,
        "typing into the operator's terminal",
        module(
            "import fcntl\n"
            + tries(
                tty="open('/dev/tty', 'w')",
                **{f"type{one}": f"fcntl.ioctl({one}, 0x5412, b'x')" for one in range(3)},
                menu="fcntl.ioctl(0, 0x541C, b'\\x03')",
                steal="fcntl.ioctl(0, 0x540E, 0)",
                pts="os.listdir('/dev/pts')",
                ptmx="open('/dev/ptmx', 'r+b', 0)",
                session="os.setsid()",
            )
        ),
        tried={
            "tty": "ENXIO|EACCES|ENOENT",
            "type0": "EPERM|ENOSYS",
            "type1": "EPERM|ENOSYS",
            "type2": "EPERM|ENOSYS",
            "menu": "EPERM|ENOSYS",
            "steal": "EPERM|ENOSYS",
            "pts": GONE,
            "ptmx": GONE,
            "session": "EPERM",
        },
        proof=as_honest,
    ),
    Attack(
        46,
        "changing torch, Python and the grader for the next job",
        module(
            "place = os.path.dirname(torch.__file__)\n"
            + tries(
                torch="open(torch.__file__, 'a')",
                packages="open(place + '/../evil.pth', 'w')",
                cache="open(place + '/__pycache__/__init__.cpython-311.pyc', 'ab')",
                folder="os.mkdir(place + '/../evil')",
                grader="open('@ROOT@/grader/scoring/scores.py', 'a')",
                rename="os.rename(torch.__file__, torch.__file__ + '.old')",
                remove="os.unlink(torch.__file__)",
                python="open(os.__file__, 'a')",
                link="os.symlink('/x', place + '/x')",
                program="open('/usr/bin/env', 'ab')",
            )
        ),
        tried={
            **dict.fromkeys(
                "torch packages folder grader rename remove python link program".split(), "EROFS|EACCES|EPERM|EXDEV"
            ),
            "cache": "EROFS|EACCES|EPERM|ENOENT",
        },
        proof=next_is_honest,
    ),
    Attack(
        47,
        "rights, times and owners of the operator's files",
        module(
            "place = '@SECRET@'\n"
            + tries(
                chmod="os.chmod(place, 0o777)",
                folder="os.chmod('@FOLDER@', 0)",
                utime="os.utime(place)",
                chown="os.chown(place, os.getuid(), os.getgid())",
                lchown="os.lchown(place, os.getuid(), os.getgid())",
                attribute="os.setxattr(place, 'user.x', b'1')",
                truncate="os.truncate(place, 0)",
                at="call(452, 452, -100, place.encode(), 0o777, 0)",
                new="call(463, 463, -100, place.encode(), 0, b'user.x', 0, 0)",
            )
            + "\nplace = torch.__file__\n"
            + tries(
                torch_chmod="os.chmod(place, 0o777)",
                torch_utime="os.utime(place)",
                torch_attribute="os.setxattr(place, 'user.x', b'1')",
            )
        ),
        tried={
            **{
                name: {"A": "ENOENT", "B": "ENOENT", "C": "EPERM"}
                for name in "chmod folder utime chown lchown attribute at".split()
            },
            "truncate": {"A": "ENOENT", "B": "ENOENT", "C": "EACCES|ENOSYS"},
            "new": {"A": "ENOENT|ENOSYS|EINVAL|E2BIG", "B": "ENOENT|ENOSYS|EINVAL|E2BIG", "C": "EPERM"},
            **dict.fromkeys("torch_chmod torch_utime torch_attribute".split(), READ_ONLY),
        },
        proof=as_honest,
    ),
    Attack(
        48,
        "loading a library that it wrote",
        module(
            "import glob, shutil\nlibrary = sorted(glob.glob('/lib/*-linux-gnu/libz.so.1') + glob.glob('/usr/lib*/libz.so.1') + glob.glob(os.path.dirname(torch.__file__) + '/lib/libc10.so'))[0]\n"
            + tries(
                write="shutil.copyfile(library, 'evil.so')",
                load="ctypes.CDLL(os.path.abspath('evil.so'))",
                memory="os.memfd_create('x')",
            )
        ),
        tried={"write": {"A": "open|EFBIG", "B": "EROFS|EACCES", "C": "EACCES"}, "load": "OSError", "memory": "EPERM"},
        proof=as_honest,
    ),
    Attack(
        49,
        "machine code of its own",
        module(
            "import mmap\n"
            "code = bytes.fromhex('c81880d2010000d4c0035fd6') if ARM else bytes.fromhex('b8290000000f05c3')\n"
            "page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)\n"
            "page.write(code)\n"
            "run = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long, ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))\n"
            "attempt('socket', lambda: run(2, 1, 0))"
        ),
        tried={"socket": "open"},
        proof=both(as_honest, _refused),
    ),
    Attack(
        49,
        "calls in the manner of 32 bits",
        module(
            "import mmap\n"
            "page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)\n"
            "page.write(bytes.fromhex('c81880d2010000d4c0035fd6') if ARM else bytes.fromhex('b814000000cd80c3'))\n"
            "run = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))\n"
            "os.abort() if ARM else run()"
        ),
        "forbidden-syscall",
        FAULT,
    )
    if os.uname().machine == "x86_64"
    else NotApplicable(49, "calls in the manner of 32 bits", "This processor has none."),
    Attack(
        50,
        "poisoning the process that makes the next one",
        module(
            "import builtins, gc\n"
            "for name in ('conv2d', 'linear', 'relu', 'zeros', 'empty', 'export'):\n    hasattr(torch, name) and setattr(torch, name + '_poisoned', None)\n"
            "sys.path.insert(0, '/scratch')\n"
            "torch.manual_seed(4711); torch.set_default_dtype(torch.float32)\n"
            "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
            "os.umask(0)\n"
            "gc.disable()"
        ),
        proof=next_is_honest,
    ),
    Attack(
        51,
        "a thread that outlives the answer",
        module(
            "def write():\n    while True:\n        time.sleep(0.01)\n        try: os.write(1, b't')\n        except OSError: pass\nthreading.Thread(target=write, daemon=True).start()"
        ),
        proof=quickly,
    ),
    Attack(
        51,
        "a thread that Python waits for",
        module("threading.Thread(target=time.sleep, args=(1000,)).start()"),
        proof=quickly,
    ),
    Attack(
        52,
        "processes in the background",
        module(
            tries(
                fork="os.fork()",
                vfork="call(58, 1000, 0)",
                clone="call(56, 220, 17, 0, 0, 0, 0)",
                parented="call(56, 220, 0x8011, 0, 0, 0, 0)",
                forkpty="os.forkpty()",
                session="os.setsid()",
                group="os.setpgid(0, 0)",
                daemon="checked(LIBRARY.daemon(0, 0))",
            )
        ),
        tried={
            "fork": "EPERM",
            "vfork": "EPERM|ENOSYS",
            "clone": "EPERM",
            "parented": "EPERM",
            "forkpty": "EPERM|ENOENT|EACCES",
            "session": "EPERM",
            "group": "EPERM",
            "daemon": "EPERM",
        },
        proof=as_honest,
    ),
    Attack(52, "a fork that nothing catches", module("os.fork()"), "student-error", FAULT, proof=no_programs),
    Attack(
        53,
        "holding the pipes open",
        module(
            "kept = [os.dup(one) for one in (1, 2, 4) for _ in range(8)]\nthreading.Thread(target=lambda: [time.sleep(0.05) or os.write(kept[0], b'.') for _ in range(10**6)], daemon=True).start()"
        ),
        proof=quickly,
    ),
    Attack(
        54,
        "talking to the warm process",
        module(
            "for one in range(5, 300):\n    try: os.write(one, b'{}'); print('REACHED', one, flush=True)\n    except OSError: pass\n"
            + tries(
                receive="socket.socket(fileno=os.dup(3)).recv(10)", results="socket.socket(fileno=os.dup(4)).send(b'x')"
            )
        ),
        tried={"receive": "ENOTSOCK|EPERM", "results": "ENOTSOCK|EPERM"},
        proof=both(next_is_honest, _unreached),
    ),
    Attack(
        55,
        "starting programs",
        module(
            tries(
                run="subprocess.run(['id'])",
                shell="subprocess.check_output('id', shell=True)",
                spawn="os.posix_spawn('/usr/bin/id', ['id'], {})",
                execute="os.execv('/usr/bin/id', ['id'])",
                at="call(322, 281, 3, b'', 0, 0, 0x1000)",
                python="os.execv(sys.executable, [sys.executable, '-c', '1'])",
                popen="os.popen('id').read()",
            )
            + "\nprint('STATUS', os.system('id') != 0, flush=True)"
        ),
        tried={
            "run": "EPERM",
            "shell": "EPERM",
            "spawn": "EPERM",
            "execute": "EPERM|EACCES",
            "at": "EPERM",
            "python": "EPERM|EACCES",
            "popen": "EPERM",
        },
        proof=both(as_honest, _no_status),
    ),
    Attack(
        55,
        "a program that nothing catches",
        module("subprocess.run(['pip', 'install', 'torchinfo'], check=True)"),
        "student-error",
        FAULT,
        proof=no_programs,
    ),
    Attack(
        55,
        "magics of a notebook",
        notebook(
            "!touch @FOLDER@/ran\n%system touch @FOLDER@/ran\n!pip install evil\nget_ipython().system('touch @FOLDER@/ran')",
            "%%bash\ntouch @FOLDER@/ran",
            "%run @FOLDER@/labels.csv\n" + module()["net.py"].decode(),
        ),
        proof=nothing_ran,
    ),
    Attack(
        56,
        "the network",
        module(
            "import ssl, urllib.request\n"
            + tries(
                tcp="socket.create_connection(('127.0.0.1', @PORT@), 1)",
                far="socket.create_connection(('8.8.8.8', 53), 1)",
                udp="socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
                six="socket.socket(socket.AF_INET6, socket.SOCK_STREAM)",
                raw="socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
                packet="socket.socket(17, socket.SOCK_RAW)",
                netlink="socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
                local="socket.socket(socket.AF_UNIX)",
                pair="socket.socketpair(socket.AF_UNIX)",
                names="socket.getaddrinfo('localhost.example.org', 80)",
                page="urllib.request.urlopen('http://127.0.0.1:@PORT@/', timeout=1)",
                hub="torch.hub.load_state_dict_from_url('https://download.pytorch.org/models/resnet18-f37072fd.pth')",
            )
        ),
        tried={
            **dict.fromkeys("tcp far udp six raw packet netlink local".split(), "EPERM"),
            "pair": "open",
            "names": "gaierror",
            "page": "EPERM|URLError",
            "hub": "open",
        },
        proof=as_honest,
    ),
    Attack(
        56,
        "a socket that nothing catches",
        module("socket.create_connection(('127.0.0.1', @PORT@), 1)"),
        "student-error",
        FAULT,
        proof=no_network,
    ),
    Attack(
        56,
        "a page that nothing catches",
        module("import urllib.request\nurllib.request.urlopen('https://example.org/weights.pt', timeout=1)"),
        "student-error",
        FAULT,
        proof=no_network,
    ),
    Attack(
        56,
        "weights from the hub",
        module(
            "torch.hub.load_state_dict_from_url('https://download.pytorch.org/models/resnet18-f37072fd.pth', model_dir='.')"
        ),
        proof=nothing_fetched,
    ),
)
