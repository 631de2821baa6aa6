"""Judge a set of pictures: what would spoil grading, and what an instructor should know."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sized
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.data.contents import Contents
from grader.data.duplicates import MOST_COMPARED, Near, contradictory, near, same

VERSION = 1
"""Of `Inspection.to_json`."""

_UNBALANCED = 3.0  # times the smallest class
_DARK = 64  # of 255
_LONG = 40  # characters of a label
_LEAST = 2  # pictures of a class: one for each side
_SHOWN = 5  # cases that a sentence names
_STANDS_FOR_NOTHING = frozenset({"nan", "none", "null", "na", "n/a", "?", "-", "unknown", "undefined", "todo"})
_CASES = 100  # of one kind that the JSON lists


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found at one place.

    Attributes:
        path: the place.
        layout: how the pictures are stored.
        pictures: how many could be decoded.
        classes: the number of pictures of each class.
        sides: the number of pictures of each side; empty where the source is not split.
        sizes: the number of pictures of each size, as `32×32`.
        modes: the number of pictures of each colour mode, in Pillow's words.
        balance: the largest class over the smallest; None where a class is empty.
        duplicates: names of the pictures that are the same, group by group.
        conflicts: those of the groups that stand under several labels, with the label behind each name.
        across: those of the groups that are on both sides.
        near: names of two pictures that look alike, and how much they do.
        problems: what would spoil grading, one sentence each.
        notes: what is good to know, one sentence each.
    """

    path: str
    layout: str
    pictures: int
    classes: dict[str, int]
    sides: dict[str, int]
    sizes: dict[str, int]
    modes: dict[str, int]
    balance: float | None
    duplicates: tuple[tuple[str, ...], ...]
    conflicts: tuple[tuple[str, ...], ...]
    across: tuple[tuple[str, ...], ...]
    near: tuple[tuple[str, str, float], ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values; of long lists the first hundred, with their full number beside them."""
        lists: dict[str, list[Any]] = {
            "duplicates": [list(group) for group in self.duplicates],
            "conflicts": [list(group) for group in self.conflicts],
            "across": [list(group) for group in self.across],
            "near": [list(pair) for pair in self.near],
            "problems": list(self.problems),
        }
        return {
            "version": VERSION,
            "path": self.path,
            "layout": self.layout,
            "pictures": self.pictures,
            "classes": self.classes,
            "sides": self.sides,
            "sizes": self.sizes,
            "modes": self.modes,
            "balance": self.balance,
            "counts": {name: len(cases) for name, cases in lists.items()},
            **{name: cases[:_CASES] for name, cases in lists.items()},
            "notes": list(self.notes),
        }


def inspect(path: Path, contents: Contents) -> Inspection:
    """Return what `contents` hold and what is wrong with them."""
    seen = contents.seen
    groups = same([one.digest for one in seen])
    conflicts = contradictory(groups, [one.label for one in seen])
    across = [group for group in groups if len({seen[position].side for position in group}) > 1]
    close = _near(contents, groups)
    labels = Counter(one.label for one in seen if one.label is not None)
    classes = {name: labels[name] for name in contents.classes}
    smallest = min(classes.values(), default=0)
    sizes = Counter(f"{width}×{height}" for width, height in (one.size for one in seen))
    modes = Counter(one.mode for one in seen)
    found = Inspection(
        path=str(path),
        layout=contents.layout,
        pictures=len(seen),
        classes=classes,
        sides=dict(Counter(one.side for one in seen if one.side)),
        sizes=dict(sizes.most_common()),
        modes=dict(modes.most_common()),
        balance=round(max(classes.values()) / smallest, 3) if smallest else None,
        duplicates=tuple(tuple(seen[at].name for at in group) for group in groups),
        conflicts=tuple(tuple(f"{seen[at].name} ({seen[at].label})" for at in group) for group in conflicts),
        across=tuple(tuple(f"{seen[at].name} ({seen[at].side})" for at in group) for group in across),
        near=tuple((seen[left].name, seen[right].name, round(alike, 3)) for left, right, alike in close.pairs),
        problems=(),
        notes=(),
    )
    return _judged(found, contents, close)


def _near(contents: Contents, groups: list[tuple[int, ...]]) -> Near:
    """Compare one picture of each group of copies with all others."""
    copies = {position for group in groups for position in group[1:]}
    kept = [position for position in range(len(contents.seen)) if position not in copies]
    found = near(contents.fingerprints[kept])
    return Near(tuple((kept[left], kept[right], alike) for left, right, alike in found.pairs), found.complete)


def _judged(found: Inspection, contents: Contents, close: Near) -> Inspection:
    return replace(
        found, problems=tuple(_problems(found, contents)), notes=tuple(_notes(found, contents, complete=close.complete))
    )


def _problems(found: Inspection, contents: Contents) -> Iterator[str]:
    yield from (str(fault) for fault in contents.faults)
    if len(found.sizes) > 1:
        sizes = ", ".join(f"{size} ({count:,})" for size, count in list(found.sizes.items())[:_SHOWN])
        yield f"The pictures have {len(found.sizes)} sizes: {sizes}. Give all of them the same size."
    if found.conflicts:
        yield (
            f"{_counted(found.conflicts, 'picture is', 'pictures are')} there under several labels, such as "
            f"{' and '.join(found.conflicts[0][:2])}. Correct the label or remove the copy."
        )
    if found.across:
        yield (
            f"{_counted(found.across, 'picture is', 'pictures are')} both to be learned and held out, such as "
            f"{' and '.join(found.across[0][:2])}. Remove it from one side."
        )
    if len(found.classes) == 1:
        yield f"There is only one class, {_quoted(next(iter(found.classes)))}. Two are the least to tell apart."
    for name, count in found.classes.items():
        if count < _LEAST:
            pictures = "no picture" if not count else "one picture"
            yield f"The class {_quoted(name)} has {pictures}. Every class needs one to learn from and one held out."
    for names in _spelled_alike(found.classes):
        yield f"The labels {' and '.join(map(_quoted, names))} differ only in how they are written. Write them alike."


def _notes(found: Inspection, contents: Contents, *, complete: bool) -> Iterator[str]:
    if found.balance is not None and found.balance > _UNBALANCED:
        most, least = (pick(found.classes, key=lambda name: found.classes[name]) for pick in (max, min))
        yield (
            f"The classes are out of balance: {_quoted(most)} has {found.classes[most]:,} pictures and "
            f"{_quoted(least)} {found.classes[least]:,}."
        )
    extra = sum(len(group) - 1 for group in found.duplicates)
    if extra:
        yield (
            f"{extra:,} of {found.pictures:,} pictures are copies of another one. "
            "A split keeps copies on the same side."
        )
    if found.near:
        pairs = _counted(found.near, "pair of pictures looks", "pairs of pictures look")
        yield f"{pairs} nearly the same, such as {' and '.join(found.near[0][:2])}."
    if not complete:
        yield (
            f"Near duplicates are not all known: more than {MOST_COMPARED:,} pictures are not compared."
            if found.pictures > MOST_COMPARED
            else "Near duplicates are not all known: there are too many of them to list."
        )
    if len(found.modes) > 1:
        modes = ", ".join(found.modes)
        yield f"The pictures are stored in several colour modes: {modes}. All are read as RGB, or as grey."
    if found.pictures and contents.brightest < _DARK:
        yield f"The pictures are nearly black: the brightest pixel is {contents.brightest} of 255."
    strange = [name for name in found.classes if _is_strange(name, found.classes)]
    if strange:
        yield f"Labels that look strange: {', '.join(map(_quoted, strange[:_SHOWN]))}."


def _counted(cases: Sized, one: str, several: str) -> str:
    return f"{len(cases):,} {one if len(cases) == 1 else several}"


def _quoted(name: str) -> str:
    return repr(name if len(name) <= _LONG else name[: _LONG - 1] + "…")


def _spelled_alike(names: Iterable[str]) -> list[list[str]]:
    """Return names that are one to a reader: `Cat` and `cat `, or one letter stored in two ways."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(" ".join(unicodedata.normalize("NFKC", name).casefold().split()), []).append(name)
    return [group for group in alike.values() if len(group) > 1]


def _is_strange(name: str, names: Collection[str]) -> bool:
    """Tell whether a label is long, holds what cannot be seen, stands for nothing, or is a number among words."""
    number_among_words = name.isdigit() and sum(other.isdigit() for other in names) * 2 < len(names)
    unseen = any(not character.isprintable() for character in name)
    return len(name) > _LONG or unseen or name.casefold() in _STANDS_FOR_NOTHING or number_among_words
