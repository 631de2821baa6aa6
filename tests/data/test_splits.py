"""Splitting: every class keeps its share, and the same seed deals the same pictures."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from grader.data.pictures import PictureSet
from grader.data.splits import stratified
from grader.faults import DataFault


def pictures(*counts: int) -> PictureSet:
    """Return that many pictures of each class, mixed; the first two bytes of a picture say its place."""
    labels = np.repeat(np.arange(len(counts)), counts)
    labels = labels[np.argsort(np.arange(len(labels)) * 7919 % 104_729, kind="stable")].astype(np.int64)
    images = np.zeros((len(labels), 1, 1, 2), dtype=np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(len(labels)) >> 8, np.arange(len(labels)) & 255
    return PictureSet(images, labels, tuple(f"class {number}" for number in range(len(counts))), "made up")


def places(part: PictureSet) -> list[int]:
    """Return the places that the pictures had before the split."""
    return [int(high) * 256 + int(low) for high, low in part.images[:, 0, 0, :]]


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.8, 0.99])
def test_nothing_is_lost_or_doubled(share: float) -> None:
    """Both sides together are all pictures, each once, in their old order and with their labels."""
    whole = pictures(40, 7, 2)
    split = stratified(whole, share, seed=3)
    assert sorted(places(split.train) + places(split.held_out)) == list(range(49))
    for side in (split.train, split.held_out):
        assert places(side) == sorted(places(side))
        assert side.labels.tolist() == whole.labels[places(side)].tolist()
        assert set(side.labels.tolist()) == {0, 1, 2}


def test_every_class_keeps_its_share() -> None:
    """A fifth of a hundred and a fifth of ten are held out."""
    split = stratified(pictures(100, 10, 50), 0.2, seed=0)
    assert np.bincount(split.held_out.labels).tolist() == [20, 2, 10]


def test_the_seed_decides() -> None:
    """The same seed deals the same pictures; another seed deals others."""
    whole = pictures(300, 300)
    first, again, other = (stratified(whole, 0.2, seed) for seed in (1, 1, 2))
    assert first.content_hash() == again.content_hash()
    assert first.content_hash() != other.content_hash()


def test_the_deal_never_changes() -> None:
    """An upgrade of numpy deals the same pictures: a class is not graded anew because of it."""
    chosen = places(stratified(pictures(300, 300), 0.2, seed=1).held_out)
    assert hashlib.sha256(repr(chosen).encode()).hexdigest()[:16] == "95c88804860d4e26"


def test_a_class_too_small_is_named() -> None:
    """A class that cannot be on both sides is named with what it has."""
    with pytest.raises(DataFault, match="The class class 1 has one picture"):
        stratified(pictures(5, 1), 0.2, seed=0)
    with pytest.raises(DataFault, match="The class class 0 has no picture"):
        stratified(pictures(0, 5), 0.2, seed=0)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, 1.5, float("nan")])
def test_a_share_outside_is_refused(share: float) -> None:
    """A share of nothing or of everything leaves a side empty."""
    with pytest.raises(DataFault, match="must lie between 0 and 1"):
        stratified(pictures(5, 5), share, seed=0)
