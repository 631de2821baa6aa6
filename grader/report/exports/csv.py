"""`grades.csv`: one row a submission, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from grader.records import Finding, Outcome, Report, Status
from grader.report.exports.files import write_atomically
from grader.report.plain import inert_line, spreadsheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

COLUMNS = (
    *("id", "student", "status", "points", "max_points", "human_points", "human_max"),
    *("accuracy", "interval_low", "interval_high", "n", "stopped", "late", "late_share", "superseded", "words"),
)
"""The columns that are always there; `points_CRITERION` follows for each criterion."""

_UNDECIDED = (Outcome.PENDING, Outcome.ERROR)


def write_grades(reports: Iterable[Report], path: Path) -> None:
    """Write `grades(reports)` to `path`.

    Raises:
        OperatorFault: the file cannot be written.

    """
    write_atomically(path, grades(reports))


def grades(reports: Iterable[Report]) -> str:
    """Return one row a submission, sorted by id; what is not decided is blank, never zero.

    Points are blank where a fault of the grader's has a part in them. Text is safe in a spreadsheet: it is inert
    and never a formula.
    """
    ordered = sorted(reports, key=lambda report: report.submission.id)
    criteria = tuple(dict.fromkeys(finding.criterion for report in ordered for finding in report.findings))
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow((*COLUMNS, *(_text(f"points_{criterion}") for criterion in criteria)))
    for report in ordered:
        writer.writerow(_row(report, criteria))
    return table.getvalue()


def _row(report: Report, criteria: Sequence[str]) -> tuple[str, ...]:
    score = report.score
    points = {finding.criterion: _points(finding) for finding in report.findings}
    return (
        _text(report.submission.id),
        _text(report.submission.student),
        str(report.status),
        "" if _is_our_fault(report) else _number(report.points),
        _number(report.max_points),
        _number(report.human_points),
        _number(report.human_max),
        *(map(_number, (score.accuracy, *score.interval, score.n)) if score else ("",) * 4),
        _text(report.stopped or ""),
        "late" if report.submission.late or report.lateness else "",
        _number(report.lateness.share) if report.lateness else "",
        _text(", ".join(report.submission.superseded)),
        _words(report),
        *(points.get(criterion, "") for criterion in criteria),
    )


def _words(report: Report) -> str:
    """Return how many words of explanation were found; blank where they were not counted."""
    return next((str(one.evidence["words"]) for one in report.findings if "words" in one.evidence), "")


def _is_our_fault(report: Report) -> bool:
    return report.status is Status.GRADER_FAULT or any(one.outcome is Outcome.ERROR for one in report.findings)


def _points(finding: Finding) -> str:
    return "" if finding.outcome in _UNDECIDED else _number(finding.points)


def _number(value: float | None) -> str:
    """Return a number as every spreadsheet reads it, without a needless `.0`."""
    return "" if value is None else f"{value:.6g}"


def _text(text: str) -> str:
    return spreadsheet(inert_line(text))
