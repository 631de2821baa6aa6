"""Which pictures of those handed out are shown with a network's answers: a few of every class, the same for all."""

from __future__ import annotations

import io
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 24
WIDEST = 96
"""Pixels; larger pictures are made smaller."""


def as_png(picture: NDArray[np.uint8]) -> bytes:
    """Return one picture (C, H, W) as a file; of more than three channels the first is shown."""
    layers = picture if len(picture) in (1, 3) else picture[:1]
    pixels = layers[0] if len(layers) == 1 else layers.transpose(1, 2, 0)
    shown = Image.fromarray(np.ascontiguousarray(pixels))
    shown.thumbnail((WIDEST, WIDEST))
    written = io.BytesIO()
    shown.save(written, "PNG")
    return written.getvalue()


def sample(labels: NDArray[np.int64], most: int = MOST) -> tuple[int, ...]:
    """Return the positions of at most `most` pictures: the first of each class (N labels), then the second, and so on.

    Where there are more classes than pictures to choose, they are those of classes evenly apart.
    """
    present = np.unique(labels)
    if len(present) > most:
        present = present[np.linspace(0, len(present) - 1, most).round().astype(int)]
    of_each = ([int(one) for one in np.flatnonzero(labels == label)[:most]] for label in present)
    turns = [one for turn in zip_longest(*of_each) for one in turn if one is not None]
    return tuple(turns[:most])
