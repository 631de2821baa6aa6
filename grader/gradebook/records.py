"""What the gradebook keeps besides reports: runs, a submission's history, and work that need not be done again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grader.records import SourceText

if TYPE_CHECKING:
    from grader.records import Report, Sample, Training

_FLOAT32 = 4  # bytes


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a run was asked to do, and with what.

    Attributes:
        command: the words of the command line.
        options: what they came to, defaults filled in; plain JSON values.
        rubric: the whole text of the rubric file.
        versions: of the grader, torch, Python and so on.
        fingerprint: of the hardware that the numbers depend on.

    """

    command: tuple[str, ...]
    options: dict[str, Any]
    rubric: str
    versions: dict[str, str]
    fingerprint: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it was recorded.

    Attributes:
        id: its number, from 1.
        started: seconds since 1970, as the gradebook's clock said.
        finished: the same; None while it runs and after it was killed.
        invocation: what it was asked to do.
        rubric_hash: SHA-256 of the rubric's text.

    """

    id: int
    started: float
    finished: float | None
    invocation: Invocation
    rubric_hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One report in a submission's history: which run saved it, and when (seconds since 1970)."""

    run: int
    saved: float
    report: Report


@dataclass(frozen=True, slots=True)
class StoredCapture:
    """What a sandbox sent back.

    Attributes:
        graph: digest of document and tensors.
        meta: everything else that came of the capture, as plain JSON values.
        document: the captured graphs; empty where nothing was captured, or where only the rest was asked for.
        tensors: their tensors; the same.

    """

    graph: str
    meta: dict[str, Any]
    document: bytes = b""
    tensors: bytes = b""

    @property
    def source(self) -> tuple[SourceText, ...]:
        """Return the code that was captured, as it was read."""
        return tuple(
            SourceText(one["file"], one["cell"], one["text"])
            for one in self.meta.get("facts", {}).get("source", [])
            if isinstance(one, dict) and isinstance(one.get("file"), str) and isinstance(one.get("text"), str)
            if one.get("cell", 0) is None or type(one.get("cell", 0)) is int
        )


@dataclass(frozen=True, slots=True)
class StoredTraining:
    """A finished training and its answers.

    Attributes:
        training: the record of it; its `seconds` are kept as a column too.
        shape: `(pictures, classes)` of the logits.
        logits: float32, little-endian, row by row.
        content: key of the same training on whatever hardware.
        samples: its answers to a few pictures of those handed out; empty where it is older than they are.

    Raises:
        ValueError: the logits are not as long as their shape says.

    """

    training: Training
    shape: tuple[int, ...]
    logits: bytes
    content: str = ""
    samples: tuple[Sample, ...] = ()

    def __post_init__(self) -> None:
        """Hold the bytes to the shape."""
        if len(self.logits) != _FLOAT32 * math.prod(self.shape):
            raise ValueError(f"{len(self.logits)} bytes are not float32 logits of shape {self.shape}")
