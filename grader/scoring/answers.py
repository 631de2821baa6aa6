"""What a network answered, class by class: which one it chose, how well each is known, which are confused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from grader.records import Confusion, Paired, Recall
from grader.scoring.significance import mcnemar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

UNDECIDED = -1
"""What stands for no class at all: it is never right."""

_TABLE_AXES = 2  # (N, K)


def chosen(logits: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Return the class (N,) whose score alone is the highest in each row of `logits` (N, K).

    `UNDECIDED` where a score is not finite or the highest is shared: NaN and constant answers earn nothing.

    Raises:
        ValueError: there is no row or no class.
    """
    if logits.ndim != _TABLE_AXES or 0 in logits.shape:
        raise ValueError(f"logits of shape {logits.shape} are not a table of answers")
    finite = np.isfinite(logits).all(axis=1)
    scores = np.where(finite[:, None], logits, 0)
    tied = (scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1
    return np.where(finite & ~tied, scores.argmax(axis=1), UNDECIDED).astype(np.int64)


def recalls(answers: NDArray[np.int64], labels: NDArray[np.int64], names: Sequence[str]) -> tuple[Recall, ...]:
    """Return for each class how many of its pictures were given its name; `answers` and `labels` are (N,)."""
    found = []
    for number, name in enumerate(names):
        of_class = labels == number
        found.append(Recall(name, int((answers[of_class] == number).sum()), int(of_class.sum())))
    return tuple(found)


def confusions(
    answers: NDArray[np.int64], labels: NDArray[np.int64], names: Sequence[str], most: int = 3
) -> tuple[Confusion, ...]:
    """Return the pairs (label, other answer) that are confused most, the most frequent first, then in class order."""
    count = len(names)
    wrong = (answers != labels) & (answers != UNDECIDED)
    table = np.bincount(labels[wrong] * count + answers[wrong], minlength=count * count)
    sizes = np.bincount(labels, minlength=count)
    worst = np.argsort(-table, kind="stable")[:most]
    return tuple(
        Confusion(names[pair // count], names[pair % count], int(table[pair]), int(sizes[pair // count]))
        for pair in worst.tolist()
        if table[pair]
    )


def confusion_table(answers: NDArray[np.int64], labels: NDArray[np.int64], count: int) -> tuple[tuple[int, ...], ...]:
    """Return how many pictures of each of `count` classes (row) got each answer (column), `UNDECIDED` the last."""
    columns = np.where(answers == UNDECIDED, count, answers)
    table = np.bincount(labels * (count + 1) + columns, minlength=count * (count + 1)).reshape(count, count + 1)
    return tuple(tuple(row) for row in table.tolist())


def paired(answers: NDArray[np.int64], others: NDArray[np.int64], labels: NDArray[np.int64]) -> Paired:
    """Compare two networks' answers (N,) to the same pictures."""
    right, other = answers == labels, others == labels
    alone, other_alone = int((right & ~other).sum()), int((other & ~right).sum())
    return Paired(alone, other_alone, mcnemar(alone, other_alone))
