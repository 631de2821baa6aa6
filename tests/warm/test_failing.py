"""Helpers that die, hang, are too old, or lie: the check is made all the same, and a new helper takes the place."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.warm import client, frames, stamp
from grader.warm.place import NoPlaceError, opened
from tests.sandbox.jobs import all_gone
from tests.stress import stress
from tests.walls.test_kills import below
from tests.warm.conftest import BROKEN, ENDLESS, GOOD, Desk

ASKED = {"isolation": "auto", "device": "auto"}


def works(desk: Desk) -> None:
    """Check a broken submission, whoever does it."""
    done = desk.grader("check", str(BROKEN), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["submission"]["id"] == BROKEN.stem


def test_a_plain_check_leaves_one_and_it_dies(desk: Desk) -> None:
    """The first check leaves a helper; killed, it takes everything below it along, and the next check leaves another."""
    assert desk.grader("check", str(GOOD)).returncode == 0
    first = desk.waited()
    assert desk.grader("check", str(GOOD)).returncode == 0
    found = desk.said()
    assert found is not None
    assert (found["pid"], found["checks"]) == (first["pid"], 1)
    everything = [first["pid"], *below(first["pid"])]
    assert len(everything) >= 2
    os.kill(first["pid"], signal.SIGKILL)
    assert all_gone(everything, 10)
    works(desk)
    assert desk.waited()["pid"] != first["pid"]


def test_without(desk: Desk) -> None:
    """A variable that says off leaves nothing behind; so does `--no-warm`, which most other tests use."""
    assert desk.grader("check", str(GOOD), environment={"GRADER_WARM": "off"}).returncode == 0
    time.sleep(1)
    assert desk.said() is None
    assert not (desk.folder / "helper.sock").exists()


@stress
def test_one_that_hangs(desk: Desk) -> None:
    """A helper that gives no sign of life is given up after five seconds, and ended by the one that follows."""
    first = desk.leave()
    everything = [first["pid"], *below(first["pid"])]
    os.kill(first["pid"], signal.SIGSTOP)
    works(desk)
    assert all_gone(everything, 20)
    assert desk.waited()["pid"] != first["pid"]


@stress
def test_another_version(desk: Desk) -> None:
    """A helper that differs in what counts ends itself when it is asked, and is replaced without a word."""
    first = desk.leave()
    done = desk.grader("check", str(GOOD), environment={"PYTHONBREAKPOINT": "0"})
    assert (done.returncode, done.stderr) == (0, "")
    assert all_gone([first["pid"]], 20)
    second = desk.waited()
    assert second["pid"] != first["pid"]
    assert second["stamp"] != first["stamp"]


def test_it_goes_when_idle(desk: Desk) -> None:
    """Nobody asks, and it goes, with everything below it and its socket."""
    first = desk.leave(idle_seconds=1.5)
    everything = [first["pid"], *below(first["pid"])]
    assert all_gone(everything, 30)
    assert [one.name for one in desk.folder.glob("*.sock")] == []


@stress
def test_it_goes_with_its_folder(desk: Desk) -> None:
    """A session's end takes the folder with the socket away; the helper follows."""
    first = desk.leave()
    (desk.folder / "helper.sock").unlink()
    assert all_gone([first["pid"]], 20)


@stress
def test_a_second_one_goes(desk: Desk) -> None:
    """Two commands that leave a helper leave one."""
    first = desk.leave()
    with desk.entered():
        client.leave_behind("auto", "auto", 120)
    time.sleep(3)
    found = desk.said()
    assert found is not None
    assert found["pid"] == first["pid"]


def test_the_doctor(desk: Desk) -> None:
    """`grader doctor --stop-helper` ends it and says which it was, also where there is none."""
    first = desk.leave()
    everything = [first["pid"], *below(first["pid"])]
    done = desk.grader("doctor", "--stop-helper")
    assert done.stdout == f"The helper, process {first['pid']}, has ended.\n"
    assert all_gone(everything, 10)
    assert json.loads(desk.grader("doctor", "--stop-helper", "--json").stdout) == {"stopped": None}


@stress
def test_interrupted(desk: Desk) -> None:
    """Ctrl-C leaves with 130 at once, the job of an endless submission ends, and the same helper takes the next check."""
    first = desk.leave()
    assert desk.grader("check", str(GOOD)).returncode == 0
    with desk.start("check", str(ENDLESS)) as process:
        until = time.monotonic() + 20
        while time.monotonic() < until and len(below(first["pid"])) < 4:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 130
        assert process.communicate()[1] == ""
    works(desk)
    found = desk.said()
    assert found is not None
    assert (found["pid"], found["trouble"]) == (first["pid"], "")
    assert found["checks"] == 3


@contextmanager
def pretending(desk: Desk, answer: bytes, seconds: float = 0.0) -> Iterator[None]:
    """Listen in the helper's place, and answer whatever is asked with these bytes."""
    with desk.entered(), opened() as place, place.listen() as listener:

        def serve() -> None:
            while True:
                try:
                    way, _ = listener.accept()
                except OSError:
                    return
                with way, contextlib.suppress(OSError):
                    way.recv(2**20)
                    time.sleep(seconds)
                    way.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            place.clear()


def framed(text: str) -> bytes:
    """Return a text as it would travel."""
    return len(text.encode()).to_bytes(4, "big") + text.encode()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00",
        b"\xff\xff\xff\xff" + b"x" * 100,
        framed("not JSON"),
        framed("[1, 2]"),
        framed("[" * 100_000),
        framed('{"answer": "cold"}'),
        framed('{"answer": "done"}'),
        framed('{"answer": "done", "code": "x", "text": "", "points": 1, "problem": ""}'),
        framed('{"answer": "fault", "what": "x"}'),
        framed('{"answer": "alive", "stage": "capture"}'),
        framed('{"something": "else"}'),
    ],
)
def test_garbage(desk: Desk, answer: bytes) -> None:
    """Whatever it answers that is no report, the client does the work itself."""
    with pretending(desk, answer):
        assert client.ask(ASKED, {}) is None


def test_silence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is given up after a while, and so is a helper that is busy, or works, for too long."""
    monkeypatch.setattr(client, "SILENT_SECONDS", 0.3)
    monkeypatch.setattr(client, "BUSY_SECONDS", 0.3)
    with pretending(desk, framed('{"answer": "done"}'), seconds=1):
        assert client.ask(ASKED, {}) is None
    with pretending(desk, framed('{"answer": "busy"}')):
        assert client.ask(ASKED, {}) is None
    monkeypatch.setattr(client, "LONGEST_SECONDS", 0.3)
    with pretending(desk, framed('{"answer": "alive", "stage": "capture"}') * 10_000):
        assert client.ask(ASKED, {}) is None


def test_frames_are_bounded() -> None:
    """A frame that says it is too long is refused before anything of it is read; a slow one in time."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall((frames.MOST + 1).to_bytes(4, "big"))
        with pytest.raises(frames.NoAnswerError, match="at most"):
            frames.receive(ours, 1)
        theirs.sendall((100).to_bytes(4, "big") + b"{")
        started = time.monotonic()
        with pytest.raises(frames.NoAnswerError):
            frames.receive(ours, 0.2)
        assert time.monotonic() - started < 2


def test_what_a_stamp_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Walls, device, environment, a file of the grader's and an installed package each make another stamp."""
    package = tmp_path / "grader" / "warm"
    package.mkdir(parents=True)
    (package / "stamp.py").write_text("a = 1\n", encoding="utf-8")
    packages = tmp_path / "site-packages"
    (packages / "torch").mkdir(parents=True)
    monkeypatch.setattr(stamp, "__file__", str(package / "stamp.py"))
    monkeypatch.setattr("sys.path", [str(packages)])
    seen = [stamp.stamp("auto", "auto")]
    assert stamp.stamp("auto", "auto") == seen[0]
    seen += [stamp.stamp("none", "auto"), stamp.stamp("auto", "cuda")]
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    seen.append(stamp.stamp("auto", "auto"))
    (package / "stamp.py").write_text("a = 22\n", encoding="utf-8")
    seen.append(stamp.stamp("auto", "auto"))
    os.utime(package / "stamp.py", (1, 1))
    seen.append(stamp.stamp("auto", "auto"))
    (packages / "torch" / "version.py").write_text("", encoding="utf-8")
    seen.append(stamp.stamp("auto", "auto"))
    assert len(set(seen)) == len(seen)


def test_folders_that_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder that others may enter, a link, a file and a relative path are no place for a socket."""
    link = tmp_path / "link"
    link.symlink_to(desk.folder)
    file = tmp_path / "file"
    file.write_bytes(b"")
    for path in (link, file, Path("relative"), "off"):
        monkeypatch.setenv("GRADER_WARM", str(path))
        with pytest.raises(NoPlaceError), opened():
            pass
    monkeypatch.setenv("GRADER_WARM", str(desk.folder))
    for rights in (0o755, 0o770, 0o701):
        desk.folder.chmod(rights)
        with pytest.raises(NoPlaceError, match="chmod 700"), opened():
            pass
    desk.folder.chmod(0o700)
    with opened() as place, place.listen():
        assert (desk.folder / "helper.sock").stat().st_mode & 0o777 == 0o600
        assert place.identity() is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="root: only root can give a folder away")
def test_a_folder_of_somebody_else(desk: Desk) -> None:
    """A folder of another user is refused, also by root."""
    os.chown(desk.folder, 65534, 65534)
    try:
        with desk.entered(), pytest.raises(NoPlaceError, match="belongs to user 65534"), opened():
            pass
    finally:
        os.chown(desk.folder, 0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="root: only root can become somebody else")
def test_somebody_else_listens(desk: Desk) -> None:
    """A socket behind which another user's process listens is not spoken to."""
    with desk.entered(), opened() as place:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(place.address)
        pid = os.fork()
        if pid == 0:
            os.setuid(65534)
            listener.listen(1)
            time.sleep(30)
            os._exit(0)
        time.sleep(0.5)
        try:
            with pytest.raises(NoPlaceError, match="Somebody else"):
                place.connect(1)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            listener.close()
            place.clear()
