"""What a code host or an editor shows beside a student's lines: what stopped, failed or is advised, and where."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from grader.faults import StudentFault
from grader.intake.reading import MEGABYTE, Reader
from grader.records import Finding, Outcome, Report, Status, Submission, Where
from grader.report.file_lines import code_lines
from grader.report.plain import inert_line
from grader.source.reading.notebook import decoded

MOST = 10
"""How many errors, and how many warnings, GitHub shows of one step."""

_LARGEST_NOTEBOOK = 100 * MEGABYTE
_NAMED = re.compile(
    r"\bcell (?P<cell>\d{1,5})(?:, line (?P<line>\d{1,6}))?|(?P<file>[^\s(),]+\.py), line (?P<row>\d{1,6})"
)
"""A place as our own sentences name it."""


class Level(StrEnum):
    """How grave it is, in the words of GitHub and of compilers."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One remark beside a line.

    Attributes:
        level: an error costs points.
        path: the file, as whoever started the command sees it; empty where no file is meant.
        line: within that file, counted from 1; None with the path.
        title: one line.
        message: what was expected and found, and the one thing to do; one line.
    """

    level: Level
    path: str
    line: int | None
    title: str
    message: str


@dataclass(slots=True)
class Files:
    """The files of a submission as they lie on the disk.

    Attributes:
        submission: whose they are, with their places.
        folder: from which paths are seen.
    """

    submission: Submission
    folder: Path
    _read: dict[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)

    def place(self, where: Where, fallback: str = "") -> tuple[str, int] | None:
        """Return path and line of a place; None where it lies in no file of the submission's that is on the disk.

        A place without a file is one of `fallback`. A line that cannot be found is the first of the cell, or the file.
        """
        name = where.file or fallback
        index = self.submission.files.index(name) if name in self.submission.files else None
        if index is None or self.submission.places[index].members:
            return None
        path = os.path.relpath(self.submission.places[index].path, self.folder).replace(os.sep, "/")
        if where.cell is None:
            return path, max(where.line or 1, 1)
        cells = self._cells(name, index)
        lines = cells[where.cell - 1] if 0 < where.cell <= len(cells) else ()
        wanted = max(where.line or 1, 1)
        return path, lines[min(wanted, len(lines)) - 1] if lines else 1

    def _cells(self, name: str, index: int) -> tuple[tuple[int, ...], ...]:
        if name not in self._read:
            try:
                with Reader(_LARGEST_NOTEBOOK) as reader:
                    blob = reader.read(name, self.submission.places[index], _LARGEST_NOTEBOOK)
            except StudentFault:  # it changed since it was checked: the remark then stands at the file's first line
                blob = b""
            self._read[name] = code_lines(decoded(blob))
        return self._read[name]


def annotated(report: Report, files: Files) -> tuple[Annotation, ...]:
    """Return the remarks on a submission: errors first, then warnings, and of each no more than are shown."""
    found = list(_all(report, files))
    chosen = [[one for one in found if one.level is level][:MOST] for level in Level]
    return tuple(one for part in chosen for one in part)


def _all(report: Report, files: Files) -> Iterator[Annotation]:
    main = _main(report)
    if report.status in (Status.GRADER_FAULT, Status.NEEDS_HUMAN):
        grader = report.status is Status.GRADER_FAULT
        title = "The grader failed, which costs no points" if grader else "A human has to look at this"
        yield _at(Level.WARNING, files.place(Where(main)), title, _trouble(report) or title)
    stopped = bool(report.cause)
    if stopped:
        where = report.broke.where if report.broke is not None else Where(main)
        code = f" `grader check --explain {report.code}` says more." if report.code else ""
        message = f"{_ended(report.cause)} {report.help}{code}"
        yield _at(Level.ERROR, files.place(where, main) or files.place(Where(main)), "The network stops here", message)
    for one in report.findings:
        if one.outcome is Outcome.FAILED and not (stopped and one.rationale.endswith(report.cause)):
            place = files.place(_where(one, report, main), main) or files.place(Where(main))
            points = "" if one.points is None else f" ({one.points:g} of {one.max_points:g} points)"
            yield _at(Level.ERROR, place, f"Not so yet: {one.title}{points}", f"{_ended(one.rationale)} {one.help}")
    for advice in report.advice:
        place = files.place(advice.where, main) if str(advice.where) else None
        message = f"{_ended(advice.help)} ({advice.code}: advice, no points)"
        yield _at(Level.WARNING, place, advice.title, message)


def _trouble(report: Report) -> str:
    """Return why there are no points: what a criterion failed on, else the first that the report notes."""
    errors = [one.rationale for one in report.findings if one.outcome is Outcome.ERROR]
    return next((one for one in (*errors, *report.notes[:1], report.cause) if one), "")


def _ended(text: str) -> str:
    """Return text with a full stop; its first word stays, as it may be the name of a student's layer."""
    return text if text.endswith((".", "!", "?", ")")) else f"{text}."


def _at(level: Level, place: tuple[str, int] | None, title: str, message: str) -> Annotation:
    path, line = place if place is not None else ("", None)
    return Annotation(level, path, line, inert_line(title, 200), inert_line(message, 1500).strip())


def _where(found: Finding, report: Report, main: str) -> Where:
    """Return the place that a verdict names in its own words, else where the network was found."""
    match = _NAMED.search(f"{found.rationale} {found.help}")
    if match is None:
        return report.model.where if report.model is not None else Where(main)
    if match["cell"]:
        return Where(main, int(match["cell"]), int(match["line"] or 1))
    return Where(match["file"], None, int(match["row"]))


def _main(report: Report) -> str:
    """Return the file of the main program; the first file of code where the report does not say."""
    said = [report.broke.where if report.broke is not None else None, report.model.where if report.model else None]
    named = [one.file for one in said if one is not None and one.file]
    code = [one for one in report.submission.files if one.lower().endswith((".ipynb", ".py"))]
    return next((one for one in (*named, *code) if one in report.submission.files), "")


def as_lines(found: Sequence[Annotation], root: str = "") -> list[str]:
    """Return remarks as compilers write them, `net.py:14:1: error: …`, for an editor's list of problems."""
    return [
        f"{inert_line(one.path or root, 300)}:{one.line or 1}:1: {one.level}: {one.title}: {one.message}"
        for one in found
    ]
