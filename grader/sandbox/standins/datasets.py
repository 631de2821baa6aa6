"""torchvision's data sets without their data: the rubric's shape and classes, and the length of the real ones.

Nothing is read and nothing is fetched. Pictures are black, labels go round the classes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from PIL import Image

from grader.source.guessing.guesses import Hints

LENGTHS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "CIFAR10": (50_000, 10_000),
        "CIFAR100": (50_000, 10_000),
        "MNIST": (60_000, 10_000),
        "FashionMNIST": (60_000, 10_000),
        "KMNIST": (60_000, 10_000),
        "QMNIST": (60_000, 60_000),
        "EMNIST": (112_800, 18_800),
        "USPS": (7_291, 2_007),
        "SVHN": (73_257, 26_032),
        "STL10": (5_000, 8_000),
        "Flowers102": (1_020, 6_149),
        "OxfordIIITPet": (3_680, 3_669),
        "Food101": (75_750, 25_250),
        "GTSRB": (26_640, 12_630),
        "CelebA": (162_770, 19_962),
    }
)
"""How many pictures there are for training and for testing."""

_ANY = (1_000, 1_000)
_TENSORS = frozenset({"MNIST", "FashionMNIST", "KMNIST", "QMNIST", "EMNIST"})
"""Those that hold tensors; the others hold arrays and lists."""


class Pictures(torch.utils.data.Dataset[Any]):
    """A data set of torchvision's."""

    hints = Hints()
    transform: Callable[..., Any] | None
    target_transform: Callable[..., Any] | None

    def __init__(self, root: Any = "", *args: Any, **kwargs: Any) -> None:
        """Take what the real ones take: a folder, `train` or `split`, transforms, `download`."""
        flags = [one for one in args if isinstance(one, bool)]
        calls = [one for one in args if callable(one)]
        self.root = root
        self.split = kwargs.get("split", "train")
        self.train: bool = kwargs.get("train", flags[0] if flags else self.split in ("train", "trainval", "extra"))
        self.transform = kwargs.get("transform", calls[0] if calls else None)
        self.target_transform = kwargs.get("target_transform", calls[1] if len(calls) > 1 else None)
        self.transforms = kwargs.get("transforms")
        self.classes = [str(index) for index in range(self.hints.classes)]
        self.class_to_idx = {name: index for index, name in enumerate(self.classes)}
        self._length = self._lengths(kwargs)[0 if self.train else 1]

    def _lengths(self, kwargs: Mapping[str, Any]) -> tuple[int, int]:
        return next((LENGTHS[one] for one in self._names() if one in LENGTHS), _ANY)

    def _names(self) -> list[str]:
        """Return the names of its class and of those that the student's class derives from."""
        return [one.__name__ for one in type(self).__mro__]

    def __len__(self) -> int:
        """Return how many pictures the real one has."""
        return self._length

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Return a black picture and its label, through the transforms."""
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        picture: Any = blank(self.hints)
        label: Any = index % len(self.classes)
        if self.transforms is not None:
            return self.transforms(picture, label)  # type: ignore[no-any-return]
        if self.transform is not None:
            picture = self.transform(picture)
        return picture, label if self.target_transform is None else self.target_transform(label)

    @functools.cached_property
    def targets(self) -> Any:
        """Return all labels."""
        labels = [index % len(self.classes) for index in range(len(self))]
        return torch.tensor(labels) if _TENSORS.intersection(self._names()) else labels

    @property
    def labels(self) -> Any:
        """Return all labels, under SVHN's name for them."""
        return np.asarray(self.targets)

    @functools.cached_property
    def data(self) -> Any:
        """Return all pictures, (N, H, W) or (N, H, W, C) bytes."""
        channels, height, width = self.hints.input_shape
        pictures = np.zeros((len(self), height, width, *((channels,) if channels > 1 else ())), np.uint8)
        return torch.from_numpy(pictures) if _TENSORS.intersection(self._names()) else pictures

    @property
    def samples(self) -> list[tuple[str, int]]:
        """Return paths and labels, as of an ImageFolder."""
        return [(f"{self.classes[label]}/{index}.png", label) for index, label in enumerate(map(int, self.targets))]

    imgs = samples


class FakeData(Pictures):
    """torchvision's invented data set, which is as long as it is asked to be."""

    def __init__(self, size: int = 1_000, *args: Any, **kwargs: Any) -> None:
        """Take a size; shape and classes are the rubric's."""
        super().__init__("", *args, **{**kwargs, "size": size})

    def _lengths(self, kwargs: Mapping[str, Any]) -> tuple[int, int]:
        return int(kwargs["size"]), int(kwargs["size"])


def blank(hints: Hints) -> Any:
    """Return a black picture of the rubric's size: a PIL one, or a tensor where PIL has none with so many channels."""
    channels, height, width = hints.input_shape
    mode = {1: "L", 3: "RGB", 4: "RGBA"}.get(channels)
    return torch.zeros(hints.input_shape) if mode is None else Image.new(mode, (width, height))


@contextmanager
def loaders_of_one_process() -> Iterator[None]:
    """Let a DataLoader work without helpers, which a child of the sandbox may not start, and without a GPU."""
    original = torch.utils.data.DataLoader.__init__
    helpers = {
        "num_workers",
        "pin_memory",
        "persistent_workers",
        "prefetch_factor",
        "timeout",
        "multiprocessing_context",
    }

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        given = {name: value for name, value in kwargs.items() if name not in helpers}
        original(self, *args[:_WORKERS], **given)

    torch.utils.data.DataLoader.__init__ = init  # type: ignore[method-assign]
    try:
        yield
    finally:
        torch.utils.data.DataLoader.__init__ = original  # type: ignore[method-assign]


_WORKERS = 5
"""Where `num_workers` stands among a DataLoader's arguments."""


def data_sets(hints: Hints) -> dict[str, Any]:
    """Return the stand-ins of `torchvision.datasets` by name; `*` makes one for any other class."""

    def other(name: str) -> type[Pictures]:
        return type(name, (Pictures,), {"hints": hints})

    named = {name: other(name) for name in (*LENGTHS, "ImageFolder", "DatasetFolder", "VisionDataset", "ImageNet")}
    return {**named, "FakeData": type("FakeData", (FakeData,), {"hints": hints}), "*": other}
