"""Pictures that lie in files of their own: what was found, and what is wrong with it, before any is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.data.decode import decoded
from grader.data.pictures import Images, PictureSet, ordered
from grader.faults import DataFault

MOST_BYTES = 8 * 2**30
"""Bytes of all pictures of one set, decoded."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture file; `label` is None where none was found, which is then one of the listing's faults."""

    path: Path
    label: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """All picture files of one place.

    Attributes:
        origin: the place, in words for a report.
        entries: the files in the order in which they are used.
        faults: everything that is wrong, in the order in which it was met; empty for a set that can be used.
    """

    origin: str
    entries: tuple[Entry, ...]
    faults: tuple[DataFault, ...]

    def labels(self) -> list[str]:
        """Return the label of each entry.

        Raises:
            DataFault: the first of the faults, if there is one.
        """
        if self.faults:
            raise self.faults[0]
        return [entry.label for entry in self.entries if entry.label is not None]


def load(listing: Listing, shape: tuple[int, int, int] | None) -> PictureSet:
    """Return the pictures as uint8 (N, C, H, W), in one channel where `shape` (C, H, W) asks for it and else in three.

    Without a `shape` the first picture sets the size. Nothing is ever resized.

    Raises:
        DataFault: names the file that is wrong.
    """
    channels = 3 if shape is None else shape[0]
    if channels not in {1, 3}:
        raise DataFault(f"Pictures have 1 or 3 channels, not {channels}.", fix="Set shape under [input] in the rubric.")
    labels = listing.labels()
    images = _decode([entry.path for entry in listing.entries], channels, None if shape is None else shape[1:])
    classes = ordered(labels)
    positions = {name: position for position, name in enumerate(classes)}
    numbers = np.array([positions[label] for label in labels], dtype=np.int64)
    return PictureSet(images, numbers, classes, listing.origin, tuple(str(entry.path) for entry in listing.entries))


def _decode(paths: Sequence[Path], channels: int, size: tuple[int, int] | None) -> Images:
    # Filled in place: a list of arrays and their stack would hold every picture twice.
    images: Images | None = None
    for position, path in enumerate(paths):
        array = decoded(path, channels)
        height, width = size = (array.shape[1], array.shape[2]) if size is None else size
        if array.shape[1:] != size:
            found = f"{array.shape[2]}×{array.shape[1]}"
            raise DataFault(
                f"{path} is {found} pixels and should be {width}×{height}.",
                fix="Give all pictures that size, or set shape under [input] in the rubric.",
            )
        if images is None:
            images = _room(len(paths), channels, size, paths[0])
        images[position] = array
    assert images is not None  # a listing without entries has a fault
    return images


def _room(count: int, channels: int, size: tuple[int, int], first: Path) -> Images:
    height, width = size
    if count * channels * height * width > MOST_BYTES:
        raise DataFault(
            f"{count:,} pictures of {width}×{height} pixels, such as {first}, do not fit into {MOST_BYTES:,} bytes.",
            fix="Make them smaller, or use fewer.",
        )
    return np.empty((count, channels, height, width), dtype=np.uint8)
