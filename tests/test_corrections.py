"""Corrected labels: which pictures a table means, and what becomes of earlier corrections."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grader.corrections import Correction, Corrections, read
from grader.data.pictures import PictureSet, Split
from grader.data.store import StoredSplit, store
from grader.faults import DataFault, OperatorFault

CLASSES = ("cat", "dog", "frog")


def side(labels: list[int], names: tuple[str, ...] = ()) -> PictureSet:
    """Return pictures of one pixel each, all different."""
    images = (np.arange(len(labels), dtype=np.uint8) + len(names)).reshape(-1, 1, 1, 1)
    return PictureSet(images, np.array(labels, dtype=np.int64), CLASSES, "made up", names)


def stored(folder: Path, *, names: bool = True) -> StoredSplit:
    """Return a split of three pictures to train on and three held out."""
    train = ("/x/data/1.png", "/x/data/3.png", "/x/data/5.png") if names else ()
    held_out = ("/x/data/2.png", "/x/data/4.png", "/x/data/6.png") if names else ()
    return store(Split(side([0, 1, 2], train), side([0, 1, 2], held_out)), folder)


def table(folder: Path, text: str) -> Path:
    """Write a table of labels."""
    path = folder / "y.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_whole_table_again(tmp_path: Path) -> None:
    """Of the course's whole y.csv only what differs counts; pictures to train on are told apart."""
    data = stored(tmp_path / "cache")
    path = table(tmp_path, "index,label\n1,cat\n2,dog\n3,frog\n4,dog\n5,frog\n6,cat\n")
    found = read(path, data, Corrections(data.content_hash))
    assert found.changed == (Correction(0, "data/2.png", "cat", "dog"), Correction(2, "data/6.png", "frog", "cat"))
    assert found.corrections.labels == found.changed
    assert found.corrections.numbers(CLASSES) == {0: 1, 2: 0}
    assert found.training == ("data/3.png",)
    assert str(found.corrections) == "data/2.png: cat → dog; data/6.png: frog → cat"


def test_a_few_rows_keep_earlier_corrections(tmp_path: Path) -> None:
    """Where the table is silent an earlier correction stays; what is corrected back is none any more."""
    data = stored(tmp_path / "cache")
    first = read(table(tmp_path, "index,label\n2,dog\n4,cat\n"), data, Corrections(data.content_hash)).corrections
    second = read(table(tmp_path, "index,label\n2,cat\n6,dog\n"), data, first)
    assert second.changed == (Correction(0, "data/2.png", "dog", "cat"), Correction(2, "data/6.png", "frog", "dog"))
    assert [one.position for one in second.corrections.labels] == [1, 2]
    assert Corrections.from_json(second.corrections.to_json()) == second.corrections


@pytest.mark.parametrize("called", ["2", "02", "2.png", "2.PNG", "data/2.png", "data\\2.png"])
def test_what_a_picture_is_called(called: str, tmp_path: Path) -> None:
    """A number, a file's name and the end of its path all mean the same picture."""
    data = stored(tmp_path / "cache")
    found = read(table(tmp_path, f"picture;label\n{called};frog\n"), data, Corrections(data.content_hash))
    assert [one.position for one in found.changed] == [0]


def test_pictures_without_names_go_by_position(tmp_path: Path) -> None:
    """Generated pictures have no names: their number is the position among those held out, from 1."""
    data = stored(tmp_path / "cache", names=False)
    found = read(table(tmp_path, "index,label\n3,cat\n"), data, Corrections(data.content_hash))
    assert found.changed == (Correction(2, "held-out picture 3", "frog", "cat"),)


def test_one_name_for_two_pictures(tmp_path: Path) -> None:
    """In folders per class a number alone may mean two pictures; the path tells them apart."""
    names = ("/x/cat/1.png", "/x/dog/1.png", "/x/frog/2.png")
    data = store(Split(side([0, 1, 2], names), side([0, 1, 2], names)), tmp_path / "cache")
    earlier = Corrections(data.content_hash)
    with pytest.raises(DataFault, match="there is no picture '1'"):
        read(table(tmp_path, "index,label\n1,frog\n"), data, earlier)
    found = read(table(tmp_path, "index,label\ndog/1.png,frog\n"), data, earlier)
    assert [one.position for one in found.changed] == [1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("index,label\n9,cat\n", "row 2: there is no picture '9'.*data/2.png and data/4.png"),
        ("index,label\n2,dgo\n", "row 2: there is no class 'dgo'. Did you mean dog"),
        ("number,class\n2,dog\n", "no columns index and label"),
        ("index,label\n", "has no rows"),
    ],
)
def test_mistakes_are_named(text: str, words: str, tmp_path: Path) -> None:
    """What is wrong with a table is one sentence with its row."""
    data = stored(tmp_path / "cache")
    with pytest.raises(DataFault, match=words):
        read(table(tmp_path, text), data, Corrections(data.content_hash))


def test_no_table(tmp_path: Path) -> None:
    """A file that is not there is the operator's mistake."""
    data = stored(tmp_path / "cache")
    with pytest.raises(OperatorFault, match="--labels"):
        read(tmp_path / "gone.csv", data, Corrections(data.content_hash))
