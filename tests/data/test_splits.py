"""Splitting: every class keeps its share, and the same seed deals the same pictures."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.data.pictures import PictureSet, Split
from grader.data.splits import refuse_shared, shared, stratified, without_shared
from grader.faults import DataFault
from tests.stress import STRESS


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


def with_copies(groups: list[list[int]]) -> PictureSet:
    """Return for each class pictures of which each is there as many times as its number says."""
    sizes = [(label, size) for label, members in enumerate(groups) for size in members]
    images = np.zeros((len(sizes), 1, 1, 2), dtype=np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(len(sizes)) >> 8, np.arange(len(sizes)) & 255
    times = [size for _, size in sizes]
    labels = np.repeat(np.array([label for label, _ in sizes], dtype=np.int64), times)
    mixed = np.argsort(np.arange(len(labels)) * 7919 % 104_729, kind="stable")
    classes = tuple(f"class {label}" for label in range(len(groups)))
    return PictureSet(np.repeat(images, times, axis=0)[mixed], labels[mixed], classes, "made up")


@settings(max_examples=5_000 if STRESS else 100, deadline=None)
@given(
    groups=st.lists(st.lists(st.integers(1, 6), min_size=2, max_size=12), min_size=1, max_size=3),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32 - 1),
)
def test_copies_stay_on_one_side(groups: list[list[int]], share: float, seed: int) -> None:
    """However many copies there are: none is on both sides, none is lost, and no class leaves a side."""
    whole = with_copies(groups)
    split = stratified(whole, share, seed)
    assert shared(split) == []
    assert sorted(places(split.train) + places(split.held_out)) == sorted(places(whole))
    for label, members in enumerate(groups):
        total, held = sum(members), int((split.held_out.labels == label).sum())
        wanted = min(max(round(total * share), 1), total - 1)
        assert 0 < held < total
        assert wanted - max(members) < held <= max(wanted, min(members))


def test_a_class_of_one_picture_over_and_over_is_named() -> None:
    """Copies of one picture cannot be on both sides."""
    with pytest.raises(DataFault, match="The class class 1 has 5 copies of one picture, such as picture"):
        stratified(with_copies([[1, 1], [5]]), 0.2, seed=0)


def test_one_picture_under_two_labels_is_refused() -> None:
    """Both names and both labels are said."""
    whole = pictures(4, 4)
    images = whole.images.copy()
    first, other = (int(np.flatnonzero(whole.labels == label)[0]) for label in (0, 1))
    images[other] = images[first]
    names = tuple(f"{number}.png" for number in range(8))
    broken = PictureSet(images, whole.labels, whole.classes, "made up", names)
    with pytest.raises(DataFault, match="are the same picture under two labels") as caught:
        stratified(broken, 0.2, seed=0)
    for number, label in ((first, "class 0"), (other, "class 1")):
        assert f"{number}.png ({label})" in caught.value.what


def test_sides_that_share_a_picture() -> None:
    """A source's own test set is held to the training set by pixels, whatever the label; the names are said."""
    whole = pictures(10, 10)
    clean = stratified(whole, 0.3, seed=1)
    refuse_shared(clean)
    images = clean.train.images.copy()
    images[3], images[5] = clean.held_out.images[2], clean.held_out.images[4]
    leaky = Split(PictureSet(images, clean.train.labels, whole.classes, "the training set"), clean.held_out)
    assert shared(leaky) == [(3, 2), (5, 4)]
    with pytest.raises(DataFault, match="2 held-out pictures are also") as caught:
        refuse_shared(leaky)
    assert "picture 4 of the training set = picture 3 of made up" in caught.value.what
    mended = without_shared(leaky)
    assert shared(mended) == []
    assert len(mended.train) == len(clean.train) - 2
    assert mended.held_out.content_hash() == clean.held_out.content_hash()
    with pytest.raises(DataFault, match="Every training picture of the class class 0"):
        without_shared(Split(clean.held_out, clean.held_out))
