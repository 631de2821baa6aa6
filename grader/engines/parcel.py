"""The pictures on their way to nodes: named by content, brought once a node, never with the held-out labels."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader.data import standard
from grader.data.store import StoredSplit
from grader.faults import GraderFault

PARTS = ("train_images", "train_labels", "held_out_images")
"""What travels: everything that a trainer is given, and nothing else."""

PIECE = 8 * 2**20
"""Bytes that are sent at a time."""

_READY = {"train_images": "train_ready", "held_out_images": "held_out_ready"}


@dataclass(frozen=True, slots=True)
class Part:
    """One array: its name, the SHA-256 of its file and the file's bytes."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """What trainers need on every node.

    Attributes:
        digest: of all parts, under which a node keeps them.
        parts: the arrays.
        origin: the head's folder, which a node that sees the same files copies them from.
    """

    digest: str
    parts: tuple[Part, ...]
    origin: str

    @classmethod
    def of(cls, data: StoredSplit) -> Parcel:
        """Return the parcel of the pictures that a run grades with."""
        parts = tuple(_part(name, data.folder / f"{name}.npy") for name in PARTS)
        whole = hashlib.sha256(json.dumps([asdict(one) for one in parts]).encode()).hexdigest()
        return cls(whole, parts, str(data.folder))

    def pieces(self) -> Iterator[dict[str, Any]]:
        """Return the orders of `Pantry.take` that bring everything, in their order."""
        for part in self.parts:
            for start in range(0, part.size, PIECE):
                with (Path(self.origin) / f"{part.name}.npy").open("rb") as stream:
                    stream.seek(start)
                    yield {"name": part.name, "start": start, "piece": stream.read(PIECE)}

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Parcel:
        """Rebuild what `to_json` returned."""
        return cls(plain["digest"], tuple(Part(**one) for one in plain["parts"]), plain["origin"])


@dataclass(frozen=True, slots=True)
class Pantry:
    """Where a node keeps parcels; a folder appears there whole and checked, or not at all.

    Attributes:
        folder: one folder for each parcel lies in it.
        own: what tells the draft of this process from those of others.
    """

    folder: Path
    own: str

    def files(self, parcel: Parcel) -> dict[str, str] | None:
        """Return the paths of a parcel's arrays, for a trainer; None where it is not here."""
        there = self.folder / parcel.digest
        names = [*PARTS, *_READY.values()]
        found = {name: str(there / f"{name}.npy") for name in names if (there / f"{name}.npy").is_file()}
        return found if set(PARTS) <= found.keys() else None

    def adopt(self, parcel: Parcel) -> bool:
        """Copy the parcel from where the head keeps it; tell whether this node sees it, whole and the same."""
        draft = self._draft(parcel)
        draft.mkdir(parents=True, exist_ok=True)
        try:
            for part in parcel.parts:
                shutil.copyfile(Path(parcel.origin) / f"{part.name}.npy", draft / f"{part.name}.npy")
            self.seal(parcel)
        except (OSError, GraderFault):
            shutil.rmtree(draft, ignore_errors=True)
            return False
        return True

    def take(self, parcel: Parcel, name: str, start: int, piece: bytes) -> None:
        """Keep a piece of an array until the parcel is whole."""
        if name not in PARTS:
            raise GraderFault(f"{name} is no part of what a node is brought.")
        draft = self._draft(parcel)
        draft.mkdir(parents=True, exist_ok=True)
        with (draft / f"{name}.npy").open("r+b" if start else "wb") as stream:
            stream.seek(start)
            stream.write(piece)

    def seal(self, parcel: Parcel) -> None:
        """Check what was brought and put it in its place.

        Raises:
            GraderFault: it is not what was sent.
        """
        draft = self._draft(parcel)
        wrong = [one.name for one in parcel.parts if _part(one.name, draft / f"{one.name}.npy") != one]
        if wrong:
            shutil.rmtree(draft, ignore_errors=True)
            raise GraderFault(f"The pictures came to this node changed: {', '.join(wrong)}.")
        _standardise(draft)
        try:
            draft.replace(self.folder / parcel.digest)
        except OSError:  # another process was faster
            shutil.rmtree(draft, ignore_errors=True)
            if self.files(parcel) is None:
                raise

    def _draft(self, parcel: Parcel) -> Path:
        return self.folder / f".{parcel.digest[:32]}-{self.own}"


def _standardise(folder: Path) -> None:
    """Standardise the pictures by those that are trained on, as the head's own store does."""
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _READY}
    if not all(map(standard.fits, arrays.values())):
        return
    scale, shift = standard.scale_and_shift(arrays["train_images"])
    for name, images in arrays.items():
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as stream:
            np.save(stream, standard.standardised(images, scale, shift), allow_pickle=False)
        Path(stream.name).replace(folder / f"{_READY[name]}.npy")


def _part(name: str, path: Path) -> Part:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Part(name, digest, path.stat().st_size)
