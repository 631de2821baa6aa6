"""Passages of an explanation as runs of words, so that copied sentences are found wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from grader.records.similarity import SharedPassage

RUN = 6
"""Words in a row that are compared."""
MOST_WORDS = 6_000
_MOST_SHOWN = 3
_MOST_TEXT = 600
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of an explanation.

    Attributes:
        words: in order, in lower case.
        spots: for each the passage, and where in its text it begins and ends.
        runs: each run of words with where it first begins.
    """

    words: tuple[str, ...] = ()
    spots: tuple[tuple[int, int, int], ...] = ()
    runs: dict[int, int] = field(default_factory=dict)

    def covered(self, of: Iterable[int]) -> set[int]:
        """Return the indexes of the words that some of the runs cover."""
        return {index for one in of if one in self.runs for index in range(self.runs[one], self.runs[one] + RUN)}


def wording_of(passages: Iterable[str]) -> Wording:
    """Return the words of some passages; a run never crosses from one into the next."""
    words: list[str] = []
    spots: list[tuple[int, int, int]] = []
    runs: dict[int, int] = {}
    for number, text in enumerate(passages):
        first = len(words)
        for match in _WORD.finditer(text):
            if len(words) == MOST_WORDS:
                break
            words.append(match.group().lower())
            spots.append((number, match.start(), match.end()))
        for start in range(first, len(words) - RUN + 1):
            runs.setdefault(hash(tuple(words[start : start + RUN])), start)
    return Wording(tuple(words), tuple(spots), runs)


def shared_passages(
    first: Wording,
    second: Wording,
    shared: Iterable[int],
    left: Sequence[tuple[str, str]],
    right: Sequence[tuple[str, str]],
) -> tuple[SharedPassage, ...]:
    """Return the longest stretches of words that both have, as the first wrote them; `left`, `right`: where, text."""
    chosen = set(shared)
    found: list[SharedPassage] = []
    for start, end in _stretches(sorted(first.covered(chosen)), first):
        number, begin, _ = first.spots[start]
        there = next(
            (second.runs[one] for one in (hash(first.words[start : start + RUN]),) if one in second.runs), None
        )
        other = right[second.spots[there][0]][0] if there is not None else ""
        text = left[number][1][begin : min(first.spots[end][2], begin + _MOST_TEXT)]
        found.append(SharedPassage(end - start + 1, text, left[number][0], other))
    return tuple(sorted(found, key=lambda one: -one.words)[:_MOST_SHOWN])


def _stretches(indexes: Sequence[int], of: Wording) -> Iterator[tuple[int, int]]:
    """Yield first and last of the indexes that follow one another within one passage."""
    start: int | None = None
    for index, one in enumerate(indexes):
        start = one if start is None else start
        after = indexes[index + 1] if index + 1 < len(indexes) else -1
        if after != one + 1 or of.spots[after][0] != of.spots[one][0]:
            yield start, one
            start = None
