"""Rubric files as tests: each can be read, names files that are there, and says what is probably meant."""

from __future__ import annotations

import re
import tomllib
import warnings
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from grader.faults import GraderError

if TYPE_CHECKING:
    from grader.rubric import Rubric

FOLDER = "rubrics"
"""The name of a folder whose rubrics are collected when it is named."""

_VERSION, _CRITERIA = re.compile(r"(?m)^[ \t]*version[ \t]*="), re.compile(r"(?m)^[ \t]*\[criteria\b")


class RubricDoubtWarning(pytest.PytestWarning):
    """Something in a rubric that the format allows, and that is probably not meant."""


class WrongRubricError(GraderError):
    """A rubric that is wrong; its text is all that is shown."""


def rubric_file(path: Path, parent: pytest.Collector) -> RubricFile | None:
    """Return the tests of a rubric that was named, or whose folder was; None for any other file."""
    session = parent.session
    in_folder = path.parent.name == FOLDER and session.isinitpath(path.parent)
    if not (in_folder or session.isinitpath(path)) or not is_rubric(path):
        return None
    return RubricFile.from_parent(parent, path=path)


def is_rubric(path: Path) -> bool:
    """Tell whether a TOML file is a rubric of ours, or would be one if it were TOML."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    try:
        plain = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return bool(_VERSION.search(text) and _CRITERIA.search(text))
    return "version" in plain and isinstance(plain.get("criteria"), dict)


class RubricFile(pytest.File):
    """A rubric."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield what is checked of it."""
        for kind in (ValidItem, FilesItem, DoubtsItem):
            yield kind.from_parent(self, name=kind.key)

    @cached_property
    def rubric(self) -> Rubric:
        """Return the rubric; raise RubricFault where it is wrong."""
        from grader.criteria import DEFINITIONS
        from grader.rubric import load

        return load(self.path, DEFINITIONS)

    def missing(self) -> dict[tuple[str, str], Path]:
        """Return the files that the rubric names and that are not there, by their keys."""
        rubric = self.rubric_or_skip()
        named = {("reference", "solution"): rubric.reference.solution, ("data", "source"): rubric.data.source}
        found = {key: rubric.resolve(name) for key, name in named.items() if name != "patterns"}
        return {key: path for key, path in found.items() if not path.exists()}

    def rubric_or_skip(self) -> Rubric:
        """Return the rubric; skip the test where it is wrong, which another test says."""
        try:
            return self.rubric
        except GraderError:
            pytest.skip("the rubric cannot be read")


class _RubricItem(pytest.Item):
    """One test of a rubric."""

    key: str
    title: str
    parent: RubricFile

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where it stands and its sentence."""
        return self.path, 0, f"{self.path.name}: {self.title}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what is wrong with the rubric and nothing of ours."""
        if isinstance(excinfo.value, (GraderError, RubricDoubtWarning)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


class ValidItem(_RubricItem):
    """Every key is known and means something."""

    key = "valid"
    title = "the rubric can be read"

    def runtest(self) -> None:
        """Fail with every mistake and its line."""
        from grader.faults import RubricFault

        try:
            rubric = self.parent.rubric
        except RubricFault as fault:
            raise WrongRubricError("\n".join(_mistakes(self.path, fault.mistakes)) or str(fault)) from fault
        self.user_properties += [
            ("criteria", len(rubric.criteria)),
            ("automatic_points", rubric.automatic_points),
            ("human_points", rubric.human_points),
        ]


class FilesItem(_RubricItem):
    """The reference solution and the pictures are there."""

    key = "files"
    title = "the files that the rubric names exist"

    def runtest(self) -> None:
        """Fail with every file that is missing."""
        from grader.rubric.mistakes import line_of

        missing, text = self.parent.missing(), self.path.read_text(encoding="utf-8")
        if missing:
            rows = [
                (line_of(text, key), ".".join(key), f"names {path}, which does not exist")
                for key, path in missing.items()
            ]
            raise WrongRubricError("\n".join(_mistakes(self.path, rows)))


class DoubtsItem(_RubricItem):
    """What the format allows, and is probably not meant: a warning, and a property."""

    key = "doubts"
    title = "nothing in the rubric is doubtful"

    def runtest(self) -> None:
        """Warn of every doubt; where warnings are errors, the first one fails."""
        from grader.rubric.mistakes import line_of
        from grader.rubric_commands import doubts

        rubric, text = self.parent.rubric_or_skip(), self.path.read_text(encoding="utf-8")
        told = {".".join(key) for key in self.parent.missing()}
        found = [one for one in doubts(rubric) if one.key not in told]
        said = [RubricDoubtWarning(f"{one.key}: {one.what} {one.fix}") for one in found]
        self.user_properties += [("doubt", str(one)) for one in said]
        for one, doubt in zip(said, found, strict=True):
            line = line_of(text, tuple(doubt.key.split(".")))
            warnings.warn_explicit(one, RubricDoubtWarning, str(self.path), line)


def _mistakes(path: Path, found: Iterable[tuple[int, str, str]]) -> Iterator[str]:
    for line, key, problem in found:
        yield f"{path.name}, line {line}: {f'{key} ' if key else ''}{problem}."
