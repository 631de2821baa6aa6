"""Read `.npz`: one set of pictures with its labels, or a training and a test set in one file.

The file is a stranger's: nothing in it is unpickled, and no array is unpacked before its size is known.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np

from grader.data.arrays import Array, Shape, channels_first, fitted, labelled, octets, scale, united, words
from grader.data.pictures import PictureSet, Split
from grader.faults import DataFault

MOST_BYTES = 4 * 2**30
"""Bytes of one array, unpacked."""

# Pictures and their labels, under the names that Keras, MedMNIST, this package and tutorials use.
_TRAIN = (
    ("x_train", "y_train"),
    ("train_images", "train_labels"),
    ("images_train", "labels_train"),
    ("train_x", "train_y"),
    ("train_data", "train_labels"),
)
_HELD_OUT = (
    ("x_test", "y_test"),
    ("test_images", "test_labels"),
    ("images_test", "labels_test"),
    ("test_x", "test_y"),
    ("test_data", "test_labels"),
    ("x_held_out", "y_held_out"),
    ("held_out_images", "held_out_labels"),
)
_WHOLE = (("images", "labels"), ("x", "y"), ("data", "labels"), ("data", "target"), ("arr_0", "arr_1"))
_NAMES = ("classes", "class_names", "label_names", "labels_names")

_KEYS = "x_train and y_train (with x_test and y_test where there is a test set), or images and labels"


def load(path: Path, shape: Shape | None) -> PictureSet | Split:
    """Return what `path` holds as uint8 (N, C, H, W); a test set in it is the held-out side.

    Raises:
        DataFault: the file cannot be read, or what it holds is not pictures with labels.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path, shape)
    except DataFault:
        raise
    except (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, KeyError) as error:
        raise _broken(path, error) from error
    except (zipfile.BadZipFile, zlib.error, SyntaxError, MemoryError) as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> DataFault:
    return DataFault(
        f"{path} cannot be read as .npz ({error}).", fix="Write it again with numpy.savez_compressed, without objects."
    )


def _read(archive: zipfile.ZipFile, path: Path, shape: Shape | None) -> PictureSet | Split:
    members = {name.removesuffix(".npy").lower(): name for name in archive.namelist() if name.endswith(".npy")}
    train, held_out = _pair(members, _TRAIN), _pair(members, _HELD_OUT)
    if train is None and held_out is None:
        train = _pair(members, _WHOLE)
        if train == ("arr_0", "arr_1") and "arr_2" in members:
            train = None  # which of four is which, nobody said
    if train is None:
        found = ", ".join(sorted(members)[:8]) or "nothing"
        raise DataFault(f"{path} holds {found}, and should hold {_KEYS}.", fix="Save the arrays under these names.")
    pairs = [train] if held_out is None else [train, held_out]
    images = {
        f"{path}, {key}": channels_first(_array(archive, members[key], path), shape, f"{path}, {key}")
        for key, _ in pairs
    }
    top = scale(images)
    classes = _classes(archive, members, path)
    sides = []
    for (where, array), (_, key) in zip(images.items(), pairs, strict=True):
        labels = words(_array(archive, members[key], path), classes, f"{path}, {key}")
        names = [f"{where}[{position}]" for position in range(len(array))]
        sides.append(labelled(fitted(octets(array, top, where), shape, where), labels, classes, where, names))
    return sides[0] if len(sides) == 1 else united(*sides)


def _pair(members: Mapping[str, str], known: tuple[tuple[str, str], ...]) -> tuple[str, str] | None:
    return next((pair for pair in known if pair[0] in members and pair[1] in members), None)


def _classes(archive: zipfile.ZipFile, members: Mapping[str, str], path: Path) -> tuple[str, ...]:
    """Return the names of the classes, where the file has them."""
    key = next((name for name in _NAMES if name in members), None)
    if key is None:
        return ()
    array = _array(archive, members[key], path)
    if array.ndim != 1 or array.dtype.kind not in "US":
        raise DataFault(f"{path}, {key} should hold the names of the classes as text.", fix="Store an array of names.")
    names = tuple(words(array, (), f"{path}, {key}"))
    if len(set(names)) != len(names):
        raise DataFault(f"{path}, {key} names a class twice.", fix="Give each class a name of its own.")
    return names


def _array(archive: zipfile.ZipFile, name: str, path: Path) -> Array:
    """Return one array, whose header is held to the archive's directory before anything is unpacked."""
    size = archive.getinfo(name).file_size
    with archive.open(name) as stream:
        counted = _size(stream)
        if counted > size or counted > MOST_BYTES:
            raise DataFault(
                f"{path}, {name} says that it unpacks to {counted:,} bytes; it has {size:,}, and at most "
                f"{MOST_BYTES:,} are read.",
                fix="Store the pictures as uint8, or fewer of them.",
            )
    with archive.open(name) as stream:
        array: Array = np.lib.format.read_array(stream, allow_pickle=False)
    return array


def _size(stream: IO[bytes]) -> int:
    """Return the bytes of the array whose header `stream` begins with."""
    match np.lib.format.read_magic(stream):
        case (1, 0):
            shape, _, kind = np.lib.format.read_array_header_1_0(stream)
        case (2, 0):
            shape, _, kind = np.lib.format.read_array_header_2_0(stream)
        case version:
            raise ValueError(f"version {version} of .npy")
    if kind.hasobject or kind.fields is not None or any(length < 0 for length in shape):
        raise ValueError(f"an array of {kind} and shape {shape}")
    return math.prod(shape) * kind.itemsize
