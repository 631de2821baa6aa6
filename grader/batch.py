"""Grade a folder: order the work, keep what is finished at once, write the gradebook."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from grader import datasets, submissions
from grader.criteria import DEFINITIONS
from grader.engines.local import LocalExecutor
from grader.faults import GraderFault, OperatorFault
from grader.gradebook import Gradebook
from grader.gradebook_records import Invocation
from grader.orders import Assignment, Prepared, prepare
from grader.pipeline import conclude, failed
from grader.records import Report, Status, Submission
from grader.reference import reference_for
from grader.report.exports.csv import write_grades
from grader.report.exports.report_json import write_report
from grader.report.terminal import BatchProgress, show_batch
from grader.rubric import load
from grader.sandbox.launch import worker
from grader.versions import versions
from grader.work import describe, run_job

AHEAD = 2
"""Submissions that are read and waiting beyond those that run."""


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What `grader batch` was asked to do.

    Attributes:
        folder: where the submissions lie.
        rubric: the rubric file.
        out: where the gradebook and the tables go.
        data: a folder of pictures instead of the rubric's.
        workers: how many submissions are graded at a time.
        device: `auto`, `cpu`, `cuda` or `mps`.
        fresh: do everything again.
        only: ids of the submissions to grade; all when empty.
        as_json: print the reports and nothing else on standard output.
        command: the words of the command line, for the record.
    """

    folder: Path
    rubric: Path
    out: Path
    data: Path | None = None
    workers: int = 1
    device: str = "auto"
    fresh: bool = False
    only: tuple[str, ...] = ()
    as_json: bool = False
    command: tuple[str, ...] = ()


@dataclass(slots=True)
class Batch:
    """A batch on its way.

    Attributes:
        reused: how many reports were there already, made from the same things.
        interrupted: whether it was stopped before its end.
    """

    options: BatchOptions
    assignment: Assignment
    gradebook: Gradebook
    run: int
    executor: LocalExecutor
    progress: BatchProgress
    reused: int = 0
    interrupted: bool = False
    running: dict[Future[Any], Prepared] = field(default_factory=dict)

    def grade_all(self, found: Sequence[Submission]) -> None:
        """Grade every submission; each report is saved as soon as it is made."""
        shelf = None if self.options.fresh else self.gradebook
        waiting = iter(found)
        most = self.options.workers + AHEAD
        exhausted = False
        while not exhausted or self.running:
            while not exhausted and len(self.running) < most:
                submission = next(waiting, None)
                if submission is None:
                    exhausted = True
                    break
                self._begin(prepare(submission, self.assignment, shelf))
            if self.running:
                for future in wait(self.running, return_when=FIRST_COMPLETED).done:
                    self._finish(self.running.pop(future), future)

    def _begin(self, prepared: Prepared) -> None:
        if prepared.order is None:
            self._save(conclude(prepared, self.assignment, None, None))
        else:
            self.running[self.executor.submit(run_job, prepared.order)] = prepared

    def _finish(self, prepared: Prepared, future: Future[Any]) -> None:
        try:
            report = conclude(prepared, self.assignment, future.result(), self.gradebook)
        except GraderFault as fault:
            report = failed(prepared.submission, self.assignment, fault)
        self._save(report)

    def _save(self, report: Report) -> None:
        """Keep the report, unless the one that is there was made from the same things."""
        if not self.options.fresh and self.gradebook.unchanged(report.submission.id, report.keys) is not None:
            self.reused += 1
        else:
            self.gradebook.save_report(self.run, report)
        self.progress.done(report)


def run_batch(options: BatchOptions, console: Console, notices: Console) -> int:
    """Grade as `options` say; return the exit code.

    `console` gets the table (or the JSON), `notices` the progress. Raises OperatorFault for what is wrong with
    the command, the rubric or the data.
    """
    started = time.monotonic()
    rubric = load(options.rubric, DEFINITIONS)
    found = submissions.discover(options.folder)
    chosen = _chosen(found, options)
    assignment = Assignment(rubric, None, None, options.device, versions())
    options.out.mkdir(parents=True, exist_ok=True)
    with Gradebook.open(options.out / "gradebook.sqlite", time.time) as gradebook:
        batch = _run(options, assignment, gradebook, chosen, notices)
        wanted = {one.id for one in found}
        reports = [one for one in gradebook.current_reports() if one.submission.id in wanted]
        write_report(reports, options.out / "report.json")
        write_grades(reports, options.out / "grades.csv")
    if options.as_json:
        console.file.write((options.out / "report.json").read_text(encoding="utf-8"))
    else:
        show_batch(console, reports, time.monotonic() - started, batch.reused)
    if batch.interrupted:
        kept = f"{len(reports)} finished submissions are in {options.out}"
        notices.print(f"Stopped. {kept}; the same command goes on.", soft_wrap=True, highlight=False)
        return 130
    return 3 if any(one.status is Status.GRADER_FAULT for one in reports) else 0


def _chosen(found: Sequence[Submission], options: BatchOptions) -> tuple[Submission, ...]:
    unknown = sorted(set(options.only) - {one.id for one in found})
    if unknown:
        raise OperatorFault(f"--only {unknown[0]}: there is no submission of that id in {options.folder}.")
    return tuple(one for one in found if not options.only or one.id in options.only)


def _run(
    options: BatchOptions, assignment: Assignment, gradebook: Gradebook, found: Sequence[Submission], notices: Console
) -> Batch:
    progress = BatchProgress(notices, len(found), time.monotonic)

    def tell(slot: int, submission: str, stage: str, done: int, total: int) -> None:
        progress.stage(slot, submission, stage, (done, total) if total else None)

    with progress, _executor(options.workers, tell) as executor:
        # The workers import torch meanwhile.
        assignment = replace(assignment, data=datasets.stored(assignment.rubric, options.data))
        fingerprint = executor.submit(describe, {"id": "this machine", "device": options.device}).result()
        assignment = replace(assignment, fingerprint=fingerprint)
        reference = reference_for(assignment, lambda order: executor.submit(run_job, order))
        assignment = replace(assignment, reference=reference)
        run = gradebook.start_run(_invocation(options, assignment))
        batch = Batch(options, assignment, gradebook, run, executor, progress)
        try:
            batch.grade_all(found)
            gradebook.finish_run(run)
        except KeyboardInterrupt:
            batch.interrupted = True
            executor.shutdown(wait=True, cancel_futures=True)
    return batch


@contextlib.contextmanager
def _executor(workers: int, tell: Any) -> Iterator[LocalExecutor]:
    """Give an executor whose jobs are ended when anything goes wrong."""
    executor = LocalExecutor(workers, worker, tell)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    executor.shutdown(wait=True)


def _invocation(options: BatchOptions, assignment: Assignment) -> Invocation:
    plain = {
        "folder": str(options.folder),
        "rubric": str(options.rubric),
        "data": None if options.data is None else str(options.data),
        "workers": options.workers,
        "device": options.device,
        "fresh": options.fresh,
        "only": list(options.only),
    }
    text = options.rubric.read_text(encoding="utf-8")
    return Invocation(options.command, plain, text, dict(assignment.versions), dict(assignment.fingerprint))
