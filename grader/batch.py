"""Grade a folder or an LMS download into a gradebook: what `grader batch` does."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from grader import datasets, hardware, submissions
from grader.criteria import DEFINITIONS
from grader.engines.local import LocalExecutor
from grader.faults import OperatorFault
from grader.gradebook import Gradebook
from grader.gradebook_records import Invocation
from grader.logs import Logs
from grader.orders import Assignment
from grader.phases import Night
from grader.records import Report, Status, Submission
from grader.reference import reference_for
from grader.report.exports.csv import write_grades
from grader.report.exports.report_json import write_report
from grader.report.terminal import BatchProgress, show_batch, show_mixed, show_unchanged
from grader.rubric import load
from grader.sandbox import ladder
from grader.sandbox.launch import Worker, worker
from grader.shelf import Shelf
from grader.submissions import Intake
from grader.versions import versions
from grader.work import describe


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What `grader batch` was asked to do.

    Attributes:
        folder: where the submissions lie, or the zip that an LMS gave out.
        rubric: the rubric file.
        out: where the gradebook and the tables go.
        data: pictures instead of the rubric's.
        roster: a table of who is in the class.
        mapping: a table of which file is whose; `mapping.csv` in `out` when None.
        workers: how many submissions are graded at a time.
        device: `auto`, `cpu`, `cuda` or `mps`.
        fresh: do everything again.
        mixed: go on although the gradebook holds results of other hardware.
        isolation: `auto`, `none`, or the rung of the ladder that has to hold.
        only: ids of the submissions to grade; all when empty.
        as_json: print the reports and nothing else on standard output.
        command: the words of the command line, for the record.
    """

    folder: Path
    rubric: Path
    out: Path
    data: Path | None = None
    roster: Path | None = None
    mapping: Path | None = None
    workers: int = 1
    device: str = "auto"
    fresh: bool = False
    mixed: bool = False
    isolation: str = "auto"
    only: tuple[str, ...] = ()
    as_json: bool = False
    command: tuple[str, ...] = ()


def run_batch(options: BatchOptions, console: Console, notices: Console) -> int:
    """Grade as `options` say; return the exit code.

    `console` gets the table (or the JSON), `notices` the progress. Raises OperatorFault for what is wrong with
    the command, the rubric or the data, or when no walls hold here, StorageFault when the disk is full.
    """
    started = time.monotonic()
    rubric = load(options.rubric, DEFINITIONS)
    with notices.status("trying the walls of this machine"):
        walls = ladder.demanded(options.isolation, options.device)
    intake = _intake(options, notices)
    chosen = _chosen(intake.submissions, options)
    assignment = Assignment(rubric, None, None, options.device, versions(), isolation=walls.isolation())
    with Gradebook.open(options.out / "gradebook.sqlite", time.time) as gradebook:
        before = gradebook.last_change()
        night = _run(options, assignment, partial(worker, walls.fence), gradebook, chosen, notices)
        wanted = {one.id for one in intake.submissions}
        reports = [one for one in gradebook.current_reports() if one.submission.id in wanted]
        write_report(reports, options.out / "report.json")
        write_grades(reports, options.out / "grades.csv")
    if options.as_json:
        console.file.write((options.out / "report.json").read_text(encoding="utf-8"))
    elif before is not None and night.reused["report"] == len(chosen) == len(reports):
        show_unchanged(console, len(reports), *before, options.out)
    else:
        elapsed = time.monotonic() - started
        show_batch(console, reports, elapsed, night.reused, options.out, changed=night.changed)
    if night.interrupted:
        kept = f"{len(reports)} finished submissions are in {options.out}"
        notices.print(f"Stopped. {kept}; the same command goes on.", soft_wrap=True, highlight=False)
        return 130
    return _exit_code(reports, options)


def _exit_code(reports: Sequence[Report], options: BatchOptions) -> int:
    if not any(one.status is Status.GRADER_FAULT for one in reports):
        return 0
    # The hardware may not be what it was remembered to be; next time it is asked.
    hardware.forget(datasets.cache_folder(), hardware.stamp(options.device))
    return 3


def _intake(options: BatchOptions, notices: Console) -> Intake:
    """Find who handed in what; whoever is not known goes into a table to be filled in."""
    mapping = options.mapping or options.out / "mapping.csv"
    if options.mapping is not None and not mapping.is_file():
        raise OperatorFault(f"--mapping {mapping} does not exist.")
    intake = submissions.discover(options.folder, roster=options.roster, mapping=mapping if mapping.is_file() else None)
    options.out.mkdir(parents=True, exist_ok=True)
    for note in intake.notes:
        notices.print(note, soft_wrap=True, highlight=False, markup=False)
    if intake.unknown:
        submissions.write_mapping(intake, mapping)
        count = len(intake.unknown)
        notices.print(
            f"Nobody is known for {count} of the files: fill in {mapping} and run the same command again.",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )
    return intake


def _chosen(found: Sequence[Submission], options: BatchOptions) -> tuple[Submission, ...]:
    unknown = sorted(set(options.only) - {one.id for one in found})
    if unknown:
        raise OperatorFault(f"--only {unknown[0]}: there is no submission of that id in {options.folder}.")
    return tuple(one for one in found if not options.only or one.id in options.only)


def _run(
    options: BatchOptions,
    assignment: Assignment,
    start: Callable[[], Worker],
    gradebook: Gradebook,
    found: Sequence[Submission],
    notices: Console,
) -> Night:
    progress = BatchProgress(notices, len(found), time.monotonic)

    def tell(slot: int, submission: str, stage: str, done: int, total: int) -> None:
        progress.stage(slot, submission, stage, (done, total) if total else None)

    cache, stamp = datasets.cache_folder(), hardware.stamp(options.device)
    known = hardware.remembered(cache, stamp)
    # Where the hardware is not known, every worker is needed, and imports torch while the pictures are made.
    with progress, _executor(LocalExecutor(options.workers, start, tell, eager=known is None)) as executor:
        assignment = replace(assignment, data=datasets.stored(assignment.rubric, options.data))
        if known is None:
            known = executor.submit(describe, {"id": "this machine", "device": options.device}).result()
            hardware.remember(cache, stamp, known)
        others = _others(gradebook, found, known, options)
        for one in others:
            show_mixed(notices, one, known)
        mixture = _mixture(others, known)
        assignment = replace(assignment, fingerprint=known, mixed=mixture)
        assignment = replace(assignment, reference=reference_for(assignment, executor.submit))
        since = _since(gradebook, options, time.time())
        run = gradebook.start_run(_invocation(options, assignment, since))
        night = Night(
            assignment,
            Shelf(gradebook, since, options.mixed),
            executor,
            progress,
            Logs(options.out / "logs", run),
            run,
            options.workers,
        )
        with night.stop.listening(progress.finishing):
            night.grade(found)
        if not night.interrupted:
            gradebook.finish_run(run)
    return night


@contextlib.contextmanager
def _executor(executor: LocalExecutor) -> Iterator[LocalExecutor]:
    """Give an executor whose jobs are ended when anything goes wrong."""
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    executor.shutdown(wait=True)


def _others(
    gradebook: Gradebook, found: Sequence[Submission], fingerprint: Mapping[str, Any], options: BatchOptions
) -> tuple[dict[str, Any], ...]:
    """Return the other hardware that this gradebook will hold results of; mostly none.

    Raises:
        OperatorFault: there is some, and neither --mixed nor a --fresh of everything allows it.
    """
    ids = {one.id for one in found}
    held = {
        json.dumps(one, sort_keys=True): one
        for name, one in gradebook.hardware().items()
        if options.only or name in ids
    }
    others = tuple(held[key] for key in sorted(held) if held[key] != dict(fingerprint))
    if not others or (options.fresh and not options.only):
        return ()
    if not options.mixed:
        there, here = "; ".join(map(hardware.sentence, others)), hardware.sentence(fingerprint)
        raise OperatorFault(
            f"The gradebook in {options.out} was made on {there}; this is {here}, and numbers may differ.",
            fix="--fresh grades everything again here; --mixed keeps both and says so in every report.",
        )
    return others


def _mixture(others: Sequence[Mapping[str, Any]], fingerprint: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what every report of a mixed gradebook says."""
    if not others:
        return ()
    several = "; ".join(map(hardware.sentence, (*others, fingerprint)))
    return (f"This gradebook holds results of more than one machine, which may differ slightly: {several}.",)


def _since(gradebook: Gradebook, options: BatchOptions, now: float) -> float:
    """Return from when on work counts: always, or since this --fresh began, which may be a run that was stopped."""
    if not options.fresh:
        return 0
    runs = gradebook.runs()
    if runs and runs[-1].finished is None and runs[-1].rubric_hash == _rubric_hash(options):
        before = dict(runs[-1].invocation.options)
        since = before.pop("since", None)
        if isinstance(since, float) and before == _plain(options):
            return since
    return now


def _rubric_hash(options: BatchOptions) -> str:
    return hashlib.sha256(options.rubric.read_text(encoding="utf-8").encode()).hexdigest()


def _plain(options: BatchOptions) -> dict[str, Any]:
    return {
        "folder": str(options.folder),
        "rubric": str(options.rubric),
        "data": None if options.data is None else str(options.data),
        "roster": None if options.roster is None else str(options.roster),
        "workers": options.workers,
        "device": options.device,
        "fresh": options.fresh,
        "mixed": options.mixed,
        "isolation": options.isolation,
        "only": list(options.only),
    }


def _invocation(options: BatchOptions, assignment: Assignment, since: float) -> Invocation:
    text = options.rubric.read_text(encoding="utf-8")
    return Invocation(
        options.command,
        {**_plain(options), "since": since},
        text,
        dict(assignment.versions),
        dict(assignment.fingerprint),
    )
