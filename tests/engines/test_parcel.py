"""The pictures come to a node whole and checked, in pieces or from a disk that both see, and never with the labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.data.pictures import PictureSet, Split
from grader.data.store import StoredSplit, store
from grader.engines import parcel as parcels
from grader.engines.parcel import Pantry, Parcel
from grader.faults import GraderFault


@pytest.fixture
def data(tmp_path: Path) -> StoredSplit:
    """Return a few pictures as the head stores them."""
    drawn = np.random.default_rng(0)

    def some(count: int) -> PictureSet:
        images = drawn.integers(0, 256, (count, 3, 8, 8), dtype=np.uint8)
        return PictureSet(images, np.arange(count) % 2, ("a", "b"), "drawn")

    return store(Split(some(40), some(20)), tmp_path / "head")


def brought(pantry: Pantry, parcel: Parcel) -> None:
    """Bring a parcel in pieces."""
    for piece in parcel.pieces():
        pantry.take(parcel, **piece)
    pantry.seal(parcel)


def test_in_pieces(data: StoredSplit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The node has the bytes of the head, those that are standardised included, and no labels that are held out."""
    monkeypatch.setattr(parcels, "PIECE", 1000)
    parcel, pantry = Parcel.of(data), Pantry(tmp_path / "node", "1")
    assert len(list(parcel.pieces())) > 8
    assert pantry.files(parcel) is None
    brought(pantry, parcel)
    files = pantry.files(parcel)
    assert files is not None
    own = {"train_images": data.train_images, "train_labels": data.train_labels}
    own |= {"held_out_images": data.held_out_images, **data.ready()}
    assert {name: Path(path).read_bytes() for name, path in files.items()} == {
        name: path.read_bytes() for name, path in own.items()
    }
    assert not [one for one in (tmp_path / "node").rglob("*") if "held_out_labels" in one.name]


def test_changed_on_the_way(data: StoredSplit, tmp_path: Path) -> None:
    """What is not what was sent is thrown away."""
    parcel, pantry = Parcel.of(data), Pantry(tmp_path / "node", "1")
    for piece in parcel.pieces():
        pantry.take(parcel, **{**piece, "piece": piece["piece"][:-1] + b"?"})
    with pytest.raises(GraderFault, match="changed"):
        pantry.seal(parcel)
    assert list((tmp_path / "node").iterdir()) == []


def test_two_at_once(data: StoredSplit, tmp_path: Path) -> None:
    """Two heads may bring the same: the second finds it there, and what is there stays."""
    parcel = Parcel.of(data)
    first, second = Pantry(tmp_path / "node", "1"), Pantry(tmp_path / "node", "2")
    for piece in parcel.pieces():
        second.take(parcel, **piece)
    brought(first, parcel)
    second.seal(parcel)
    assert [one.name for one in (tmp_path / "node").iterdir()] == [parcel.digest]


def test_from_a_disk_that_both_see(data: StoredSplit, tmp_path: Path) -> None:
    """It is copied where it is the same, and asked for where it is another or none."""
    parcel, pantry = Parcel.of(data), Pantry(tmp_path / "node", "1")
    assert not pantry.adopt(replace(parcel, origin=str(tmp_path / "none")))
    assert not pantry.adopt(replace(parcel, parts=(replace(parcel.parts[0], digest="0" * 64), *parcel.parts[1:])))
    assert list((tmp_path / "node").iterdir()) == []
    assert pantry.adopt(parcel)
    assert pantry.files(parcel) is not None


def test_labels_are_not_taken(data: StoredSplit, tmp_path: Path) -> None:
    """A node keeps what a trainer is given, and no other name, nor a path."""
    parcel, pantry = Parcel.of(data), Pantry(tmp_path / "node", "1")
    for name in ("held_out_labels", "../escaped"):
        with pytest.raises(GraderFault):
            pantry.take(parcel, name, 0, b"x")
