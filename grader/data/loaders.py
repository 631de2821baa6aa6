"""Read the course's own layout: numbered PNGs and a table of labels.

    data/1.png … data/N.png     or the pictures beside the table
    y.csv                       index,label with labels as words
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from grader.data.pictures import PictureSet
from grader.faults import DataFault

TABLE = "y.csv"
MOST_PIXELS = 4096 * 4096
"""Pixels of the largest picture that is decoded."""


def load(folder: Path, shape: tuple[int, int, int] | None) -> PictureSet:
    """Return the pictures of `folder` in the order of their numbers, as uint8 (N, C, H, W).

    Any PNG mode becomes RGB, or grey where `shape` asks for one channel. Classes are sorted by name.

    Raises:
        DataFault: names the file or the row that is wrong.
    """
    if not folder.is_dir():
        raise DataFault(f"{folder} is not a folder.")
    labels = _labels(_table(folder))
    files = _pictures(folder)
    _agree(labels, files, folder)
    channels = shape[0] if shape is not None else 3
    if channels not in (1, 3):
        raise DataFault(f"Pictures have 1 or 3 channels, not {channels}.", fix="Set shape under [input] in the rubric.")
    size = shape[1:] if shape is not None else None
    arrays = []
    for index in sorted(files):
        array = _decode(files[index], channels)
        size = size if size is not None else array.shape[1:]
        if array.shape[1:] != size:
            raise DataFault(
                f"{files[index]} is {_size(array.shape[1:])} pixels, expected {_size(size)}.",
                fix="All pictures of a set have one size.",
            )
        arrays.append(array)
    classes = tuple(sorted(set(labels.values())))
    positions = {name: position for position, name in enumerate(classes)}
    numbers = np.array([positions[labels[index]] for index in sorted(files)], dtype=np.int64)
    return PictureSet(np.stack(arrays), numbers, classes, str(folder))


def _size(shape: tuple[int, ...]) -> str:
    height, width = shape
    return f"{width}×{height}"


def _table(folder: Path) -> Path:
    """Return the table: in the folder, beside it, or in its `data` folder."""
    for place in (folder / TABLE, folder / "data" / TABLE, folder.parent / TABLE):
        if place.is_file():
            return place
    raise DataFault(f"{folder} has no {TABLE}.", fix="It has the columns index and label, one row for each picture.")


def _labels(table: Path) -> dict[int, str]:
    """Read `index,label`; other columns, blank rows and a byte-order mark do no harm."""
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataFault(f"{table} cannot be read: {error}.") from error
    rows = list(csv.reader(io.StringIO(text)))
    header = [name.strip().lower() for name in rows[0]] if rows else []
    if "index" not in header or "label" not in header:
        raise DataFault(f"{table} has no columns index and label.", fix="Its first line must name them.")
    at, named = header.index("index"), header.index("label")
    found: dict[int, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        _add_row(found, row, at, named, f"{table}, line {number}")
    if not found:
        raise DataFault(f"{table} has no rows.")
    return found


def _add_row(found: dict[int, str], row: list[str], at: int, named: int, where: str) -> None:
    if len(row) <= max(at, named):
        raise DataFault(f"{where}: a cell is missing.")
    index, label = row[at].strip(), row[named].strip()
    if not index.isdigit():
        raise DataFault(f"{where}: the index is {index!r}, not a number.")
    if not label:
        raise DataFault(f"{where}: the label is empty.")
    if int(index) in found:
        raise DataFault(f"{where}: the index {index} was there before.")
    found[int(index)] = label


def _pictures(folder: Path) -> dict[int, Path]:
    """Return the numbered PNGs of the folder, or of its `data` folder."""
    for place in (folder, folder / "data"):
        if not place.is_dir():
            continue
        numbered = [one for one in place.iterdir() if re.fullmatch(r"\d{1,9}\.png", one.name, re.IGNORECASE)]
        found: dict[int, Path] = {}
        for one in sorted(numbered):
            other = found.setdefault(int(one.stem), one)
            if other is not one:
                raise DataFault(f"{other} and {one} have the same number.")
        if found:
            return found
    raise DataFault(f"{folder} holds no pictures named 1.png, 2.png, ….")


def _agree(labels: dict[int, str], files: dict[int, Path], folder: Path) -> None:
    """Hold pictures and rows to each other."""
    without_row = sorted(set(files) - set(labels))
    if without_row:
        raise DataFault(f"{files[without_row[0]]} has no row in {TABLE}.", fix=_more(len(without_row)))
    without_picture = sorted(set(labels) - set(files))
    if without_picture:
        missing = f"{TABLE} has a row for {without_picture[0]}, but there is no {without_picture[0]}.png in {folder}."
        raise DataFault(missing, fix=_more(len(without_picture)))


def _more(count: int) -> str:
    return f"There are {count:,} such cases." if count > 1 else ""


def _decode(path: Path, channels: int) -> NDArray[np.uint8]:
    """Return one picture as uint8 (C, H, W)."""
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise DataFault(f"{path} is {picture.width}×{picture.height} pixels, too large to be read.")
            picture.load()
            if picture.mode.startswith("I"):  # 16 bits: the upper eight are the picture
                values = np.asarray(picture, dtype=np.uint32) >> 8
                grey = Image.fromarray(values.clip(0, 255).astype(np.uint8))
                plain = grey.convert("L" if channels == 1 else "RGB")
            else:
                plain = picture.convert("L" if channels == 1 else "RGB")
            array = np.asarray(plain, dtype=np.uint8)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as error:
        raise DataFault(f"{path} cannot be read as a picture: {error}.", fix="Save it again as PNG.") from error
    return np.ascontiguousarray(array[None] if channels == 1 else array.transpose(2, 0, 1))
