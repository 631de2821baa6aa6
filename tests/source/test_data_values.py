"""Values that only the data would give come from the rubric, in small programs that say where they get them."""

from __future__ import annotations

import ast

import pytest

from grader.source.entry import Hints
from tests.source.models import PICTURED, SIZED, answer, built, planned

OTHER = Hints((3, 28, 24), 7)
"""A rubric whose classes and sizes nothing in the programs has by chance."""
HEAD = f"""
import os
import glob
import numpy as np
import pandas as pd
from torchvision import datasets
from torchvision.datasets import ImageFolder
from sklearn.preprocessing import LabelEncoder
from pl_bolts.datamodules import CIFAR10DataModule
from torch.utils.data import random_split
{SIZED}{PICTURED}
"""
FOLDER = "data = ImageFolder('pictures')\n"
BATCH = f"{FOLDER}loader = DataLoader(data)\nimages, labels = next(iter(loader))\n"
CLASSES = {
    "classes": (FOLDER, "len(data.classes)"),
    "classes, of the loader": (f"{FOLDER}loader = DataLoader(data)\n", "len(loader.dataset.classes)"),
    "classes, where they are loaded": ("", "len(ImageFolder('pictures').classes)"),
    "classes, of a part": (f"{FOLDER}part, rest = random_split(data, [9, 1])\n", "len(part.dataset.classes)"),
    "classes, of a dict of sets": (
        "sets = {p: ImageFolder(p) for p in ('train', 'val')}\n",
        "len(sets['train'].classes)",
    ),
    "numbers of the classes": (f"{FOLDER}places = data.class_to_idx\n", "len(places.keys())"),
    "distinct labels": ("y = np.load('y.npy')\n", "len(np.unique(y))"),
    "set of labels": ("data = datasets.CIFAR10('x')\n", "len(set(data.targets))"),
    "largest label": ("y = np.load('y.npy')\n", "int(y.max()) + 1"),
    "largest label, by a function": ("data = datasets.CIFAR10('x')\n", "max(data.targets) + 1"),
    "folders": ("", "len(os.listdir('pictures'))"),
    "folders, under a name": ("folders = sorted(glob.glob('pictures/*'))\n", "len(folders)"),
    "encoder": (
        "table = pd.read_csv('x.csv')\nencoder = LabelEncoder()\nencoder.fit(table['y'])\n",
        "len(encoder.classes_)",
    ),
    "column": ("table = pd.read_csv('x.csv')\n", "table['y'].nunique()"),
    "column, where it is loaded": ("", "pd.read_csv('x.csv')['y'].nunique()"),
    "data module": ("dm = CIFAR10DataModule('.')\n", "dm.num_classes"),
    "loading function": (
        "def load():\n    return ImageFolder('a'), len(ImageFolder('a').classes)\ndata, n_out = load()\n",
        "n_out",
    ),
    "settings changed by data": (f"config = {{'k': None}}\n{FOLDER}config['k'] = len(data.classes)\n", "config['k']"),
    "settings of a class": (f"class Config: pass\n{FOLDER}Config.k = len(data.classes)\n", "Config.k"),
}
SIZES = {
    "shape": (BATCH, "*images.shape[1:]"),
    "shape, by places": (BATCH, "images.shape[1], images.shape[2], images.shape[3]"),
    "size()": (BATCH, "images.size(1), images.size(2), images.size(-1)"),
    "shape of the first": (BATCH, "*images[0].shape"),
    "shape, taken apart": (f"{BATCH}_, c, h, w = images.shape\n", "c, h, w"),
    "shape, without a name": (f"{FOLDER}loader = DataLoader(data)\n", "*next(iter(loader))[0].shape[1:]"),
    "one picture": (f"{FOLDER}image, label = data[0]\n", "image.shape[0], image.shape[1], image.size(2)"),
    "one picture, without a name": (FOLDER, "*data[0][0].shape"),
    "a loop that stops at once": (
        f"{FOLDER}for x, y in DataLoader(data):\n    print(x)\n    c, h, w = x.shape[1:]\n    break\n",
        "c, h, w",
    ),
    "a counted loop": (
        f"{FOLDER}loader = DataLoader(data)\nfor i, (x, y) in enumerate(loader):\n    _, c, h, w = x.shape\n    break\n",
        "c, h, w",
    ),
    "data module": ("dm = CIFAR10DataModule('.')\n", "*dm.dims"),
}


@pytest.mark.parametrize("name", CLASSES)
def test_number_of_classes_comes_from_the_rubric(name: str) -> None:
    """However a program counts its classes, the model has the rubric's, and no argument is guessed for it."""
    data, count = CLASSES[name]
    plan = planned(f"{HEAD}{data}model = Net({count})", OTHER)[0]
    assert {repair.kind for repair in plan.repairs} == {"data"}
    assert answer(built(plan), OTHER) == (2, OTHER.classes)


@pytest.mark.parametrize("name", SIZES)
def test_size_of_a_picture_comes_from_the_rubric(name: str) -> None:
    """However a program asks for the size of its pictures, the model is made for the rubric's."""
    data, sizes = SIZES[name]
    plan = planned(f"{HEAD}{data}model = Pictured({sizes}, 7)", OTHER)[0]
    assert {repair.kind for repair in plan.repairs} == {"data"}
    assert answer(built(plan), OTHER) == (2, OTHER.classes)


def test_data_that_a_constructor_reads() -> None:
    """A class whose `__init__` asks the data set is given the rubric's answer; its training method is left alone."""
    text = SIZED.replace("num_classes, width=8", "width=8").replace("num_classes", "len(data.classes)")
    text += "    def steps(self):\n        return len(data.classes)\n"
    plan = planned(f"{HEAD}{FOLDER}{text}model = Net()", OTHER)[0]
    assert answer(built(plan), OTHER) == (2, OTHER.classes)
    changed = next(one for one in plan.statements if isinstance(one.node, ast.ClassDef))
    assert changed.text.count("len(data.classes)") == 1
    assert changed.repair is not None
    assert changed.repair.kind == "data"


def test_parameter_with_the_name_of_data_is_no_data() -> None:
    """`def __init__(self, images)` has its own `images`."""
    text = SIZED.replace("num_classes, width=8", "images, width=8").replace("num_classes", "images.shape[1]")
    plan = planned(f"{HEAD}{BATCH}{text}model = Net(torch.zeros(2, 7))", OTHER)[0]
    assert not plan.repairs
    assert answer(built(plan), OTHER) == (2, OTHER.classes)


def test_what_a_layer_makes_of_pictures_is_measured() -> None:
    """`conv(images).flatten(1).shape[1]` is no size of a picture: empty pictures go through the layer."""
    text = f"{BATCH}conv = nn.Conv2d(3, 4, 3)\nn = conv(images).flatten(1).shape[1]\nmodel = nn.Sequential(conv, nn.Flatten(), nn.Linear(n, 7))"
    plan = planned(f"{HEAD}{text}", OTHER)[0]
    assert answer(built(plan), OTHER) == (2, OTHER.classes)
    assert "empty pictures were used" in " ".join(repair.message for repair in plan.repairs)


def test_repair_says_what_was_read_and_what_was_put_there() -> None:
    """The report quotes the student's own words."""
    plan = planned(f"{HEAD}{FOLDER}model = Net(len(data.classes))", OTHER)[0]
    (repair,) = plan.repairs
    assert repair.message == "`len(data.classes)` needs data that is not here: 7 (the number of classes) was used."
