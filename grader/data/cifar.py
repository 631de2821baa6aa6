"""Read CIFAR-10 as it is given out: the binary files (`data_batch_1.bin`) or the Python batches (`data_batch_1`).

Format: https://www.cs.toronto.edu/~kriz/cifar.html - 3,072 bytes for a picture, 1,024 each of red, green and blue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from grader.data.arrays import Shape, fitted, labelled, united, words
from grader.data.batches import read_batch, read_names
from grader.data.pictures import Images, PictureSet, Split
from grader.faults import DataFault

MOST_BYTES = 2**28
"""Bytes of one file; those of CIFAR-10 have 31 million."""

_SIDE = 32
_PIXELS = 3 * _SIDE * _SIDE
_MOST_BATCHES = 100
_AGAIN = "Download it again."

Rows = tuple["Images", list[int]]
"""The pixels (N, 3072) and the labels of one file."""


def recognised_binary(folder: Path) -> bool:
    """Tell whether binary batches lie in the folder."""
    return any((folder / name).is_file() for name in ("data_batch_1.bin", "test_batch.bin"))


def recognised_python(folder: Path) -> bool:
    """Tell whether Python batches lie in the folder."""
    return any((folder / name).is_file() for name in ("data_batch_1", "test_batch"))


def load_binary(folder: Path, shape: Shape | None) -> PictureSet | Split:
    """Return binary batches as uint8 (N, 3, 32, 32); `test_batch.bin` is the held-out side.

    Raises:
        DataFault: a file is missing, cut short or something else.
    """
    return _load(folder, ".bin", _binary_rows, _binary_names(folder / "batches.meta.txt"), shape)


def load_python(folder: Path, shape: Shape | None) -> PictureSet | Split:
    """Return Python batches as uint8 (N, 3, 32, 32); `test_batch` is the held-out side.

    Raises:
        DataFault: a file is missing, cut short or something else, or asks for more than such files need.
    """
    meta = folder / "batches.meta"
    names = read_names(_content(meta), meta) if meta.is_file() else ()
    return _load(folder, "", lambda content, path: read_batch(content, path, _PIXELS), names, shape)


def _load(
    folder: Path, suffix: str, rows: Callable[[bytes, Path], Rows], classes: tuple[str, ...], shape: Shape | None
) -> PictureSet | Split:
    batches = sorted(_batches(folder, suffix))[:_MOST_BATCHES]
    if not batches:
        raise DataFault(f"{folder} has no data_batch_1{suffix}.", fix="Put all files of the data set into it.")
    train = _side([path for _, path in batches], rows, classes, shape)
    test = folder / f"test_batch{suffix}"
    return united(train, _side([test], rows, classes, shape)) if test.is_file() else train


def _batches(folder: Path, suffix: str) -> Iterator[tuple[int, Path]]:
    for path in folder.iterdir():
        found = re.fullmatch(r"data_batch_([0-9]{1,4})" + re.escape(suffix), path.name)
        if found:
            yield int(found[1]), path


def _side(
    paths: list[Path], rows: Callable[[bytes, Path], Rows], classes: tuple[str, ...], shape: Shape | None
) -> PictureSet:
    images, labels, names = [], [], []
    for path in paths:
        pixels, numbers = rows(_content(path), path)
        if len(pixels) != len(numbers):
            raise DataFault(f"{path} holds {len(pixels):,} pictures and {len(numbers):,} labels.", fix=_AGAIN)
        images.append(fitted(pixels.reshape(-1, 3, _SIDE, _SIDE), shape, str(path)))
        labels += words(np.array(numbers, dtype=np.int64), classes, str(path))
        names += [f"{path}, picture {position + 1}" for position in range(len(pixels))]
    origin = str(paths[0].parent if len(paths) > 1 else paths[0])
    return labelled(np.concatenate(images), labels, classes, origin, names)


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DataFault(f"{path} has more than {MOST_BYTES:,} bytes, which no CIFAR-10 file has.", fix=_AGAIN)
    return content


def _binary_rows(content: bytes, path: Path) -> Rows:
    if len(content) % (_PIXELS + 1) or not content:
        raise DataFault(f"{path} has {len(content):,} bytes, which is no multiple of {_PIXELS + 1:,}.", fix=_AGAIN)
    table = np.frombuffer(content, dtype=np.uint8).reshape(-1, _PIXELS + 1)
    return table[:, 1:], table[:, 0].tolist()


def _binary_names(path: Path) -> tuple[str, ...]:
    if not path.is_file():
        return ()
    names = tuple(line.strip() for line in _content(path).decode("utf-8", "replace").splitlines() if line.strip())
    if len(set(names)) != len(names):
        raise DataFault(f"{path} names a class twice.", fix=_AGAIN)
    return names
