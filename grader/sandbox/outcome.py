"""How a job ended: what it sent, what it used, and the word for how it was stopped."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from grader.sandbox.protocol import FrameError, FrameReader, Kind, Limits

GRACE_SECONDS = 3.0
"""How much later than the warm process the parent itself gives a job up."""

Listen = Callable[[bytes], None]

Files = Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Done:
    """How a job ended.

    Attributes:
        frames: what came back, by kind; a claim where a student's code ran.
        stopped: None when the job ended by itself and spoke properly, else the outcome word.
        output: the beginning and the end of its stdout and stderr.
        wall_seconds: from sending the job to its end.
        cpu_seconds: of the job's process; None where the system does not say.
        memory_bytes: its largest resident size; None where the system does not say.
        active: what stood around it, as it said before the first statement that is not ours.
        trouble: why its walls could not be put up; empty when they were.
    """

    frames: Mapping[Kind, bytes]
    stopped: str | None
    output: str
    wall_seconds: float
    cpu_seconds: float | None
    memory_bytes: int | None = None
    active: tuple[str, ...] = ()
    trouble: str = ""

    def result(self) -> dict[str, Any]:
        """Return the RESULT frame as an object; empty when there is none that can be read."""
        try:
            found = json.loads(self.frames.get(Kind.RESULT, b"{}"))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


class Worker(Protocol):
    """Something that runs jobs one after the other."""

    def run(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        blobs: Mapping[str, bytes],
        limits: Limits,
        listen: Listen | None = None,
        files: Files | None = None,
    ) -> Done:
        """Run one job to its end.

        `files` are opened for it, to read: in its arguments each name stands for something that `open` takes.
        """

    def interrupt(self) -> None:
        """End the job that runs and take no other, from any thread."""

    def abandon(self) -> None:
        """End the job that runs, from any thread; the next one is run."""

    def stop(self) -> None:
        """End the worker and everything below it."""


@dataclass(slots=True)
class Collector:
    """What a job sends while it runs."""

    limits: Limits
    listen: Listen | None
    reader: FrameReader = field(default_factory=FrameReader)
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    heard: int = 0
    malformed: bool = False

    def take_frames(self, chunk: bytes) -> None:
        """Take what came on the way for results."""
        if self.malformed:
            return
        try:
            self.reader.feed(chunk)
        except FrameError:
            self.malformed = True

    def take_output(self, chunk: bytes) -> None:
        """Take what was printed: the beginning and the end are kept."""
        self.heard += len(chunk)
        half = self.limits.output_bytes // 2
        room = half - len(self.head)
        self.head += chunk[: max(0, room)]
        self.tail += chunk[max(0, room) :]
        del self.tail[: max(0, len(self.tail) - half)]
        if self.listen is not None:
            self.listen(chunk)

    @property
    def output(self) -> str:
        """Return what was printed, with a line in the place of what was left out."""
        left_out = self.heard - len(self.head) - len(self.tail)
        between = f"\n[{left_out:,} bytes left out]\n".encode() if left_out else b""
        return bytes(self.head + between + self.tail).decode("utf-8", "replace")

    @property
    def flooded(self) -> bool:
        """Whether more was printed than any honest job prints."""
        return self.heard > self.limits.flood_bytes


def verdict(report: dict[str, Any] | None, collector: Collector, limits: Limits, wall: float) -> Done:
    """Name how a job ended, in the words of the outcome table."""
    frames = collector.reader.frames
    if report is None:
        return Done(frames, "infra-error", collector.output, wall, None)
    trouble = str(report.get("error", ""))
    stopped = "infra-error" if trouble else _word(report, collector, limits)
    active = tuple(report.get("active", ()))
    return Done(frames, stopped, collector.output, wall, report["cpu"], report["memory"], active, trouble)


_USED_UP = 0.5
"""Share of its processor time after which a killed job was killed for it.

The kernel enforces the limit by its ticks and reports use by its clock; on a shared machine they differ.
"""


def _word(report: dict[str, Any], collector: Collector, limits: Limits) -> str | None:
    number = report["signal"]
    if collector.flooded:
        return "output-limit"
    if report["killed"] == "wall":
        return "wall-limit"
    if number == getattr(signal, "SIGXCPU", -1) or (
        number == getattr(signal, "SIGKILL", -1) and (report["cpu"] or 0) >= _USED_UP * limits.cpu_seconds
    ):
        return "cpu-limit"
    if number == getattr(signal, "SIGSYS", 31):
        return "forbidden-syscall"
    if collector.malformed or (collector.reader.frames and not collector.reader.complete):
        return "malformed-result"
    if number:
        return f"killed-sig{number}"
    return None if Kind.RESULT in collector.reader.frames else "exited-without-result"
