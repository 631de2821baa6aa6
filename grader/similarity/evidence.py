"""What shows that two submissions are alike: their code side by side, names that changed, words that both have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise

from grader.records.similarity import Excerpt, Mark, MarkedLine
from grader.similarity.prepared import Side
from grader.similarity.winnowing import LENGTH

MOST_LINES = 150
"""Of code that are shown of one submission."""
MOST_WIDTH = 200
_MOST_NAMES = 12


def excerpts(side: Side, shared: frozenset[int]) -> tuple[Excerpt, ...]:
    """Return the code that builds the network, each line marked; `shared` are indexes of tokens."""
    marks = _marks(side, shared)
    found: list[Excerpt] = []
    room = MOST_LINES
    for index, numbers in sorted(side.stream.shown.items()):
        piece = side.entry.pieces[index]
        text = piece.text.split("\n")
        chosen = [one for one in _closed(numbers) if one <= len(text)][:room]
        room -= len(chosen)
        lines = [MarkedLine(one, text[one - 1][:MOST_WIDTH], marks.get((index, one), Mark.OWN)) for one in chosen]
        if lines:
            found.append(Excerpt(piece.file, piece.cell, tuple(_bridged(lines))))
    return tuple(found)


def shared_lines(side: Side, shared: frozenset[int]) -> int:
    """Return how many lines the shared tokens make."""
    return sum(mark is Mark.SHARED for mark in _marks(side, shared).values())


def renamed(first: Side, second: Side, keys: Iterable[int], *, exact: bool) -> tuple[tuple[str, str], ...]:
    """Return names of the first, and those that stand in their place in the second, the most frequent first."""
    left, right = first.stream.names, second.stream.names
    seen: Counter[tuple[str, str]] = Counter()
    if first.code and first.code == second.code:
        seen.update(zip(left, right, strict=True))
    else:
        one, other = (first.exact, second.exact) if exact else (first.masked, second.masked)
        for key in keys:
            # A fingerprint that stands in several places would pair every one with every other.
            if len(one.places[key]) == len(other.places[key]) == 1:
                start, there = one.places[key][0], other.places[key][0]
                seen.update(zip(left[start : start + LENGTH], right[there : there + LENGTH], strict=False))
    found: dict[str, str] = {}
    for (name, instead), times in seen.most_common():
        if name and instead and times > 1:
            found.setdefault(name, instead)
    return tuple(islice(((name, to) for name, to in found.items() if name != to), _MOST_NAMES))


def _marks(side: Side, shared: frozenset[int]) -> dict[tuple[int, int], Mark]:
    """Return what most tokens of each line are."""
    counts: dict[tuple[int, int], list[int]] = {}
    for index, place in enumerate(side.stream.places):
        of = counts.setdefault(place, [0, 0, 0])
        of[0] += 1
        of[1] += index in shared
        of[2] += index in side.course
    return {
        place: Mark.SHARED if 2 * both >= whole else Mark.COURSE if 2 * course >= whole else Mark.OWN
        for place, (whole, both, course) in counts.items()
    }


def _closed(numbers: Sequence[int]) -> list[int]:
    """Return line numbers with the blank lines and comments between those that are near."""
    found = list(numbers[:1])
    for before, after in pairwise(numbers):
        found += range(before + 1, after + 1) if after - before <= 6 else (after,)
    return found


def _bridged(lines: Sequence[MarkedLine]) -> list[MarkedLine]:
    """Return lines in which brackets alone are what the line above them is, and a blank line what both about it are."""
    found = list(lines)
    for index in range(1, len(found)):
        before, here = found[index - 1 : index + 1]
        after = found[index + 1] if index + 1 < len(found) else None
        says = here.text.strip(" \t()[]{},:")
        if here.mark is Mark.OWN and not says and (here.text.strip() or (after and after.mark is before.mark)):
            found[index] = MarkedLine(here.number, here.text, before.mark)
    return found
