"""Read MNIST's own files: `train-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`, …, packed with gzip or not.

Format: http://yann.lecun.com/exdb/mnist/ - a magic number and the sizes as 32-bit big-endian numbers, then bytes.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from grader.data.arrays import Array, Shape, fitted, labelled, united, words
from grader.data.pictures import PictureSet, Split
from grader.faults import DataFault

MOST_BYTES = 2**30
"""Bytes of one file, unpacked."""

_TRAIN, _HELD_OUT = "train", "t10k"
_IMAGES, _LABELS = "images", "labels"
_AXES = {_IMAGES: 3, _LABELS: 1}
_UNSIGNED_BYTES = 0x08  # the third byte of the magic number
_AGAIN = "Download it again."


def recognised(folder: Path) -> bool:
    """Tell whether a file of pictures or labels lies in the folder."""
    return any(_find(folder, side, content) for side in (_TRAIN, _HELD_OUT) for content in _AXES)


def load(folder: Path, shape: Shape | None) -> PictureSet | Split:
    """Return the pictures as uint8 (N, 1, H, W), or in the channels of `shape`; `t10k` is the held-out side.

    Raises:
        DataFault: a file is missing, cut short, too large or something else.
    """
    train = _side(folder, _TRAIN, shape)
    if not any(_find(folder, _HELD_OUT, content) for content in _AXES):
        return train
    return united(train, _side(folder, _HELD_OUT, shape))


def _find(folder: Path, side: str, content: str) -> Path | None:
    """Return the file; some programs write `idx3.ubyte` or `.idx3-ubyte` and unpack into a folder."""
    stems = (f"{side}-{content}-idx{_AXES[content]}-ubyte", f"{side}-{content}.idx{_AXES[content]}-ubyte")
    candidates = (folder / f"{stem}{packed}" for stem in stems for packed in ("", ".gz"))
    return next((path for path in candidates if path.is_file()), None)


def _side(folder: Path, side: str, shape: Shape | None) -> PictureSet:
    paths = {content: _find(folder, side, content) for content in _AXES}
    images, labels = paths[_IMAGES], paths[_LABELS]
    if images is None or labels is None:
        missing = _IMAGES if images is None else _LABELS
        name = f"{side}-{missing}-idx{_AXES[missing]}-ubyte"
        raise DataFault(f"{folder} has no {name} or {name}.gz.", fix="Put all files of the data set into it.")
    pictures = np.ascontiguousarray(_array(images, 3)[:, None])
    names = [f"{images}, picture {position + 1}" for position in range(len(pictures))]
    found = words(_array(labels, 1), (), str(labels))
    return labelled(fitted(pictures, shape, str(images)), found, (), str(images), names)


def _array(path: Path, axes: int) -> Array:
    """Return the bytes of one file as an array of that many axes."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            head = stream.read(4 + 4 * axes)
            if len(head) < 4 + 4 * axes or head[:4] != bytes([0, 0, _UNSIGNED_BYTES, axes]):
                raise DataFault(f"{path} does not begin as an IDX file of {axes} axes does.", fix=_AGAIN)
            sizes = struct.unpack(f">{axes}I", head[4:])
            expected = math.prod(sizes)
            if expected > MOST_BYTES:
                raise DataFault(
                    f"{path} says that it holds {expected:,} bytes.", fix=f"At most {MOST_BYTES:,} are read."
                )
            content = stream.read(expected + 1)  # one more shows that there is more
    except (OSError, EOFError, zlib.error) as error:
        raise DataFault(f"{path} cannot be read ({error}).", fix=_AGAIN) from error
    if len(content) != expected:
        found = f"{len(content):,}" if len(content) < expected else "more"
        raise DataFault(f"{path} should hold {expected:,} bytes after its head, and holds {found}.", fix=_AGAIN)
    return np.frombuffer(content, dtype=np.uint8).reshape(sizes)
