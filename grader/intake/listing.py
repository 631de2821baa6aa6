"""What lies in a class's folder or archive: one item for each file or folder at its top."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.records import Place

CODE = (".ipynb", ".py")
"""Endings of the files that can hold a model."""

PAGES = (".pdf", ".html", ".htm")
DOCUMENTS = (".md", ".txt", ".rst", ".docx", *PAGES)
"""Endings of the files that can hold an explanation."""

WEIGHTS = (
    ".pt",
    ".pth",
    ".ckpt",
    ".bin",
    ".pth.tar",
    ".pt.tar",
    ".safetensors",
    ".pkl",
    ".pickle",
    ".h5",
    ".model",
    ".weights",
)
"""Endings of files that can hold a network's saved weights."""

ARCHIVE = ".zip"
OTHER_ARCHIVES = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
LINKS = (".url", ".webloc")

MAX_FILES = 500
"""Files of one submission that are looked at."""

SKIPPED_FOLDERS = frozenset({"__pycache__", "__MACOSX", "node_modules", "venv", "site-packages"})
_SKIPPED_FILES = frozenset({"thumbs.db", "desktop.ini", "gradebook.sqlite"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.

    Attributes:
        path: within its item, with `/`; a file at the top has its own name.
        place: where its bytes are.
        trouble: why it cannot be read, a sentence; empty when nothing speaks against it.
    """

    path: str
    place: Place
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One file or folder at the top of a class.

    Attributes:
        name: as it lies there.
        entries: the files in it; one for a file.
        is_folder: whether it is a folder.
        trouble: why it cannot be opened at all, a sentence; empty when it can.
        is_clone: whether it holds a `.git`.
        is_output: whether it is what an earlier batch wrote.
    """

    name: str
    entries: tuple[Entry, ...]
    is_folder: bool = False
    trouble: str = ""
    is_clone: bool = False
    is_output: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything at the top of a class, sorted by name.

    Attributes:
        origin: name of the folder or archive.
        items: what lies there.
        wrapper: name of the folder that held everything; empty when there was none.
    """

    origin: str
    items: tuple[Item, ...]
    wrapper: str = ""


def has_ending(name: str, endings: str | tuple[str, ...]) -> bool:
    """Tell whether a file's name ends so, in capitals or not."""
    return name.lower().endswith(endings)


def is_skipped(path: str) -> bool:
    """Tell whether a path is a tool's own: hidden, a cache, or what macOS and Windows leave behind."""
    parts = path.split("/")
    return parts[-1].lower() in _SKIPPED_FILES or any(part.startswith(".") or part in SKIPPED_FOLDERS for part in parts)


def stem(name: str) -> str:
    """Return a file's name without its ending."""
    return PurePosixPath(name).stem or name


def same(text: str) -> str:
    """Return what is equal for two names that are one file on some computers."""
    return unicodedata.normalize("NFC", text).casefold()


def free_path(path: str, home: str, taken: set[str]) -> str:
    """Return a path that nobody has, with the name of its `home` before it where somebody does, and take it."""
    while same(path) in taken:
        path = f"{home}/{path}"
    taken.add(same(path))
    return path


def most_telling(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return at most `MAX_FILES`, code first and documents next, sorted by path."""

    def rank(entry: Entry) -> tuple[int, str]:
        kind = 0 if has_ending(entry.path, CODE) else 1 if has_ending(entry.path, (*DOCUMENTS, *LINKS, ARCHIVE)) else 2
        return kind, entry.path

    return tuple(sorted(sorted(entries, key=rank)[:MAX_FILES], key=lambda one: one.path))
