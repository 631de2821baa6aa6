"""A table of grades as `nbgrader export` writes it, with the quotes that names with commas need."""

from __future__ import annotations

import csv
import io

from grader.report.exports.entitled import Entitled, number
from grader.report.exports.exported import Exported, Grades
from grader.report.plain import inert_line, spreadsheet

COLUMNS = (
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"),
    *("raw_score", "late_submission_penalty", "score", "max_score"),
)


def table(grades: Grades) -> Exported:
    """Return one row for everybody; scores that are not decided are blank."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(grades.title, one) for one in grades.people)
    return Exported(stream.getvalue().encode(), grades.people)


def _row(title: str, person: Entitled) -> tuple[str, ...]:
    first, last = _halves(person.name)
    points, taken = person.earned.points, person.earned.taken
    scores = ("", "", "") if points is None else (number(points + taken), number(taken), number(points))
    texts = (title, "", person.report.submission.handed_in, person.id or person.name, last, first, person.email)
    return (*(spreadsheet(inert_line(one)) for one in texts), *scores, number(person.earned.most))


def _halves(name: str) -> tuple[str, str]:
    """Return first and last name; a name of one word is the last."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    first, _, last = name.strip().rpartition(" ")
    return first.strip(), last
