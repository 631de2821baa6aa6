"""Judge a gradebook again with another rubric or corrected labels: what `grader rescore` does.

Nothing that was handed in is read, and nothing is captured. Trainings are taken over; where the new rubric asks for
others (another recipe, a criterion that needs one), those are run on the captured graphs that the gradebook holds.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from grader import corrections, datasets, events, hardware, reference
from grader.comparison import Version, compare
from grader.comparison.causes import rubric_changes
from grader.corrections import Read
from grader.criteria import DEFINITIONS
from grader.data.store import StoredSplit, is_complete
from grader.engines.local import LocalExecutor, supervised
from grader.faults import OperatorFault
from grader.fleet import held_to
from grader.folders import cache_folder
from grader.gradebook import Gradebook
from grader.gradebook.records import Entry, Invocation, Run
from grader.invocations import circumstances, corrections_of, split_of
from grader.kept import prepared_from
from grader.logs import Logs
from grader.marking import marked_reports
from grader.orders import CAPTURE_PARTS, Assignment, Prepared, wants_training
from grader.phases import Night
from grader.publishing import publish
from grader.records import Status
from grader.report.exports.csv import write_grades
from grader.report.exports.report_json import write_report
from grader.report.exports.rescore_json import rescored_json
from grader.report.notices import say
from grader.report.terminal import BatchProgress
from grader.report.terminal_rescore import Rescored, show_rescored
from grader.rubric import Rubric, load, parse
from grader.sandbox import ladder
from grader.sandbox.launch import worker
from grader.sandbox.walls.fence import NONE
from grader.shelf import Shelf
from grader.versions import versions
from grader.wording import counted, listed


@dataclass(frozen=True, slots=True)
class RescoreOptions:
    """What `grader rescore` was asked to do.

    Attributes:
        out: the --out folder of the batch.
        rubric: another rubric; None for the one that the latest run recorded.
        labels: a table of corrected labels; None for none.
        workers: how many trainings run at a time, where some are needed.
        as_json: print one JSON document and nothing else on standard output.
        command: the words of the command line, for the record.
    """

    out: Path
    rubric: Path | None = None
    labels: Path | None = None
    workers: int = 1
    as_json: bool = False
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a rescoring stands on.

    Attributes:
        run: the latest one, whose reports these are.
        rubric: the one to judge by, with its text and its path.
        data: the pictures.
        read: what the corrected labels say.
    """

    run: Run
    rubric: Rubric
    text: str
    path: Path
    data: StoredSplit
    read: Read


def run_rescore(options: RescoreOptions, console: Console, notices: Console) -> int:
    """Judge again as `options` say; return the exit code.

    Raises:
        OperatorFault: there is no gradebook, the rubric or the table is wrong, or only a batch can do this.
    """
    started = time.monotonic()
    with Gradebook.of(options.out) as gradebook:
        entries = gradebook.current_entries()
        runs = {run.id: run for run in gradebook.runs()}
        if not entries:
            raise OperatorFault(f"There is no report in {options.out} yet.", fix="Run `grader batch` with --out first.")
        ground = _ground(options, gradebook, runs, notices)
        several, left = _to_judge(entries, runs, ground)
        night = _judged(options, gradebook, ground, several, notices)
        after = {entry.report.submission.id: entry for entry, _ in gradebook.current_entries()}
        runs = {run.id: run for run in gradebook.runs()}
        counting = marked_reports(gradebook)
        write_report(counting, options.out / "report.json")
        write_grades(counting, options.out / "grades.csv")
        publish(gradebook, options.out, night.changed)
    before = {entry.report.submission.id: entry for entry, _ in entries}
    changed = sorted(night.changed)
    found = Rescored(
        tuple(compare(_version(before[name], runs), _version(after[name], runs)) for name in changed),
        len(several) - len(changed),
        tuple(left),
        ground.read,
        rubric_changes(ground.run.invocation.rubric, ground.text),
        night.trained,
        time.monotonic() - started,
        options.out,
    )
    if options.as_json:
        console.file.write(rescored_json(found) + "\n")
    else:
        show_rescored(console, found)
    return 3 if any(after[name].report.status is Status.GRADER_FAULT for name in changed) else 0


def _version(entry: Entry, runs: dict[int, Run]) -> Version:
    return Version(entry, runs[entry.run])


def _ground(options: RescoreOptions, gradebook: Gradebook, runs: dict[int, Run], notices: Console) -> _Ground:
    run = runs[max(runs)]
    asked = run.invocation.options
    origin = Path(str(asked.get("origin") or asked["rubric"]))
    before = parse(run.invocation.rubric, str(origin), DEFINITIONS)
    rubric, path, text = before, origin, run.invocation.rubric
    if options.rubric is not None:
        rubric, path = load(options.rubric, DEFINITIONS), options.rubric
        text = options.rubric.read_text(encoding="utf-8")
    elif origin.is_file() and origin.read_text(encoding="utf-8", errors="replace") != text:
        say(
            notices,
            f"{origin} has changed since run {run.id}, whose rubric counts; --rubric {origin} applies the new one.",
        )
    if not rubric.trains and not asked.get("data"):
        raise OperatorFault(
            "Nothing is trained under this rubric, so there are no answers to judge again.",
            fix="Run grader batch again: what was captured is kept, and only the points are reckoned anew.",
        )
    data = split_of(run) if rubric.data == before.data and rubric.input == before.input else None
    if data is None or not is_complete(data):
        folder = asked.get("data")
        data = datasets.stored(rubric, Path(folder) if folder else None)
    earlier = corrections_of(gradebook, data)
    read = Read(earlier) if options.labels is None else corrections.read(options.labels, data, earlier)
    if read.training:
        say(
            notices,
            f"{counted(len(read.training), 'picture')} to train on ({listed(read.training)}) would have another label, "
            "which takes new trainings of everybody: that is left alone. Correct the folder and run `grader batch`.",
        )
    return _Ground(run, rubric, text, path, data, read)


def _to_judge(
    entries: Sequence[tuple[Entry, dict[str, Any] | None]], runs: dict[int, Run], ground: _Ground
) -> tuple[list[tuple[Prepared, Assignment]], list[tuple[str, str]]]:
    """Return what can be judged again, with what is said beside each, and what is left as it is and why.

    Raises:
        OperatorFault: the rubric asks for other captures of everybody.
    """
    assignment = Assignment(
        ground.rubric,
        ground.data,
        None,
        str(ground.run.invocation.options["device"]),
        versions(),
        ground.run.invocation.fingerprint,
        corrections=ground.read.corrections.numbers(ground.data.classes),
    )
    parsed: dict[str, Rubric] = {}
    several: list[tuple[Prepared, Assignment]] = []
    left: list[tuple[str, str]] = []
    other: set[str] = set()
    for entry, kept in entries:
        report, run = entry.report, runs[entry.run]
        before = parsed.get(run.rubric_hash) or parse(run.invocation.rubric, str(ground.path), DEFINITIONS)
        parsed[run.rubric_hash] = before
        tables = _captures_otherwise(before, ground.rubric)
        if report.status is Status.GRADER_FAULT or kept is None:
            left.append((report.submission.id, "the grader failed on it" if kept else "an older version graded it"))
        elif tables:
            other |= tables
            left.append((report.submission.id, f"it was captured with another {listed(sorted(tables))}"))
        else:
            beside = replace(assignment, isolation=report.isolation, mixed=tuple(kept["mixed"]))
            several.append((prepared_from(kept, report), beside))
    if not several and other:
        raise OperatorFault(
            f"{listed(sorted(other))} of {ground.path} differ from what everybody was captured with.",
            fix="That takes the submissions themselves: run `grader batch` with this rubric.",
        )
    if not several:
        raise OperatorFault("No report in this gradebook can be judged again.", fix="Run `grader batch` once more.")
    return several, left


def _captures_otherwise(before: Rubric, now: Rubric) -> set[str]:
    """Return the names of what a capture depends on and what is not as it was."""
    found = {f"[{part}]" for part in CAPTURE_PARTS if before.content_hash((part,)) != now.content_hash((part,))}
    return found | ({"recipe.batch"} if before.recipe.batch != now.recipe.batch else set())


def _judged(
    options: RescoreOptions,
    gradebook: Gradebook,
    ground: _Ground,
    several: Sequence[tuple[Prepared, Assignment]],
    notices: Console,
) -> Night:
    """Judge all of them in a run of its own; train only what is not there."""
    asked, assignment = ground.run.invocation.options, several[0][1]
    shelf = Shelf(gradebook, 0, bool(asked.get("mixed")))
    memory = reference.memory_of(assignment)
    known, text = reference.remembered(assignment) is not None, gradebook.find_reference(memory.key)
    if not known and text is not None:
        memory.write(text)
        known = reference.remembered(assignment) is not None
    trains = not known or any(_lacks(one, assignment, shelf) for one, _ in several)
    progress = BatchProgress(notices, len(several), time.monotonic, brief=True)
    fence = NONE
    if trains:
        walls = ladder.demanded(str(asked["isolation"]), assignment.device)
        events.tell("walls", walls.sentence())
        fence = walls.fence
    with ExitStack() as stack:
        if trains:
            stack.enter_context(progress)
        executor = stack.enter_context(
            supervised(LocalExecutor(options.workers, partial(worker, fence), progress.tell, eager=trains))
        )
        if trains:
            _refuse_other_hardware(executor, assignment)
        assignment = replace(
            assignment, reference=reference.reference_for(assignment, executor.submit, partial(say, notices))
        )
        gradebook.keep_reference(memory.key, memory.text())
        held, there = held_to(assignment, gradebook, asked.get("kinds") or ()), gradebook.hardware()
        own = {name: held.get(hardware.digest(one), assignment.reference) for name, one in there.items()}
        run = gradebook.start_run(_invocation(options, ground, assignment))
        night = Night(
            assignment,
            shelf,
            executor,
            progress,
            Logs(options.out / "logs", run),
            run,
            options.workers,
            reference.speed(assignment),
            {
                one.submission.id: replace(beside, reference=own.get(one.submission.id, assignment.reference))
                for one, beside in several
            },
        )
        with night.stop.listening(progress.finishing):
            night.judge_again([one for one, _ in several], _why_trained(ground))
        if not night.interrupted:
            gradebook.finish_run(run)
    return night


def _lacks(prepared: Prepared, assignment: Assignment, shelf: Shelf) -> bool:
    """Tell whether a training is wanted that is not there."""
    captured = shelf.captured(prepared.capture_key) if prepared.captures else None
    if captured is None or not wants_training(captured["examination"], assignment):
        return False
    return any(shelf.trained(captured["graph"], turn)[1] is None for turn in assignment.turns)


def _refuse_other_hardware(executor: LocalExecutor, assignment: Assignment) -> None:
    """Hold this machine to the one that trained the gradebook, as new trainings are to stand beside those.

    Raises:
        OperatorFault: it is another one.
    """
    there, device = dict(assignment.fingerprint), assignment.device
    here = hardware.remembered(cache_folder(), hardware.stamp(device))
    here = here or reference.fingerprint_of(device, executor.submit)
    if here != there:
        raise OperatorFault(
            f"This takes new trainings, and the gradebook was made on {hardware.sentence(there)}; this is "
            f"{hardware.sentence(here)}.",
            fix="Run it on that machine, or let `grader batch` grade everything again here.",
        )


def _invocation(options: RescoreOptions, ground: _Ground, assignment: Assignment) -> Invocation:
    asked = {**ground.run.invocation.options, "rubric": str(ground.path), "fresh": False, "since": 0.0, "only": []}
    return Invocation(
        options.command,
        asked | circumstances(ground.path, assignment, ground.read.corrections),
        ground.text,
        dict(assignment.versions),
        dict(assignment.fingerprint),
    )


def _why_trained(ground: _Ground) -> str:
    """Say which changes of the rubric take other trainings."""
    changed = rubric_changes(ground.run.invocation.rubric, ground.text)
    causes = [one.what for one in changed if one.what.split(".")[0] in ("recipe", "data", "reference")]
    causes += ["criteria.memorises"] if any(one.what.startswith("criteria.memorises") for one in changed) else []
    return f"{listed(causes)} of the rubric changed" if causes else "it is not in the gradebook"
