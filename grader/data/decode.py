"""Decode one picture file: PNG, JPEG, BMP, WebP, or the first frame of a GIF."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from grader.data.pictures import Images, Pixels
from grader.faults import DataFault

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif")
"""How the names of the files end that are read as pictures."""

MOST_PIXELS = 4096 * 4096
"""Pixels of the largest picture that is decoded."""

# Named one by one: left to itself Pillow looks at the content alone, and hands PostScript to Ghostscript.
_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF")


def decoded(path: Path, channels: int) -> Images:
    """Return one picture as uint8 (C, H, W) of 1 or 3 channels; transparency is dropped.

    Raises:
        DataFault: the file is missing, broken, too large or no picture.
    """
    pixels, _ = original(path, "L" if channels == 1 else "RGB")
    return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def original(path: Path, mode: str = "RGB") -> tuple[Pixels, str]:
    """Return one picture as uint8 (H, W) in mode L or (H, W, 3) in mode RGB, and the mode that the file is in.

    Raises:
        DataFault: the file is missing, broken, too large or no picture.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of very large pictures, which are refused below, and of transparency, which is dropped.
            warnings.simplefilter("ignore")
            return _read(path, mode)
    except DataFault:
        raise
    except Exception as error:  # Pillow's decoders raise what they meet: SyntaxError, struct.error, its own bomb error
        fix = "Save it again as PNG."
        raise DataFault(f"{path} cannot be read as a picture ({error}).", fix=fix) from error


def _read(path: Path, mode: str) -> tuple[Pixels, str]:
    with Image.open(path, formats=_FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise DataFault(f"{path} has {picture.width}×{picture.height} pixels.", fix="Make it smaller.")
        own = picture.mode
        picture.load()
        plain: Image.Image = picture
        if picture.mode.startswith("I"):
            # 16 bits to a pixel, which Pillow would cut off at 255; the upper eight bits are the picture.
            upper = np.asarray(picture).astype(np.int64) >> 8
            plain = Image.fromarray(upper.clip(0, 255).astype(np.uint8))
        return np.array(plain.convert(mode), dtype=np.uint8), own
