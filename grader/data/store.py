"""Pictures on disk as plain arrays: decoded once per machine, memory-mapped by every trainer."""

from __future__ import annotations

import contextlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.data.pictures import Split, little_endian
from grader.data.standard import fits, scale_and_shift, standardised

VERSION = 1
"""Of the files' layout and of `StoredSplit.to_json`."""

PARTS = ("train_images", "train_labels", "held_out_images", "held_out_labels")

NAMES = "names.json"
"""What the pictures of both sides are called; no part of the content, and missing where an older version stored it."""

_ATTEMPTS = 3  # to put a folder in its place; a second is needed only where an incomplete one lies there


@dataclass(frozen=True, slots=True)
class StoredSplit:
    """A split that lies in a folder of four `.npy` files.

    Attributes:
        folder: the folder, named by the content.
        content_hash: of the split.
        classes: names in the order of the labels.
        shape: (C, H, W) of one picture.
        train_count: pictures to train on.
        held_out_count: pictures to be examined with.
    """

    folder: Path
    content_hash: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    train_count: int
    held_out_count: int

    @property
    def train_images(self) -> Path:
        """Return the path of the uint8 array (N, C, H, W) to train on."""
        return self.folder / "train_images.npy"

    @property
    def train_labels(self) -> Path:
        """Return the path of the int64 array (N,) of their labels."""
        return self.folder / "train_labels.npy"

    @property
    def held_out_images(self) -> Path:
        """Return the path of the uint8 array (M, C, H, W) to be examined with."""
        return self.folder / "held_out_images.npy"

    @property
    def held_out_labels(self) -> Path:
        """Return the path of the int64 array (M,) of their labels, which only the grader's own process reads."""
        return self.folder / "held_out_labels.npy"

    def ready(self) -> dict[str, Path]:
        """Return the paths of both sides' standardised pictures (`grader.data.standard`), as far as they are whole."""
        height, width = self.shape[1:]
        counts = {"train": self.train_count, "held_out": self.held_out_count}
        paths = {side: self.folder / f"{side}_ready.npy" for side in counts}
        shapes = {side: (count, height, width, self.shape[0]) for side, count in counts.items()}
        return {f"{side}_ready": path for side, path in paths.items() if _holds(path, shapes[side], np.float32)}

    def names(self, side: str) -> tuple[str, ...]:
        """Return what the pictures of `train` or `held_out` are called; empty where they have no names but numbers."""
        try:
            found = json.loads((self.folder / NAMES).read_text(encoding="utf-8"))[side]
        except (OSError, ValueError, KeyError, TypeError):
            return ()
        count = self.train_count if side == "train" else self.held_out_count
        whole = isinstance(found, list) and len(found) == count and all(isinstance(one, str) for one in found)
        return tuple(found) if whole else ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "version": VERSION,
            "folder": str(self.folder),
            "content_hash": self.content_hash,
            "classes": list(self.classes),
            "shape": list(self.shape),
            "train_count": self.train_count,
            "held_out_count": self.held_out_count,
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> StoredSplit:
        """Rebuild what `to_json` returned.

        Raises:
            ValueError: it was written by another version.
            KeyError: a value is missing.
        """
        if plain["version"] != VERSION:
            raise ValueError(f"a stored split of version {plain['version']}, expected {VERSION}")
        channels, height, width = plain["shape"]
        return cls(
            Path(plain["folder"]),
            plain["content_hash"],
            tuple(plain["classes"]),
            (channels, height, width),
            plain["train_count"],
            plain["held_out_count"],
        )


def store(split: Split, cache: Path) -> StoredSplit:
    """Return `split` as files below `cache`, written unless they are there already.

    The folder appears whole or not at all: it is filled under another name and renamed. Of two processes that
    store the same split at once, the first to finish wins and both use its folder.

    Raises:
        OSError: the cache cannot be written.
    """
    name = split.content_hash()
    folder = cache / name[:32]
    found = StoredSplit(folder, name, split.train.classes, split.train.shape, len(split.train), len(split.held_out))
    if not is_complete(found):
        _write(split, found)
    if not (folder / NAMES).is_file():
        _write_names(split, folder)
    if len(found.ready()) < 2 and fits(split.train.images) and fits(split.held_out.images):
        _write_ready(split, folder)
    return found


def _write_ready(split: Split, folder: Path) -> None:
    """Standardise the pictures of both sides by those that are trained on, once for all trainers."""
    scale, shift = scale_and_shift(split.train.images)
    for side, images in (("train", split.train.images), ("held_out", split.held_out.images)):
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".ready-", delete=False) as stream:
            np.save(stream, standardised(images, scale, shift), allow_pickle=False)
        Path(stream.name).replace(folder / f"{side}_ready.npy")


def _write_names(split: Split, folder: Path) -> None:
    names = {"train": list(split.train.names), "held_out": list(split.held_out.names)}
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".names-", delete=False, encoding="utf-8") as stream:
        json.dump(names, stream)
    Path(stream.name).replace(folder / NAMES)


def is_complete(found: StoredSplit) -> bool:
    """Tell whether all four arrays are there with the types and shapes that the split has."""
    counts = {"train": found.train_count, "held_out": found.held_out_count}
    for part in PARTS:
        side, content = part.rsplit("_", 1)
        shape, kind = (found.shape, np.uint8) if content == "images" else ((), np.int64)
        if not _holds(found.folder / f"{part}.npy", (counts[side], *shape), kind):
            return False
    return True


def _holds(path: Path, shape: tuple[int, ...], kind: type[np.generic]) -> bool:
    """Tell whether a file is a whole array of that shape and type."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):  # missing, cut short, empty
        return False
    return bool(array.shape == shape and array.dtype == kind)


def _write(split: Split, found: StoredSplit) -> None:
    found.folder.parent.mkdir(parents=True, exist_ok=True)
    arrays: tuple[NDArray[Any], ...] = (
        split.train.images,
        split.train.labels,
        split.held_out.images,
        split.held_out.labels,
    )
    with tempfile.TemporaryDirectory(dir=found.folder.parent, prefix="writing-") as workplace:
        draft, broken = Path(workplace) / "draft", Path(workplace) / "broken"
        draft.mkdir()
        broken.mkdir()
        for part, array in zip(PARTS, arrays, strict=True):
            np.save(draft / f"{part}.npy", little_endian(array), allow_pickle=False)
        for attempt in range(_ATTEMPTS):
            try:
                draft.replace(found.folder)
            except OSError:
                # A folder with files in it is never replaced: either another process was faster with the same
                # content, and its folder must stay where trainers may be opening it, or an old one is incomplete.
                if is_complete(found):
                    return
                if attempt == _ATTEMPTS - 1:
                    raise
                with contextlib.suppress(FileNotFoundError):  # another process has just set it aside
                    found.folder.replace(broken / str(attempt))
            else:
                return
