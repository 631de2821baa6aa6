"""The table in which an instructor says whose a file is: `mapping.csv` with the columns file, id and student."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.faults import OperatorFault
from grader.intake.tables import bare, read_table, visible, write_table

COLUMNS = ("file", "id", "student")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A file or folder that nobody could be found for.

    Attributes:
        file: its name at the top of the class.
        student: what its name suggests; empty when it suggests nobody.
    """

    file: str
    student: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """What was filled in for a file; one of both may be empty."""

    id: str
    student: str


def _shown(owner: Owner) -> str:
    return owner.id or owner.student


def read_mapping(path: Path) -> Mapping[str, Owner]:
    """Return what was filled in, by the file's name as the table shows it (`tables.visible`).

    Raises:
        OperatorFault: it cannot be read or has other columns.
    """
    header, rows = read_table(path, "--mapping")
    names = [one.lower() for one in header]
    if "file" not in names or not {"id", "student"} & set(names):
        raise OperatorFault(
            f"--mapping {path} has the columns {', '.join(header)[:200]}.",
            fix=f"Its first line is {','.join(COLUMNS)}.",
        )
    found: dict[str, Owner] = {}
    for row in rows:
        cells = dict(zip(names, map(bare, row), strict=False))
        owner = Owner(cells.get("id", ""), cells.get("student", ""))
        if not cells["file"] or owner == Owner("", ""):
            continue
        if found.setdefault(cells["file"], owner) != owner:
            raise OperatorFault(
                f"--mapping {path} gives {cells['file']} to {_shown(found[cells['file']])} and to {_shown(owner)}.",
                fix="Leave one of both lines.",
            )
    return found


def write(unknown: Iterable[Unknown], path: Path) -> None:
    """Write the files that nobody is known for, after what an earlier table at `path` holds.

    Raises:
        OperatorFault: the table that is there is no such table; it is left as it is.
    """
    rows: dict[str, tuple[str, str, str]] = {}
    if path.exists():
        rows = {file: (file, owner.id, owner.student) for file, owner in read_mapping(path).items()}
    for one in unknown:
        file = visible(one.file)
        rows.setdefault(file, (file, "", visible(one.student)))
    if rows or path.exists():
        write_table(path, COLUMNS, rows.values())
