"""Write the points of a gradebook for an LMS: what `grader export` does."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.faults import OperatorFault
from grader.gradebook import Gradebook
from grader.intake.people import Roster, read_roster
from grader.marking import marked_reports
from grader.records import Report
from grader.report.exports import canvas, csv, gradescope, junit, moodle, moodle_feedback, nbgrader, report_json
from grader.report.exports.entitled import Blank, Entitled, entitled
from grader.report.exports.exported import Exported, Grades, shown
from grader.report.exports.files import write_atomically
from grader.report.mark_words import changes
from grader.report.plain import inert_line
from grader.wording import counted, listed

if TYPE_CHECKING:
    from rich.console import Console

_FILES = {
    "csv": "grades.csv",
    "json": "report.json",
    "canvas": "canvas.csv",
    "moodle": "moodle.csv",
    "moodle-feedback": "moodle_feedback.zip",
    "gradescope": "gradescope.zip",
    "nbgrader": "nbgrader.csv",
    "junit": "junit.xml",
}
_MERGING = ("canvas", "moodle")
_WHOLE = ("csv", "json", "junit")
"""Formats that hold what was judged, criterion by criterion, and not the one number that somebody gets."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is asked for.

    Attributes:
        folder: the --out folder of the batch.
        to: the format, a key of the table of files.
        into: a table that an LMS gave out; None for a new file.
        output: the file to write; None for one in the folder's `exports`.
        automatic_only: leave a human's marks out and do not wait for them.
        column: title or number of the assignment; None for the rubric's title.
        roster: further ids of people; None where the gradebook's are enough.
        only: ids of the submissions to export; empty for all.
        overwrite: whether a file that is there may be written over.
    """

    folder: Path
    to: str
    into: Path | None = None
    output: Path | None = None
    automatic_only: bool = False
    column: str | None = None
    roster: Path | None = None
    only: tuple[str, ...] = ()
    overwrite: bool = False


def run_export(options: ExportOptions, console: Console) -> int:
    """Write one file, say who is in it and who is not, and return the exit code.

    Raises:
        OperatorFault: there is no gradebook, a table does not fit, or the file is there already.
    """
    if options.to not in _MERGING and (options.into is not None or options.column is not None):
        option = "--into" if options.into is not None else "--column"
        raise OperatorFault(f"{option} goes with --to {' and --to '.join(_MERGING)} alone.")
    reports, title = _graded(options)
    roster = read_roster(options.roster) if options.roster is not None else Roster()
    people = entitled(reports, roster, automatic_only=options.automatic_only)
    made = _made(options, reports, Grades(people, title, options.automatic_only))
    path = options.output or options.folder / "exports" / _file(options.to, len(reports))
    word = _written(path, made.content, overwrite=options.overwrite)
    said = [f"{counted(len(reports), 'report')}."] if options.to in _WHOLE else summary(made, people)
    for line in (*said, *_marked_before(reports), f"{word} {path}"):
        console.print(line)
    return 0


def summary(made: Exported, people: Sequence[Entitled]) -> list[str]:
    """Say how many have points, who is blank and why, and what else the format has to say."""
    given = [one for one in made.placed if one.earned.points is not None]
    parts = [f"{counted(len(given), 'student')} with points"]
    if late := tuple(one for one in given if one.earned.taken):
        parts.append(f"{len(late):,} of them less for being late ({shown(late)})")
    for reason in Blank:
        blank = tuple(one for one in made.placed if one.earned.blank is reason)
        if blank:
            parts.append(f"{len(blank):,} blank because {reason} ({shown(blank)})")
    if len(made.placed) < len(people):
        parts.append(f"{len(people) - len(made.placed):,} left out")
    return [f"{', '.join(parts)}.", *made.notes]


def _marked_before(reports: Sequence[Report]) -> list[str]:
    """Say whose marks count and were given on something that has changed since."""
    names = [inert_line(one.submission.student or one.submission.id, 60) for one in reports if changes(one)]
    if not names:
        return []
    return [f"Marks of {listed(names)} were given on what has changed since: they count; `grader review` shows them."]


def _graded(options: ExportOptions) -> tuple[tuple[Report, ...], str]:
    """Return the reports that are asked for, and the title of the rubric that counts."""
    with Gradebook.of(options.folder) as gradebook:
        reports, runs = marked_reports(gradebook), gradebook.runs()
    if not reports:
        raise OperatorFault(
            f"The gradebook in {options.folder} has no reports yet.", fix="Run `grader batch` to its end first."
        )
    known = {one.submission.id: one for one in reports}
    missing = [inert_line(one, 60) for one in options.only if one not in known]
    if missing:
        raise OperatorFault(
            f"There is no submission {listed(missing)} in this gradebook.",
            fix="The ids stand in the first column of grades.csv.",
        )
    chosen = tuple(known[one] for one in dict.fromkeys(options.only)) or reports
    return chosen, str(tomllib.loads(runs[-1].invocation.rubric)["title"])


def _made(options: ExportOptions, reports: Sequence[Report], grades: Grades) -> Exported:
    match options.to:
        case "csv":
            return Exported(csv.grades(reports).encode(), grades.people)
        case "json":
            return Exported(report_json.document(reports).encode(), grades.people)
        case "junit":
            return Exported(junit.document(reports).encode(), grades.people)
        case "nbgrader":
            return nbgrader.table(grades)
        case "gradescope":
            return gradescope.export(grades)
        case "moodle-feedback":
            return moodle_feedback.feedback_zip(grades)
        case "moodle" if options.into is not None:
            return moodle.merged(grades, options.into, options.column)
        case "moodle":
            return moodle.fresh(grades)
        case "canvas" if options.into is not None:
            return canvas.merged(grades, options.into, options.column)
        case "canvas":
            return canvas.fresh(grades, options.column)
    raise OperatorFault(f"There is no export to {options.to}.", fix=f"There are {', '.join(_FILES)}.")


def _file(to: str, submissions: int) -> str:
    return "results.json" if to == "gradescope" and submissions == 1 else _FILES[to]


def _written(path: Path, content: bytes, *, overwrite: bool) -> str:
    """Write the file unless that would change one unasked; return what was done in a word."""
    try:
        there = path.read_bytes() if path.exists() else None
    except OSError as error:
        raise OperatorFault(
            f"{path} cannot be read ({error.strerror or error}).", fix="Choose another --output."
        ) from error
    if there == content:
        return "Unchanged:"
    if there is not None and not overwrite:
        raise OperatorFault(
            f"{path} is there already and differs; nothing was written.", fix="Give another --output, or --overwrite."
        )
    write_atomically(path, content)
    return "Written to"
