"""Write pictures in the course's layout or as `.npz`, byte for byte the same for the same pictures."""

from __future__ import annotations

import csv
import filecmp
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from grader.data.course import TABLE
from grader.data.pictures import PictureSet, Split, little_endian
from grader.faults import DataFault

MANIFEST = "manifest.json"
VERSION = 1
"""Of the manifest."""

SIDES = ("train", "held_out")
"""What the two sides are called on disk; `loaders` knows them by these names."""


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Give an empty folder that becomes `out` when the block ends, whole or not at all.

    A folder that is there already is kept when it holds the same bytes, and never overwritten by others.

    Raises:
        DataFault: `out` cannot be written, or holds something else.
    """
    try:
        out = out.resolve()
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as workplace:
            draft = Path(workplace) / "draft"
            draft.mkdir()
            yield draft
            _place(draft, out)
    except OSError as error:
        raise DataFault(
            f"{out} cannot be written ({error.strerror or error}).", fix="Name another folder with --out."
        ) from error


def _place(draft: Path, out: Path) -> None:
    if out.is_dir() and not out.is_symlink() and not any(out.iterdir()):
        out.rmdir()
    if not out.exists():
        shutil.move(draft, out)
    elif not _equal(draft, out):
        raise DataFault(
            f"{out} is there already and holds something else.", fix="Name a new folder with --out, or remove this one."
        )


def _equal(draft: Path, out: Path) -> bool:
    """Tell whether two folders hold the same files with the same bytes."""
    paths = _files(draft)
    return out.is_dir() and paths == _files(out) and not filecmp.cmpfiles(draft, out, paths, shallow=False)[1]


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def write_course(pictures: PictureSet, folder: Path) -> list[str]:
    """Write `1.png` …, `y.csv` into `folder`; return the names of the pictures' files.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(exist_ok=True)
    names = [f"{number}.png" for number in range(1, len(pictures) + 1)]
    for name, image in zip(names, pictures.images, strict=True):
        pixels = image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0))
        Image.fromarray(pixels).save(folder / name, compress_level=6)
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("index", "label"))
        table.writerows((number, pictures.classes[label]) for number, label in enumerate(pictures.labels.tolist(), 1))
    return names


def write_npz(pictures: PictureSet, path: Path) -> list[str]:
    """Write `images` (N, H, W, C), `labels` and `classes`; return what each picture is called in it.

    Raises:
        OSError: the file cannot be written.
    """
    np.savez_compressed(
        path,
        images=np.ascontiguousarray(pictures.images.transpose(0, 2, 3, 1)),
        labels=little_endian(pictures.labels),
        classes=np.array(pictures.classes),
    )
    return [f"images[{position}]" for position in range(len(pictures))]


def write_split(split: Split, folder: Path, *, as_npz: bool, made: dict[str, Any]) -> None:
    """Write both sides and the manifest into `folder`; `made` says in the manifest how the split was made.

    Raises:
        OSError: the folder cannot be written.
    """
    sides = {}
    for name, side in zip(SIDES, (split.train, split.held_out), strict=True):
        if as_npz:
            files = [f"{name}.npz: {entry}" for entry in write_npz(side, folder / f"{name}.npz")]
        else:
            files = [f"{name}/{entry}" for entry in write_course(side, folder / name)]
        sides[name] = _entries(side, files)
    plain = {
        "version": VERSION,
        **made,
        "classes": list(split.train.classes),
        "shape": list(split.train.shape),
        "hash": "picture: SHA-256 of the decoded pixels, one byte each, as channels x height x width; "
        "files: SHA-256 of the file",
        **sides,
        "files": {name: _file_hash(folder / name) for name in _files(folder)},
    }
    (folder / MANIFEST).write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _entries(side: PictureSet, files: list[str]) -> list[dict[str, str]]:
    rows = zip(files, side.digests(), side.labels.tolist(), range(len(side)), strict=True)
    return [
        {"picture": file, "label": side.classes[label], "sha256": digest.hex(), "from": _inside(side, position)}
        for file, digest, label, position in rows
    ]


def _inside(side: PictureSet, position: int) -> str:
    """Return what the picture was called, without the folder that the set was read from."""
    name, origin = side.name(position), side.origin
    return name.removeprefix(origin).lstrip("/\\, ") if name.startswith(origin) else Path(name).name


def _file_hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
