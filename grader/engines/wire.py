"""Plain values as bytes and back: what a head and its nodes say to each other, whatever carries it.

No pickle: a head never unpickles what a node sends, and a key or a text of a submission stays what it is.
"""

from __future__ import annotations

import json
from typing import Any

_DEEPEST = 3
"""Levels down to which bytes may stand; below them is what came as JSON."""

_LENGTH = 8  # bytes that say how long the JSON is


def pack(value: Any) -> bytes:
    """Return bytes for plain values: what JSON has, and bytes in the first levels; tuples become lists.

    Raises:
        TypeError: something is no plain value.
    """
    blobs: list[tuple[list[str | int], bytes]] = []
    skeleton = _without_bytes(value, [], blobs)
    places = [[path, len(blob)] for path, blob in blobs]
    head = json.dumps([skeleton, places]).encode()
    return b"".join((len(head).to_bytes(_LENGTH, "little"), head, *(blob for _, blob in blobs)))


def unpack(packed: bytes) -> Any:
    """Return what was packed.

    Raises:
        ValueError: it is cut short, or was never packed.
    """
    end = _LENGTH + int.from_bytes(packed[:_LENGTH], "little")
    try:
        value, places = json.loads(packed[_LENGTH:end])
        for path, length in places:
            blob = packed[end : end + length]
            if len(blob) != length:
                raise ValueError("it is cut short")
            value = _put(value, path, blob)
            end += length
    except (TypeError, KeyError, IndexError) as error:
        raise ValueError(f"it was never packed: {error}") from error
    return value


def _without_bytes(value: Any, path: list[str | int], blobs: list[tuple[list[str | int], bytes]]) -> Any:
    """Return the value with None in the place of bytes, which go to `blobs` with where they stood."""
    if isinstance(value, bytes):
        blobs.append((path, value))
        return None
    if len(path) == _DEEPEST:
        return value
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("only a dictionary whose keys are texts travels")
        return {key: _without_bytes(one, [*path, key], blobs) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_bytes(one, [*path, index], blobs) for index, one in enumerate(value)]
    return value


def _put(value: Any, path: list[str | int], blob: bytes) -> Any:
    if not path:
        return blob
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = blob
    return value
