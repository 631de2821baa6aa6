"""Turn arrays as other programs store them into pictures: axes, ranges, channels and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.data.pictures import Images, PictureSet, Split, ordered
from grader.faults import DataFault

Array = NDArray[Any]
Shape = tuple[int, int, int]

_CHANNELS = {1, 3}
_BLOCK = 1024  # pictures that are converted at a time
_BRIGHT = 128  # numbers above 1 are taken for 0 to 255 only where the largest is at least this


def channels_first(array: Array, shape: Shape | None, where: str) -> Array:
    """Return `array` as (N, C, H, W): (N, H, W) is grey, and of NHWC and NCHW the one with 1, 3 or 4 channels.

    `shape` (C, H, W), where there is one, decides between two that are both possible.

    Raises:
        DataFault: the array is neither.
    """
    if array.ndim == 3:
        return array[:, None]
    if array.ndim == 4 and array.size:
        last, first = array.shape[3] in {*_CHANNELS, 4}, array.shape[1] in _CHANNELS
        if last and first and shape is not None:
            last, first = array.shape[1:3] == shape[1:], array.shape[2:] == shape[1:]
        if last != first:
            return array[..., :3].transpose(0, 3, 1, 2) if last else array
    raise DataFault(
        f"{where} has the shape {'×'.join(map(str, array.shape))}, which is not that of pictures.",
        fix="Store it as pictures × height × width × channels, with 1 or 3 channels.",
    )


def octets(array: Array, top: float, where: str) -> Images:
    """Return numbers from 0 to 1 or from 0 to 255 as uint8; `top` is 1 or 255, as `largest` found.

    Raises:
        DataFault: a number lies outside, or is not a number.
    """
    if array.dtype == np.uint8 and top == 255:
        return np.ascontiguousarray(array)
    found = np.empty(array.shape, dtype=np.uint8)
    for start in range(0, len(array), _BLOCK):
        part = np.asarray(array[start : start + _BLOCK], dtype=np.float64)
        if not (part.min() >= 0 and part.max() <= top):  # also where one is not a number
            raise _out_of_range(where, part.min(), part.max())
        found[start : start + _BLOCK] = np.rint(part * (255 / top))
    return found


def scale(arrays: dict[str, Array]) -> float:
    """Return 1 or 255: what the largest number of the arrays of one file stands for.

    Floats up to 1 and booleans are shares of full brightness; whole-number types are 0 to 255. Floats whose largest
    lies between are refused: digits from 0 to 16 would become pictures that are nearly black.

    Raises:
        DataFault: an array holds no numbers, or numbers that are neither.
    """
    tops = {where: _top(array, where) for where, array in arrays.items()}
    if len(set(tops.values())) > 1:
        first, second = list(tops)[:2]
        raise DataFault(f"{first} and {second} do not have the same range.", fix="Store both as uint8 from 0 to 255.")
    return next(iter(tops.values()))


def _top(array: Array, where: str) -> float:
    if array.dtype.kind not in "buif":
        raise DataFault(f"{where} holds {array.dtype}, not numbers.", fix="Store pictures as uint8 from 0 to 255.")
    if array.dtype.kind in "ui":
        return 255
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if low < 0 or not (high <= 1 or _BRIGHT <= high <= 255):
        raise _out_of_range(where, low, high)
    return 1 if high <= 1 else 255


def _out_of_range(where: str, low: float, high: float) -> DataFault:
    return DataFault(
        f"{where} holds numbers from {low:g} to {high:g}, and should hold 0 to 1 or 0 to 255.",
        fix="Undo the normalisation, or store uint8 from 0 to 255.",
    )


def fitted(images: Images, shape: Shape | None, where: str) -> Images:
    """Return pictures (N, C, H, W) in the channels of `shape`; nothing is ever resized.

    Grey becomes three equal channels; colour becomes brightness as Pillow computes it.

    Raises:
        DataFault: the pictures have another size than `shape`.
    """
    if shape is None:
        return images
    if shape[0] not in _CHANNELS:
        raise DataFault(f"Pictures have 1 or 3 channels, not {shape[0]}.", fix="Set shape under [input] in the rubric.")
    height, width = images.shape[2:]
    if (height, width) != shape[1:]:
        raise DataFault(
            f"{where} holds pictures of {width}×{height} pixels, and the rubric asks for {shape[2]}×{shape[1]}.",
            fix=f"Set shape = [{shape[0]}, {height}, {width}] under [input] in the rubric, or use other pictures.",
        )
    if images.shape[1] == shape[0]:
        return images
    if shape[0] == 3:
        return np.repeat(images, 3, axis=1)
    grey = np.empty((len(images), 1, height, width), dtype=np.uint8)
    weights = np.array([19595, 38470, 7471], dtype=np.uint32)[:, None, None]
    for start in range(0, len(images), _BLOCK):
        total = (images[start : start + _BLOCK] * weights).sum(axis=1, dtype=np.uint32)
        grey[start : start + _BLOCK, 0] = (total + 0x8000) >> 16
    return grey


def words(array: Array, classes: Sequence[str], where: str) -> list[str]:
    """Return the label of each picture as a word: from (N,) or (N, 1) whole numbers or texts, or (N, K) one-hot.

    Where `classes` are given, numbers are positions in them.

    Raises:
        DataFault: the labels are none of these.
    """
    flat = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    if flat.ndim == 2 and flat.dtype.kind in "buif" and np.all((flat != 0).sum(axis=1) == 1) and np.all(flat <= 1):
        flat = flat.argmax(axis=1)
    if flat.ndim != 1 or flat.dtype.kind not in "uifUS":
        raise DataFault(
            f"{where} has the shape {'×'.join(map(str, array.shape)) or '()'} of {array.dtype}, which is not that of "
            "labels.",
            fix="Store one whole number or one word for each picture.",
        )
    if flat.dtype.kind in "US":
        found = [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in flat.tolist()]
        if not all(text.strip() for text in found):
            raise DataFault(f"{where} has an empty label.", fix="Write the name of the picture's class.")
        return found
    if not np.all(np.isfinite(flat)) or not np.all(flat == np.rint(flat)):
        raise DataFault(f"{where} holds numbers that are not whole.", fix="Store the position of the class, from 0.")
    numbers = [int(number) for number in flat.tolist()]
    if not classes:
        return [str(number) for number in numbers]
    if numbers and not 0 <= min(numbers) <= max(numbers) < len(classes):
        raise DataFault(
            f"{where} holds labels from {min(numbers)} to {max(numbers)}, and there are {len(classes)} names.",
            fix="Number the classes from 0 in the order of their names.",
        )
    return [classes[number] for number in numbers]


def labelled(
    images: Images, labels: Sequence[str], classes: Sequence[str], origin: str, names: Sequence[str]
) -> PictureSet:
    """Return pictures with labels in words; `classes` are kept in their order, or found where there are none.

    Raises:
        DataFault: there are not as many labels as pictures, or none, or a label that is no class.
    """
    if len(images) != len(labels) or not len(images):
        raise DataFault(
            f"{origin} holds {len(images):,} pictures and {len(labels):,} labels.", fix="Store one label for each."
        )
    known = tuple(classes) or ordered(labels)
    positions = {name: position for position, name in enumerate(known)}
    strange = next((label for label in labels if label not in positions), None)
    if strange is not None:
        raise DataFault(f"{origin} has the label {strange!r}, which is not one of its classes.", fix="Correct it.")
    numbers = np.array([positions[label] for label in labels], dtype=np.int64)
    return PictureSet(images, numbers, known, origin, tuple(names))


def united(train: PictureSet, held_out: PictureSet) -> Split:
    """Return two sides that were read apart as one split, over the classes of both.

    Raises:
        DataFault: the sides differ in size or channels, or a class is held out that nothing can be learned about.
    """
    if train.shape != held_out.shape:
        raise DataFault(
            f"{train.origin} holds pictures of {train.shape} and {held_out.origin} of {held_out.shape}.",
            fix="Give both the same size and colours.",
        )
    there = {train.classes[number] for number in np.unique(train.labels).tolist()}
    unknown = [held_out.classes[n] for n in np.unique(held_out.labels).tolist() if held_out.classes[n] not in there]
    if unknown:
        raise DataFault(
            f"{held_out.origin} holds pictures of the class {unknown[0]!r}, and {train.origin} holds none.",
            fix="Every class that is examined needs pictures to learn from.",
        )
    if train.classes == held_out.classes:
        return Split(train, held_out)
    classes = ordered({*train.classes, *held_out.classes})
    return Split(_renumbered(train, classes), _renumbered(held_out, classes))


def _renumbered(pictures: PictureSet, classes: tuple[str, ...]) -> PictureSet:
    places = np.array([classes.index(name) for name in pictures.classes], dtype=np.int64)
    return PictureSet(pictures.images, places[pictures.labels], classes, pictures.origin, pictures.names)
