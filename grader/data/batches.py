"""Read what the pickles of CIFAR-10's Python batches hold: an array of bytes, and lists of numbers and texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from grader.data.pictures import Images
from grader.data.unpickling import ByteArray, UnpicklingError, unpickled
from grader.faults import DataFault


def read_batch(content: bytes, path: Path, pixels: int) -> tuple[Images, list[int]]:
    """Return the pixels (N, `pixels`) and the labels of one batch.

    Raises:
        DataFault: the pickle asks for more than a batch needs, or holds something else.
    """
    plain = _dictionary(content, path)
    array, labels = plain.get("data"), plain.get("labels")
    if not isinstance(array, ByteArray) or len(array.shape) != 2 or array.shape[1] != pixels:
        raise _strange(path, f"its data is not an array of bytes, {pixels:,} for each picture")
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 2**31 for label in labels):
        raise _strange(path, "its labels are not a list of whole numbers")
    return array.values(), labels


def read_names(content: bytes, path: Path) -> tuple[str, ...]:
    """Return the names of the classes from `batches.meta`.

    Raises:
        DataFault: the pickle asks for more than it needs, or holds something else.
    """
    names = _dictionary(content, path).get("label_names")
    if not isinstance(names, list) or not all(isinstance(name, bytes | str) for name in names):
        raise _strange(path, "its label_names are not a list of texts")
    texts = tuple(name.decode("utf-8", "replace") if isinstance(name, bytes) else name for name in names)
    if len(set(texts)) != len(texts):
        raise _strange(path, "its label_names name a class twice")
    return texts


def _dictionary(content: bytes, path: Path) -> dict[str, Any]:
    try:
        found = unpickled(content)
    except UnpicklingError as error:
        raise _strange(path, str(error)) from error
    if not isinstance(found, dict):
        raise _strange(path, "it holds no dictionary")
    return {key.decode("latin-1") if isinstance(key, bytes) else key: value for key, value in found.items()}


def _strange(path: Path, why: str) -> DataFault:
    return DataFault(
        f"{path} is not a Python batch of CIFAR-10: {why}.", fix="Download it again, from a place that you trust."
    )
