"""Line up two sequences so that an inserted item is one insertion, however much is alike around it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Generic, TypeVar

Item = TypeVar("Item")

_MOST_COMPARISONS = 40_000
"""Pairs of items that are compared one by one; longer stretches are first cut where items are equal."""


@dataclass(frozen=True, slots=True)
class Pair(Generic[Item]):
    """What became of one item: `before` is None where it is new, `after` is None where it is gone."""

    before: Item | None
    after: Item | None


@dataclass(frozen=True, slots=True)
class Measure(Generic[Item]):
    """How items are compared.

    Attributes:
        identity: equal for two items in which nothing changed.
        likeness: from 0 (nothing in common) to 1 (the same).
        at_least: the likeness from which two items count as one that was changed.
    """

    identity: Callable[[Item], Hashable]
    likeness: Callable[[Item, Item], float]
    at_least: float


def align(before: Sequence[Item], after: Sequence[Item], measure: Measure[Item]) -> tuple[Pair[Item], ...]:
    """Return each item of `before` and of `after` once, in order, those that belong together in one pair."""
    old, new = [measure.identity(one) for one in before], [measure.identity(one) for one in after]
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle = before[head : len(before) - tail], after[head : len(after) - tail]
    return (
        *_together(before[:head], after[:head]),
        *_middle(*middle, measure),
        *_together(before[len(before) - tail :], after[len(after) - tail :]),
    )


def _middle(before: Sequence[Item], after: Sequence[Item], measure: Measure[Item]) -> Iterator[Pair[Item]]:
    if len(before) * len(after) <= _MOST_COMPARISONS:
        yield from _best(before, after, measure)
        return
    old, new = [measure.identity(one) for one in before], [measure.identity(one) for one in after]
    # Popular items are skipped as anchors (autojunk), which bounds the time for thousands of equal ones.
    for kind, low, high, start, end in SequenceMatcher(None, old, new).get_opcodes():
        stretch = before[low:high], after[start:end]
        if kind == "equal":
            yield from _together(*stretch)
        elif (high - low) * (end - start) <= _MOST_COMPARISONS:
            yield from _best(*stretch, measure)
        else:
            yield from _gone_and_new(*stretch)


def _best(before: Sequence[Item], after: Sequence[Item], measure: Measure[Item]) -> Iterator[Pair[Item]]:
    """Pair so that the sum of squared likenesses is largest; one close pair is worth two that are half alike."""
    rows, columns = len(before), len(after)
    worth = [[0.0] * columns for _ in before]
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for row in reversed(range(rows)):
        for column in reversed(range(columns)):
            alike = measure.likeness(before[row], after[column])
            worth[row][column] = alike * alike if alike >= measure.at_least else -1.0
            together = worth[row][column] + best[row + 1][column + 1]
            best[row][column] = max(together, best[row + 1][column], best[row][column + 1])
    row = column = 0
    while row < rows and column < columns:
        if best[row][column] == worth[row][column] + best[row + 1][column + 1]:
            yield Pair(before[row], after[column])
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            yield Pair(before[row], None)
            row += 1
        else:
            yield Pair(None, after[column])
            column += 1
    yield from _gone_and_new(before[row:], after[column:])


def _common(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """Return how many items are the same at the beginning."""
    differing = (index for index, (one, other) in enumerate(zip(old, new, strict=False)) if one != other)
    return next(differing, min(len(old), len(new)))


def _together(before: Sequence[Item], after: Sequence[Item]) -> Iterator[Pair[Item]]:
    for one, other in zip(before, after, strict=True):
        yield Pair(one, other)


def _gone_and_new(before: Sequence[Item], after: Sequence[Item]) -> Iterator[Pair[Item]]:
    for one in before:
        yield Pair(one, None)
    for other in after:
        yield Pair(None, other)
