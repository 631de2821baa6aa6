"""The result of a runner as GitHub Classroom's reporter reads it: JSON, in base64, as a step's output.

The reporter adds up `score` of all tests, so only what the machine has decided stands there; marks of a human and what
this run was not asked to train are left out, with the points that they could bring.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from grader.records import Finding, Outcome, Report, Status
from grader.report.plain import inert_line
from grader.report.verdicts import failure_text
from grader.rubric.tables import TRAINED

_STATUS = {Outcome.PASSED: "pass", Outcome.FAILED: "fail", Outcome.SKIPPED: "fail", Outcome.ERROR: "error"}


def result(report: Report, *, trains: bool) -> dict[str, Any]:
    """Return the result; `max_score` is 0, which reports no points at all, where the points are not decided.

    Where this run does not train, criteria that look at a training are left out.
    """
    listed = [one for one in report.findings if _counts(one, trains=trains)]
    decided = is_decided(report)
    tests = [_test(one, report) for one in listed]
    return {
        "version": 1,
        "status": _whole(report, tests),
        "max_score": _number(sum(one.max_points for one in listed)) if decided else 0,
        "tests": tests,
    }


def encoded(found: dict[str, Any]) -> str:
    """Return a result as the value of a step's output, which is one line."""
    return base64.b64encode(json.dumps(found).encode()).decode("ascii")


def is_decided(report: Report) -> bool:
    """Tell whether the machine's points stand: the grader did not fail, and no human has to look first."""
    failed = any(one.outcome is Outcome.ERROR for one in report.findings)
    return not failed and report.status in (Status.GRADED, Status.STUDENT_FAULT)


def _counts(found: Finding, *, trains: bool) -> bool:
    return found.outcome is not Outcome.PENDING and (trains or found.criterion not in TRAINED)


def _whole(report: Report, tests: list[dict[str, Any]]) -> str:
    if any(one["status"] == "error" for one in tests) or report.status is Status.GRADER_FAULT:
        return "error"
    return "fail" if any(one["status"] == "fail" for one in tests) else "pass"


def _test(found: Finding, report: Report) -> dict[str, Any]:
    said = failure_text(found, report) if found.outcome is not Outcome.PASSED else found.rationale
    return {
        "name": inert_line(found.title, 200),
        "status": _STATUS[found.outcome],
        "score": _number(found.points or 0),
        "message": inert_line(said, 1500),
        # The reporter prints this as it is, so nothing of a student's stands here.
        "test_code": "",
        "filename": "",
        "line_no": 0,
        "duration": 0,
    }


def _number(points: float) -> float | int:
    """Return whole points without a decimal point, as people write them."""
    return int(points) if float(points).is_integer() else round(points, 2)


def total(found: dict[str, Any]) -> float:
    """Return the points of a result, as the reporter adds them up."""
    return round(float(sum(one["score"] for one in found["tests"])), 2)
