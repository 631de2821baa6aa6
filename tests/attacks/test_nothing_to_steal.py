"""A submission and a trainer reach for everything that is worth having; nothing of it is within reach."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import datasets
from grader.criteria import DEFINITIONS
from grader.rubric import load
from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Limits
from tests.attacks.reach import blocked, submission, through
from tests.pipeline.conftest import SUBMISSIONS, small_rubric
from tests.pipeline.runs import grader
from tests.sandbox.jobs import capture

SECRET = "GRADER_TEST_SECRET"
LIMITS = Limits(wall_seconds=40, cpu_seconds=30, memory_megabytes=2048)


@contextmanager
def doors() -> Iterator[dict[str, Any]]:
    """Open a port, a datagram port and a socket without a file; give their addresses."""
    abstract = f"\0grader-test-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix,
    ):
        udp.bind(("127.0.0.1", 0))
        unix.bind(abstract)
        unix.listen()

        def answer() -> None:
            with contextlib.suppress(OSError):  # it is closed at the end
                udp.sendto(b"x", udp.recvfrom(9)[1])

        threading.Thread(target=answer, daemon=True).start()
        yield {
            "a port": ("AF_INET", "SOCK_STREAM", tcp.getsockname()),
            "a datagram port": ("AF_INET", "SOCK_DGRAM", udp.getsockname()),
            "a socket without a file": ("AF_UNIX", "SOCK_STREAM", abstract),
            "the cloud's metadata": ("AF_INET", "SOCK_STREAM", ("169.254.169.254", 80)),
        }


def targets(tmp_path: Path, cache: Path, connect: dict[str, Any], grader_pid: int) -> dict[str, Any]:
    """Return what there is to reach for, each by its real path."""
    data = datasets.stored(load(small_rubric(tmp_path), DEFINITIONS).model_copy(), None)
    home = Path.home()
    read = {
        "held-out pictures": data.held_out_images,
        "held-out labels": data.held_out_labels,
        "training labels": data.train_labels,
        "the rubric": tmp_path / "small.toml",
        "another submission": tmp_path / "class" / "honest.py",
        "its own file": tmp_path / "class" / "thief.py",
        "the gradebook": tmp_path / "out" / "gradebook.sqlite",
        "the home folder": home,
        "the shadow file": Path("/etc/shadow"),
        "the users": Path("/etc/passwd"),
        "the reference": SUBMISSIONS.parent / "reference" / "solution.py",
        "temporary files": Path("/tmp"),
        "the root": Path("/"),
    }
    write = {
        "the gradebook": tmp_path / "out" / "gradebook.sqlite",
        "the report": tmp_path / "out" / "report.json",
        "another submission": tmp_path / "class" / "honest.py",
        "the cache": cache / "planted",
        "our code": Path(datasets.__file__),
        "torch": Path(np.__file__),
        "shared memory": Path("/dev/shm/planted"),
        "temporary files": Path("/tmp/planted-by-a-submission"),
        "the home folder": home / "planted",
    }
    return {
        "read": {name: str(path) for name, path in read.items()},
        "write": {name: str(path) for name, path in write.items()},
        "connect": connect,
        "environment": SECRET,
        "grader": grader_pid,
    }


@pytest.fixture
def loot(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Lay out a class, a gradebook, pictures and a secret, and open doors."""
    monkeypatch.setenv(SECRET, "the key to everything")
    for name in ("class", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "class" / "honest.py").write_bytes((SUBMISSIONS / "functional.py").read_bytes())
    for name in ("gradebook.sqlite", "report.json"):
        (tmp_path / "out" / name).write_bytes(b"marks")
    with doors() as connect:
        yield targets(tmp_path, cache, connect, os.getpid())


def test_a_submission_reaches_nothing(walled: Zygote, loot: dict[str, Any]) -> None:
    """Every attempt fails on every rung, and the network that made them is captured as if nothing had been."""
    done = capture(walled, submission(loot), LIMITS, classes=10)
    assert done.result().get("outcome") == "captured", done.output
    assert through(done.output) == {}
    assert blocked(done.output) > 100


def test_a_trainer_reaches_nothing(walled: Zygote, loot: dict[str, Any]) -> None:
    """A trainer reads the pictures that it was handed as open files, and can open nothing itself."""
    given = {name: Path(loot["read"][f"{name}"]) for name in ("held-out pictures", "training labels")}
    arguments = {"targets": loot, "given": list(given)}
    done = walled.run("steal", arguments, {}, LIMITS, files=given)
    said = done.result()
    assert said["outcome"] == "reached", (said, done.output)
    assert {name: shape[0] for name, shape in said["read"].items()} == {
        "held-out pictures": 200,
        "training labels": 640,
    }
    # The two files that it was given are open, and that is what it was given them for.
    assert through(done.output).keys() <= {"descriptors"}
    assert blocked(done.output) > 100


def test_nothing_was_left(walled: Zygote, loot: dict[str, Any], tmp_path: Path) -> None:
    """After a thief was there, every file is as it was, and none is new."""
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    capture(walled, submission(loot), LIMITS, classes=10)
    assert {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()} == before
    assert not Path("/dev/shm/planted").exists()
    assert not Path("/tmp/planted-by-a-submission").exists()


def test_the_grader_itself(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a real batch, whose own process is the target, a thief gets the points of its network and nothing more."""
    monkeypatch.setenv(SECRET, "the key to everything")
    rubric, folder, out = small_rubric(tmp_path), tmp_path / "class", tmp_path / "out"
    folder.mkdir()
    (folder / "honest.py").write_bytes((SUBMISSIONS / "functional.py").read_bytes())
    with doors() as connect:
        loot = targets(tmp_path, cache, connect, 1)
        (folder / "thief.py").write_text(submission(loot), encoding="utf-8")
        grader("batch", str(folder), "--rubric", str(rubric), "--out", str(out), "--workers", "2")
    reports = {one["submission"]["id"]: one for one in json.loads((out / "report.json").read_text())["reports"]}
    assert {one["status"] for one in reports.values()} == {"graded"}
    assert reports["thief"]["isolation"]["rung"] in ("A", "B", "C")
    log = (out / "logs" / "thief.log").read_text(encoding="utf-8")
    assert "blocked" in log
    assert "OPEN" not in log
    assert "the key to everything" not in log
