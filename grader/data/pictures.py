"""Labelled pictures as plain arrays: what every loader returns and every trainer reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

Images: TypeAlias = "NDArray[np.uint8]"
Labels: TypeAlias = "NDArray[np.int64]"
Pixels: TypeAlias = "NDArray[np.uint8]"
"""One picture as Pillow has it: (H, W) or (H, W, 3)."""

_IMAGE_AXES = 4  # (N, C, H, W)
_DIGITS = 18  # of a number in a class's name; longer ones are text


@dataclass(frozen=True, slots=True, eq=False)
class PictureSet:
    """Hold N pictures of one size with their labels.

    Two sets are compared by `content_hash`, not by `==`, which arrays do not answer with one truth value.

    Raises:
        ValueError: An array has the wrong type or shape, or a label names no class.

    """

    images: Images
    """Pixels from 0 to 255, channels first: shape (N, C, H, W)."""
    labels: Labels
    """The position in `classes` of each picture's class: shape (N,)."""
    classes: tuple[str, ...]
    """The name of each class; the length is the number of outputs that a network needs."""
    origin: str
    """Where the pictures came from, in words for a report; not part of the content."""
    names: tuple[str, ...] = ()
    """What each picture is called where it came from, for messages; not part of the content. Empty: by number."""

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        if self.images.dtype != np.uint8 or self.images.ndim != _IMAGE_AXES:
            msg = f"images must be uint8 (N, C, H, W), not {self.images.dtype} {self.images.shape}"
            raise ValueError(msg)
        if self.labels.dtype != np.int64 or self.labels.shape != self.images.shape[:1]:
            msg = f"labels must be int64 ({len(self.images)},), not {self.labels.dtype} {self.labels.shape}"
            raise ValueError(msg)
        if len(self.labels) and not (self.labels.min() >= 0 and self.labels.max() < len(self.classes)):
            msg = f"labels must lie between 0 and {len(self.classes) - 1}"
            raise ValueError(msg)
        if self.names and len(self.names) != len(self.images):
            msg = f"{len(self.images)} pictures need as many names, not {len(self.names)}"
            raise ValueError(msg)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return the shape (C, H, W) of one picture."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def name(self, position: int) -> str:
        """Return what the picture at `position` is called."""
        return self.names[position] if self.names else f"picture {position + 1} of {self.origin}"

    def digests(self) -> list[bytes]:
        """Return for each picture the SHA-256 of its pixels: 32 bytes over uint8 (C, H, W) in C order."""
        return [hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest() for image in self.images]

    def content_hash(self) -> str:
        """Return 64 hex digits that change when a pixel, a label, the order or a class name changes."""
        digest = hashlib.sha256()
        for array in (self.images, self.labels):
            stored = little_endian(array)
            digest.update(f"{stored.dtype.str} {stored.shape}\n".encode())
            digest.update(stored.tobytes())
        # The length in front keeps ("a", "bc") apart from ("ab", "c").
        for name in self.classes:
            encoded = name.encode()
            digest.update(f"{len(encoded)}:".encode() + encoded)
        return digest.hexdigest()

    def subset(self, indices: ArrayLike) -> PictureSet:
        """Return the pictures at `indices`, in that order, with the same classes and origin.

        `indices` are whole numbers of shape (M,); negative ones count from the end, as in numpy.

        Raises:
            IndexError: An index lies outside the set.

        """
        chosen = np.asarray(indices, dtype=np.int64)
        names = tuple(self.names[position] for position in chosen) if self.names else ()
        return PictureSet(self.images[chosen], self.labels[chosen], self.classes, self.origin, names)


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Hold the pictures to train on and those to be examined with.

    Raises:
        ValueError: The two sides differ in their classes or in the shape of a picture.

    """

    train: PictureSet
    """What a network learns from; its labels may enter the trainer."""
    held_out: PictureSet
    """What a network is scored on; its labels never leave the grader's own process."""

    def __post_init__(self) -> None:
        """Refuse two sides that one network could not serve."""
        if self.train.classes != self.held_out.classes:
            msg = f"both sides need the same classes, not {self.train.classes} and {self.held_out.classes}"
            raise ValueError(msg)
        if self.train.shape != self.held_out.shape:
            msg = f"both sides need the same shape, not {self.train.shape} and {self.held_out.shape}"
            raise ValueError(msg)

    def content_hash(self) -> str:
        """Return 64 hex digits that change when either side changes."""
        sides = self.train.content_hash() + self.held_out.content_hash()
        return hashlib.sha256(sides.encode()).hexdigest()


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Return the different names in order: as numbers where all of them are whole numbers, else as text."""
    different = set(names)
    numbers = all(name.isascii() and name.isdigit() and len(name) <= _DIGITS for name in different)
    return tuple(sorted(different, key=lambda name: (int(name), name)) if numbers else sorted(different))


def little_endian(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array` in C order and little-endian, so that its bytes are the same on every machine."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
