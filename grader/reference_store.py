"""What is remembered of the reference: the answers of its seeds, under a key of everything that they depend on."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grader import scoring
from grader.records import BandPoint
from grader.wording import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

VERSION = 3
"""Of what is remembered; part of its key. The solution counts by its content, not by where it lies."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The reference as it was measured.

    Attributes:
        answers: the class that each seed chose for every held-out picture, (seeds, N); -1 for none.
        curve: where the losses of the seeds lie.
        hardware: the fingerprint of what trained them.
        seconds: of training, for each seed.
        flops: of the network, for one picture, forward.
    """

    answers: tuple[tuple[int, ...], ...]
    curve: tuple[BandPoint, ...]
    hardware: Mapping[str, Any]
    seconds: tuple[float, ...]
    flops: float

    def standard(self, labels: NDArray[np.int64]) -> scoring.Standard:
        """Return what networks are held to, for pictures with these labels (N,)."""
        answers = np.array(self.answers, dtype=np.int64)
        accuracies = [float(one) for one in (answers == labels).mean(axis=1)]
        found = replace(scoring.reference_target(accuracies), curve=self.curve, hardware=dict(self.hardware))
        return scoring.Standard(found, answers[scoring.median_of(accuracies)])


@dataclass(frozen=True, slots=True)
class Memory:
    """A folder of remembered references.

    Attributes:
        folder: where they lie.
        parts: everything that the measurement depends on, by names that people understand.
        place: the reference solution's own path, under which the latest parts are found again.
    """

    folder: Path
    parts: Mapping[str, Any]
    place: Path

    def recall(self, seeds: int, pictures: int) -> Remembered | None:
        """Return what is remembered for exactly these parts, or None: an unreadable file is no memory."""
        try:
            plain = json.loads(self._file.read_text(encoding="utf-8"))
            found = Remembered(
                tuple(tuple(one) for one in plain["answers"]),
                tuple(BandPoint(**one) for one in plain["curve"]),
                dict(plain["hardware"]),
                tuple(map(float, plain["seconds"])),
                float(plain["flops"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        whole = len(found.answers) == seeds and all(len(one) == pictures for one in found.answers)
        return found if whole and all(type(one) is int for row in found.answers for one in row) else None

    def keep(self, found: Remembered) -> None:
        """Remember a measurement; each file appears whole or not at all."""
        self.write(json.dumps({"version": VERSION, **asdict(found)}))

    def text(self) -> str:
        """Return what is remembered as it lies on disk; raise OSError where nothing does."""
        return self._file.read_text(encoding="utf-8")

    def write(self, text: str) -> None:
        """Remember what `text` returned, here or on another machine."""
        _write(self._file, text)
        _write(self._latest, json.dumps({"version": VERSION, "parts": self.digests}))

    @property
    def key(self) -> str:
        """Return a digest of everything that the measurement depends on."""
        return _digest([VERSION, self.digests])

    def why_not(self) -> str:
        """Say why nothing is remembered: what has changed since the solution at this place was measured last."""
        try:
            before = json.loads(self._latest.read_text(encoding="utf-8"))["parts"]
            changed = [name for name, value in self.digests.items() if before.get(name) != value]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return "it was not measured here before"
        if not changed:
            return "what was remembered of it is gone"
        return f"{listed(changed)} changed since it was measured"

    @property
    def digests(self) -> dict[str, str]:
        """Return a digest of every part."""
        return {name: _digest(value) for name, value in self.parts.items()}

    @property
    def _file(self) -> Path:
        return self.folder / f"{self.key}.json"

    @property
    def _latest(self) -> Path:
        return self.folder / "latest" / f"{_digest(str(self.place.resolve()))[:32]}.json"


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as stream:
        stream.write(text)
    Path(stream.name).replace(file)
