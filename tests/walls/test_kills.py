"""Whatever is killed, and whoever kills it: the whole tree dies, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.sandbox import ladder
from grader.sandbox.forked import Zygote
from grader.sandbox.outcome import Done, Listen
from grader.sandbox.protocol import Limits
from grader.sandbox.walls.fence import Fence
from tests.sandbox.jobs import all_gone, is_alive
from tests.walls.readable import standing_on, why_not

ROOT = Path(__file__).parents[2]
LIMITS = Limits(wall_seconds=20, memory_megabytes=256)

PARENT = """
import sys
from grader.sandbox.forked import Zygote
from tests.walls.readable import standing_on
from tests.walls.test_kills import rest
with standing_on({letter!r}, {python!r}) as fence:
    rest(Zygote(fence, bare=True), lambda chunk: (sys.stdout.buffer.write(chunk), sys.stdout.flush()))
"""


def rest(zygote: Zygote, listen: Listen | None = None, limits: Limits = LIMITS) -> Done:
    """Run a job that says `asleep` and stays for half a minute."""
    return zygote.run("canary", {"attempt": "sleep"}, {}, limits, listen)


def works(zygote: Zygote) -> bool:
    """Tell whether the next job is run."""
    return zygote.run("canary", {"attempt": "trace"}, {}, LIMITS).stopped == "forbidden-syscall"


def below(pid: int) -> list[int]:
    """Return every process below one, however deep."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text(encoding="ascii").split()):
            found += [child, *below(child)]
    return found


def mounts() -> list[str]:
    """Return what is mounted, as this process sees it."""
    return sorted(Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines())


@pytest.fixture(params=ladder.WALLED)
def behind(request: pytest.FixtureRequest, rungs: tuple[str, ...], python: str | None) -> Iterator[Fence]:
    """Return what to start a warm process behind, on each rung that there is."""
    if request.param not in rungs:
        pytest.skip(why_not(request.param))
    with standing_on(request.param, python) as fence:
        yield fence


@pytest.fixture
def fragile(behind: Fence) -> Iterator[Zygote]:
    """Return a warm process that may be killed."""
    zygote = Zygote(behind, bare=True)
    zygote.ready()
    yield zygote
    zygote.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_grader_is_killed(behind: Fence, number: signal.Signals, python: str | None) -> None:
    """The warm process, what it stands behind and the job die with the grader; no mount and no folder stays."""
    before = mounts()
    code = PARENT.format(letter=behind.rung, python=python)
    with tempfile.TemporaryDirectory() as name:  # as /tmp itself is: whoever owns a folder in it may remove it
        folder = Path(name)
        folder.chmod(0o1777)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": name}
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as parent:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"asleep\n"
            pids = below(parent.pid)
            assert len(pids) >= 2
            parent.send_signal(number)
        assert all_gone(pids, 10)
        assert mounts() == before
        assert not list(folder.iterdir())


def processes(zygote: Zygote) -> tuple[int, list[int]]:
    """Return the warm process and everything below what was started, once a job runs."""
    assert zygote._process is not None
    everything = [zygote._process.pid, *below(zygote._process.pid)]
    (warm, *_) = [
        one
        for one in everything
        if b"grader.sandbox.zygote" in Path(f"/proc/{one}/cmdline").read_bytes()
        and b"python" in Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")[0]
    ]
    return warm, everything


def test_the_warm_process_is_killed(fragile: Zygote) -> None:
    """Its job ends as a failure of ours, everything below it is gone, and the next job finds a new one."""
    seen: list[int] = []

    def listen(chunk: bytes) -> None:
        if b"asleep" in chunk:
            warm, everything = processes(fragile)
            seen.extend(everything)
            os.kill(warm, signal.SIGKILL)

    done = rest(fragile, listen)
    assert done.stopped == "infra-error"
    assert len(seen) >= 2
    assert all_gone(seen, 10)
    assert works(fragile)


def test_the_deadline(fragile: Zygote) -> None:
    """At its deadline a job is gone, and the warm process takes the next one."""
    seen: list[int] = []

    def listen(chunk: bytes) -> None:
        if b"asleep" in chunk:
            warm, _ = processes(fragile)
            seen.extend(below(warm))

    done = rest(fragile, listen, replace(LIMITS, wall_seconds=1))
    assert done.stopped == "wall-limit"
    assert seen
    assert all_gone(seen, 1)
    assert works(fragile)


def test_stopping_leaves_nothing(behind: Fence) -> None:
    """Stopping ends the warm process and what it stands behind."""
    before = mounts()
    zygote = Zygote(behind, bare=True)
    zygote.ready()
    _, everything = processes(zygote)
    assert all(is_alive(one) for one in everything)
    zygote.stop()
    assert all_gone(everything, 5)
    assert mounts() == before
