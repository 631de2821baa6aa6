"""What student code can do to the sandbox, and the word for each."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from grader.sandbox.forked import Zygote
from grader.sandbox.outcome import GRACE_SECONDS
from grader.sandbox.protocol import Kind, Limits
from tests.sandbox.jobs import all_gone, capture, end, numbers, submission

QUICK = Limits(wall_seconds=3, cpu_seconds=30, memory_megabytes=1024, file_megabytes=1, flood_bytes=2**20)
DEAF = "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
"""Statements that switch the build's own deadline off."""


def healthy(zygote: Zygote) -> bool:
    """Tell whether an honest job still works."""
    done = capture(zygote, submission())
    return done.stopped is None and done.result()["outcome"] == "captured"


STOPPED: dict[str, tuple[str, str]] = {
    "a loop that nothing interrupts": (DEAF + "while True: pass", "cpu-limit"),
    "a loop that swallows every exception": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "cpu-limit",
    ),
    "a sleep that nothing interrupts": (DEAF + "while True: time.sleep(100)", "wall-limit"),
    "stopping oneself": ("os.kill(os.getpid(), 19)", "wall-limit"),
    "leaving without an answer": ("os._exit(0)", "exited-without-result"),
    "leaving with the harness's own status": ("os._exit(70)", "exited-without-result"),
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "killed-sig11"),
    "an abort": ("os.abort()", "killed-sig6"),
    "killing oneself": ("os.kill(os.getpid(), 9)", "killed-sig9"),
    "a flood of output": (DEAF + "while True: print('a' * 10000)", "output-limit"),
    "a flood of errors": (DEAF + "while True: os.write(2, b'a' * 10000)", "output-limit"),
    "garbage for a result": ("os.write(4, b'{\"score\": 100}' * 10)", "malformed-result"),
    "garbage, and gone": ("os.write(4, b'garbage' * 10); os._exit(0)", "malformed-result"),
    "the beginning of a result": ("os.write(4, b'GRDR\\x02'); os._exit(0)", "malformed-result"),
    "facts a second time": ("os.write(4, b'GRDR\\x01' + bytes(8))", "malformed-result"),
    "a result of a terabyte": ("os.write(4, b'GRDR\\x02' + (2**40).to_bytes(8, 'little'))", "malformed-result"),
    "a result of its own": ("os.write(4, b'GRDR\\x02' + (2).to_bytes(8, 'little') + b'{}')", "malformed-result"),
    "no end of results": (DEAF + "while True: os.write(4, bytes(10000))", "malformed-result"),
}


@pytest.mark.parametrize("name", STOPPED)
def test_how_it_is_stopped(zygote: Zygote, name: str) -> None:
    """Whatever a job does to itself, it ends in its time and with its own word; the text's facts stay."""
    code, word = STOPPED[name]
    limits = replace(QUICK, wall_seconds=30, cpu_seconds=1) if word == "cpu-limit" else QUICK
    done = capture(zygote, submission(code), limits)
    assert done.stopped == word
    assert done.wall_seconds < limits.wall_seconds + GRACE_SECONDS
    assert json.loads(done.frames[Kind.FACTS])["model"]["name"] == "Net"


def test_the_sandbox_survived(zygote: Zygote) -> None:
    """After all of that an honest job works."""
    assert healthy(zygote)


BROKEN: dict[str, tuple[str, str, str]] = {
    "an endless loop": ("while True: pass", "", "TimeoutError"),
    "an endless sleep": ("time.sleep(1000)", "", "TimeoutError"),
    "an endless loop in forward": ("", "while True: pass", "TimeoutError"),
    "leaving politely": ("sys.exit(0)", "", "RuntimeError"),
    "leaving politely from forward": ("", "sys.exit(0)", "SystemExit"),
    "an exception": ("raise KeyError('conv')", "", "KeyError"),
    "an exception that is no Exception": ("class Own(BaseException): pass\nraise Own", "", "Own"),
    "an interrupt": ("raise KeyboardInterrupt", "", "KeyboardInterrupt"),
    "an exception whose text raises": (
        "class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad",
        "",
        "Bad",
    ),
    "an exception of 50 MB": ("raise ValueError('a' * 50_000_000)", "", "ValueError"),
    "all memory at once": ("bytearray(2**36)", "", "MemoryError"),
    "all memory bit by bit": ("kept = []\nwhile True: kept.append(bytearray(2**24))", "", "MemoryError"),
    "all memory for a tensor": ("torch.ones(2**34)", "", "TooLargeError"),
    "a tensor of a terabyte in forward": ("", "torch.zeros(2**38)", "TooLargeError"),
    "a file that is too large": ("open('large', 'wb').write(bytes(2**22))", "", "OSError"),
    "too many open files": ("kept = [open('/dev/null') for _ in range(100)]", "", "OSError"),
    "endless recursion": ("def down(): return down() + 1\ndown()", "", "RecursionError"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_how_it_breaks(zygote: Zygote, name: str) -> None:
    """What student code raises is told with its kind, its line, and a bounded text."""
    init, forward, kind = BROKEN[name]
    done = capture(
        zygote,
        submission(init, forward),
        Limits(wall_seconds=20, cpu_seconds=15, memory_megabytes=512, file_megabytes=1),
        build_seconds=1.0 if kind == "TimeoutError" else 10.0,
    )
    found = done.result()
    assert (done.stopped, found.get("outcome")) == (None, "broke"), done.output
    assert found["broke"]["kind"] == kind
    assert len(found["broke"]["message"]) <= 2000
    assert found["broke"]["where"]["line"] is not None


@pytest.mark.parametrize(("first", "word"), [("os._exit(0)", "exited-without-result"), ("raise KeyError", None)])
def test_facts_come_before_the_first_statement(zygote: Zygote, first: str, word: str | None) -> None:
    """Facts are sent before anything of the student's runs: a class whose body ends the process has them too."""
    done = capture(zygote, f"import os\nfrom torch import nn\nclass Net(nn.Module):\n    {first}\nmodel = Net()\n")
    facts = json.loads(done.frames[Kind.FACTS])
    assert done.stopped == word
    assert facts["cells"] == 1
    assert facts["model"]["where"]["line"] == 5


def test_a_forged_result_is_a_claim(zygote: Zygote) -> None:
    """A well-formed frame of the student's own is taken for what it is: a claim without a graph."""
    forged = json.dumps({"outcome": "captured", "score": 100}).encode()
    code = f"os.write(4, b'GRDR\\x02' + ({len(forged)}).to_bytes(8, 'little') + {forged!r}); os._exit(0)"
    done = capture(zygote, submission(code))
    assert done.stopped is None
    assert done.result()["score"] == 100
    assert Kind.DOCUMENT not in done.frames


def test_a_late_wish_to_kill(zygote: Zygote) -> None:
    """The parent's wish to end a job that has just ended by itself does not reach the next one."""
    assert zygote._control is not None
    zygote._control.send(b"kill")
    assert healthy(zygote)


LASTING = """
import subprocess
def grandchild():
    ready, tell = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            print(os.getpid(), flush=True)
            os.write(tell, b"x")
            while True: time.sleep(1)
        os._exit(0)
    os.wait()
    os.read(ready, 1)
"""
"""A function that leaves a process behind in a session of its own, as daemons do; it prints its id."""


def test_nothing_outlives_a_job(zygote: Zygote) -> None:
    """Background processes, daemons and a child that ignores signals are dead when the job is over."""
    code = """
one = subprocess.Popen(["sleep", "1000"])
two = subprocess.Popen(["sleep", "1000"], start_new_session=True)
deaf = subprocess.Popen(["sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done"], start_new_session=True)
print(one.pid, two.pid, deaf.pid, os.getpid(), sep="\\n", flush=True)
grandchild()
"""
    done = capture(zygote, submission(code, top=LASTING))
    pids = numbers(done.output)
    assert done.stopped is None, done.output
    assert done.result()["outcome"] == "captured"
    assert len(pids) == 5, done.output
    assert all_gone(pids, 0.0)


def test_nothing_outlives_a_killed_job(zygote: Zygote) -> None:
    """The same at the deadline, when the job itself has to be killed."""
    code = (
        DEAF
        + "one = subprocess.Popen(['sleep', '1000'])\nprint(one.pid, os.getpid(), sep='\\n', flush=True)\ngrandchild()\nwhile True: time.sleep(1)"
    )
    done = capture(zygote, submission(code, top=LASTING), QUICK)
    pids = numbers(done.output)
    assert done.stopped == "wall-limit"
    assert len(pids) == 3, done.output
    assert all_gone(pids, 0.0)


def test_a_fork_bomb_is_cleared(zygote: Zygote) -> None:
    """Fifty processes with sessions of their own, each of which tries to live on, are dead when the job is over."""
    code = """
for _ in range(50):
    one = os.fork()
    if not one:
        os.setsid()
        time.sleep(1000)
    print(one, flush=True)
"""
    done = capture(zygote, submission(code))
    assert done.stopped is None
    assert len(numbers(done.output)) == 50
    assert all_gone(numbers(done.output), 0.0)
    assert healthy(zygote)


@pytest.fixture(scope="module")
def fragile() -> Iterator[Zygote]:
    """Return a process of its own for those who kill it; it is not warmed up, so that it starts quickly."""
    cold = Zygote(warm=False)
    yield cold
    cold.stop()


def works(fragile: Zygote) -> bool:
    """Tell whether the next job is run; one that breaks at once needs no warmth."""
    return bool(capture(fragile, submission("raise KeyError")).result()["outcome"] == "broke")


@pytest.mark.slow
def test_stopping_the_warm_process(fragile: Zygote) -> None:
    """Who stops the warm process is given up by the parent itself, and the next job works."""
    code = f"os.kill(os.getppid(), {signal.SIGSTOP:d})\ntime.sleep(60)"
    done = capture(fragile, submission(code), Limits(wall_seconds=1))
    assert done.stopped == "infra-error"
    assert done.wall_seconds < 1 + 2 * GRACE_SECONDS
    assert works(fragile)


@pytest.mark.slow
def test_killing_the_warm_process(fragile: Zygote) -> None:
    """Who kills the warm process gets an infra-error and dies with it; a daemon that lives on and talks keeps nobody waiting."""
    code = """
ready, tell = os.pipe()
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), flush=True)
    os.write(tell, b"x")
    while True:
        os.write(1, b"still here\\n")
        time.sleep(0.01)
os.read(ready, 1)
print(os.getpid(), os.getppid(), sep="\\n", flush=True)
os.kill(os.getppid(), 9)
time.sleep(60)
"""
    done = capture(fragile, submission(code))
    daemon, *others = numbers(done.output)
    end([daemon])
    assert len(others) == 2
    assert done.stopped == "infra-error"
    assert done.wall_seconds < 2 * GRACE_SECONDS + 2
    assert all_gone(others, 2.0)
    assert works(fragile)
