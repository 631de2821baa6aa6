"""Generated pictures of other shapes: cut from the middle, in grey where one channel is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from grader.criteria import DEFINITIONS
from grader.data import patterns
from grader.datasets import split_for
from grader.faults import DataFault
from grader.rubric import parse

PICTURES = patterns.generate(20, 1)


def test_as_they_are() -> None:
    """Their own shape changes no byte."""
    assert patterns.fitted(PICTURES, (3, 32, 32)).content_hash() == PICTURES.content_hash()


def test_cut_and_grey() -> None:
    """The middle is taken, and grey is the weighted sum of the colours, rounded."""
    found = patterns.fitted(PICTURES, (1, 28, 24))
    assert found.images.shape == (20, 1, 28, 24)
    assert found.images.flags["C_CONTIGUOUS"]
    red, green, blue = (int(one) for one in PICTURES.images[7, :, 2 + 5, 4 + 9])
    assert found.images[7, 0, 5, 9] == round((299 * red + 587 * green + 114 * blue) / 1000)
    assert np.array_equal(found.labels, PICTURES.labels)


def test_the_same_bytes_everywhere() -> None:
    """A golden hash holds them, as for the pictures in colour."""
    assert patterns.fitted(PICTURES, (1, 28, 28)).content_hash() == GOLDEN


GOLDEN = "6c0e690eb373d41c9d8b059b06309faa3e8d35ac842f97732a7e0d07a2941931"


@pytest.mark.parametrize("shape", [(1, 33, 28), (2, 28, 28), (3, 15, 32), (4, 32, 32)])
def test_what_cannot_be_had(shape: tuple[int, int, int]) -> None:
    """Nothing is enlarged, and there are no other numbers of channels."""
    assert not patterns.fits(shape)
    with pytest.raises(ValueError, match="cannot be had"):
        patterns.fitted(PICTURES, shape)
    text = f'version = 1\ntitle = "T"\n[input]\nshape = {list(shape)}\n[criteria.built]\npoints = 1\n'
    with pytest.raises(DataFault, match="1 or 3 channels and sides of 16 to 32"):
        split_for(parse(text, "rubrics/t.toml", DEFINITIONS), None)


def test_by_the_rubric() -> None:
    """A rubric for grey pictures of 28x28 gets both sides of the split so."""
    text = 'version = 1\ntitle = "T"\n[input]\nshape = [1, 28, 28]\n[data]\ntrain = 30\nheld_out = 20\n'
    found = split_for(parse(text + "[criteria.built]\npoints = 1\n", "rubrics/t.toml", DEFINITIONS), None)
    assert (found.train.images.shape, found.held_out.images.shape) == ((30, 1, 28, 28), (20, 1, 28, 28))
