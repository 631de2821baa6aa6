"""What a class got wrong, for the next lesson: counts over all reports, nobody's name in them."""

from __future__ import annotations

import csv
import io
import json
import statistics
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from grader.diagnosis.texts import texts
from grader.records import VERSION, Outcome, Status
from grader.report.plain import inert_line, spreadsheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.records import Report

TABLE = (
    *("id", "status", "late", "criterion", "outcome", "points", "max_points", "code"),
    *("accuracy", "interval_low", "interval_high", "n", "parameters", "training_seconds"),
)
"""The columns of the long table."""


@dataclass(frozen=True, slots=True)
class CriterionCount:
    """How a class did under one criterion.

    Attributes:
        criterion: its id.
        title: its sentence.
        outcomes: how many reports ended in each outcome.
        judged: how many passed or failed.
        failed_share: of those, how many failed; None where none was judged.
        mean_share: mean of the points earned over the points to be had, of those that were judged; None where there
            are none.
    """

    criterion: str
    title: str
    outcomes: dict[str, int]
    judged: int
    failed_share: float | None
    mean_share: float | None


@dataclass(frozen=True, slots=True)
class CodeCount:
    """How many reports have a code of the catalogue: an error (`E02`) or silent advice (`S01`)."""

    code: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Teaching:
    """Everything that is counted; `criteria` and `codes` have what went wrong most first."""

    submissions: int
    statuses: dict[str, int]
    criteria: tuple[CriterionCount, ...]
    codes: tuple[CodeCount, ...]
    points: dict[str, float]
    accuracy: dict[str, float]
    training_seconds: float


def teaching(reports: Sequence[Report]) -> Teaching:
    """Count what the reports say."""
    graded = [one for one in reports if one.status is not Status.GRADER_FAULT]
    trainings = {one.keys.training or index: one.training for index, one in enumerate(reports) if one.training}
    return Teaching(
        len(reports),
        {str(status): sum(one.status is status for one in reports) for status in Status},
        _criteria(reports),
        _codes(reports),
        _spread([one.points for one in graded]),
        _spread([one.score.accuracy for one in reports if one.score is not None]),
        sum(one.seconds for one in trainings.values()),
    )


def teaching_json(found: Teaching) -> str:
    """Return it as one JSON document."""
    return json.dumps({"version": VERSION, **asdict(found)}, indent=1, allow_nan=False)


def teaching_table(reports: Sequence[Report]) -> str:
    """Return one row for each submission and criterion, as CSV: what `pandas.read_csv` takes, safe in a spreadsheet."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(TABLE)
    for report in sorted(reports, key=lambda one: one.submission.id):
        score, model = report.score, report.model
        about = (score.accuracy, *score.interval, score.n) if score else ("",) * 4
        size = "" if model is None or model.parameters is None else model.parameters
        seconds = "" if report.training is None else report.training.seconds
        for one in report.findings:
            points = "" if one.points is None else one.points
            name = spreadsheet(inert_line(report.submission.id))
            writer.writerow(
                (
                    *(name, report.status, report.submission.late, spreadsheet(inert_line(one.criterion)), one.outcome),
                    *(points, one.max_points, spreadsheet(inert_line(report.code)), *about, size, seconds),
                )
            )
    return stream.getvalue()


def _criteria(reports: Sequence[Report]) -> tuple[CriterionCount, ...]:
    findings = [one for report in reports for one in report.findings]
    titles = {one.criterion: one.title for one in findings}
    found = []
    for name, title in titles.items():
        of_it = [one for one in findings if one.criterion == name]
        judged = [one for one in of_it if one.outcome in (Outcome.PASSED, Outcome.FAILED)]
        shares = [one.points / one.max_points for one in judged if one.max_points and one.points is not None]
        failed = sum(one.outcome is Outcome.FAILED for one in judged)
        outcomes = {str(outcome): sum(one.outcome is outcome for one in of_it) for outcome in Outcome}
        found.append(
            CriterionCount(
                name,
                title,
                outcomes,
                len(judged),
                failed / len(judged) if judged else None,
                statistics.fmean(shares) if shares else None,
            )
        )
    return tuple(sorted(found, key=lambda one: -one.outcomes[Outcome.FAILED]))


def _codes(reports: Sequence[Report]) -> tuple[CodeCount, ...]:
    known = texts()
    counts = Counter(
        code for report in reports for code in {report.code, *(one.code for one in report.advice)} - {"", "E00"}
    )
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return tuple(CodeCount(code, known[code].title if code in known else "", count) for code, count in ordered)


def _spread(values: Sequence[float]) -> dict[str, float]:
    """Return lowest, quartiles and highest; empty where there is nothing."""
    if not values:
        return {}
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return {"lowest": min(values), "quartile": low, "median": middle, "upper_quartile": high, "highest": max(values)}
