"""Say numbers, shapes and places the way a student would."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grader.records import Layer, Shape

_NAMES_SHOWN = 3

IMPORTS: Mapping[str, str] = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "optim": "from torch import optim",
    "DataLoader": "from torch.utils.data import DataLoader",
    "Dataset": "from torch.utils.data import Dataset",
    "TensorDataset": "from torch.utils.data import TensorDataset",
    "np": "import numpy as np",
    "numpy": "import numpy",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "Image": "from PIL import Image",
    "torchvision": "import torchvision",
    "transforms": "from torchvision import transforms",
    "tqdm": "from tqdm import tqdm",
    "math": "import math",
    "os": "import os",
    "random": "import random",
    "time": "import time",
}
"""Names that everybody binds by the same line, with that line."""


def size(shape: Sequence[int]) -> str:
    """Write a shape as `32 x 15 x 15`, or `7,200 numbers` where it has one axis."""
    if len(shape) == 1:
        return counted(shape[0], "number")
    return " x ".join(f"{length:,}" for length in shape)


def sentence(text: str) -> str:
    """Write text with a capital at its start and a full stop at its end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ".)")) else ".") if text else ""


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: `1 picture`, `7,200 numbers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(share: float) -> str:
    """Write a share as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def named(layer: Layer) -> str:
    """Write a layer with its place: `conv1 (cell 3, line 12)`."""
    place = str(layer.where)
    return f"{layer.name} ({place})" if place else layer.name


def owner(parameter: str) -> str:
    """Return the layer that a parameter belongs to: `conv1` for `conv1.weight`."""
    return parameter.rpartition(".")[0] or parameter


def listed(names: Sequence[str]) -> str:
    """Write names as `a, b and c`; after three it says how many more."""
    if len(names) > _NAMES_SHOWN:
        return f"{', '.join(names[:_NAMES_SHOWN])} and {len(names) - _NAMES_SHOWN} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1] if names else "") if part)


def spatial(shape: Shape) -> Shape:
    """Return height and width of a map (channels, height, width); empty for what is not a map."""
    return shape[1:] if len(shape) > 1 else ()
