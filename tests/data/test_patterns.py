"""The generated pictures: the same bytes everywhere, balanced, and nothing but texture tells the classes apart."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from grader.data import patterns
from grader.data.pictures import PictureSet, Split


def test_the_bytes_never_change() -> None:
    """The first fifty pictures of seed 1 have these bytes, on every machine and numpy."""
    pictures = patterns.generate(50, seed=1)
    assert hashlib.sha256(pictures.images.tobytes()).hexdigest() == GOLDEN_IMAGES
    assert pictures.labels.tolist() == GOLDEN_LABELS


def test_shape_and_types() -> None:
    """Pictures are 3x32x32 bytes, and the ten class names are short words in alphabetical order."""
    pictures = patterns.generate(20, seed=3)
    assert pictures.images.shape == (20, 3, 32, 32)
    assert pictures.images.dtype == np.uint8
    assert pictures.shape == (3, 32, 32)
    assert len(pictures) == 20
    assert pictures.classes == tuple(sorted(pictures.classes))
    assert len(pictures.classes) == 10
    assert all(name.isalpha() and len(name) <= 8 for name in pictures.classes)


@pytest.mark.parametrize("count", [0, 7, 10, 203])
def test_classes_are_even(count: int) -> None:
    """No class has more than one picture more than another."""
    numbers = np.bincount(patterns.generate(count, seed=5).labels, minlength=10)
    assert numbers.sum() == count
    assert np.ptp(numbers) <= 1


def test_classes_are_shuffled() -> None:
    """The order of the pictures does not give their classes away."""
    labels = patterns.generate(200, seed=1).labels
    assert labels.tolist() != (np.arange(200) % 10).tolist()
    assert labels[:20].tolist() != patterns.generate(200, seed=2).labels[:20].tolist()


def test_seeds_give_different_pictures() -> None:
    """Another seed shares no picture."""
    assert not _rows(patterns.generate(200, seed=1)) & _rows(patterns.generate(200, seed=2))


def test_sides_share_no_picture_even_with_one_seed() -> None:
    """Training and held-out pictures come from different streams, so equal seeds leak nothing."""
    split = patterns.split(200, 200, seed=4, held_out_seed=4)
    assert not _rows(split.train) & _rows(split.held_out)


def test_a_private_seed_changes_only_the_held_out_side() -> None:
    """An instructor's own held-out seed leaves the training pictures as they are."""
    public, private = (patterns.split(100, 50, seed=1, held_out_seed=seed) for seed in (2, 123_456_789_012_345))
    assert public.train.content_hash() == private.train.content_hash() == patterns.generate(100, 1).content_hash()
    assert public.held_out.content_hash() != private.held_out.content_hash()


def test_colour_says_nothing_about_the_class() -> None:
    """The mean colour of a class is the same as that of all pictures, within what chance explains."""
    pictures = patterns.generate(2000, seed=6)
    colours = pictures.images.mean(axis=(2, 3))
    for label in range(10):
        own = colours[pictures.labels == label]
        error = own.std(axis=0) / np.sqrt(len(own))
        assert np.all(np.abs(own.mean(axis=0) - colours.mean(axis=0)) < 4.5 * error)


def test_no_pixel_says_much_about_the_class() -> None:
    """The mean picture of a class is flat: position and phase are drawn anew, which is why dense layers fail."""
    pictures = patterns.generate(2000, seed=6)
    for label in range(10):
        mean = pictures.images[pictures.labels == label].mean(axis=(0, 1))
        assert mean.std() < 0.1 * pictures.images.std()


def test_stripes_run_as_their_names_say() -> None:
    """Rows change from top to bottom, columns from left to right, and the diagonals along their own direction."""
    pictures = patterns.generate(400, seed=8)
    values = pictures.images.astype(float).mean(axis=1)

    def change(name: str, down: int, right: int) -> float:
        chosen = values[pictures.labels == pictures.classes.index(name)]
        return float(np.abs(chosen - np.roll(chosen, (-down, -right), axis=(1, 2)))[:, 2:-2, 2:-2].mean())

    assert change("rows", 2, 0) > 1.5 * change("rows", 0, 2)
    assert change("columns", 0, 2) > 1.5 * change("columns", 2, 0)
    assert change("rising", 2, 2) > 1.5 * change("rising", -2, 2)  # a rising stripe goes up to the right
    assert change("falling", -2, 2) > 1.5 * change("falling", 2, 2)


@pytest.mark.parametrize(("count", "seed"), [(-1, 0), (10, -1)])
def test_negative_numbers_are_refused(count: int, seed: int) -> None:
    """A negative count or seed is named, not wrapped around."""
    with pytest.raises(ValueError, match="must not be negative"):
        patterns.generate(count, seed)


def test_nothing_here_imports_torch() -> None:
    """The data package loads without torch, so that `grader data` and the tests start at once."""
    modules = "loaders, patterns, pictures, splits, store"
    program = f"import sys; from grader.data import {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_content_hash_sees_everything_but_the_origin() -> None:
    """A pixel, a label, the order or a class name changes the hash; where the pictures came from does not."""
    one = patterns.generate(20, seed=1)
    pixel = one.images.copy()
    pixel[3, 1, 4, 4] ^= 1
    label = one.labels.copy()
    label[0] = (label[0] + 1) % 10
    renamed = ("spots", *one.classes[1:])
    others = [
        PictureSet(pixel, one.labels, one.classes, one.origin),
        PictureSet(one.images, label, one.classes, one.origin),
        PictureSet(one.images, one.labels, renamed, one.origin),
        one.subset(range(19, -1, -1)),
        one.subset(range(19)),
    ]
    hashes = [other.content_hash() for other in others]
    assert len({one.content_hash(), *hashes}) == len(hashes) + 1
    elsewhere = PictureSet(one.images, one.labels, one.classes, "somewhere else")
    assert elsewhere.content_hash() == one.content_hash()


def test_content_hash_does_not_depend_on_the_layout_in_memory() -> None:
    """Transposed memory with the same pixels has the same hash."""
    one = patterns.generate(10, seed=1)
    turned = np.asfortranarray(one.images)
    assert PictureSet(turned, one.labels, one.classes, "").content_hash() == one.content_hash()


def test_pictures_that_do_not_belong_together_are_refused() -> None:
    """Wrong types, wrong lengths, labels without a class and unequal sides raise ValueError."""
    one = patterns.generate(10, seed=1)
    with pytest.raises(ValueError, match="images must be uint8"):
        PictureSet(one.images.astype(np.float32), one.labels, one.classes, "")
    with pytest.raises(ValueError, match="labels must be int64"):
        PictureSet(one.images, one.labels[:9], one.classes, "")
    with pytest.raises(ValueError, match="labels must lie between 0 and 8"):
        PictureSet(one.images, one.labels, one.classes[:9], "")
    with pytest.raises(ValueError, match="the same shape"):
        Split(one, PictureSet(one.images[:, :1], one.labels, one.classes, ""))
    with pytest.raises(ValueError, match="the same classes"):
        Split(one, PictureSet(one.images, one.labels, ("spots", *one.classes[1:]), ""))


def _rows(pictures: PictureSet) -> set[bytes]:
    return {image.tobytes() for image in pictures.images}


GOLDEN_IMAGES = "76760afff727ceb32491c184c8d692fb58fa6923bc2fe4322096dabdfc4f66c4"
# fmt: off
GOLDEN_LABELS = [
    9, 6, 9, 1, 6, 2, 8, 8, 8, 3, 9, 7, 1, 4, 4, 2, 7, 7, 5, 5, 8, 2, 5, 6, 0,
    0, 7, 1, 6, 8, 2, 4, 2, 0, 5, 0, 7, 0, 3, 3, 9, 6, 4, 1, 5, 3, 1, 4, 9, 3,
]
# fmt: on
