"""Labels that turned out to be wrong: a corrected table, held to the pictures that were held out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from grader.data.store import StoredSplit
from grader.faults import DataFault
from grader.intake.tables import read_table
from grader.wording import listed

_PICTURE = ("index", "picture", "file", "name")
"""Headers under which a table names its pictures, the course's own first."""
_OPTION = "--labels"
_SHOWN = 10  # corrections that a sentence names


@dataclass(frozen=True, slots=True)
class Correction:
    """One held-out picture, by position and by name, with the class that it had and the one that it has."""

    position: int
    picture: str
    before: str
    after: str

    def __str__(self) -> str:
        """Write it as `17.png: cat → dog`."""
        return f"{self.picture}: {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class Corrections:
    """Every correction that counts for one split.

    Attributes:
        content_hash: of the split.
        labels: the held-out pictures that have another label than the split says, in the order of their positions.
    """

    content_hash: str = ""
    labels: tuple[Correction, ...] = ()

    @property
    def by_position(self) -> dict[int, str]:
        """Return the name of the new class of each picture."""
        return {one.position: one.after for one in self.labels}

    def numbers(self, classes: tuple[str, ...]) -> dict[int, int]:
        """Return the new class of each picture by its number."""
        return {one.position: classes.index(one.after) for one in self.labels}

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        rows = [[one.position, one.picture, one.before, one.after] for one in self.labels]
        return {"content_hash": self.content_hash, "labels": rows}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Corrections:
        """Rebuild what `to_json` returned."""
        return cls(plain["content_hash"], tuple(Correction(*row) for row in plain["labels"]))

    def __str__(self) -> str:
        """Write all of them, or how many there are besides the first ten."""
        shown = "; ".join(str(one) for one in self.labels[:_SHOWN])
        more = len(self.labels) - _SHOWN
        return f"{shown} and {more:,} more" if more > 0 else shown


@dataclass(frozen=True, slots=True)
class Read:
    """What a corrected table says.

    Attributes:
        corrections: those of held-out pictures, earlier ones included.
        changed: those that this table changed, with the label that counted before it.
        training: pictures to train on that the table gives another label; they need new trainings.
    """

    corrections: Corrections
    changed: tuple[Correction, ...] = ()
    training: tuple[str, ...] = ()


@dataclass(slots=True)
class _Side:
    """The pictures of one side, by everything that a table may call them."""

    names: list[str]
    labels: list[int]
    known: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Leave out what would mean two pictures."""
        several: set[str] = set()
        for position, name in enumerate(self.names):
            for key in _keys(name):
                if self.known.setdefault(key, position) != position:
                    several.add(key)
        for key in several:
            del self.known[key]


def read(path: Path, data: StoredSplit, earlier: Corrections) -> Read:
    """Compare a table of pictures and labels with the split; `earlier` corrections stay where it is silent.

    A picture is called by its number, as in the course's `y.csv`, by its file's name, or, where pictures have no names,
    by its position among those held out, from 1. The table may hold all pictures or only those that are corrected.

    Raises:
        DataFault: a picture or a label is not known, or there is no row.
        OperatorFault: the file is no table.
    """
    header, rows = read_table(path, _OPTION)
    columns = [one.lower() for one in header]
    at = next((columns.index(one) for one in _PICTURE if one in columns), None)
    if at is None or "label" not in columns:
        raise DataFault(f"{_OPTION} {path} has no columns index and label.", fix="Name them in its first line.")
    said = columns.index("label")
    held_out, train = _side(data, "held_out"), _side(data, "train")
    now = earlier.by_position
    changed: list[Correction] = []
    training: list[str] = []
    for line, row in enumerate(rows, 2):
        place = f"{path}, row {line}"
        picture, label = row[at], _label(row[said], data.classes, place)
        if (position := held_out.known.get(_key(picture))) is not None:
            was = now.get(position, data.classes[held_out.labels[position]])
            if was != label:
                changed.append(Correction(position, held_out.names[position], was, label))
                now[position] = label
        elif (position := train.known.get(_key(picture))) is not None:
            if data.classes[train.labels[position]] != label:
                training.append(train.names[position])
        else:
            raise DataFault(
                f"{place}: there is no picture '{picture}'.",
                fix=f"Call pictures by number or file name, such as {listed(held_out.names[:2])}.",
            )
    if not rows:
        raise DataFault(f"{_OPTION} {path} has no rows.", fix="Write one for each corrected picture: index,label.")
    return Read(_corrections(now, held_out, data), tuple(changed), tuple(training))


def _corrections(now: Mapping[int, str], held_out: _Side, data: StoredSplit) -> Corrections:
    """Return what differs from the split's own labels; what was corrected back is no correction."""
    found = [
        Correction(position, held_out.names[position], data.classes[held_out.labels[position]], label)
        for position, label in sorted(now.items())
        if data.classes[held_out.labels[position]] != label
    ]
    return Corrections(data.content_hash, tuple(found))


def _side(data: StoredSplit, side: str) -> _Side:
    labels = np.load(data.held_out_labels if side == "held_out" else data.train_labels).tolist()
    names = list(data.names(side))
    if not names and side == "held_out":
        names = [f"held-out picture {number}" for number in range(1, len(labels) + 1)]
    return _Side([_short(one) for one in names], labels)


def _short(name: str) -> str:
    """Return the last two parts of a path: a class's folder and a file, or a folder and a file."""
    return "/".join(re.split(r"[\\/]", name)[-2:])


def _keys(name: str) -> Iterable[str]:
    """Return what a table may call a picture: its path's end, its file, its file's stem, its number."""
    file = name.rpartition("/")[2]
    stem = file.rpartition(".")[0] or file
    number = re.search(r"(\d+)$", stem)
    keys = [name, file, stem, *([number[1]] if number else [])]
    return {_key(one) for one in keys}


def _key(picture: str) -> str:
    """Return a name as it is compared: `017` and `17` are one number."""
    text = picture.strip().replace("\\", "/").casefold()
    return str(int(text)) if text.isascii() and text.isdigit() else text


def _label(label: str, classes: tuple[str, ...], place: str) -> str:
    if label in classes:
        return label
    close = difflib.get_close_matches(label, classes, n=1)
    fix = f"Did you mean {close[0]}?" if close else f"There are {listed(classes)}."
    raise DataFault(f"{place}: there is no class '{label}'.", fix=fix)
