"""Ask the helper: a check, how it is, or to go. Whoever gets no answer does the work from cold."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from grader.faults import OperatorFault
from grader.warm import frames
from grader.warm.frames import NoAnswerError
from grader.warm.place import NoPlaceError, Place, credentials, opened
from grader.warm.stamp import stamp

CONNECT_SECONDS = 1.0
SILENT_SECONDS = 5.0
"""After so long without a sign of life a helper is given up; it gives one four times a second."""

BUSY_SECONDS = 2.0
"""How long a command waits for the check of another one."""

LONGEST_SECONDS = 600.0
"""After so long a check is given up; its jobs have limits of their own, far below."""

IDLE_SECONDS = 600.0
"""How long a helper stays without being asked."""

_SCREEN = (
    "COLORTERM COLUMNS FORCE_COLOR LINES NO_COLOR TERM TERM_PROGRAM TTY_COMPATIBLE TTY_INTERACTIVE UNICODE_VERSION"
).split()
"""Environment variables that say how to write on a terminal."""


class Answer(NamedTuple):
    """What the helper found.

    Attributes:
        code: the exit code.
        text: what to print, written for the screen of whoever asked.
        points: what the network earned so far.
        problem: the first thing that is wrong, in one line; empty when nothing is.
        events: what was done for it, as `grader.events.collected` gives it.
    """

    code: int
    text: str
    points: float
    problem: str
    events: tuple[dict[str, Any], ...] = ()


def screen(stream: TextIO) -> dict[str, Any]:
    """Return what has to be known of a stream to write for it."""
    size = None
    for descriptor in (0, 1, 2):
        with contextlib.suppress(OSError, ValueError):
            size = list(os.get_terminal_size(descriptor))
            break
    return {
        "terminal": stream.isatty(),
        "encoding": stream.encoding or "utf-8",
        "size": size,
        "environment": {name: os.environ[name] for name in _SCREEN if name in os.environ},
    }


def ask(
    asked: Mapping[str, Any], shown_on: Mapping[str, Any], tell: Callable[[str], None] = lambda _stage: None
) -> Answer | None:
    """Let the helper check what was `asked`; None when there is none that can, and the work has to be done from cold.

    Raises OperatorFault for what is wrong with the command, as the check itself would.
    """
    try:
        with opened() as place:
            if place.identity() is None:
                return None
            here = Path.cwd()
            found = here.stat()
            request = {
                "wish": "check",
                "stamp": stamp(asked["isolation"], asked["device"]),
                "asked": dict(asked),
                "screen": dict(shown_on),
                "folder": [str(here), found.st_dev, found.st_ino],
            }
            answer = _patiently(place, request, tell)
        if answer.get("answer") == "fault":
            what, why, fix = (str(answer[one]) for one in ("what", "why", "fix"))
            raise OperatorFault(what, why, fix)
        if answer.get("answer") != "done":
            return None
        points, done = float(answer["points"]), tuple(map(dict, answer["events"]))
        return Answer(int(answer["code"]), str(answer["text"]), points, str(answer["problem"]), done)
    except (NoPlaceError, NoAnswerError, OSError, KeyError, ValueError, TypeError):
        return None


def _patiently(place: Place, request: Mapping[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    """Ask until the helper is not busy with somebody else."""
    until, last = time.monotonic() + BUSY_SECONDS, time.monotonic() + LONGEST_SECONDS
    while True:
        with place.connect(CONNECT_SECONDS) as way:
            frames.send(way, request)
            answer = frames.receive(way, SILENT_SECONDS)
            while answer.get("answer") == "alive" and time.monotonic() < last:
                tell(str(answer.get("stage", "")))
                answer = frames.receive(way, SILENT_SECONDS)
        if answer.get("answer") != "busy" or time.monotonic() > until:
            return answer
        time.sleep(0.1)


def leave_behind(isolation: str, device: str, idle_seconds: float = IDLE_SECONDS) -> bool:
    """Start a helper that outlives this command, where there can be one; a second one goes by itself.

    Returns whether one was started.
    """
    import subprocess

    try:
        with opened():
            pass
        words = ["--isolation", isolation, "--device", device, "--idle", str(idle_seconds)]
        started = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "grader.helper", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
    except (NoPlaceError, OSError):
        return False
    started.returncode = 0  # nobody waits for it: it is to outlive us
    return True


def say() -> dict[str, Any] | None:
    """Return what the helper says of itself: `pid`, `seconds`, `checks`, `trouble` …; None when there is none."""
    try:
        with opened() as place, place.connect(CONNECT_SECONDS) as way:
            return _said(way)
    except NoPlaceError:
        return None


def _said(way: socket.socket) -> dict[str, Any]:
    """Return what the helper says; one that says nothing is known by its process alone."""
    pid = credentials(way)[0]
    try:
        frames.send(way, {"wish": "say"})
        return {**frames.receive(way, SILENT_SECONDS), "pid": pid, "answers": True}
    except NoAnswerError:
        return {"pid": pid, "answers": False}


def end() -> int | None:
    """End the helper of this user, by force if it does not listen; return its process, None when there is none."""
    try:
        with opened() as place:
            return end_in(place)
    except NoPlaceError:
        return None


def end_in(place: Place) -> int | None:
    """End the helper in that folder; return its process, None when there is none."""
    try:
        way = place.connect(CONNECT_SECONDS)
    except NoPlaceError:
        return None
    with way:
        pid = credentials(way)[0]
        with contextlib.suppress(NoAnswerError):
            frames.send(way, {"wish": "go"})
            frames.receive(way, SILENT_SECONDS)
    if not _gone(place):
        _kill(place, pid)
    return pid


def _kill(place: Place, pid: int) -> None:
    """Kill a helper that does not go, if it is the one that listens still: numbers of processes are given again."""
    with contextlib.suppress(NoPlaceError, OSError), place.connect(CONNECT_SECONDS) as way:
        if credentials(way)[0] == pid > 1:
            os.kill(pid, signal.SIGKILL)
            _gone(place)


def _gone(place: Place) -> bool:
    """Wait three seconds for the place to be free."""
    until = time.monotonic() + 3.0
    while time.monotonic() < until:
        held = place.lock()
        if held is not None:
            os.close(held)
            return True
        time.sleep(0.05)
    return False
