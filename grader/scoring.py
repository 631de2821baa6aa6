"""Turn answers into numbers: accuracy with its interval, the reference's line, points and the report's status.

Everything here is pure. Logits come from a process that ran a student's graph, so nothing about them is
believed but their numbers, and the labels never leave the caller.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from grader.answers import UNDECIDED, chosen, confusions, paired, recalls
from grader.records import (
    BandPoint,
    Break,
    Examination,
    Finding,
    Outcome,
    Reference,
    Score,
    SeedScore,
    Status,
    Training,
)
from grader.significance import wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_DEVIATIONS = 2


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How many held-out pictures were named correctly.

    Attributes:
        correct: pictures whose highest score belongs to their label.
        n: pictures.
        not_finite: pictures with a score that is not a finite number; they count as wrong.
        tied: pictures whose highest score is shared by two classes; they count as wrong.
    """

    correct: int
    n: int
    not_finite: int = 0
    tied: int = 0

    @property
    def share(self) -> float:
        """Return the accuracy, from 0 to 1."""
        return self.correct / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % Wilson interval of the accuracy."""
        return wilson(self.correct, self.n)


def accuracy(logits: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Accuracy:
    """Count the rows of `logits` (N, K) whose single highest score stands at the label (N,).

    A row that is not finite or whose maximum is tied counts as wrong: NaN and constant answers earn nothing.

    Raises:
        ValueError: the shapes do not fit together or there is nothing to count.
    """
    answers = chosen(logits)
    if labels.shape != answers.shape:
        raise ValueError(f"logits of shape {logits.shape} cannot be scored against labels of shape {labels.shape}")
    not_finite = int((~np.isfinite(logits).all(axis=1)).sum())
    undecided = int((answers == UNDECIDED).sum())
    return Accuracy(int((answers == labels).sum()), len(labels), not_finite, undecided - not_finite)


def reference_target(accuracies: Sequence[float]) -> Reference:
    """Summarise the reference's seeds; its line for full points is the mean minus two sample deviations.

    Raises:
        ValueError: fewer than two seeds, which have no deviation.
    """
    if len(accuracies) < 2:
        raise ValueError("a deviation needs the accuracies of at least two seeds")
    mean, deviation = statistics.fmean(accuracies), statistics.stdev(accuracies)
    return Reference(tuple(accuracies), mean, deviation, max(mean - _DEVIATIONS * deviation, 0.0))


def band(trainings: Sequence[Training]) -> tuple[BandPoint, ...]:
    """Return where the learning curves of several seeds lie, at the steps that all of them have a point at."""
    if len(trainings) < 2:
        return ()
    found = []
    for points in zip(*(one.curve for one in trainings), strict=False):
        losses = [one.loss for one in points]
        mean, spread = statistics.fmean(losses), _DEVIATIONS * statistics.stdev(losses)
        found.append(BandPoint(points[0].step, mean - spread, mean, mean + spread))
    return tuple(found)


def median_of(counts: Sequence[float]) -> int:
    """Return the position of the median; of an even number the higher of the two in the middle, of equals the first.

    The median of several trainings is one of them, so that everything else that is said belongs to the number.
    """
    return list(counts).index(statistics.median_high(counts))


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """What a network is held to: the reference, and the answers (N,) of its median training; None if not kept."""

    reference: Reference
    answers: NDArray[np.int64] | None = None


def score(
    tables: Sequence[tuple[int, NDArray[np.floating[Any]]]],
    labels: NDArray[np.int64],
    names: Sequence[str],
    standard: Standard | None,
) -> tuple[int, Score]:
    """Score several trainings of one network; return which of them counts, and the score.

    `tables` are seeds with their logits (N, K), `labels` (N,), `names` those of the K classes.

    Raises:
        ValueError: the shapes do not fit together or there is nothing to count.
    """
    counted = [accuracy(logits, labels) for _, logits in tables]
    middle = median_of([one.correct for one in counted])
    answers = chosen(tables[middle][1])
    others = standard.answers if standard is not None else None
    return middle, Score(
        counted[middle].share,
        counted[middle].interval,
        counted[middle].n,
        standard.reference if standard is not None else None,
        tuple(SeedScore(seed, one.share) for (seed, _), one in zip(tables, counted, strict=True)),
        recalls(answers, labels, names),
        confusions(answers, labels, names),
        paired(answers, others, labels) if others is not None else None,
    )


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
