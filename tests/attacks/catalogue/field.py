"""Where attacks are run: a warm process behind a rung, a secret beside it, and what must not have changed after each."""

from __future__ import annotations

import dataclasses
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import bundled, submissions
from grader.criteria import DEFINITIONS
from grader.orders import Assignment
from grader.pipeline import grade
from grader.records import Report
from grader.rubric import load
from grader.sandbox.forked import Zygote
from grader.sandbox.outcome import Done, Files, Listen
from grader.sandbox.protocol import Limits
from grader.sandbox.walls.fence import Fence
from grader.versions import versions
from tests.attacks.catalogue.attack import Attack, Seen, attempts, module
from tests.sandbox.jobs import is_alive

ROOT = Path(__file__).parents[3]
MARKER = "held-out-7f3a91c2"
"""What no submission may ever see: it lies in the grader's environment, in its memory and in a file beside it."""


class OtherWordError(AssertionError):
    """An attack got nothing and left nothing, but its report ends with another word than it should."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What attacks reach for.

    Attributes:
        folder: a folder that everybody may read.
        secret: a file in it.
        port: a port of this machine that answers.
    """

    folder: Path
    secret: Path
    port: int

    def put_in(self, text: bytes) -> bytes:
        """Write what the placeholders of an attack stand for."""
        values = {
            "SECRET": self.secret,
            "FOLDER": self.folder,
            "DRIVER": os.getpid(),
            "PORT": self.port,
            "ROOT": ROOT,
        }
        for name, value in values.items():
            text = text.replace(f"@{name}@".encode(), str(value).encode())
        return text

    def state(self) -> dict[str, Any]:
        """Return what must not change."""
        facts = self.secret.stat()
        return {
            "there": sorted(one.name for one in self.folder.iterdir()),
            "content": self.secret.read_bytes(),
            "facts": (facts.st_mode, facts.st_uid, facts.st_mtime_ns, facts.st_size, facts.st_nlink),
        }


@contextmanager
def ground() -> Iterator[Ground]:
    """Lay out a secret in a file and in the environment, and listen on a port."""
    before = os.environ.get("GITHUB_TOKEN")
    os.environ["GITHUB_TOKEN"] = MARKER
    with (
        tempfile.TemporaryDirectory(prefix="ground-") as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        secret = Path(folder, "labels.csv")
        secret.write_text(f"{MARKER}\n", encoding="ascii")
        Path(folder).chmod(0o777)
        secret.chmod(0o666)
        try:
            yield Ground(Path(folder), secret, server.getsockname()[1])
        finally:
            del os.environ["GITHUB_TOKEN"]
            if before is not None:
                os.environ["GITHUB_TOKEN"] = before


def hand_in(attack: Attack, name: str, folder: Path, place: Ground) -> None:
    """Put what an attack hands in into a class's folder: a file, or a folder of its own."""
    if callable(attack.files):
        attack.files(folder / name)
        return
    if len(attack.files) == 1:
        ((path, content),) = attack.files.items()
        (folder / f"{name}{Path(path).suffix}").write_bytes(place.put_in(content))
        return
    for path, content in attack.files.items():
        (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / name / path).write_bytes(place.put_in(content))


class _Watched:
    """A worker that remembers how the last capture ended, and runs every job under one attack's limits."""

    def __init__(self, field: Field, attack: Attack) -> None:
        self.field, self.attack = field, attack
        self.done: Done | None = None

    def run(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        blobs: Mapping[str, bytes],
        limits: Limits,
        listen: Listen | None = None,
        files: Files | None = None,
    ) -> Done:
        """Run a job, and look on as soon as it prints."""
        waiting = [self.attack.meanwhile] if kind == "capture" and self.attack.meanwhile else []

        def look(chunk: bytes) -> None:
            if waiting:
                waiting.pop()(self.field)

        done = self.field.zygote.run(kind, arguments, blobs, limits, look, files)
        if kind == "capture":
            self.done = done
        return done

    def interrupt(self) -> None:
        """Never asked for."""

    def stop(self) -> None:
        """Never asked for: the warm process is kept."""


class _Slot:
    """One place to run jobs."""

    def __init__(self, worker: _Watched) -> None:
        self.worker = worker

    def tell(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Nobody listens."""


class Field:
    """A warm process behind one rung, and what lies around it."""

    def __init__(self, behind: Fence, place: Ground) -> None:
        """Start it."""
        self.rung, self.place = behind.rung, place
        self.zygote = Zygote(behind, warm=True)
        self.assignment = Assignment(load(bundled.course_rubric(), DEFINITIONS), None, None, "cpu", versions())
        self.looked: list[Any] = []
        self.last: Report | None = None
        self._honest: Seen | None = None

    def stop(self) -> None:
        """End it."""
        self.zygote.stop()

    def run(self, attack: Attack, name: str = "attack") -> Seen:
        """Hand an attack in, grade it as one of a class, and return how it ended."""
        folder = Path(tempfile.mkdtemp(prefix="class-"))
        worker = _Watched(self, attack)

        def run(function: Any, order: dict[str, Any]) -> dict[str, Any]:
            found: dict[str, Any] = function({**order, "limits": attack.limits.to_json()}, _Slot(worker))
            return found

        try:
            hand_in(attack, name, folder, self.place)
            (submission,) = submissions.discover(folder).submissions
            if attack.between is not None:
                attack.between(folder)
            report = grade(submission, self.assignment, run)
        finally:
            shutil.rmtree(folder)
        output = "" if worker.done is None else worker.done.output
        return Seen(self.rung, report, output, attempts(output), worker.done, self)

    def honest(self, *, again: bool = False) -> Seen:
        """Grade a submission without any attack; what came of it is remembered, unless it has to be seen `again`."""
        if self._honest is None or again:
            self._honest = self.run(Attack(0, "honest", module()))
        return self._honest

    def processes(self) -> list[int]:
        """Return the warm process and everything below it."""
        assert self.zygote._process is not None
        return below(self.zygote._process.pid)

    def contain(self, attack: Attack, name: str = "attack") -> Seen:
        """Run an attack and assert everything that has to hold of it."""
        self.zygote.ready()
        before, processes = self.place.state(), self.processes()
        self.looked.clear()
        self.last = None
        seen = self.run(attack, name)
        self.last = seen.report
        assert MARKER not in seen.output, "the secret was printed"
        assert MARKER not in str(seen.report.to_json()), "the secret is in the report"
        assert self.place.state() == before, "what lies beside the sandbox was changed"
        assert _settled(self.processes, processes), "a process is left, or the warm process was replaced"
        if (seen.report.stopped, seen.report.status) != (attack.word(self.rung), attack.ending(self.rung)):
            raise OtherWordError(_told(seen))
        assert set(attack.tried) <= set(seen.tried), _told(seen)
        for one in attack.tried:
            assert attack.fits(one, seen.tried[one], self.rung), f"{one}: {seen.tried[one]}"
        if attack.proof is not None:
            attack.proof(seen)
        return seen


def below(pid: int) -> list[int]:
    """Return a process and everything below it, dead ones left out."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        if not is_alive(one):
            continue
        found.append(one)
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                waiting += map(int, task.read_text(encoding="ascii").split())
            except (FileNotFoundError, ProcessLookupError):
                continue
    return sorted(found)


def _settled(now: Any, wanted: list[int], seconds: float = 2.0) -> bool:
    deadline = time.monotonic() + seconds
    while now() != wanted:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _told(seen: Seen) -> str:
    """Say how an attack ended, for a test that fails."""
    report = seen.report
    broke = None if report.broke is None else dataclasses.asdict(report.broke)
    return f"{report.stopped} {report.status} {broke} {report.notes}\n{seen.output[-2000:]}"
