"""Draw a contact sheet: a row of examples for each class, with its name and how many pictures it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from grader.data.pictures import Pixels
from grader.faults import DataFault
from grader.report.plain import inert_line
from grader.wording import counted

_CELL, _GAP = 64, 6  # pixels of an example, and between two
_TEXT = 190  # pixels for the name
_HEAD = 34
_MOST_CLASSES = 200
_INK, _FAINT, _PAPER = (30, 30, 30), (120, 120, 120), (255, 255, 255)


def contact_sheet(examples: Mapping[str, Sequence[Pixels]], counts: Mapping[str, int], title: str, path: Path) -> None:
    """Write a PNG with a row for each class: its name, its count, and its examples (H, W, 3), enlarged to the pixel.

    Raises:
        DataFault: `path` cannot be written.
    """
    names = list(examples)[:_MOST_CLASSES]
    columns = max((len(examples[name]) for name in names), default=0)
    rest = len(examples) - len(names)
    width = max(_TEXT + columns * (_CELL + _GAP) + _GAP, 480)
    height = _HEAD + (len(names) + (rest > 0)) * (_CELL + _GAP) + _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    large, small = ImageFont.load_default(16), ImageFont.load_default(12)
    pen.text((_GAP * 2, _GAP * 1.5), _cut(title, large, width - 4 * _GAP), _INK, large)
    for row, name in enumerate(names):
        top = _HEAD + row * (_CELL + _GAP)
        pen.text((_GAP * 2, top + 14), _cut(name, large, _TEXT - 3 * _GAP), _INK, large)
        pen.text((_GAP * 2, top + 36), counted(counts[name], "picture"), _FAINT, small)
        for column, pixels in enumerate(examples[name]):
            picture = _enlarged(Image.fromarray(pixels))
            left = _TEXT + column * (_CELL + _GAP)
            sheet.paste(picture, (left + (_CELL - picture.width) // 2, top + (_CELL - picture.height) // 2))
    if rest:
        pen.text((_GAP * 2, height - _CELL + 14), f"and {rest:,} more classes", _FAINT, large)
    _save(sheet, path)


def _save(sheet: Image.Image, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(path, format="PNG")
    except OSError as error:
        raise DataFault(
            f"{path} cannot be written ({error.strerror or error}).", fix="Name another file with --sheet."
        ) from error


def _enlarged(picture: Image.Image) -> Image.Image:
    """Return the picture as large as its cell allows; small ones grow by whole pixels, so that each can be seen."""
    longest = max(picture.size)
    if longest > _CELL:
        picture.thumbnail((_CELL, _CELL), Image.Resampling.BOX)
        return picture
    times = _CELL // longest
    return picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)


def _cut(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """Return as much of the text as fits."""
    text = inert_line(text)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
