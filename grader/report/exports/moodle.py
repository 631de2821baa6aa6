"""Moodle's offline grading worksheet: the one that it gave out, filled in, or a new one."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.faults import OperatorFault
from grader.report.exports.entitled import Entitled, number
from grader.report.exports.exported import Exported, Grades, merge_notes, placed, shown, written_over
from grader.report.exports.matching import Row, match
from grader.report.exports.sheet import Sheet, has_decimal_comma
from grader.report.feedback import feedback_lines
from grader.report.plain import inert_line, spreadsheet

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "identifier": ("Identifier", "ID", "Identifiant", "Identificador", "Identificatore"),
    "name": ("Full name", "Vollständiger Name", "Nom complet", "Nombre completo"),
    "email": ("Email address", "E-Mail-Adresse", "Adresse de courriel", "Dirección de correo"),
    "number": ("ID number", "ID-Nummer", "Numéro d'identification", "Número de ID"),
    "username": ("Username", "Anmeldename", "Nom d'utilisateur", "Nombre de usuario"),
    "team": ("Group", "Gruppe", "Groupe", "Grupo"),
    "grade": ("Grade", "Bewertung", "Note", "Calificación"),
    "most": ("Maximum grade", "Maximum Grade", "Bestwertung", "Note maximale", "Calificación máxima"),
    "open": ("Grade can be changed", "Bewertung kann geändert werden"),
    "comments": ("Feedback comments", "Feedback als Kommentar", "Commentaires de feedback"),
}
"""The worksheet's headers are in the site's language; of others, --column names the one for points."""
_PARTICIPANT = re.compile(r".*?(\d+)", re.DOTALL)
_CLOSED = ("no", "nein", "non")


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the columns are; None for one that the worksheet lacks."""

    identifier: int
    grade: int
    others: Mapping[str, int]

    def get(self, name: str) -> int | None:
        return self.others.get(name)


def merged(grades: Grades, path: Path, column: str | None) -> Exported:
    """Return the worksheet at `path` with grades, and comments where there are none; all else stays as it is.

    Raises:
        OperatorFault: it is not such a worksheet.
    """
    sheet = Sheet.read(path)
    places = _places(sheet, path, column)
    rows = _rows(sheet, places)
    found = match(grades.people, rows)
    maxima = sheet.column(places.others["most"]) if "most" in places.others else []
    comma = has_decimal_comma((*sheet.column(places.grade), *maxima))
    closed, replaced = [], 0
    for row, person in found.owners.items():
        if sheet.value(row, places.get("open")).casefold() in _CLOSED:
            closed.append(person)
            continue
        replaced += _fill(sheet, row, places, person, comma=comma)
    notes = written_over(replaced)
    notes += [f"Moodle says that these cannot be changed, and they stay: {shown(tuple(closed))}."] if closed else []
    notes += _other_maximum(grades.most, maxima)
    notes += merge_notes(found, len(rows) - len(found.owners))
    return Exported(sheet.encode(), placed(found, closed), tuple(notes))


def fresh(grades: Grades) -> Exported:
    """Return a worksheet of those whose number Moodle's names of files said; Moodle takes nobody without one."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(
        (
            "Identifier",
            "Full name",
            "Email address",
            "Grade",
            "Maximum grade",
            "Last modified (grade)",
            "Feedback comments",
        )
    )
    numbered = tuple(one for one in grades.people if re.fullmatch(r"[0-9]+", one.id))
    for one in numbered:
        points = "" if one.earned.points is None else number(one.earned.points)
        about = (f"Participant {one.id}", _safe(one.name), _safe(one.email))
        writer.writerow((*about, points, number(one.earned.most), "-", _comments(one)))
    missing = tuple(one for one in grades.people if one not in numbered)
    notes = (f"Without a number of Moodle's, and so not exported: {shown(missing)}.",) if missing else ()
    return Exported(table.getvalue().encode(), numbered, notes)


def _fill(sheet: Sheet, row: int, places: _Places, person: Entitled, *, comma: bool) -> bool:
    """Write points and comments of a row; tell whether another grade stood there."""
    points = person.earned.points
    if points is None:
        return False
    there = sheet.value(row, places.grade)
    sheet.put(row, places.grade, number(points, comma=comma))
    comments = places.get("comments")
    if comments is not None and not sheet.value(row, comments):
        sheet.put(row, comments, _comments(person))
    plain = there.replace(",", ".") if comma else there
    return plain not in ("", "-", number(points), f"{points:.1f}", f"{points:.2f}")


def _comments(person: Entitled) -> str:
    """Return what Moodle shows as feedback, which it takes for HTML; empty where points are not decided."""
    if person.earned.points is None:
        return ""
    return "".join(f"<p>{html.escape(one, quote=False)}</p>" for one in feedback_lines(person.report))


def _places(sheet: Sheet, path: Path, column: str | None) -> _Places:
    header = sheet.header
    found = {
        meaning: header.index(name) for meaning, names in _COLUMNS.items() for name in names[::-1] if name in header
    }
    if column is not None:
        if column not in header:
            raise OperatorFault(f"--into {path} has no column {column}; it has {', '.join(header)[:200]}.")
        found["grade"] = header.index(column)
    if "identifier" not in found or not all(
        _PARTICIPANT.fullmatch(one) for one in sheet.column(found["identifier"]) if one
    ):
        raise OperatorFault(
            f"--into {path} has the columns {', '.join(header)[:200]}; a worksheet of Moodle has Identifier.",
            fix="Choose `Download grading worksheet` in the assignment, and give the file as it is.",
        )
    if "grade" not in found:
        raise OperatorFault(
            f"--into {path} has the columns {', '.join(header)[:200]}; none of them is known to hold grades.",
            fix="Name it with --column.",
        )
    return _Places(found.pop("identifier"), found.pop("grade"), found)


def _rows(sheet: Sheet, places: _Places) -> list[Row]:
    rows = []
    for at in range(1, len(sheet)):
        participant = _PARTICIPANT.fullmatch(sheet.value(at, places.identifier))
        if participant is not None:
            more = tuple(sheet.value(at, places.get(name)) for name in ("number", "username", "email"))
            name, team = sheet.value(at, places.get("name")), sheet.value(at, places.get("team"))
            rows.append(Row(at, (participant[1], *more), name, team))
    return rows


def _other_maximum(most: float, maxima: list[str]) -> list[str]:
    other = sorted(
        {one for one in maxima if one.replace(",", ".") not in ("", number(most), f"{most:.1f}", f"{most:.2f}")}
    )
    said = f"Moodle has {inert_line(', '.join(other), 60)} as the highest grade, this gradebook {number(most)}; "
    return [said + "no grade is rescaled, and Moodle refuses what is above its own."] if other else []


def _safe(text: str) -> str:
    return spreadsheet(inert_line(text))
