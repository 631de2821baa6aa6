"""What crosses the helper's socket: JSON objects, each behind its length in four bytes."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import Any

MOST = 32 * 2**20
"""Bytes of the largest object that is read."""


class NoAnswerError(Exception):
    """The other side is gone, is too slow, or says what is no object."""


def send(way: socket.socket, plain: Mapping[str, Any], seconds: float = 2.0) -> None:
    """Send one object within `seconds`.

    Raises:
        NoAnswerError: nobody takes it.
    """
    blob = json.dumps(dict(plain)).encode()
    way.settimeout(seconds)
    try:
        way.sendall(len(blob).to_bytes(4, "big") + blob)
    except OSError as error:
        raise NoAnswerError(str(error)) from error


def receive(way: socket.socket, seconds: float) -> dict[str, Any]:
    """Return the next object, all of which has to come within `seconds`.

    Raises:
        NoAnswerError: it does not, or is none.
    """
    until = time.monotonic() + seconds
    length = int.from_bytes(_exactly(way, 4, until), "big")
    if length > MOST:
        raise NoAnswerError(f"an object of {length} bytes; at most {MOST} are read")
    try:
        found = json.loads(_exactly(way, length, until))
    except (ValueError, RecursionError) as error:
        raise NoAnswerError("no JSON") from error
    if not isinstance(found, dict):
        raise NoAnswerError("no object")
    return found


def _exactly(way: socket.socket, count: int, until: float) -> bytes:
    parts: list[bytes] = []
    while count:
        left = until - time.monotonic()
        if left <= 0:
            raise NoAnswerError("too slow")
        way.settimeout(left)
        try:
            part = way.recv(min(count, 2**20))
        except OSError as error:
            raise NoAnswerError(str(error)) from error
        if not part:
            raise NoAnswerError("gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
