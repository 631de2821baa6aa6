"""What a helper has to have in common with whoever asks it, as one digest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_VARIABLES = ("GRADER_CACHE", "HOME", "TMPDIR", "XDG_CACHE_HOME")
"""Environment variables that change where the grader looks; those of Python's own are counted as well."""


def stamp(isolation: str, device: str) -> str:
    """Return a digest of the grader's files, of Python and its packages, of the walls asked for and of the environment.

    Nothing is imported for it: files count by their times and sizes. What a command names (the submission, the rubric)
    is no part of it, as a helper reads it anew for each.
    """
    parts: dict[str, Any] = {
        "isolation": [isolation, device],
        "python": [sys.version, sys.executable, sys.prefix, sys.flags.optimize],
        "user": [os.geteuid(), os.getegid(), sorted(os.getgroups())],
        "environment": {name: os.environ.get(name) for name in sorted(_named())},
        "bubblewrap": _seen(Path(shutil.which("bwrap") or "/nowhere")),
        "spaces": [_space(one) for one in ("mnt", "pid", "user", "net")],
        "grader": sorted(_files(Path(__file__).parents[1])),
        "packages": [_seen(one) for one in _packages()],
    }
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _named() -> set[str]:
    return {*_VARIABLES, *(name for name in os.environ if name.startswith(("PYTHON", "CUDA_")))}


def _files(folder: Path) -> Iterator[list[Any]]:
    """Yield path, time and size of every file of a package."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(Path(entry.path))
            else:
                found = entry.stat()
                yield [entry.path, found.st_mtime_ns, found.st_size]


def _packages() -> Iterator[Path]:
    """Name the folders of packages, which change with every installation, and the files that say versions."""
    for entry in sys.path:
        if Path(entry).name in ("site-packages", "dist-packages"):
            yield Path(entry)
            yield Path(entry, "torch", "version.py")
            yield Path(entry, "numpy", "version.py")


def _seen(path: Path) -> list[Any]:
    try:
        found = path.stat()
    except OSError:
        return [str(path)]
    return [str(path), found.st_mtime_ns, found.st_size]


def _space(name: str) -> str:
    """Return which namespace this process is in; a helper of another one sees other files."""
    try:
        return str(Path(f"/proc/self/ns/{name}").readlink())
    except OSError:
        return ""
