"""The engine of one machine: threads, each supervising one warm worker and its children.

A crash, a hang or a kill costs one job: the thread lives on and its worker is started anew. (Process pools lose
every job in flight to one SIGKILL.)
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any, TypeVar

from grader import events
from grader.sandbox.launch import Worker

Anywhere = TypeVar("Anywhere", bound=Executor)

Tell = Callable[[int, str, str, int, int], None]
"""(slot, submission, stage, done, total)."""


class LocalSlot:
    """One thread's place: its worker, started when the first job comes, and its way to say how far it is."""

    def __init__(self, number: int, start: Callable[[], Worker], tell: Tell) -> None:
        """Take the slot's number from 0."""
        self.number = number
        self.submission = ""
        self._start, self._tell = start, tell
        self._worker: Worker | None = None
        self._stage: tuple[str, float] | None = None

    @property
    def worker(self) -> Worker:
        """Return the warm worker."""
        if self._worker is None:
            self._worker = self._start()
        return self._worker

    def tell(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Pass on which stage the job is in; the log hears of every stage once, and how long it took."""
        if self._stage is None or self._stage[0] != stage:
            self._end_stage()
            self._stage = stage, time.monotonic()
            events.tell("begins", submission=self.submission, stage=stage, slot=self.number + 1, level=logging.DEBUG)
        self._tell(self.number, self.submission, stage, done, total)

    def run(self, function: Callable[..., Any], job: dict[str, Any], submission: str) -> Any:
        """Run a job to its end, in the name of a submission."""
        self.submission = submission
        try:
            return function(job, self)
        finally:
            self._end_stage()

    def _end_stage(self) -> None:
        if self._stage is not None:
            name, since = self._stage
            took = time.monotonic() - since
            self._stage = None
            events.tell("ran", submission=self.submission, stage=name, seconds=took, slot=self.number + 1)

    def interrupt(self) -> None:
        """End the job that runs, from any thread."""
        if self._worker is not None:
            self._worker.interrupt()

    def abandon(self) -> None:
        """End the job that runs, from any thread, and take the next one."""
        if self._worker is not None:
            self._worker.abandon()

    def close(self) -> None:
        """Stop the worker and everything below it."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


class LocalExecutor(Executor):
    """Run `function(job, slot)` in a fixed number of slots.

    It is a `concurrent.futures.Executor` whose jobs are plain dictionaries with an `id`; the slot is added here,
    as any other engine adds its own.
    """

    def __init__(
        self, slots: int, start: Callable[[], Worker], tell: Tell, *, eager: bool = True, daemon: bool = False
    ) -> None:
        """Take how many threads there are to be; each starts its worker at once, or with the first job.

        Threads that are a `daemon` keep no process from its end, and their workers end with it.
        """
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[..., Any], dict[str, Any]] | None] = (
            queue.SimpleQueue()
        )
        self._slots = [LocalSlot(number, start, tell) for number in range(slots)]
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._serve, args=(slot,), name=f"slot-{slot.number}", daemon=daemon)
            for slot in self._slots
        ]
        self._started = False
        if eager:
            self._start()

    def _start(self) -> None:
        if not self._started:
            self._started = True
            for thread in self._threads:
                thread.start()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue `function(job, slot)` for `submit(function, job)`."""
        if kwargs or len(args) != 1:
            raise TypeError("a job is one dictionary")
        self._start()
        future: Future[Any] = Future()
        self._jobs.put((future, function, args[0]))
        return future

    def _serve(self, slot: LocalSlot) -> None:
        # A worker dies with the thread that started it (PR_SET_PDEATHSIG counts threads), so each thread keeps
        # its own from beginning to end.
        try:
            slot.worker  # noqa: B018 - starts the warm process, which takes seconds to import torch
            while (item := self._jobs.get()) is not None:
                future, function, job = item
                if self._closing.is_set() or not future.set_running_or_notify_cancel():
                    future.cancel()
                    continue
                try:
                    future.set_result(slot.run(function, job, str(job["id"])))
                except BaseException as error:  # noqa: BLE001 - it belongs to the future
                    future.set_exception(error)
        finally:
            slot.close()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads end after their job; with `cancel_futures`, end the jobs themselves as well."""
        if cancel_futures:
            self._closing.set()
            for slot in self._slots:
                slot.interrupt()
        for _ in self._threads:
            self._jobs.put(None)
        if wait and self._started:
            for thread in self._threads:
                thread.join()


@contextmanager
def supervised(executor: Anywhere) -> Iterator[Anywhere]:
    """Give an executor that is shut down at the end; its jobs are ended when anything goes wrong."""
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    executor.shutdown(wait=True)
