"""`grader check`: by the warm helper where there is one, else from cold, with the same result."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader import course
from grader.warm import client

if TYPE_CHECKING:
    from rich.console import Console

PATIENCE_SECONDS = 1.0
"""After so long a terminal is told what is being waited for."""


def check_once(
    asked: Mapping[str, Any],
    consoles: Callable[[], tuple[Console, Console]],
    *,
    warm: bool,
    helper_asked: bool = False,
) -> int:
    """Check what was `asked`; return the exit code.

    A check without training asks the helper (unless it was `helper_asked` before), and leaves one behind where there
    was none that could do it; `warm` false does neither. Labels are never sent to a helper.

    Raises OperatorFault for what is wrong with the command, the rubric or the data.
    """
    from grader import events  # a plain check that the helper answers does without

    asked = settled(asked)
    warm = warm and not asked["train"]
    if warm and not helper_asked:
        started = time.monotonic()
        answer = ask(asked)
        if answer is not None:
            events.again(answer.events)
            events.tell("helper", "the warm one answered", seconds=time.monotonic() - started)
            return shown(answer)
        events.tell("helper", "there is no warm one that can, so this is a check from cold")
    from grader.checking import options_from, run_check

    code = run_check(options_from(asked), *consoles())
    if warm and client.leave_behind(asked["isolation"], asked["device"]):
        events.tell("helper", "one is left behind for the next check")
    return code


def settled(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked with what the course file says of it, as plain values.

    Raises:
        CourseFault: the course file has mistakes, or it or what it names cannot be had.
    """
    plain = dict(asked)
    wish = course.Wish(
        Path(asked["submission"]),
        plain.pop("course"),
        rubric=asked["rubric"] is None,
        data=asked["train"] and asked["data"] is None,
        fresh=plain.pop("fresh"),
    )
    found = course.guidance(wish)
    return {**plain, "guidance": None if found is None else found.to_json()}


def answered(asked: Mapping[str, Any]) -> int | None:
    """Print the helper's answer to what is `settled` and return its exit code; None where there is none.

    Raises OperatorFault as `check_once` does.
    """
    answer = ask(asked)
    return None if answer is None else shown(answer)


def shown(answer: client.Answer) -> int:
    """Print an answer; return its exit code."""
    sys.stdout.write(answer.text)
    sys.stdout.flush()
    return answer.code


def ask(asked: Mapping[str, Any]) -> client.Answer | None:
    """Return the helper's answer, or None where there is none; a terminal is told which stage takes long."""
    waiting = _Waiting()
    try:
        return client.ask(asked, client.screen(sys.stdout), waiting.tell)
    finally:
        waiting.clear()


class _Waiting:
    """One line of standard error, where that is a terminal, that says what is being waited for."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._said = False

    def tell(self, stage: str) -> None:
        if sys.stderr.isatty() and time.monotonic() - self._started > PATIENCE_SECONDS:
            sys.stderr.write(f"\r\x1b[K{stage[:40]} …")
            sys.stderr.flush()
            self._said = True

    def clear(self) -> None:
        if self._said:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
