"""One warm place in which checks are made, one after the other: for the helper and for `--watch`."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from grader import events, submissions
from grader.checking import CheckOptions, checked_in, exit_code, options_from, show_report, walls_for
from grader.engines.local import LocalSlot
from grader.faults import OperatorFault
from grader.records import Report, Status
from grader.report.plain import inert_line
from grader.report.terminal_text import first_problem
from grader.sandbox.launch import worker
from grader.warm.client import Answer

TOLD_CHARACTERS = 160
"""How much of the first problem is told in one line."""


class AbandonedError(BaseException):
    """Whoever asked is gone; it passes every place that catches what a job did."""


class WarmPlace:
    """A worker behind walls that has torch and export imported, and what is known of the walls."""

    def __init__(self, options: CheckOptions, tell: Callable[[str], None], *, fork: bool | None = None) -> None:
        """Start the worker behind the walls that `options` ask for; `tell` hears each stage and may raise.

        The worker dies with the thread that made it.

        Raises:
            OperatorFault: the walls that were asked for do not hold.
        """
        self.walls = walls_for(options)
        started = worker(self.walls.fence, warm=True, fork=fork)
        self.slot = LocalSlot(0, lambda: started, lambda _slot, _id, stage, _done, _total: tell(stage))
        self.slot.worker  # noqa: B018 - takes the worker over, so that close() stops it

    def check(self, options: CheckOptions) -> Report | None:
        """Check a submission; None where the grader failed: a cold check has to say how.

        The walls are those that the worker was started behind; every job says again what stands around it.

        Raises:
            OperatorFault: the command, the rubric or the submission is wrong.
        """
        submission = submissions.single(options.submission)
        report = checked_in(self.slot, self.walls, submission, options, Console(file=io.StringIO()))
        return None if report.status is Status.GRADER_FAULT else report

    def close(self) -> None:
        """End the worker and everything below it."""
        self.slot.close()


class _Paper(io.StringIO):
    """A stream that passes for the one of whoever asked."""

    def __init__(self, screen: Mapping[str, Any]) -> None:
        super().__init__()
        self._terminal, self._encoding = bool(screen["terminal"]), str(screen["encoding"])

    def isatty(self) -> bool:
        return self._terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding


def written(report: Report, options: CheckOptions, screen: Mapping[str, Any]) -> str:
    """Return what `grader check` prints on that screen, as `grader.warm.client.screen` describes it."""
    paper = _Paper(screen)
    environment = dict(screen["environment"])
    console = Console(file=paper, _environ=environment)
    if screen["size"] is not None and not console.is_dumb_terminal and "COLUMNS" not in environment:
        columns, lines = screen["size"]
        console = Console(file=paper, width=columns, height=lines, _environ=environment)
    show_report(report, options, console)
    return paper.getvalue()


def problem_of(report: Report) -> str:
    """Return the first thing that is wrong, with why, in one line; empty when nothing is."""
    parts = (first_problem(report), report.cause if report.broke is not None else "")
    return inert_line(". ".join(one for one in parts if one), TOLD_CHARACTERS)


def verdict(report: Report, options: CheckOptions, screen: Mapping[str, Any]) -> Answer:
    """Return a report as it is shown on that screen, with what is told of it in one line."""
    return Answer(exit_code(report), written(report, options, screen), report.points, problem_of(report))


def answer(place: WarmPlace, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a request for a check, made from the folder in which it was asked."""
    path, device, number = request["folder"]
    os.chdir(path)
    try:
        here = Path.cwd().stat()
        if (here.st_dev, here.st_ino) != (device, number):
            return {"answer": "cold"}
        options = options_from(request["asked"])
        if options.train or options.data is not None or (options.guidance is not None and options.guidance.data):
            return {"answer": "cold"}  # labels never come here
        with events.collected() as done:
            events.tell("walls", place.walls.sentence())
            report = place.check(options)
        if report is None:
            return {"answer": "cold"}
        return {"answer": "done", **verdict(report, options, request["screen"])._asdict(), "events": done}
    except OperatorFault as fault:
        return {"answer": "fault", "what": fault.what, "why": fault.why, "fix": fault.fix}
    finally:
        with contextlib.suppress(OSError):
            os.chdir("/")
