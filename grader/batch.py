"""Grade a folder or an LMS download into a gradebook: what `grader batch` does."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Any

from rich.console import Console

from grader import datasets, events, hardware, submissions
from grader.allocator import give_back_freed_memory
from grader.corrections import Corrections
from grader.criteria import DEFINITIONS
from grader.engines.local import LocalExecutor, supervised
from grader.engines.remote import Remote
from grader.engines.seam import LOCAL, Asked, factory
from grader.faults import OperatorFault
from grader.fleet import Fleet
from grader.folders import cache_folder
from grader.gradebook import Gradebook
from grader.invocations import BatchOptions, corrections_of, invocation, since_of
from grader.logs import Logs
from grader.marking import marked_reports
from grader.orders import Assignment
from grader.phases import Night
from grader.publishing import publish
from grader.records import Report, Status, Submission
from grader.reference import speed
from grader.repeating import repeat
from grader.repeats import Repeats
from grader.report.exports.csv import write_grades
from grader.report.exports.report_json import write_report
from grader.report.notices import say
from grader.report.terminal import BatchProgress, show_batch, show_mixed, show_repeats, show_unchanged
from grader.rubric import load
from grader.sandbox import ladder
from grader.sandbox.ladder import Standing
from grader.sandbox.launch import worker
from grader.shelf import Shelf
from grader.student_pages import StudentPages
from grader.submissions import Intake
from grader.versions import versions
from grader.wording import counted


def run_batch(options: BatchOptions, console: Console, notices: Console) -> int:
    """Grade as `options` say; return the exit code.

    `console` gets the table (or the JSON), `notices` the progress. Raises OperatorFault for what is wrong with
    the command, the rubric or the data, or when no walls hold here, StorageFault when the disk is full.
    """
    give_back_freed_memory()
    started = time.monotonic()
    rubric = load(options.rubric, DEFINITIONS)
    walls = _walls(options, notices)
    intake = _intake(options, notices)
    chosen = _chosen(intake.submissions, options)
    assignment = Assignment(rubric, None, None, options.device, versions(), isolation=walls.isolation())
    with Gradebook.of(options.out, create=True) as gradebook:
        before = gradebook.last_change()
        gradebook.keep_present([one.id for one in intake.submissions])
        if gone := gradebook.absent():
            say(notices, _gone(gone, options))
        pages = StudentPages(gradebook, options.out)
        night, repeats = _run(options, assignment, walls, gradebook, chosen, pages, notices)
        reports = marked_reports(gradebook)
        write_report(reports, options.out / "report.json")
        write_grades(reports, options.out / "grades.csv")
        publish(gradebook, options.out, night.changed | night.rendered, pages)
    if options.as_json:
        console.file.write((options.out / "report.json").read_text(encoding="utf-8"))
    elif before is not None and night.reused["report"] == len(chosen) == len(reports):
        show_unchanged(console, len(reports), *before, options.out)
    else:
        elapsed = time.monotonic() - started
        show_batch(console, reports, elapsed, night.reused, options.out, changed=night.changed)
    if repeats is not None:
        show_repeats(notices if options.as_json else console, repeats)
    if night.interrupted:
        kept = f"{len(reports)} finished submissions are in {options.out}"
        say(notices, f"Stopped. {kept}; the same command goes on.")
        return 130
    return _exit_code(reports, options, repeats)


def _exit_code(reports: Sequence[Report], options: BatchOptions, repeats: Repeats | None) -> int:
    alike = repeats is None or not repeats.differences
    if alike and not any(one.status is Status.GRADER_FAULT for one in reports):
        return 0
    # The hardware may not be what it was remembered to be; next time it is asked.
    hardware.forget(cache_folder(), hardware.stamp(options.device))
    return 3


def _intake(options: BatchOptions, notices: Console) -> Intake:
    """Find who handed in what; whoever is not known goes into a table to be filled in."""
    mapping = options.mapping or options.out / "mapping.csv"
    if options.mapping is not None and not mapping.is_file():
        raise OperatorFault(f"--mapping {mapping} does not exist.")
    intake = submissions.discover(options.folder, roster=options.roster, mapping=mapping if mapping.is_file() else None)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorFault(
            f"--out {options.out} cannot be made ({error.strerror or error}).", fix="Choose another folder."
        ) from error
    for note in intake.notes:
        say(notices, note)
    if intake.unknown:
        submissions.write_mapping(intake, mapping)
        count = len(intake.unknown)
        say(notices, f"Nobody is known for {count} of the files: fill in {mapping} and run the same command again.")
    return intake


def _gone(several: Sequence[str], options: BatchOptions) -> str:
    few = ", ".join(several[:3]) + (" …" if len(several) > 3 else "")
    kept = "Their reports and marks stay in the gradebook, but not on the pages and in the tables."
    return f"{counted(len(several), 'submission')} graded before {options.folder} no longer holds: {few}. {kept}"


def _chosen(found: Sequence[Submission], options: BatchOptions) -> tuple[Submission, ...]:
    unknown = sorted(set(options.only) - {one.id for one in found})
    if unknown:
        raise OperatorFault(f"--only {unknown[0]}: there is no submission of that id in {options.folder}.")
    return tuple(one for one in found if not options.only or one.id in options.only)


def _walls(options: BatchOptions, notices: Console) -> Standing:
    """Put up the walls of this machine; on an engine they are those of its nodes, and no submission runs here."""
    if options.engine != LOCAL:
        factory(options.engine)  # an unknown name is said before anything is read
        return ladder.unwalled()
    with notices.status("trying the walls of this machine"):
        walls = ladder.demanded(options.isolation, options.device)
    events.tell("walls", walls.sentence())
    return walls


def _engine(
    options: BatchOptions, walls: Standing, found: Sequence[Submission], progress: BatchProgress, notices: Console
) -> Executor:
    """Return where the jobs run; only a class with notebooks has workers that are ready to lay them out."""
    if options.engine == LOCAL:
        known = hardware.remembered(cache_folder(), hardware.stamp(options.device))
        # Where the hardware is not known, every worker is needed, and imports torch while the pictures are made.
        notebooks = any(name.lower().endswith(".ipynb") for one in found for name in one.files)
        start = partial(worker, walls.fence, pages=notebooks)
        return LocalExecutor(options.workers, start, progress.tell, eager=known is None)
    asked = Asked(options.workers, options.device, options.isolation, options.address, partial(say, notices))
    return Remote(factory(options.engine)(asked), asked, progress.tell)


def _run(
    options: BatchOptions,
    assignment: Assignment,
    walls: Standing,
    gradebook: Gradebook,
    found: Sequence[Submission],
    pages: StudentPages,
    notices: Console,
) -> tuple[Night, Repeats | None]:
    progress = BatchProgress(notices, len(found), time.monotonic)
    tell = partial(say, notices)
    with progress, supervised(_engine(options, walls, found, progress, notices)) as executor:
        trains = assignment.rubric.trains or options.data is not None
        corrections = Corrections()
        if trains:
            data = datasets.stored(assignment.rubric, options.data)
            corrections = corrections_of(gradebook, data)
            if corrections.labels:
                tell(f"Labels that were corrected by `grader rescore` count here as well: {corrections}.")
            assignment = replace(assignment, data=data, corrections=corrections.numbers(data.classes))
        fleet = Fleet.of(executor, assignment, gradebook, mixed=options.mixed)
        others = _others(gradebook, found, fleet.fingerprint, options)
        for one in others:
            show_mixed(notices, one, fleet.fingerprint)
        fleet = fleet.measured(_mixture(fleet.beside(others), fleet.fingerprint), gradebook, tell)
        assignment = fleet.assignment
        since = since_of(gradebook, options)
        run = gradebook.start_run(invocation(options, assignment, since, corrections, fleet.several))
        shelf = Shelf(gradebook, since, options.mixed)
        night = Night(
            assignment,
            shelf,
            executor,
            progress,
            Logs(options.out / "logs", run),
            run,
            options.workers,
            speed(assignment) if trains else None,
            agenda=fleet.agenda(),
            slots=fleet.slots,
            placing=fleet.placing(shelf),
            saved=pages.write_newest,
        )
        with night.stop.listening(progress.finishing):
            night.grade(found)
        if not night.interrupted:
            gradebook.finish_run(run)
        repeats = None
        if options.deterministic is not None and not night.interrupted:
            with night.stop.listening(progress.finishing):
                repeats = repeat(night, found, options.deterministic)
    return night, repeats


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
