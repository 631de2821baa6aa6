"""A gradebook for Canvas: one column of the one that it exported, or a new file that it imports."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from grader.faults import OperatorFault
from grader.report.exports.entitled import number
from grader.report.exports.exported import Exported, Grades, merge_notes, placed, shown, written_over
from grader.report.exports.matching import Row, match
from grader.report.exports.sheet import Sheet, has_decimal_comma
from grader.report.plain import inert_line, spreadsheet
from grader.wording import listed

_STUDENT = ("Student", "LastName", "FirstName")
_KEYS = ("ID", "SIS User ID", "SIS Login ID", "Integration ID")
_ABOUT = (*_STUDENT, *_KEYS, "Root Account", "Section")
_TOTAL = re.compile(r"(?:Current|Final|Unposted Current|Unposted Final|Override) (?:Points|Score|Grade|Status)$")
"""How the names of columns end that Canvas reckons itself."""
_TITLE = re.compile(r"(.*) \((\d+)\)", re.DOTALL)
_MAXIMA = "Points Possible"
_EXCUSED = "EX"


def merged(grades: Grades, path: Path, column: str | None) -> Exported:
    """Return the exported gradebook at `path` with one column filled; everything else in it stays as it is.

    `column` is the assignment's title or number; None stands for the title of `grades`. A title that is not there
    becomes a column of its own.

    Raises:
        OperatorFault: it is not such a gradebook, or the column is none for points.
    """
    sheet = Sheet.read(path)
    header = sheet.header
    if "ID" not in header or not any(name in header for name in _STUDENT):
        raise OperatorFault(
            f"--into {path} has the columns {', '.join(header)[:200]}; a gradebook of Canvas has Student and ID.",
            fix="Export it under Grades, and give the file as it is.",
        )
    at, notes = _column(sheet, path, column or grades.title)
    students = _rows(sheet)
    found = match(grades.people, students)
    maxima = [row for row in range(1, len(sheet)) if sheet.value(row, 0).startswith(_MAXIMA)]
    comma = has_decimal_comma(sheet.value(row, column) for row in maxima for column in range(len(header)))
    for row in maxima:
        there = sheet.value(row, at)
        if not there:
            sheet.put(row, at, number(grades.most, comma=comma))
        elif (there.replace(",", ".") if comma else there) not in _spelled(grades.most):
            notes.append(f"Canvas has {there} points for it, this gradebook {number(grades.most)}; none is rescaled.")
    excused, replaced = [], 0
    for row, person in found.owners.items():
        there = sheet.value(row, at)
        if there.upper() == _EXCUSED:
            excused.append(person)
        elif person.earned.points is not None:
            replaced += there not in ("", "-", *_spelled(person.earned.points))
            sheet.put(row, at, number(person.earned.points, comma=comma))
    notes += written_over(replaced)
    notes += [f"Excused, and stay so: {shown(tuple(excused))}."] if excused else []
    notes += merge_notes(found, len(students) - len(found.owners))
    return Exported(sheet.encode(), placed(found, excused), tuple(notes))


def fresh(grades: Grades, column: str | None) -> Exported:
    """Return a file that Canvas imports, which makes an assignment of its column."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(("Student", *_KEYS[:3], "Section", _safe(column or grades.title)))
    writer.writerow((f"    {_MAXIMA}", "", "", "", "", number(grades.most)))
    for one in grades.people:
        points = "" if one.earned.points is None else number(one.earned.points)
        # An id that is no number is the university's: Canvas looks for it among these.
        ids = (one.id, "") if re.fullmatch(r"[0-9]+", one.id) else ("", _safe(one.id))
        writer.writerow((_safe(one.name), *ids, _safe(one.email), "", points))
    return Exported(table.getvalue().encode(), grades.people)


def _column(sheet: Sheet, path: Path, wanted: str) -> tuple[int, list[str]]:
    """Return the column to fill, made where it is not there, with what is to be said of it."""
    header = sheet.header
    titles = {at: _TITLE.fullmatch(name) for at, name in enumerate(header)}
    fitting = [
        at
        for at, name in enumerate(header)
        if wanted == name or ((parts := titles[at]) is not None and wanted in (parts[1].strip(), parts[2]))
    ]
    if len(fitting) > 1:
        raise OperatorFault(
            f"--into {path} has {len(fitting)} columns {wanted!r}: {listed([header[at] for at in fitting])}.",
            fix="Give the number in brackets to --column.",
        )
    if fitting:
        if header[fitting[0]] in _ABOUT or _is_total(sheet, fitting[0]):
            raise OperatorFault(f"--column {wanted} of {path} is none for points.", fix="Name an assignment.")
        return fitting[0], []
    if wanted.isdecimal():
        known = listed([name for at, name in enumerate(header) if titles[at]]) or "none"
        raise OperatorFault(f"--into {path} has no assignment {wanted}; it has {known}.")
    at = next((at for at in range(len(header)) if _is_total(sheet, at)), len(header))
    sheet.insert(at, _safe(wanted))
    return at, [
        f"There is no column {inert_line(wanted, 80)} in --into: it is new, and Canvas makes an assignment of it."
    ]


def _is_total(sheet: Sheet, at: int) -> bool:
    return bool(_TOTAL.search(sheet.header[at])) or "(read only)" in sheet.column(at)


def _rows(sheet: Sheet) -> list[Row]:
    places = {name: at for at, name in reversed(list(enumerate(sheet.header)))}
    rows = []
    for at in range(1, len(sheet)):
        keys = tuple(sheet.value(at, places.get(name)) for name in _KEYS)
        if sheet.value(at, 0).startswith(_MAXIMA) or not any(keys):
            continue
        halves = [sheet.value(at, places.get(name)) for name in _STUDENT[1:]]
        rows.append(Row(at, keys, sheet.value(at, places.get("Student")) or ", ".join(filter(None, halves))))
    return rows


def _spelled(points: float) -> tuple[str, ...]:
    return number(points), f"{points:.1f}", f"{points:.2f}"


def _safe(text: str) -> str:
    return spreadsheet(inert_line(text))
