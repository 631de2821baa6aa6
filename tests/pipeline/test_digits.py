"""Real pictures through the whole pipeline: handwritten digits in the course's layout, from PNG to grade."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from grader.data import loaders
from grader.data.pictures import PictureSet
from tests.data.makers import digits
from tests.pipeline.contents import contents
from tests.pipeline.runs import grader

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

RUBRIC = """
version = 1
title = "Handwritten digits"
[input]
shape = [1, 8, 8]
classes = 10
[data]
source = "pictures"
held_out_fraction = 0.25
[reference]
solution = "reference.py"
seeds = 2
[recipe]
steps = 60
[criteria.convolution]
points = 2
[criteria.accuracy]
points = 6
"""

REFERENCE = """
from torch import nn
model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 2 * 2, 10),
)
"""

CONVOLUTIONAL = """
from torch import nn
class Digits(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 12, 3)
        self.pool = nn.MaxPool2d(2)
        self.dense = nn.Linear(12 * 3 * 3, 10)
    def forward(self, x):
        return self.dense(self.pool(self.conv(x).relu()).flatten(1))
net = Digits()
"""

DENSE = """
from torch import nn
net = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
"""


def write_pictures(place: Path, pictures: PictureSet, order: Sequence[int]) -> None:
    """Write `1.png` … and `y.csv` in the course's layout, files and rows in this order."""
    place.mkdir(parents=True)
    with (place / "y.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["index", "label"])
        for position in order:
            Image.fromarray(pictures.images[position, 0]).save(place / f"{position + 1}.png")
            table.writerow([position + 1, WORDS[pictures.labels[position]]])


@dataclass(frozen=True, slots=True)
class Course:
    """A folder with everything that a course has: pictures, rubric, reference and two submissions."""

    folder: Path
    cache: Path

    @classmethod
    def written(cls, folder: Path, cache: Path, order: Sequence[int]) -> Course:
        """Write it, the pictures in this order."""
        write_pictures(folder / "pictures", digits(), order)
        (folder / "rubric.toml").write_text(RUBRIC)
        (folder / "reference.py").write_text(REFERENCE)
        (folder / "class").mkdir()
        (folder / "class" / "convolutional.py").write_text(CONVOLUTIONAL)
        (folder / "class" / "dense.py").write_text(DENSE)
        return cls(folder, cache)

    @property
    def out(self) -> Path:
        """Return where the gradebook goes."""
        return self.folder / "out"

    def graded(self) -> str:
        """Run the batch; return what it printed."""
        words = ["batch", str(self.folder / "class"), "--rubric", str(self.folder / "rubric.toml")]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GRADER_CACHE", str(self.cache))
            return grader(*words, "--out", str(self.out), "--workers", "1").stdout

    def reports(self) -> dict[str, dict[str, Any]]:
        """Return the reports by id."""
        plain = json.loads((self.out / "report.json").read_text(encoding="utf-8"))
        return {one["submission"]["id"]: one for one in plain["reports"]}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Course:
    """Return the course after its class was graded."""
    found = Course.written(tmp_path_factory.mktemp("digits") / "course", cache, range(len(digits())))
    found.graded()
    return found


def test_pictures_come_back_as_they_were(tmp_path: Path) -> None:
    """1,797 digits written as numbered PNGs are read to the pixel, in the order of their numbers, with their labels."""
    pictures = digits()
    order = list(range(len(pictures)))
    random.Random(3).shuffle(order)
    write_pictures(tmp_path / "pictures", pictures, order)
    found = loaders.load(tmp_path / "pictures", (1, 8, 8))
    assert isinstance(found, PictureSet)
    assert np.array_equal(found.images, pictures.images)
    assert [found.classes[one] for one in found.labels] == [WORDS[one] for one in pictures.labels]


@pytest.mark.slow
def test_digits_are_learnt(course: Course) -> None:
    """A convolution, and a single dense layer too, name far more than the tenth of the digits that a guess names."""
    reports = course.reports()
    scores = {name: one["score"] for name, one in reports.items()}
    assert {one["n"] for one in scores.values()} == {450}  # a quarter of each class, rounded
    assert scores["convolutional"]["accuracy"] > 0.8
    assert scores["dense"]["accuracy"] > 0.6
    assert scores["convolutional"]["reference"]["mean"] > 0.8
    assert [one["name"] for one in scores["dense"]["classes"]] == sorted(WORDS)
    earned = {name: {one["criterion"]: one["points"] for one in plain["findings"]} for name, plain in reports.items()}
    assert (earned["convolutional"]["convolution"], earned["dense"]["convolution"]) == (2, 0)


@pytest.mark.slow
def test_the_same_command_again_changes_nothing(course: Course) -> None:
    """Decoding the same PNGs again gives the same pictures, so that nothing is trained a second time."""
    before = contents(course.out)
    assert course.graded().startswith("Nothing changed: all 2 submissions are as in run 1")
    assert contents(course.out) == before


@pytest.mark.slow
def test_order_and_place_of_the_files_play_no_part(course: Course, tmp_path: Path) -> None:
    """Another folder whose files and rows were written in another order, graded from nothing: equal to the bit."""
    order = list(range(len(digits())))
    random.Random(5).shuffle(order)
    # A cache of its own, so that pictures and reference are made anew; which walls hold here is known already.
    shutil.copytree(course.cache / "walls", tmp_path / "cache" / "walls")
    other = Course.written(tmp_path / "elsewhere", tmp_path / "cache", order)
    other.graded()
    here, there = contents(course.out), contents(other.out)
    assert len(there["trainings"]) == 2
    assert there == here
    references = [one.reports()["dense"]["score"]["reference"]["accuracies"] for one in (course, other)]
    assert references[0] == references[1]
