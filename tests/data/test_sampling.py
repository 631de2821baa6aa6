"""Which pictures are shown: a few of every class, by the labels alone."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from grader.data.sampling import MOST, as_png, sample


def test_every_class_comes_in_turn() -> None:
    """The first of each class, then the second of each, until there are enough."""
    labels = np.array([0] * 50 + [1] * 50 + [2] * 2, dtype=np.int64)
    assert sample(labels, 7) == (0, 50, 100, 1, 51, 101, 2)
    assert len(sample(labels)) == MOST


def test_more_classes_than_pictures() -> None:
    """Of a hundred classes those evenly apart have one picture each; of few pictures, all are shown."""
    found = sample(np.repeat(np.arange(100), 3))
    assert len(found) == len(set(found)) == MOST
    assert (found[0], found[-1]) == (0, 297)
    assert sample(np.array([1, 0])) == (1, 0)


@pytest.mark.parametrize(
    ("shape", "mode"), [((3, 32, 32), "RGB"), ((1, 28, 28), "L"), ((5, 8, 8), "L"), ((3, 300, 200), "RGB")]
)
def test_a_picture_is_a_small_file(shape: tuple[int, int, int], mode: str) -> None:
    """Colours or greys, no wider than a thumb's nail."""
    image = Image.open(io.BytesIO(as_png(np.zeros(shape, np.uint8))))
    assert image.mode == mode
    assert max(image.size) <= 96
