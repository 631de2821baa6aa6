"""Check one submission: what a student runs before handing in."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from grader import bundled, events, submissions
from grader.course.names import printable
from grader.course.reading import contents
from grader.course.records import Guidance
from grader.criteria import DEFINITIONS
from grader.data.store import StoredSplit
from grader.engines.local import LocalSlot
from grader.faults import CourseFault, DataFault, GraderFault, RubricFault
from grader.orders import Assignment
from grader.pipeline import failed, grade
from grader.records import Outcome, Report, Status, Submission
from grader.report.exports.report_json import as_json
from grader.report.notices import say
from grader.report.terminal import show_check
from grader.report.terminal_training import begun, indication, working
from grader.rubric import Input, Rubric, load, parse
from grader.sandbox import ladder
from grader.sandbox.ladder import Standing
from grader.sandbox.launch import Worker, worker
from grader.sandbox.walls.fence import Fence
from grader.versions import versions
from grader.what_if import with_what_if
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
        entry: the variable or class that is the model; empty leaves it to the rubric.
        guidance: what the course file says of this check; None where none holds.
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
    entry: str = ""
    guidance: Guidance | None = None


def options_from(asked: Mapping[str, Any]) -> CheckOptions:
    """Return the options that a command's plain values stand for."""
    shape, rubric, data, guided = asked["shape"], asked["rubric"], asked["data"], asked.get("guidance")
    return CheckOptions(
        **{
            **asked,
            "submission": Path(asked["submission"]),
            "rubric": None if rubric is None else Path(rubric),
            "data": None if data is None else Path(data),
            "shape": None if shape is None else (shape[0], shape[1], shape[2]),
            "guidance": None if guided is None else Guidance.from_json(guided),
        }
    )


def run_check(options: CheckOptions, console: Console, notices: Console) -> int:
    """Check as `options` say; return the exit code.

    Raises OperatorFault for what is wrong with the command, the rubric or the data.
    """
    return show_report(checked(options, notices), options, console)


def show_report(report: Report, options: CheckOptions, console: Console) -> int:
    """Print a report as `options` say; return the exit code."""
    if options.as_json:
        console.file.write(json.dumps(as_json(report), allow_nan=False) + "\n")
    else:
        show_check(console, report)
    return exit_code(report)


def checked(options: CheckOptions, notices: Console, around: Callable[[Worker], Worker] | None = None) -> Report:
    """Check as `options` say; return the report, and say on `notices` what goes on meanwhile.

    `around` puts something around the worker that runs the jobs.

    Raises OperatorFault for what is wrong with the options, the rubric or the data.
    """
    submission = submissions.single(options.submission)
    with notices.status("trying the walls of this machine"):
        walls = walls_for(options)
    # The sandbox imports torch for seconds; everything else happens meanwhile.
    with _slot(notices, walls.fence, warm=options.train, around=around) as slot:
        return checked_in(slot, walls, submission, options, notices)


def checked_in(
    slot: LocalSlot, walls: Standing, submission: Submission, options: CheckOptions, notices: Console
) -> Report:
    """Check a submission in a slot that stands behind `walls`; return the report.

    Raises OperatorFault for what is wrong with the options, the rubric or the data.
    """
    rubric = rubric_of(options)
    assignment = Assignment(rubric, None, None, options.device, versions(), isolation=walls.isolation())
    if options.train:
        assignment = with_data(assignment, options, slot, notices)

    def run(function: Callable[..., dict[str, Any]], order: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = slot.run(function, order, submission.id)
        return found

    try:
        report = with_what_if(grade(submission, assignment, run), submission, assignment, run)
    except GraderFault as fault:
        events.tell("fault", str(fault), submission=submission.id, level=logging.ERROR, fault=fault)
        report = failed(submission, assignment, fault)
    points = f"{report.status}, {report.points:g} of {report.max_points:g} points"
    events.tell("report", points, submission=submission.id)
    notes = list(_which_rubric(options))
    if report.score is not None and assignment.data is not None:
        notes.append(indication(assignment.data.held_out_count, _source(options, rubric)))
    if assignment.rubric.reference != rubric.reference:
        notes.append("The course hands out no reference solution, so the grader's own stood in for it.")
    return replace(report, notes=(*report.notes, *notes))


def _which_rubric(options: CheckOptions) -> Iterator[str]:
    """Say by which rubric it was checked, where that is not the one that the grader brings."""
    if options.rubric is not None and options.rubric.resolve() != bundled.course_rubric().resolve():
        yield f"By the rubric {options.rubric}."
    if options.guidance is not None:
        yield from options.guidance.notes


def _source(options: CheckOptions, rubric: Rubric) -> str:
    """Say whose pictures a network was trained and scored on."""
    if options.data is not None:
        return f"your own in {options.data.name}, kept back from the training"
    if options.guidance is not None and options.guidance.data:
        return f"those of {options.guidance.data_name} that were kept back from the training"
    return "the generated patterns" if rubric.data.source == "patterns" else "the rubric's own"


def walls_for(options: CheckOptions) -> Standing:
    """Return the best walls that hold here; somebody's own work is checked without any as well, and told so.

    Raises:
        OperatorFault: the rung that was asked for does not hold.
    """
    walls = ladder.for_own(options.isolation, options.device, trains=options.train)
    events.tell("walls", walls.sentence())
    return walls


def exit_code(report: Report) -> int:
    """Return 3 for a fault of the grader's, 1 when an automatic criterion failed, else 0."""
    if report.status is Status.GRADER_FAULT:
        return 3
    return 1 if any(one.outcome is Outcome.FAILED for one in report.findings) else 0


def rubric_of(options: CheckOptions) -> Rubric:
    """Return the rubric with what `options` change of it; raise OperatorFault where it cannot be read."""
    rubric = _read_rubric(options)
    if options.entry:
        rubric = rubric.model_copy(update={"extract": rubric.extract.model_copy(update={"entry": options.entry})})
    if options.shape is None and options.classes is None:
        return rubric
    changed = Input(
        shape=options.shape if options.shape is not None else rubric.input.shape,
        classes=options.classes if options.classes is not None else rubric.input.classes,
    )
    return rubric.model_copy(update={"input": changed})


def _read_rubric(options: CheckOptions) -> Rubric:
    guided = options.guidance
    if options.rubric is not None or guided is None or not guided.rubric:
        return load(options.rubric if options.rubric is not None else bundled.course_rubric(), DEFINITIONS)
    if not guided.rubric_url:
        return load(Path(guided.rubric), DEFINITIONS)
    try:
        # What it names beside itself is beside the rubric that the grader brings: nothing else was fetched.
        folder = bundled.course_rubric().parent
        return parse(contents(Path(guided.rubric), guided.rubric_url), guided.rubric_url, DEFINITIONS, folder)
    except RubricFault as fault:
        raise CourseFault(printable(fault.what), fix="Tell whoever hands it out.") from fault


def _with_reference(rubric: Rubric, options: CheckOptions) -> Rubric:
    """Put the grader's own reference in the place of one that the course keeps to itself, as it is the answer."""
    if options.guidance is None or rubric.resolve(rubric.reference.solution).exists():
        return rubric
    own = rubric.reference.model_copy(update={"solution": str(bundled.course_reference())})
    return rubric.model_copy(update={"reference": own})


def with_data(assignment: Assignment, options: CheckOptions, slot: LocalSlot, notices: Console) -> Assignment:
    """Add pictures, hardware and the reference, which is trained here once if it is not remembered.

    Raises OperatorFault where the pictures or the reference cannot be used.
    """
    from grader.reference import reference_for

    assignment = replace(assignment, rubric=_with_reference(assignment.rubric, options))
    data = _pictures(assignment.rubric, options)
    ready = replace(assignment, data=data, fingerprint=slot.run(describe, {"device": options.device}, ""))

    def submit(function: Callable[..., dict[str, Any]], order: dict[str, Any]) -> Future[Any]:
        return _done(slot.run(function, order, ""))

    def tell(sentence: str) -> None:
        say(notices, f"{sentence} The result is remembered.")

    return replace(ready, reference=reference_for(ready, submit, tell))


def _pictures(rubric: Rubric, options: CheckOptions) -> StoredSplit:
    from grader import datasets

    guided = options.guidance
    if options.data is not None or guided is None or not guided.data:
        return datasets.stored(rubric, options.data)
    try:
        return datasets.stored(rubric, Path(guided.data))
    except DataFault as fault:
        raise DataFault(f"The course's data {guided.data_name}: {fault.what}", fault.why, fault.fix) from fault


def _done(result: dict[str, Any]) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(result)
    return future


@contextmanager
def _slot(
    notices: Console, fence: Fence, *, warm: bool, around: Callable[[Worker], Worker] | None = None
) -> Iterator[LocalSlot]:
    """Give a slot whose worker starts at once; what it does is shown on `notices` where that is a terminal."""
    started: Worker = worker(fence, warm=warm)
    if around is not None:
        started = around(started)
    with notices.status("starting") as status:

        def tell(_slot: int, submission: str, stage: str, done: int, total: int) -> None:
            who = submission or "the reference"
            status.update(working(who, stage, done, total))
            if total and not done and not notices.is_terminal:
                say(notices, begun(who, stage, total))

        slot = LocalSlot(0, lambda: started, tell)
        try:
            slot.worker  # noqa: B018 - takes the worker over, so that close() stops it
            yield slot
        finally:
            slot.close()
