"""Turn answers into numbers: accuracy with its interval, the reference's line, points and the report's status.

Everything here is pure. Logits come from a process that ran a student's graph, so nothing about them is
believed but their numbers, and the labels never leave the caller.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from grader.interpolation import chance_line, interpolate
from grader.records import Break, Examination, Finding, Outcome, Reference, Score, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "Accuracy",
    "Ending",
    "Points",
    "accuracy",
    "chance_line",
    "interpolate",
    "points_sum",
    "reference_target",
    "status_of",
    "wilson",
]

CONFIDENCE_95 = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""
_DEVIATIONS = 2
_TABLE_AXES = 2  # (N, K)


def wilson(successes: int, n: int, z: float = CONFIDENCE_95) -> tuple[float, float]:
    """Return the Wilson score interval of a share.

    Source: E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference",
    JASA 22, 209-212; recommended by Agresti and Coull (1998) and Brown, Cai and DasGupta (2001).

    Raises:
        ValueError: `n` is not positive or `successes` does not lie between 0 and `n`.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} is not a share")
    share = successes / n
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(middle - half, 0.0)
    high = 1.0 if successes == n else min(middle + half, 1.0)
    return low, high


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

    def score(self, reference: Reference | None) -> Score:
        """Return the record that a report shows."""
        return Score(self.share, self.interval, self.n, reference)


def accuracy(logits: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Accuracy:
    """Count the rows of `logits` (N, K) whose single highest score stands at the label (N,).

    A row that is not finite or whose maximum is tied counts as wrong: NaN and constant answers earn nothing.

    Raises:
        ValueError: the shapes do not fit together or there is nothing to count.
    """
    if logits.ndim != _TABLE_AXES or labels.shape != logits.shape[:1] or 0 in logits.shape:
        raise ValueError(f"logits of shape {logits.shape} cannot be scored against labels of shape {labels.shape}")
    finite = np.isfinite(logits).all(axis=1)
    scores = np.where(finite[:, None], logits, 0)
    tied = finite & ((scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1)
    right = finite & ~tied & (scores.argmax(axis=1) == labels)
    return Accuracy(int(right.sum()), len(labels), int((~finite).sum()), int(tied.sum()))


def reference_target(accuracies: Sequence[float]) -> Reference:
    """Summarise the reference's seeds; its line for full points is the mean minus two sample deviations.

    Raises:
        ValueError: fewer than two seeds, which have no deviation.
    """
    if len(accuracies) < 2:
        raise ValueError("a deviation needs the accuracies of at least two seeds")
    mean, deviation = statistics.fmean(accuracies), statistics.stdev(accuracies)
    return Reference(tuple(accuracies), mean, deviation, max(mean - _DEVIATIONS * deviation, 0.0))


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
