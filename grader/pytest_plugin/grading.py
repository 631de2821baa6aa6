"""What is graded in a run of pytest: each submission is captured once, when its first test begins, and kept."""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from rich.console import Console

from grader import events
from grader.checking import CheckOptions, rubric_of, walls_for, with_data
from grader.claims import read_claim
from grader.criteria import Evidence, judge
from grader.criteria.own import model_graph
from grader.engines.local import LocalSlot
from grader.faults import GraderFault
from grader.gathering import Work, gather
from grader.orders import Assignment, Prepared, capture_order, prepare, wants_training
from grader.own import ModelGraph
from grader.pipeline import conclude, failed, with_trainings
from grader.pytest_plugin.asked import Asked
from grader.pytest_plugin.handed import Handed
from grader.records import Finding, Report, Score, Status, Submission, Training
from grader.sandbox.launch import worker
from grader.versions import versions
from grader.work import run_capture


@dataclass(frozen=True, slots=True)
class Trained:
    """A network after its training.

    Attributes:
        training: the one that counts, which is the median of several, with its recipe, seed and curve.
        score: its accuracy on the held-out pictures beside the reference's; None where it does not answer with one
            score for each class.
    """

    training: Training
    score: Score | None


class Grading:
    """The submissions of one process, and the warm worker in which they are captured."""

    def __init__(self, asked: Asked) -> None:
        """Read the rubric; raise OperatorFault where it is wrong."""
        self._options = CheckOptions(asked.paths[0], rubric=asked.rubric, train=asked.train, isolation=asked.isolation)
        self._slot: LocalSlot | None = None
        self._graded: dict[str, Graded] = {}
        self.rubric = rubric_of(self._options)
        self.keeps = False
        """Whether captured networks are kept for a training that a test may ask for."""

    def blank(self) -> tuple[Finding, ...]:
        """Return a finding for every criterion and mark of the rubric, in order, before anything is captured."""
        return judge(self.rubric, Evidence(self.rubric.input.classes, self.rubric.input.shape, unseen="Not yet."))

    def graded(self, handed: Handed) -> Graded:
        """Return what is known of a submission; it is captured when that is first asked."""
        return self._graded.setdefault(handed.name, Graded(handed, self))

    def run(self, function: Any, order: dict[str, Any]) -> dict[str, Any]:
        """Run a function of `grader.work` in the one slot, whose worker starts with the first."""
        found: dict[str, Any] = self.slot.run(function, order, order["id"])
        return found

    @property
    def slot(self) -> LocalSlot:
        """Return the slot with its worker, behind walls; raise OperatorFault where those asked for do not hold."""
        if self._slot is None:
            started = worker(self.walls.fence, warm=True)
            self._slot = LocalSlot(0, lambda: started, lambda *stage: None)
            self._slot.worker  # noqa: B018 - takes the worker over, so that close() stops it
        return self._slot

    @cached_property
    def walls(self) -> Any:
        """Return which walls hold here for somebody's own work."""
        return walls_for(replace(self._options, train=self._options.train or self.keeps))

    @cached_property
    def plain(self) -> Assignment:
        """Return the assignment without training."""
        return Assignment(self.rubric, None, None, self._options.device, versions(), isolation=self.walls.isolation())

    @cached_property
    def training(self) -> Assignment:
        """Return the assignment with pictures and the reference, which is trained here once if it is not remembered."""
        return with_data(self.plain, self._options, self.slot, Console(file=io.StringIO()))

    @property
    def assignment(self) -> Assignment:
        """Return the assignment by which criteria are judged."""
        return self.training if self._options.train else self.plain

    def close(self) -> None:
        """End the worker and everything below it."""
        if self._slot is not None:
            self._slot.close()
            self._slot = None


class Graded:
    """One submission; everything about it is found out when it is first asked for.

    Attributes:
        name: as pytest shows it.
        submission: whose it is.
    """

    def __init__(self, handed: Handed, grading: Grading) -> None:
        """Take the submission and where it is graded."""
        self.name: str = handed.name
        self.submission: Submission = handed.submission
        self._grading = grading
        self._work: Work | None = None
        self._prepared: Prepared | None = None

    @cached_property
    def report(self) -> Report:
        """Return what `grader check` says of it; a fault of the grader's is a report that says so."""
        assignment = self._grading.assignment
        try:
            report = self._judged(assignment)
        except GraderFault as fault:
            # The error is what the test says; where it arose is for `--log-level=DEBUG`.
            events.tell("fault", str(fault), submission=self.submission.id, level=logging.DEBUG, fault=fault)
            report = failed(self.submission, assignment, fault)
        self._forget()
        return report

    def finding(self, criterion: str) -> Finding:
        """Return what became of a criterion or mark."""
        return next(one for one in self.report.findings if one.criterion == criterion)

    def graph(self) -> ModelGraph | None:
        """Return the network that ran from the picture to its scores; None where none did.

        Raises:
            GraderFault: the grader failed.
        """
        return self._graph

    def trained(self) -> Trained | None:
        """Return the training under the recipe and its score; None where the network cannot be trained.

        Raises:
            GraderFault: the grader failed.
            OperatorFault: the rubric's pictures or its reference cannot be used.
        """
        report = self._trained_report
        return None if report.training is None else Trained(report.training, report.score)

    @property
    def why_not(self) -> str:
        """Say why it does not run or cannot be trained."""
        report = self.report
        if report.cause:
            return report.cause
        lost = [one.rationale for one in report.findings if one.outcome == "failed"]
        return (lost or list(report.notes) or ["nothing is known"])[0]

    @cached_property
    def _graph(self) -> ModelGraph | None:
        report = self._sound()
        captured = self._captured(self._grading.assignment).captured
        if captured is None:
            return None
        claim = read_claim(captured["claim"])
        evidence = gather(captured, claim, report.training, report.score, self._grading.assignment)
        return model_graph(evidence)

    @cached_property
    def _trained_report(self) -> Report:
        report = self._sound()
        if report.training is not None:
            return report
        found = self._judged(self._grading.training)
        self._forget()
        return found

    def _sound(self) -> Report:
        """Return the report; raise GraderFault where it is about a fault of the grader's."""
        report = self.report
        if report.status is Status.GRADER_FAULT:
            raise GraderFault(" ".join(report.notes))
        return report

    def _judged(self, assignment: Assignment) -> Report:
        """Capture what was not captured yet, train where the assignment trains, and judge."""
        work = self._captured(assignment)
        assert self._prepared is not None
        if work.captured is not None and wants_training(work.captured["examination"], assignment):
            if not work.captured["document"]:  # given up, and asked for by `getfixturevalue`
                self._work = None
                work = self._captured(assignment)
            work = with_trainings(work, self.submission.id, assignment, self._grading.run)
        return conclude(self._prepared, assignment, work)

    def _captured(self, assignment: Assignment) -> Work:
        """Return the capture, which is made once; its tensors may have been given up since."""
        if self._work is None:
            self._prepared = prepare(self.submission, assignment)
            order = capture_order(self._prepared, assignment, capture=True, explain=True)
            self._work = Work() if order is None else Work(**self._grading.run(run_capture, order))
        return self._work

    def _forget(self) -> None:
        """Give up what only a training needs, unless a test of this run asks for one."""
        if not self._grading.keeps and self._work is not None and self._work.captured is not None:
            self._work.captured.update(document=b"", tensors=b"")
