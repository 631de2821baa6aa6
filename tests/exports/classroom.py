"""A class of awkward names, and the tables that an LMS has of it."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from grader import submissions
from grader.records import Outcome, Report, Submission
from tests.intake.classes import Student, zipped
from tests.report import samples

AWKWARD = {
    "10001": "Jörg Müller-Lüdenscheidt",
    "10002": "Sammy Davis, Jr.",
    "10003": "Seán O'Brien",
    "10004": "Alex Kim",
    "10005": "Alex Kim",
    "10006": "محمد علي",
    "10007": "דוד כהן",
    "10008": "Zoë 🦊 Fox",
    "10009": "🦊🦊",
    "10010": "=HYPERLINK(evil)",
    "10011": "李 伟",
    "10012": 'Anna "Nan" Li',
    "10013": "Madonna",
}
"""Names by the LMS's number: umlauts, commas, apostrophes, namesakes, right to left, emoji, a formula, quotes."""

CLASS = tuple(Student(number, name, {"cnn.ipynb": b"{}"}, {}, late=False) for number, name in AWKWARD.items())


def points_of(number: str) -> float:
    """Return points that nobody else has."""
    return int(number) - 10_000 + 0.25


def found(files: Mapping[str, bytes]) -> tuple[Submission, ...]:
    """Return who is found in an archive of these files."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "class.zip"
        archive.write_bytes(zipped(files))
        return submissions.discover(archive).submissions


def marked(submission: Submission, number: str) -> Report:
    """Return a report that is decided: the points are the number's, a human's marks among them."""
    explanation = replace(samples.EXPLANATION, points=0, outcome=Outcome.FAILED)
    return replace(
        samples.good(),
        submission=submission,
        findings=(*samples.PASSED, explanation),
        points=points_of(number),
        human_points=0,
    )


def canvas_gradebook(students: Sequence[Student] = CLASS) -> bytes:
    """Return a gradebook as Canvas exports it: a mark at its start, quotes, totals, and its test student."""
    total = "(read only)"
    rows = [
        [
            "Student",
            "ID",
            "SIS User ID",
            "SIS Login ID",
            "Section",
            "Quiz (77)",
            "First CNN, part 1 (4711)",
            "Final Score",
        ],
        ["", "", "", "", "", "Manual Posting", "", ""],
        ["    Points Possible", "", "", "", "", "10.00", "50.00", total],
        *(
            [_sortable(one.name), one.id, f"S{one.id}", f"{one.id}@x.edu", "A & B", "7.50", "", "70"]
            for one in students
        ),
        ["Student, Test", "99999", "", "c0ffee", "A & B", "", "", ""],
    ]
    return b"\xef\xbb\xbf" + _table(rows, "\r\n")


def moodle_worksheet(students: Sequence[Student] = CLASS, *, german: bool = False) -> bytes:
    """Return a worksheet as Moodle gives it out; the German one has decimal commas."""
    header = "Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed"
    header += ",Last modified (submission),Last modified (grade),Feedback comments"
    most, word = "50.00", "Participant "
    if german:
        header = "ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Bewertung kann geändert werden"
        header += ",Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),Feedback als Kommentar"
        most, word = "50,00", "Teilnehmer/in"
    when = "Friday, 20 November 2026, 11:58 PM"
    rows = [
        header.split(","),
        *(
            [f"{word}{one.id}", one.name, f"{one.id}@x.edu", "Submitted", "", most, "Yes", when, "-", ""]
            for one in students
        ),
        [f"{word}99999", "Nobody Here", "n@x.edu", "No submission", "", most, "Yes", "-", "-", ""],
    ]
    return b"\xef\xbb\xbf" + _table(rows, "\n")


def read(content: bytes, encoding: str = "utf-8-sig", delimiter: str = ",") -> list[dict[str, str]]:
    """Return the rows of a table as an LMS reads them."""
    return list(csv.DictReader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter))


def _sortable(name: str) -> str:
    first, _, last = name.rpartition(" ")
    return f"{last}, {first}" if first else name


def _table(rows: Sequence[Sequence[str]], end: str) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=end).writerows(rows)
    return stream.getvalue().encode()
