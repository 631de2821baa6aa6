"""What a child finds around it, and that nothing of it stays."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from grader.faults import GraderFault
from grader.graph.document import parse
from grader.sandbox import confine, launch, supervising
from grader.sandbox import zygote as warm_process
from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Kind, Limits
from grader.sandbox.spare import Spare
from grader.sandbox.walls.fence import Fence
from tests.sandbox.jobs import LIMITS, all_gone, capture, end, is_alive, numbers, submission


def tell(zygote: Zygote, expression: str, limits: Limits = LIMITS, before: str = "pass", top: str = "") -> Any:
    """Run statements in a child, then return what an expression is there, through JSON."""
    code = f"{before}\nimport json; print('SAID', json.dumps({expression}), flush=True)\nraise KeyError"
    done = capture(zygote, submission(code, top=top), limits)
    return json.loads(done.output.split("SAID ", 1)[1].splitlines()[0])


def test_the_environment(zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child has seven variables, made from scratch: one thread for everything, and a home that is its scratch folder."""
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    found = tell(zygote, "dict(os.environ)")
    home = found.pop("HOME")
    assert found.pop("TMPDIR") == home
    assert found == {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    assert len(confine.environment("")) == 7


def test_the_real_environment(zygote: Zygote) -> None:
    """The kernel's copy is the warm process's: the same, with huge pages and one order of sets besides."""
    found = tell(zygote, "open('/proc/self/environ').read().split(chr(0))")
    assert sorted(one.split("=")[0] for one in found if one) == sorted(confine.warm_environment(""))
    assert set(confine.warm_environment("")) - set(confine.environment("")) == {
        "PYTHONHASHSEED",
        "GLIBC_TUNABLES",
        "LOGNAME",
    }


def test_descriptors(zygote: Zygote) -> None:
    """A child has five descriptors: nothing to read, two for output, its payload and its results."""
    found = tell(
        zygote,
        "{n: os.readlink('/proc/self/fd/' + n) for n in os.listdir('/proc/self/fd') if os.path.lexists('/proc/self/fd/' + n)}",
    )
    assert sorted(found) == ["0", "1", "2", "3", "4"]
    assert found["0"] == "/dev/null"
    assert found["3"].startswith("/memfd:job")
    assert len({found["1"], found["2"], found["4"]}) == 3


def test_other_descriptors_are_closed(zygote: Zygote) -> None:
    """Reading any descriptor above four fails, the control socket of the warm process included."""
    failed = "def closed(n):\n    try: os.fstat(n)\n    except OSError: return True\n    return False\n"
    assert tell(zygote, "[n for n in range(5, 1024) if not closed(n)]", top=failed) == []


def test_the_input_is_empty(zygote: Zygote) -> None:
    """`input()` finds the end at once and does not wait for anybody."""
    found = capture(zygote, submission("input('your name? ')")).result()
    assert found["broke"]["kind"] == "EOFError"


def test_the_seven_limits(zygote: Zygote) -> None:
    """Limits are set on processor time, file size, open files, cores, data and address space; the clock is the parent's."""
    limits = Limits(wall_seconds=30, cpu_seconds=17, memory_megabytes=300, file_megabytes=3)
    names = ["CPU", "FSIZE", "NOFILE", "CORE", "DATA", "AS"]
    found = tell(
        zygote,
        f"{{n: resource.getrlimit(getattr(resource, 'RLIMIT_' + n)) for n in {names}}}",
        limits,
        before="import resource",
    )
    assert found["CPU"] == [17, 18]
    assert found["FSIZE"] == [3 * 2**20] * 2
    assert found["NOFILE"] == [64, 64]
    assert found["CORE"] == [0, 0]
    assert 300 * 2**20 < found["DATA"][0] < 2**33
    assert found["DATA"][0] < found["AS"][0] < 2**36
    assert found["DATA"][0] == found["DATA"][1]


def test_the_scratch_folder(zygote: Zygote) -> None:
    """A child starts in a folder of its own, where temporary files go too; the folder is gone when the job is over."""
    code = "import tempfile; open('left', 'w').close(); os.makedirs('deep/er'); open(tempfile.mktemp(), 'w').close(); os.chmod('deep', 0)"
    folder, temporary, inside = tell(zygote, "(os.getcwd(), tempfile.gettempdir(), os.listdir())", before=code)
    assert (temporary, len(inside)) == (folder, 3)
    assert Path(folder).parent.exists()
    assert not list(Path(folder).parent.glob("job-*"))


def test_removing_a_folder(tmp_path: Path) -> None:
    """Folders that forbid everything are removed; what a link points to keeps its rights and its content."""
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o500)
    inside = tmp_path / "job" / "a" / "b"
    inside.mkdir(parents=True)
    (inside / "file").touch()
    (tmp_path / "job" / "link").symlink_to(outside)
    for one in (inside, inside.parent, tmp_path / "job"):
        one.chmod(0)
    supervising.remove(str(tmp_path / "job"))
    assert [one.name for one in tmp_path.iterdir()] == ["outside"]
    assert outside.stat().st_mode & 0o777 == 0o500


def test_jobs_do_not_meet(zygote: Zygote) -> None:
    """A module, a patch or a global that one job leaves behind is not there in the next."""
    first = "import builtins; builtins.left = 1; torch.left = 1; sys.modules['left'] = torch; os.environ['LEFT'] = '1'"
    assert capture(zygote, submission(first)).stopped is None
    assert (
        tell(
            zygote, "[hasattr(torch, 'left'), 'left' in sys.modules, 'LEFT' in os.environ, 'left' in dir(__builtins__)]"
        )
        == [False] * 4
    )


def test_one_thread(zygote: Zygote) -> None:
    """The warm process has one thread, since only the thread that forks lives on in the child; torch uses one as well."""
    zygote.ready()
    assert zygote._process is not None
    assert len(list(Path(f"/proc/{zygote._process.pid}/task").iterdir())) == 1
    count, tasks = tell(zygote, "(torch.get_num_threads(), os.listdir('/proc/self/task'))")
    assert (count, len(tasks)) == (1, 1)


def test_the_warm_process_knows_no_submission(zygote: Zygote) -> None:
    """What a job was given is nowhere in the warm process's memory, so that the next job cannot find it there."""
    marker = os.urandom(16).hex()
    assert marker in capture(zygote, submission(f"print({marker!r}, flush=True)")).output
    assert zygote._process is not None
    process = Path(f"/proc/{zygote._process.pid}")
    looked_at = 0
    try:
        with (process / "mem").open("rb", 0) as memory:
            for line in (process / "maps").read_text(encoding="ascii").splitlines():
                span, rights, *_ = line.split()
                if not rights.startswith("rw") or "/" in line:
                    continue
                start, stop = (int(one, 16) for one in span.split("-"))
                with contextlib.suppress(OSError):
                    memory.seek(start)
                    held = memory.read(stop - start)
                    looked_at += len(held)
                    assert marker.encode() not in held
    except PermissionError:
        if os.geteuid() == 0:
            raise
        pytest.skip("root: only root may read a child's memory on this system")
    assert looked_at > 2**20


PARENT = """
import sys
sys.path.insert(0, {root!r})
from grader.sandbox.forked import Zygote
from tests.sandbox.jobs import capture, submission
if __name__ == "__main__":
    zygote = Zygote(warm=False)
    zygote.ready()
    print(zygote._process.pid, flush=True)
    def listen(chunk):
        sys.stdout.write(chunk.decode())
        sys.stdout.flush()
    capture(zygote, submission({code!r}), listen=listen)
"""


@pytest.mark.slow
def test_a_killed_parent() -> None:
    """SIGKILL for the grader ends its warm process, though stopped by the job, the job and its daemons."""
    code = f"""
import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
    time.sleep(1000)
time.sleep(0.2)
os.kill(os.getppid(), {signal.SIGSTOP:d})
print(os.getpid(), flush=True)
time.sleep(1000)
"""
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.format(root=root, code=code)], stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(3)]
        try:
            assert all(is_alive(one) for one in pids)
            folder = Path(f"/proc/{pids[0]}/cwd").readlink()
            parent.kill()
            assert all_gone(pids, 10)
            assert not folder.exists()
        finally:
            end(pids)


@pytest.mark.slow
def test_interrupting() -> None:
    """An interrupt from another thread ends the job and what it started, and no other begins; stopping leaves nothing."""
    mine = Zygote(warm=False)
    heard = threading.Event()
    pids: list[int] = []

    def listen(chunk: bytes) -> None:
        pids.extend(numbers(chunk.decode()))
        if len(pids) == 3:
            heard.set()

    def interrupt() -> None:
        assert heard.wait(60)
        mine.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    code = """
import subprocess
print(subprocess.Popen(["sleep", "1000"], start_new_session=True).pid, os.getpid(), os.getppid(), sep="\\n", flush=True)
time.sleep(1000)
"""
    assert mine._folder is not None
    folder = Path(mine._folder.name)
    done = capture(mine, submission(code), listen=listen)
    thread.join()
    assert done.stopped == "infra-error"
    assert all_gone(pids, 1.0)
    with pytest.raises(GraderFault, match="stopped"):
        capture(mine, submission())
    mine.stop()
    assert not folder.exists()


def test_a_process_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the warm process does not start, that is the grader's fault, with the last line of what it said."""
    monkeypatch.setattr(
        "grader.sandbox.forked.command",
        lambda *options, warm: [sys.executable, "-c", "raise SystemExit('no torch here')"],
    )
    broken = Zygote(warm=False)
    with pytest.raises(GraderFault, match="no torch here"):
        broken.run("capture", {}, {}, LIMITS)


def test_one_that_is_killed_while_it_starts_is_started_again() -> None:
    """A kill before the first job costs no job."""
    one = Zygote(warm=False)
    try:
        assert one._process is not None
        one._process.kill()
        assert one.run("describe", {"device": "cpu"}, {}, LIMITS).result()["outcome"] == "described"
    finally:
        one.stop()


def test_which_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux forks; elsewhere, or when asked to, a process is started for each job."""
    monkeypatch.setattr(launch, "Zygote", lambda fence, *, warm, pages: ("fork", fence.rung, warm))
    monkeypatch.setattr(launch, "Spare", lambda *, warm: ("spare", warm))
    chosen: list[Any] = [launch.worker(fork=True), launch.worker(Fence("A"), fork=True)]
    assert chosen == [("fork", "E", True), ("fork", "A", True)]
    assert launch.worker(warm=False, fork=False) == ("spare", False)  # type: ignore[comparison-overlap]
    assert (launch.worker()[0] == "fork") is (sys.platform == "linux")  # type: ignore[index]


@pytest.fixture(scope="module")
def spare() -> Any:
    """Return the worker of systems without fork."""
    one = Spare(warm=False)
    yield one
    one.stop()


@pytest.mark.slow
def test_a_spare_captures_alike(zygote: Zygote, spare: Spare) -> None:
    """Without fork the same submission gives the same document and the same tensors, byte by byte."""
    dropout = submission("self.drop = nn.Dropout(0.5)", "x = self.drop(x)")
    forked, spared = (capture(one, dropout) for one in (zygote, spare))
    assert (forked.stopped, spared.stopped) == (None, None)
    assert forked.frames[Kind.DOCUMENT] == spared.frames[Kind.DOCUMENT]
    assert forked.frames[Kind.TENSORS] == spared.frames[Kind.TENSORS]
    assert forked.frames[Kind.FACTS] == spared.frames[Kind.FACTS]
    assert forked.result() == spared.result()
    assert parse(spared.frames[Kind.DOCUMENT]).complete


@pytest.mark.slow
def test_a_spare_is_as_strict(spare: Spare) -> None:
    """Without fork a job ends with the same words, in a scratch folder of its own, and prints are no results."""
    prints = "print(os.getcwd(), flush=True); print('GRDR' * 5, flush=True)"
    left = capture(spare, submission(f"{prints}; os._exit(0)"))
    crashed = capture(spare, submission(f"{prints}; os.kill(os.getpid(), 11)"))
    assert (left.stopped, crashed.stopped) == ("exited-without-result", "killed-sig11")
    folders = [one.output.splitlines()[0] for one in (left, crashed)]
    assert folders[0] != folders[1]
    assert not any(Path(one).exists() for one in folders)


def test_limits_do_not_rise_above_the_hard_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system's own limits are lower, those are taken."""
    import resource

    wanted: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "getrlimit", lambda what: (10, 10))
    monkeypatch.setattr(resource, "setrlimit", lambda what, pair: wanted.update({what: pair}))
    confine.set_limits(Limits())
    assert set(wanted.values()) == {(10, 10), (0, 0)}


def test_no_memory_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trainer on an accelerator reserves more address space than there is memory: 0 sets no limit on it."""
    import resource

    wanted: dict[int, tuple[int, int]] = {}
    monkeypatch.setattr(resource, "setrlimit", lambda what, pair: wanted.update({what: pair}))
    confine.set_limits(Limits(memory_megabytes=0))
    assert resource.RLIMIT_AS not in wanted
    assert resource.RLIMIT_DATA not in wanted


def test_a_fault_of_ours_is_told(tmp_path: Path) -> None:
    """A job function that raises is reported with its traceback, never as a result."""
    said: list[Any] = []

    class Answers:
        def result(self, plain: Any) -> None:
            said.append(plain)

    def job(arguments: Any, blobs: Any, channel: Any) -> None:
        raise ZeroDivisionError

    from grader.sandbox.protocol import pack

    assert warm_process.run_job(job, pack({}, {}), Answers()) == warm_process.CRASHED  # type: ignore[arg-type]
    assert said[0]["outcome"] == "crashed"
    assert "ZeroDivisionError" in said[0]["trace"]
