"""What the head knows of each of an engine's workers, and of the jobs that it was handed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from grader.work import Plain

if TYPE_CHECKING:
    from distributed import Future as Sent

GPU = "GPU"
"""What a worker's resources call a place to train on an accelerator."""


class WorkerLostError(Exception):
    """A worker went while it ran a job; `worker` says who."""

    def __init__(self, worker: str, why: str) -> None:
        """Keep who it was."""
        self.worker = worker
        super().__init__(why)


@dataclass(slots=True, eq=False)
class Job:
    """What an engine was handed, and the future that was given out for it."""

    job: Plain
    future: Future[Plain] = field(default_factory=Future)


@dataclass(slots=True, eq=False)
class Seat:
    """A worker: where it is, what it said of itself, and what it runs."""

    address: str
    name: str
    host: str
    device: str
    state: str = "new"  # new, greeted, ready, refused
    greeting: Plain = field(default_factory=dict)
    kind: str = ""
    running: Job | None = None
    sent: Sent | None = None
    pieces: Iterator[Plain] | None = None

    @property
    def node(self) -> tuple[str, str]:
        """Return what tells one node's store of pictures from another's."""
        result = self.greeting["result"]
        return result["host"], result["cache"]

    def __str__(self) -> str:
        """Return what people call it."""
        return f"worker {self.name} on {self.host}"


def public(version: str) -> str:
    """Return a version without how it was built (`2.13.0+cpu`), which the hardware's fingerprint knows."""
    return version.partition("+")[0]


def fail(asked: Job, error: Exception) -> None:
    """Let the future of a job raise, unless it was taken back."""
    if asked.future.running() or asked.future.set_running_or_notify_cancel():
        asked.future.set_exception(error)
