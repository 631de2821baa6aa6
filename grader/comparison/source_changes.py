"""What changed in a submission's code, cell by cell, from its text before and after."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from enum import StrEnum
from itertools import islice

from grader.comparison.alignment import Measure, Pair, align
from grader.records import SourceText

MOST_LINES = 3_000
"""Lines of one cell or module that are compared; students choose their length, and a comparison is quadratic."""

_ALIKE = 0.4  # share of common lines from which two cells are one that was edited
_SHORT = 3  # lines up to which words are compared, because one change makes every line another
_CONTEXT = 2  # unchanged lines shown around a change
_TOKEN = re.compile(r"\w+|[^\w\s]")


class CellKind(StrEnum):
    """What became of a cell or module."""

    ADDED = "added"
    REMOVED = "removed"
    EDITED = "edited"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """A cell of a notebook, with its number from 1, or a whole module, with None."""

    file: str
    cell: int | None


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell or module that is not as it was.

    Attributes:
        kind: what became of it.
        before: where it was; None where it is new.
        after: where it is; None where it is gone.
        lines: a unified difference without its file names: each begins with `@@`, a blank, `-` or `+`.
        cut: lines on the longer side that were not compared.
    """

    kind: CellKind
    before: SourcePlace | None
    after: SourcePlace | None
    lines: tuple[str, ...]
    cut: int = 0


@dataclass(frozen=True, slots=True)
class _Piece:
    """A cell with what its likeness to others is counted from."""

    place: SourcePlace
    text: str
    tokens: Counter[str]


def source_changes(before: Sequence[SourceText], after: Sequence[SourceText]) -> tuple[CellChange, ...]:
    """Return the cells and modules that changed, in the order of `after`; those that are gone stand where they were.

    Files are matched by name, then those that are left over by their content (a resubmission is often called
    otherwise). Cells are matched by content, so that an inserted cell is one insertion.
    """
    old, new = _files(before), _files(after)
    renamed = dict(_renamed(old, new))
    changes: list[CellChange] = []
    for name, pieces in new.items():
        changes += _file_changes(old.get(renamed.get(name, name), ()), pieces)
    kept = {*new, *renamed.values()}
    for name, pieces in old.items():
        if name not in kept:
            changes += _file_changes(pieces, ())
    return tuple(_with_moves(changes))


def _files(source: Sequence[SourceText]) -> dict[str, tuple[_Piece, ...]]:
    files: dict[str, list[_Piece]] = {}
    for one in source:
        lines = [line.strip() for line in one.text.splitlines() if line.strip()]
        tokens = Counter(lines if len(lines) > _SHORT else _TOKEN.findall(one.text))
        files.setdefault(one.file, []).append(_Piece(SourcePlace(one.file, one.cell), one.text, tokens))
    return {name: tuple(pieces) for name, pieces in files.items()}


def _renamed(old: dict[str, tuple[_Piece, ...]], new: dict[str, tuple[_Piece, ...]]) -> Iterator[tuple[str, str]]:
    """Yield `(new name, old name)` of files that only have another name, the most alike first."""
    lost, found = [name for name in old if name not in new], [name for name in new if name not in old]
    likely = sorted(
        ((_likeness(_whole(old[one]), _whole(new[other])), one, other) for one in lost for other in found), reverse=True
    )
    taken: set[str] = set()
    for alike, one, other in likely:
        if alike >= _ALIKE and not {f"-{one}", f"+{other}"} & taken and _ending(one) == _ending(other):
            taken |= {f"-{one}", f"+{other}"}
            yield other, one


def _whole(pieces: tuple[_Piece, ...]) -> _Piece:
    lines = Counter(line.strip() for piece in pieces for line in piece.text.splitlines() if line.strip())
    return _Piece(SourcePlace("", None), "", lines)


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _file_changes(before: Sequence[_Piece], after: Sequence[_Piece]) -> Iterator[CellChange]:
    for pair in align(before, after, Measure(_text, _likeness, _ALIKE)):
        change = _change(pair.before, pair.after)
        # Two texts that differ in how their lines end have no line that differs.
        if change.kind is not CellKind.EDITED or change.lines or (change.cut and not _same(pair)):
            yield change


def _same(pair: Pair[_Piece]) -> bool:
    return pair.before is not None and pair.after is not None and pair.before.text == pair.after.text


def _text(piece: _Piece) -> str:
    return piece.text


def _likeness(one: _Piece, other: _Piece) -> float:
    if one.text == other.text and one.text:
        return 1.0
    if (one.place.cell is None) and (other.place.cell is None) and one.text and other.text:
        return _ALIKE  # a module is the same module however much of it was written anew
    most = one.tokens.total() + other.tokens.total()
    return 2 * (one.tokens & other.tokens).total() / most if most else 0.0


def _change(before: _Piece | None, after: _Piece | None) -> CellChange:
    old, new = (piece.text.splitlines() if piece else [] for piece in (before, after))
    kind = CellKind.ADDED if before is None else CellKind.REMOVED if after is None else CellKind.EDITED
    return CellChange(
        kind,
        before.place if before else None,
        after.place if after else None,
        tuple(_difference(old[:MOST_LINES], new[:MOST_LINES])),
        max(len(old), len(new), MOST_LINES) - MOST_LINES,
    )


def _difference(old: list[str], new: list[str]) -> Iterator[str]:
    if old and new:
        # The two lines with the files' names are left out.
        yield from islice(unified_diff(old, new, n=_CONTEXT, lineterm=""), 2, None)
    else:
        yield from (f"-{line}" for line in old)
        yield from (f"+{line}" for line in new)


def _with_moves(changes: list[CellChange]) -> Iterator[CellChange]:
    """Say of a cell that is gone here and new there that it moved."""
    gone: dict[tuple[str, ...], list[CellChange]] = {}
    for one in changes:
        if one.kind is CellKind.REMOVED and one.lines and not one.cut:
            gone.setdefault(_plain(one), []).append(one)
    moved: dict[int, CellChange] = {}
    for one in changes:
        if one.kind is CellKind.ADDED and not one.cut and gone.get(_plain(one)):
            moved[id(one)] = gone[_plain(one)].pop(0)
    left = {id(one) for one in moved.values()}
    for one in changes:
        if id(one) in moved:
            yield replace(one, kind=CellKind.MOVED, before=moved[id(one)].before, lines=())
        elif id(one) not in left:
            yield one


def _plain(change: CellChange) -> tuple[str, ...]:
    return tuple(line[1:] for line in change.lines)
