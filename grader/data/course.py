"""List the course's own layout: `data/1.png` … `data/N.png` and a table `y.csv` of `index,label`, labels as words.

The table may stand beside the pictures or beside their folder; either folder may be named.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from grader.data import listing
from grader.data.listing import Entry, Listing
from grader.data.pictures import PictureSet
from grader.faults import DataFault

TABLE = "y.csv"

_ROW_FOR_EACH = f"Write one row for each picture into {TABLE}, with the columns index and label."


def load(folder: Path, shape: tuple[int, int, int] | None) -> PictureSet:
    """Return the pictures of `folder` in the order of their numbers, as `listing.load` does.

    Raises:
        DataFault: names the file or the row that is wrong.
    """
    return listing.load(listed(folder), shape)


def recognised(folder: Path) -> bool:
    """Tell whether a table or a numbered PNG lies where this layout has it."""
    places = (folder, folder / "data")
    return any((place / TABLE).is_file() for place in places) or bool(_pictures(folder, []))


def listed(folder: Path) -> Listing:
    """Return the numbered pictures of `folder` with their labels, and everything that is wrong with them."""
    faults: list[DataFault] = []
    files = _pictures(folder, faults)
    if not files:
        faults.append(
            DataFault(f"{folder} holds no pictures named 1.png, 2.png, ….", fix="Unpack the pictures into it.")
        )
    labels: dict[int, str] = {}
    table = _table(folder)
    if table is None:
        faults.append(DataFault(f"{folder} has no {TABLE}.", fix=_ROW_FOR_EACH))
    else:
        labels = _labels(table, faults)
    if table is not None and labels and files:
        _agree(labels, files, table, faults)
    entries = (Entry(files[index], labels.get(index)) for index in sorted(files))
    return Listing(str(folder), tuple(entries), tuple(faults))


def _pictures(folder: Path, faults: list[DataFault]) -> dict[int, Path]:
    """Return the numbered PNGs of the folder, or of its `data` folder."""
    for place in (folder, folder / "data"):
        if not place.is_dir():
            continue
        found: dict[int, Path] = {}
        for path in sorted(place.iterdir()):
            if not re.fullmatch(r"[0-9]{1,9}\.png", path.name, re.IGNORECASE):
                continue
            other = found.setdefault(int(path.stem), path)
            if other is not path:
                faults.append(DataFault(f"{other} and {path} have the same number.", fix="Remove one of them."))
        if found:
            return found
    return {}


def _table(folder: Path) -> Path | None:
    """Return the table: in the folder, in its `data` folder, or beside a folder that holds only pictures."""
    for place in (folder / TABLE, folder / "data" / TABLE, folder.resolve().parent / TABLE):
        if place.is_file():
            return place
    return None


def _labels(table: Path, faults: list[DataFault]) -> dict[int, str]:
    """Read `index,label`; other columns, blank rows, a byte-order mark and a spreadsheet's `;` do no harm."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(DataFault(f"{table} cannot be read ({error}).", fix="Save it as CSV in UTF-8."))
        return {}
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: dict[int, str] = {}
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "index" not in header or "label" not in header:
            faults.append(DataFault(f"{table} has no columns index and label.", fix="Name them in its first line."))
            return {}
        at, named = header.index("index"), header.index("label")
        for row in reader:
            if any(cell.strip() for cell in row):
                _add_row(found, row, (at, named), f"{table}, line {reader.line_num}", faults)
    except csv.Error as error:
        where = f"{table}, line {reader.line_num}"
        faults.append(DataFault(f"{where} is not CSV ({error}).", fix="Save it as CSV again."))
        return {}
    if not found:
        faults.append(DataFault(f"{table} has no rows.", fix=_ROW_FOR_EACH))
    return found


def _add_row(
    found: dict[int, str], row: list[str], columns: tuple[int, int], where: str, faults: list[DataFault]
) -> None:
    if len(row) <= max(columns):
        faults.append(DataFault(f"{where}: a cell is missing.", fix=_ROW_FOR_EACH))
        return
    index, label = (row[column].strip() for column in columns)
    if not re.fullmatch(r"[0-9]{1,9}", index):
        faults.append(
            DataFault(f"{where}: the index is {index[:40]!r}.", fix="Write the number in the picture's name.")
        )
    elif not label:
        faults.append(DataFault(f"{where}: the label is empty.", fix="Write the name of the picture's class."))
    elif int(index) in found:
        faults.append(DataFault(f"{where}: the index {index} was there before.", fix="Remove one of the two rows."))
    else:
        found[int(index)] = label


def _agree(labels: dict[int, str], files: dict[int, Path], table: Path, faults: list[DataFault]) -> None:
    """Hold pictures and rows to each other."""
    without_row = sorted(set(files) - set(labels))
    if without_row:
        faults.append(
            DataFault(
                f"{files[without_row[0]]} has no row in {table}{_more(without_row)}.",
                fix="Add the row or remove the picture.",
            )
        )
    without_picture = sorted(set(labels) - set(files))
    if without_picture:
        place = next(iter(files.values())).parent
        faults.append(
            DataFault(
                f"{table} has a row for {without_picture[0]}, but {place} has no {without_picture[0]}.png"
                f"{_more(without_picture)}.",
                fix="Add the picture or remove the row.",
            )
        )


def _more(cases: list[int]) -> str:
    return f" (and {len(cases) - 1:,} more like it)" if len(cases) > 1 else ""
