"""Read the course's own layout: `data/1.png` … `data/N.png` and a table `y.csv` of `index,label`, labels as words.

The table may stand beside the pictures or beside their folder; either folder may be named.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from grader.data.pictures import PictureSet
from grader.faults import DataFault

TABLE = "y.csv"
MOST_PIXELS = 4096 * 4096
"""Pixels of the largest picture that is decoded."""

_ROW_FOR_EACH = f"Write one row for each picture into {TABLE}, with the columns index and label."


def load(folder: Path, shape: tuple[int, int, int] | None) -> PictureSet:
    """Return the pictures of `folder` in the order of their numbers, as uint8 (N, C, H, W).

    Any PNG mode becomes RGB, or grey where `shape` (C, H, W) asks for one channel; transparency is dropped. Without a
    `shape` the first picture sets the size. Classes are sorted by name.

    Raises:
        DataFault: names the file or the row that is wrong.
    """
    if not folder.is_dir():
        raise DataFault(f"{folder} is not a folder.", fix=f"Name the folder that holds {TABLE} and the pictures.")
    channels = 3 if shape is None else shape[0]
    if channels not in (1, 3):
        raise DataFault(f"Pictures have 1 or 3 channels, not {channels}.", fix="Set shape under [input] in the rubric.")
    files = _pictures(folder)
    table = _table(folder)
    labels = _labels(table)
    _agree(labels, files, table)
    size = None if shape is None else shape[1:]
    # Filled in place: a list of arrays and their stack would hold every picture twice.
    images: NDArray[np.uint8] | None = None
    for position, index in enumerate(sorted(files)):
        array = _decode(files[index], channels)
        if size is None:
            size = (array.shape[1], array.shape[2])
        if array.shape[1:] != size:
            raise DataFault(
                f"{files[index]} is {_size(array.shape[1:])} pixels and should be {_size(size)}.",
                fix="Give all pictures that size, or set shape under [input] in the rubric.",
            )
        if images is None:
            images = np.empty((len(files), channels, *size), dtype=np.uint8)
        images[position] = array
    assert images is not None  # _pictures refuses an empty folder
    classes = tuple(sorted(set(labels.values())))
    positions = {name: position for position, name in enumerate(classes)}
    numbers = np.array([positions[labels[index]] for index in sorted(files)], dtype=np.int64)
    return PictureSet(images, numbers, classes, str(folder))


def _size(shape: tuple[int, ...]) -> str:
    height, width = shape
    return f"{width}×{height}"


def _pictures(folder: Path) -> dict[int, Path]:
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
                raise DataFault(f"{other} and {path} have the same number.", fix="Remove one of them.")
        if found:
            return found
    raise DataFault(f"{folder} holds no pictures named 1.png, 2.png, ….", fix="Unpack the pictures into it.")


def _table(folder: Path) -> Path:
    """Return the table: in the folder, in its `data` folder, or beside a folder that holds only pictures."""
    for place in (folder / TABLE, folder / "data" / TABLE, folder.parent / TABLE):
        if place.is_file():
            return place
    raise DataFault(f"{folder} has no {TABLE}.", fix=_ROW_FOR_EACH)


def _labels(table: Path) -> dict[int, str]:
    """Read `index,label`; other columns, blank rows, a byte-order mark and a spreadsheet's `;` do no harm."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataFault(f"{table} cannot be read ({error}).", fix="Save it as CSV in UTF-8.") from error
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found: dict[int, str] = {}
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "index" not in header or "label" not in header:
            raise DataFault(f"{table} has no columns index and label.", fix="Name them in its first line.")
        at, named = header.index("index"), header.index("label")
        for row in reader:
            if any(cell.strip() for cell in row):
                _add_row(found, row, (at, named), f"{table}, line {reader.line_num}")
    except csv.Error as error:
        where = f"{table}, line {reader.line_num}"
        raise DataFault(f"{where} is not CSV ({error}).", fix="Save it as CSV again.") from error
    if not found:
        raise DataFault(f"{table} has no rows.", fix=_ROW_FOR_EACH)
    return found


def _add_row(found: dict[int, str], row: list[str], columns: tuple[int, int], where: str) -> None:
    if len(row) <= max(columns):
        raise DataFault(f"{where}: a cell is missing.", fix=_ROW_FOR_EACH)
    index, label = (row[column].strip() for column in columns)
    if not re.fullmatch(r"[0-9]{1,9}", index):
        raise DataFault(f"{where}: the index is {index[:40]!r}.", fix="Write the number in the picture's name.")
    if not label:
        raise DataFault(f"{where}: the label is empty.", fix="Write the name of the picture's class.")
    if int(index) in found:
        raise DataFault(f"{where}: the index {index} was there before.", fix="Remove one of the two rows.")
    found[int(index)] = label


def _agree(labels: dict[int, str], files: dict[int, Path], table: Path) -> None:
    """Hold pictures and rows to each other."""
    without_row = sorted(set(files) - set(labels))
    if without_row:
        raise DataFault(
            f"{files[without_row[0]]} has no row in {table}{_more(without_row)}.",
            fix="Add the row or remove the picture.",
        )
    without_picture = sorted(set(labels) - set(files))
    if without_picture:
        place = next(iter(files.values())).parent
        raise DataFault(
            f"{table} has a row for {without_picture[0]}, but {place} has no {without_picture[0]}.png"
            f"{_more(without_picture)}.",
            fix="Add the picture or remove the row.",
        )


def _more(cases: list[int]) -> str:
    return f" (and {len(cases) - 1:,} more like it)" if len(cases) > 1 else ""


def _decode(path: Path, channels: int) -> NDArray[np.uint8]:
    """Return one picture as uint8 (C, H, W)."""
    mode = "L" if channels == 1 else "RGB"
    try:
        with warnings.catch_warnings():
            # Pillow warns of very large pictures, which are refused below, and of transparency, which is dropped.
            warnings.simplefilter("ignore")
            array = _pixels(path, mode)
    except DataFault:
        raise
    except Exception as error:  # Pillow's decoders raise what they meet: SyntaxError, struct.error, its own bomb error
        fix = "Save it again as PNG."
        raise DataFault(f"{path} cannot be read as a picture ({error}).", fix=fix) from error
    return array[None] if channels == 1 else np.ascontiguousarray(array.transpose(2, 0, 1))


def _pixels(path: Path, mode: str) -> NDArray[np.uint8]:
    """Return one picture as uint8 (H, W) in mode L and (H, W, 3) in mode RGB."""
    with Image.open(path) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise DataFault(f"{path} has {picture.width}×{picture.height} pixels.", fix="Make it smaller.")
        picture.load()
        plain: Image.Image = picture
        if picture.mode.startswith("I"):
            # 16 bits to a pixel, which Pillow would cut off at 255; the upper eight bits are the picture.
            upper = np.asarray(picture).astype(np.int64) >> 8
            plain = Image.fromarray(upper.clip(0, 255).astype(np.uint8))
        return np.array(plain.convert(mode), dtype=np.uint8)
