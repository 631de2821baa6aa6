"""Add up a report's points and say how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from grader.records import Break, Examination, Finding, Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Points:
    """The sums of a report; `human_points` is None until a human has given every mark."""

    points: float
    max_points: float
    human_points: float | None
    human_max: float


def points_sum(findings: Sequence[Finding]) -> Points:
    """Add up the machine's and the human's findings apart; points that stay empty add nothing."""
    human = [finding for finding in findings if finding.evidence.get("human")]
    machine = [finding for finding in findings if not finding.evidence.get("human")]
    marks = [finding.points for finding in human if finding.points is not None]
    return Points(
        points=round(sum(finding.points or 0.0 for finding in machine), 2),
        max_points=round(sum(finding.max_points for finding in machine), 2),
        human_points=round(sum(marks), 2) if human and len(marks) == len(human) else None,
        human_max=round(sum(finding.max_points for finding in human), 2),
    )


class Ending(Protocol):
    """What `status_of` needs to know; `grader.criteria.Evidence` is one."""

    @property
    def examination(self) -> Examination | None:
        """Return what the replay showed."""

    @property
    def broke(self) -> Break | None:
        """Return where the student's code stopped."""

    @property
    def stopped(self) -> str | None:
        """Return the outcome word when the child was stopped."""

    @property
    def unseen(self) -> str:
        """Return why the grader could not look although the submission may be right."""


def status_of(evidence: Ending, findings: Sequence[Finding], doubts: Sequence[str] = ()) -> Status:
    """Say how the report ends; the grader's own fault comes before a doubt, and a doubt before the student's."""
    examination = evidence.examination
    if any(finding.outcome is Outcome.ERROR for finding in findings):
        return Status.GRADER_FAULT
    if doubts or evidence.unseen or (examination and (examination.fidelity or examination.modes_agree)):
        return Status.NEEDS_HUMAN
    whole = examination is not None and examination.complete
    if evidence.stopped or not whole:
        return Status.STUDENT_FAULT if evidence.stopped or evidence.broke else Status.GRADER_FAULT
    return Status.GRADED
