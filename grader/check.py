"""Check one submission: what a student runs before handing in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from grader import bundled, submissions
from grader.criteria import DEFINITIONS
from grader.engines.local import LocalSlot
from grader.faults import GraderFault, OperatorFault
from grader.orders import Assignment
from grader.pipeline import failed, grade
from grader.records import Outcome, Report, Status
from grader.report.exports.report_json import as_json
from grader.report.notices import say
from grader.report.plain import inert_line
from grader.report.terminal import show_check
from grader.rubric import Input, Rubric, load
from grader.sandbox import ladder
from grader.sandbox.ladder import Standing
from grader.sandbox.launch import Worker, worker
from grader.sandbox.walls.fence import Fence
from grader.versions import versions
from grader.work import describe


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What `grader check` was asked to do.

    Attributes:
        submission: a notebook, a module or a folder.
        rubric: the rubric file; the packaged course rubric when None.
        data: a folder of pictures instead of the rubric's.
        train: train as well.
        shape: the rubric's input shape in other numbers; None to keep it.
        classes: the same for the number of classes.
        device: `auto`, `cpu`, `cuda` or `mps`.
        isolation: `auto`, `none`, or the rung of the ladder that has to hold.
        as_json: print the report as JSON and nothing else on standard output.
    """

    submission: Path
    rubric: Path | None = None
    data: Path | None = None
    train: bool = False
    shape: tuple[int, int, int] | None = None
    classes: int | None = None
    device: str = "auto"
    isolation: str = "auto"
    as_json: bool = False


def run_check(options: CheckOptions, console: Console, notices: Console) -> int:
    """Check as `options` say; return the exit code.

    Raises OperatorFault for what is wrong with the command, the rubric or the data.
    """
    submission = submissions.single(options.submission)
    with notices.status("trying the walls of this machine"):
        walls = _walls(options)
    # The sandbox imports torch for seconds; everything else happens meanwhile.
    with _slot(notices, walls.fence, warm=options.train) as slot:
        rubric = _rubric(options)
        assignment = Assignment(rubric, None, None, options.device, versions(), isolation=walls.isolation())
        if options.train:
            assignment = _with_data(assignment, options, slot, notices)
        slot.submission = submission.id
        try:
            report = grade(submission, assignment, lambda function, order: function(order, slot))
        except GraderFault as fault:
            report = failed(submission, assignment, fault)
    if options.as_json:
        console.file.write(json.dumps(as_json(report), allow_nan=False) + "\n")
    else:
        show_check(console, report)
    return exit_code(report)


def _walls(options: CheckOptions) -> Standing:
    """Return the best walls that hold here; somebody's own work is checked without any as well, and told so.

    Raises:
        OperatorFault: the rung that was asked for does not hold.
    """
    if options.isolation != "auto":
        return ladder.demanded(options.isolation, options.device)
    return ladder.standing(accelerator=options.train and ladder.accelerates(options.device))


def exit_code(report: Report) -> int:
    """Return 3 for a fault of the grader's, 1 when an automatic criterion failed, else 0."""
    if report.status is Status.GRADER_FAULT:
        return 3
    return 1 if any(one.outcome is Outcome.FAILED for one in report.findings) else 0


def _rubric(options: CheckOptions) -> Rubric:
    rubric = load(options.rubric if options.rubric is not None else bundled.course_rubric(), DEFINITIONS)
    if options.shape is None and options.classes is None:
        return rubric
    changed = Input(
        shape=options.shape if options.shape is not None else rubric.input.shape,
        classes=options.classes if options.classes is not None else rubric.input.classes,
    )
    return rubric.model_copy(update={"input": changed})


def _with_data(assignment: Assignment, options: CheckOptions, slot: LocalSlot, notices: Console) -> Assignment:
    """Add pictures, hardware and the reference, which is trained here once if it is not remembered."""
    from grader import datasets
    from grader.reference import reference_for

    data = datasets.stored(assignment.rubric, options.data)
    ready = replace(assignment, data=data, fingerprint=describe({"device": options.device}, slot))

    def submit(function: Callable[..., dict[str, Any]], order: dict[str, Any]) -> Future[Any]:
        return _done(function(order, slot))

    def tell(sentence: str) -> None:
        say(notices, f"{sentence} The result is remembered.")

    return replace(ready, reference=reference_for(ready, submit, tell))


def _done(result: dict[str, Any]) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(result)
    return future


@contextmanager
def _slot(notices: Console, fence: Fence, *, warm: bool) -> Iterator[LocalSlot]:
    """Give a slot whose worker starts at once; what it does is shown on `notices` where that is a terminal."""
    started: Worker = worker(fence, warm=warm)
    with notices.status("starting") as status:

        def tell(_slot: int, submission: str, stage: str, done: int, total: int) -> None:
            status.update(f"{inert_line(submission)}: {stage}" + (f", step {done} of {total}" if total else ""))

        slot = LocalSlot(0, lambda: started, tell)
        try:
            slot.worker  # noqa: B018 - takes the worker over, so that close() stops it
            yield slot
        finally:
            slot.close()


def parse_shape(text: str) -> tuple[int, int, int]:
    """Read `3x32x32`; raise OperatorFault where it is not three numbers."""
    words = text.lower().replace("×", "x").split("x")
    if len(words) != 3 or not all(word.strip().isdigit() and int(word) > 0 for word in words):
        raise OperatorFault(f"--input {text} is not a shape.", fix="Write channels x height x width, such as 3x32x32.")
    channels, height, width = (int(word) for word in words)
    return channels, height, width
