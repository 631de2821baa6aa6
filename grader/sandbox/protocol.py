"""What crosses the border of a sandboxed child: length-limited frames, and the limits that a job runs under.

A frame is `GRDR`, one byte for its kind, eight bytes for the payload's length (little-endian), the payload. The
kinds of one job come in a fixed order, each at most once; anything else is malformed. Nothing that arrives is
ever unpickled or evaluated. The first frame (`FACTS`) is sent before the first statement of the student's runs
and is ours; what comes after is a claim.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

MAGIC = b"GRDR"
HEADER = 13
"""Bytes of magic, kind and length."""

MOST_FILES = 5
"""How many open files a job can be given."""


class Kind(IntEnum):
    """What a frame carries, in the order in which frames may come."""

    FACTS = 1
    """JSON: what was learned from the text of the submission, before any of it ran."""
    RESULT = 2
    """JSON: what the job found; a claim when it comes from a student's child."""
    DOCUMENT = 3
    """The graph document."""
    TENSORS = 4
    """safetensors beside the document."""
    LOGITS = 5
    """float32, little-endian, row by row."""


FRAME_LIMITS = {
    Kind.FACTS: 4 * 2**20,
    Kind.RESULT: 4 * 2**20,
    Kind.DOCUMENT: 32 * 2**20,
    Kind.TENSORS: 2**30,
    Kind.LOGITS: 256 * 2**20,
}
"""Largest payload of each kind in bytes."""


class FrameError(ValueError):
    """The bytes are not the frames of a job."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job may use.

    Attributes:
        wall_seconds: after it the whole process tree is killed.
        cpu_seconds: processor time of the job's process; the kernel kills it one second later.
        memory_megabytes: on top of what the warm process already holds.
        file_megabytes: largest file that it may write.
        output_bytes: what is kept of its stdout and stderr, half of it the beginning and half the end.
        flood_bytes: after so much output the job is killed.
    """

    wall_seconds: float = 60.0
    cpu_seconds: int = 60
    memory_megabytes: int = 4096
    file_megabytes: int = 64
    output_bytes: int = 64 * 2**10
    flood_bytes: int = 8 * 2**20

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def frame(kind: Kind, payload: bytes) -> bytes:
    """Return the header for `payload`."""
    return MAGIC + bytes([kind]) + len(payload).to_bytes(8, "little")


class Channel:
    """A child's one way out: frames, written to a descriptor."""

    def __init__(self, descriptor: int) -> None:
        """Write to `descriptor`."""
        self._descriptor = descriptor

    def facts(self, plain: Mapping[str, Any]) -> None:
        """Send what was learned from the text."""
        self._send(Kind.FACTS, json.dumps(plain).encode())

    def result(self, plain: Mapping[str, Any]) -> None:
        """Send what the job found."""
        self._send(Kind.RESULT, json.dumps(plain).encode())

    def document(self, blob: bytes) -> None:
        """Send the graph document."""
        self._send(Kind.DOCUMENT, blob)

    def tensors(self, blob: bytes) -> None:
        """Send the tensors beside the document."""
        self._send(Kind.TENSORS, blob)

    def logits(self, blob: bytes) -> None:
        """Send answers as float32, little-endian."""
        self._send(Kind.LOGITS, blob)

    def _send(self, kind: Kind, payload: bytes) -> None:
        for part in (frame(kind, payload), payload):
            view = memoryview(part)
            while view:
                view = view[os.write(self._descriptor, view) :]


class FrameReader:
    """Collect frames from a stream; raise FrameError as soon as the stream leaves the grammar."""

    def __init__(self) -> None:
        """Start with an empty stream."""
        self.frames: dict[Kind, bytes] = {}
        self._buffer = bytearray()
        self._kind: Kind | None = None
        self._length = 0

    @property
    def complete(self) -> bool:
        """Whether the stream ended at a frame's end."""
        return self._kind is None and not self._buffer

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        self._buffer += chunk
        while True:
            if self._kind is None:
                if len(self._buffer) < HEADER:
                    return
                self._header()
            if len(self._buffer) < self._length or self._kind is None:
                return
            with memoryview(self._buffer) as held:
                self.frames[self._kind] = bytes(held[: self._length])
            del self._buffer[: self._length]
            self._kind = None

    def _header(self) -> None:
        head = bytes(self._buffer[:HEADER])
        if head[:4] != MAGIC:
            raise FrameError("not a frame")
        try:
            kind = Kind(head[4])
        except ValueError as error:
            raise FrameError("a frame of an unknown kind") from error
        length = int.from_bytes(head[5:], "little")
        if length > FRAME_LIMITS[kind]:
            raise FrameError(f"a frame of {length} bytes; at most {FRAME_LIMITS[kind]} are read")
        if self.frames and kind <= max(self.frames):
            raise FrameError("a frame out of order")
        self._kind, self._length = kind, length
        del self._buffer[:HEADER]


def pack(arguments: Mapping[str, Any], blobs: Mapping[str, bytes]) -> bytes:
    """Put a job's arguments (JSON) and its named bytes into one payload."""
    names = [[name, len(blob)] for name, blob in blobs.items()]
    head = json.dumps([arguments, names], allow_nan=False).encode()
    return b"".join([len(head).to_bytes(8, "little"), head, *blobs.values()])


def unpack(payload: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Take a payload of `pack` apart; it comes from the parent and is trusted."""
    start = 8 + int.from_bytes(payload[:8], "little")
    arguments, names = json.loads(payload[8:start])
    blobs: dict[str, bytes] = {}
    for name, length in names:
        blobs[name] = payload[start : start + length]
        start += length
    return arguments, blobs
