"""Turn answers into numbers: accuracy with its interval, the reference's line, the median of several trainings.

Everything here is pure. Logits come from a process that ran a student's graph, so nothing about them is
believed but their numbers, and the labels never leave the caller.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.records import (
    BandPoint,
    Reference,
    Score,
    SeedScore,
    Training,
)
from grader.scoring.answers import UNDECIDED, chosen, confusions, paired, recalls
from grader.scoring.significance import wilson

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
