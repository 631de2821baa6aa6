"""From paths to submissions, and the names under which pytest shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader import submissions
from grader.faults import OperatorFault
from grader.intake.listing import ARCHIVE, CODE, has_ending, stem
from grader.records import Submission
from grader.report.plain import inert_line

_MOST_TOGETHER = 20
"""Modules of one folder that may be one program."""

_READ_BYTES = 2**20
"""How much of a module is looked through for imports."""

_IMPORT = re.compile(rb"^[ \t]*(?:from|import)[ \t]+\.?([A-Za-z_]\w*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Handed:
    """A submission in a run of pytest.

    Attributes:
        name: the first part of its tests' ids: its path, seen from pytest's root folder, known before it is captured.
        path: the file or folder that was named.
        submission: whose it is and where its files are.
    """

    name: str
    path: Path
    submission: Submission

    @property
    def group(self) -> str:
        """Return the name of its group for xdist, which splits ids at these characters."""
        return re.sub(r"[@\[\]]", "_", self.name)


def handed_in(paths: Sequence[Path], root: Path) -> tuple[Handed, ...]:
    """Return the submissions at `paths`, in their order; names are seen from the folder `root`.

    A folder or a zip is read as `grader batch` reads it, and a folder that is one program as `grader check` does.

    Raises:
        OperatorFault: there is nothing to grade.
    """
    found: dict[str, Handed] = {}
    for path in paths:
        for one in _at(path, root):
            found.setdefault(one.name, one)
    return tuple(found.values())


def _at(path: Path, root: Path) -> Iterator[Handed]:
    if not path.exists():
        raise OperatorFault(f"--submission {path} does not exist.")
    name = shown(path, root)
    if not path.is_dir() and not has_ending(path.name, ARCHIVE):
        yield Handed(name, path, submissions.single(path))
        return
    if path.is_dir() and _is_one_program(path):
        yield Handed(name, path, submissions.single(path))
        return
    for one in submissions.discover(path).submissions:
        yield Handed(_inert(one.id) if name == "." else f"{name}/{_inert(one.id)}", path, one)


def shown(path: Path, root: Path) -> str:
    """Return the first part of the ids of what lies at `path`, seen from the folder `root` where it is below it."""
    return _inert((path.relative_to(root) if path.is_relative_to(root) else path).as_posix())


def _inert(name: str) -> str:
    """Return a name that a stranger chose as a part of an id: nothing in it acts, and it ends where it should."""
    return inert_line(name).replace("::", ":").replace("\\", "/")


def _is_one_program(folder: Path) -> bool:
    """Tell whether a folder is one submission: one notebook or module in it, or modules that import one another.

    A flat folder of a class is told from it by that: nobody's file imports everybody's.
    """
    inside = sorted(one for one in folder.iterdir() if not one.name.startswith((".", "_")))
    code = [one for one in inside if one.is_file() and has_ending(one.name, CODE)]
    if any(one.is_dir() and _holds_code(one) for one in inside) or not 0 < len(code) <= _MOST_TOGETHER:
        return False
    if any(has_ending(one.name, ARCHIVE) for one in inside):
        return False
    reached, frontier = set[str](), {stem(code[0].name)}
    links = {stem(one.name): _imports(one) for one in code}
    while frontier:
        reached |= frontier
        near = {to for one in frontier for to in links.get(one, ())} | {one for one in links if links[one] & frontier}
        frontier = (near & set(links)) - reached
    return reached == set(links)


def _holds_code(folder: Path) -> bool:
    return any(has_ending(one.name, CODE) for one in folder.rglob("*"))


def _imports(module: Path) -> frozenset[str]:
    """Return the names that a module's text imports; a notebook's statements stand in quotes, one a line."""
    with module.open("rb") as stream:
        text = stream.read(_READ_BYTES)
    if has_ending(module.name, ".ipynb"):
        text = re.sub(rb'(?m)^[ \t]*"', b"", text)
    return frozenset(one.decode() for one in _IMPORT.findall(text))
