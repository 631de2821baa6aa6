"""A folder on disk becomes submissions: who handed in which files, read once and within bounds."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.faults import OperatorFault, StudentFault
from grader.records import Submission

CODE = (".ipynb", ".py")
"""Endings of the files that can hold a model."""

MAX_FILES = 500
"""Files of one submission that are looked at."""

SKIPPED_FOLDERS = frozenset({"__pycache__", "__MACOSX", "node_modules", "venv", "site-packages"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a submission is read, in bytes."""

    notebook: int = 100 * 2**20
    total: int = 200 * 2**20


def discover(folder: Path) -> tuple[Submission, ...]:
    """Return the submissions in `folder`: each notebook or module, and each subfolder that holds one.

    Raises:
        OperatorFault: the folder is not there, or there is nothing to grade in it.
    """
    if not folder.is_dir():
        raise OperatorFault(f"{folder} is not a folder.", fix="Give the folder that the submissions lie in.")
    found = [one for path in sorted(folder.iterdir()) if (one := _submission(path)) is not None]
    if not found:
        raise OperatorFault(f"{folder} holds no notebook, module or folder of them.")
    return _with_unique_ids(found)


def single(path: Path) -> Submission:
    """Return the one submission at `path`; raise OperatorFault when there is none."""
    if not path.exists():
        raise OperatorFault(f"{path} does not exist.")
    found = _submission(path)
    if found is None:
        raise OperatorFault(f"{path} is not a notebook (.ipynb), a module (.py) or a folder with one of them.")
    return found


def _submission(path: Path) -> Submission | None:
    name = path.name
    if name.startswith((".", "_")) or name in SKIPPED_FOLDERS:
        return None
    if path.is_dir():
        files = tuple(_walk(path))
        return Submission(name, name, files, str(path)) if any(one.endswith(CODE) for one in files) else None
    if path.suffix.lower() not in CODE:
        return None
    return Submission(path.stem, path.stem, (name,), str(path))


def _walk(folder: Path) -> list[str]:
    """Return the files below `folder` as sorted relative paths; links are not followed."""
    found: list[str] = []
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in SKIPPED_FOLDERS)
        found.extend((Path(base) / one).relative_to(folder).as_posix() for one in files if not one.startswith("."))
        if len(found) >= MAX_FILES:
            break
    return sorted(found)[:MAX_FILES]


def _with_unique_ids(found: list[Submission]) -> tuple[Submission, ...]:
    """Tell `net.py` and `net.ipynb` apart by their whole names; everything else keeps its stem."""
    stems = [one.id for one in found]
    return tuple(
        one if stems.count(one.id) == 1 else Submission(Path(one.root).name, one.student, one.files, one.root)
        for one in found
    )


def read(submission: Submission, bounds: Bounds) -> Mapping[str, bytes]:
    """Return the bytes of every file that can hold code, by path within the submission.

    Each file is opened once, without following a link, and read once; what is hashed is what is graded.

    Raises:
        StudentFault: a file is not a regular one, too large, or cannot be read.
    """
    root = Path(submission.root)
    found: dict[str, bytes] = {}
    total = 0
    for name in submission.files:
        if not name.lower().endswith(CODE):
            continue
        blob = _read_file(root / name if root.is_dir() else root, name, bounds.notebook)
        total += len(blob)
        if total > bounds.total:
            raise StudentFault(
                f"The submission is larger than {bounds.total // 2**20} MB.", fix="Hand in the notebook alone."
            )
        found[name] = blob
    return found


def _read_file(path: Path, name: str, most: int) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise StudentFault(f"{name} cannot be read: {error.strerror}.") from error
    with open(descriptor, "rb") as stream:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise StudentFault(f"{name} is not a regular file.")
        if facts.st_size > most:
            raise StudentFault(
                f"{name} has {facts.st_size / 2**20:,.0f} MB; at most {most // 2**20} MB are read.",
                fix="Clear the outputs (Edit, Clear all outputs) and save the notebook again.",
            )
        return stream.read(most + 1)
