"""The warm helper of one user: it waits for checks with torch and export imported behind the walls, and goes when idle.

python -m grader.helper --isolation auto --device auto --idle 600

One thread answers whoever connects, another makes the checks; torch is in the warm process below it alone. It ends
after `--idle` seconds without a wish, when a command of another version asks, when its socket is removed (a session's
end takes its folder away), and when it is told to.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from grader.warm import frames
from grader.warm.client import end_in
from grader.warm.frames import NoAnswerError
from grader.warm.place import NoPlaceError, Place, is_own, opened
from grader.warm.stamp import stamp

TICK_SECONDS = 0.25
"""How often whoever waits gets a sign of life, and the socket's file is looked at."""

WISH_SECONDS = 1.0
"""How long a wish may take to arrive."""

CONTEST_SECONDS = 6.0
"""How long a helper tries to take the place of another one."""


class Bench:
    """The thread that makes checks, and what the other one knows of it."""

    def __init__(self, isolation: str, device: str) -> None:
        """Start the thread; it imports what a check needs and starts the warm process."""
        self.stage = "starting"
        self.trouble = ""
        self.dead = False
        self.abandoned = threading.Event()
        self._asked = isolation, device
        self._wishes: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.woken, self._wake = socket.socketpair()
        self._slot: Any = None
        self._thread = threading.Thread(target=self._work, name="checks", daemon=True)
        self._thread.start()

    def begin(self, request: Mapping[str, Any]) -> None:
        """Make a check; its answer is put into `answers`."""
        self.abandoned.clear()
        self.stage = "starting"
        self._wishes.put(request)

    def abandon(self) -> None:
        """End the check that is made."""
        self.abandoned.set()
        if self._slot is not None:
            self._slot.abandon()

    def close(self) -> None:
        """End the thread, and everything below it."""
        self._wishes.put(None)
        self.abandon()
        self._thread.join(10)

    def _tell(self, stage: str) -> None:
        from grader.serving import AbandonedError

        self.stage = stage
        if self.abandoned.is_set():
            raise AbandonedError

    def _work(self) -> None:
        try:
            self._serve()
        except Exception as error:  # noqa: BLE001 - whoever waits does it from cold, and is told there
            self.trouble = _words(error)
        finally:
            self.dead = True
            with contextlib.suppress(OSError):
                self._wake.send(b".")

    def _serve(self) -> None:
        from pathlib import Path

        from grader import serving
        from grader.checking import CheckOptions

        isolation, device = self._asked
        place = serving.WarmPlace(CheckOptions(Path(), device=device, isolation=isolation), self._tell)
        self._slot = place.slot
        try:
            while (request := self._wishes.get()) is not None:
                try:
                    found = serving.answer(place, request)
                except serving.AbandonedError:
                    found = {"answer": "cold"}
                except Exception as error:  # noqa: BLE001 - the same check from cold says what it is
                    self.trouble = _words(error)
                    found = {"answer": "cold"}
                self.answers.put(found)
                self._wake.send(b".")
        finally:
            place.close()


class Helper:
    """The thread that answers."""

    def __init__(self, place: Place, listener: socket.socket, bench: Bench, mark: str, idle_seconds: float) -> None:
        """Answer on `listener` those whose stamp is `mark`."""
        self._place, self._listener, self._bench, self._mark = place, listener, bench, mark
        self._idle_seconds = idle_seconds
        self._identity = place.identity()
        self._started = self._last = time.monotonic()
        self._checks = 0
        self._asker: socket.socket | None = None
        self._busy = False
        self._ending = False

    def serve(self) -> None:
        """Answer until it is time to go."""
        while not self._done():
            watched = [self._listener, self._bench.woken, *([self._asker] if self._asker is not None else [])]
            ready, _, _ = select.select(watched, [], [], TICK_SECONDS)
            if self._bench.woken in ready:
                self._bench.woken.recv(64)
                self._deliver()
            if self._asker is not None and self._asker in ready:
                self._leave()  # nothing is to come from there but its end
            if self._listener in ready:
                self._meet()
            if not ready:
                self._live()
        if self._asker is not None:
            self._asker.close()

    def _done(self) -> bool:
        if self._bench.dead or (self._ending and not self._busy):
            return True
        idle = not self._busy and time.monotonic() - self._last > self._idle_seconds
        return idle or self._place.identity() != self._identity

    def _deliver(self) -> None:
        """Give the answer to whoever waits for it."""
        while not self._bench.answers.empty():
            found = self._bench.answers.get()
            self._busy = False
            self._last = time.monotonic()
            if self._asker is not None:
                with contextlib.suppress(NoAnswerError):
                    frames.send(self._asker, found)
                self._asker.close()
                self._asker = None

    def _live(self) -> None:
        """Give a sign of life, and end a check that nobody waits for."""
        if self._asker is not None:
            try:
                frames.send(self._asker, {"answer": "alive", "stage": self._bench.stage})
            except NoAnswerError:
                self._leave()
        elif self._busy:
            self._bench.abandon()

    def _leave(self) -> None:
        if self._asker is not None:
            self._asker.close()
            self._asker = None
            self._bench.abandon()

    def _meet(self) -> None:
        """Take one connection and its wish."""
        try:
            way, _ = self._listener.accept()
        except OSError:
            return
        kept = False
        try:
            if is_own(way):
                kept = self._answer(way, frames.receive(way, WISH_SECONDS))
        except NoAnswerError:
            pass
        finally:
            if not kept:
                way.close()

    def _answer(self, way: socket.socket, wish: Mapping[str, Any]) -> bool:
        """Answer a wish; tell whether the way is kept for an answer that takes longer."""
        match wish.get("wish"):
            case "say":
                frames.send(way, self._said())
            case "go":
                frames.send(way, {"answer": "going"})
                self._ending = True
                self._bench.abandon()
            case "check" if wish.get("stamp") != self._mark:
                frames.send(way, {"answer": "differs"})
                self._ending = True
            case "check" if self._busy or self._ending:
                frames.send(way, {"answer": "busy"})
            case "check":
                self._busy, self._asker = True, way
                self._checks += 1
                self._bench.begin(wish)
                return True
        return False

    def _said(self) -> dict[str, Any]:
        now = time.monotonic()
        return {
            "answer": "here",
            "stamp": self._mark,
            "seconds": now - self._started,
            "idle": 0.0 if self._busy else now - self._last,
            "idle_seconds": self._idle_seconds,
            "checks": self._checks,
            "trouble": self._bench.trouble,
        }


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


@contextmanager
def _taken(place: Place, mark: str) -> Iterator[bool]:
    """Take the place, also from a helper of another version or one that does not answer; tell whether it was taken."""
    until = time.monotonic() + CONTEST_SECONDS
    held = place.lock()
    while held is None and time.monotonic() < until and not _is_there(place, mark):
        end_in(place)
        time.sleep(0.05)
        held = place.lock()
    try:
        yield held is not None
    finally:
        if held is not None:
            os.close(held)


def _is_there(place: Place, mark: str) -> bool:
    """Tell whether a helper like this one answers already."""
    try:
        with place.connect(WISH_SECONDS) as way:
            frames.send(way, {"wish": "say"})
            return frames.receive(way, WISH_SECONDS).get("stamp") == mark
    except (NoPlaceError, NoAnswerError):
        return False


def main(arguments: list[str]) -> int:
    """Be the helper until it is time to go; return 1 where there cannot be one, else 0."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--isolation", required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--idle", type=float, required=True)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    mark = stamp(options.isolation, options.device)
    try:
        with opened() as place, _taken(place, mark) as taken:
            if not taken:
                return 0
            with place.listen() as listener:
                bench = Bench(options.isolation, options.device)
                identity = place.identity()
                try:
                    Helper(place, listener, bench, mark, options.idle).serve()
                finally:
                    listener.close()
                    if place.identity() == identity:
                        place.clear()
                    bench.close()
    except (NoPlaceError, OSError):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
