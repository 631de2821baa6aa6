"""One report as Gradescope's `results.json`, by the letter of its specification, and the one of a failure of ours.

By that letter a file has a score, or tests each of which has one. So a submission without points has an empty list of
tests, and its checks are told in the text above them.
"""

from __future__ import annotations

from typing import Any

from grader.records import Report
from grader.report.exports.entitled import Entitled, earned
from grader.report.exports.gradescope import results as exported
from grader.report.feedback import feedback_markdown, prose
from grader.rubric import Rubric

FAILED = (
    "The autograder failed, not you. Nothing is wrong with what you handed in as far as this says, and no points are "
    "lost. Tell your course staff; they can run it again."
)


def failed() -> dict[str, Any]:
    """Return what a student reads where the grader failed: a message, and no score."""
    return {
        "output": FAILED,
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [],
    }


def results(report: Report, rubric: Rubric, *, seconds: float, unmeasured: str = "") -> dict[str, Any]:
    """Return the results; the machine's points alone, as humans mark on Gradescope itself.

    `unmeasured` says why nothing was trained; criteria that look at a training then have no score at all.
    """
    points = earned(report, automatic_only=True)
    submission = report.submission
    person = Entitled(submission.id, submission.student, submission.email, frozenset(), report, points)
    found = exported(person, automatic_only=True)
    when = {one.criterion: rubric.gradescope.of(one.criterion) for one in report.findings}
    later = {name for name, one in when.items() if one != "visible"}
    blank = {one.criterion for one in report.findings if one.evidence.get("because") == "training"}
    tests = [_test(one, when, blank, unmeasured) for one in found["tests"]]
    said = [feedback_markdown(report, without=later)]
    if unmeasured and blank:
        said.insert(0, f"{prose(unmeasured)}\n\n")
    if points.blank is not None:
        said.insert(0, f"No points yet: {points.blank}.\n\n")
    return {
        **found,
        "output": "".join(said),
        "stdout_visibility": "hidden",
        "execution_time": round(seconds, 1),
        "tests": tests if points.blank is None else [],
    }


def _test(test: dict[str, Any], when: dict[str, Any], blank: set[str], unmeasured: str) -> dict[str, Any]:
    criterion = test["tags"][0]
    seen = {**test, "visibility": when[criterion]}
    if criterion not in blank:
        return seen
    without = {key: value for key, value in seen.items() if key not in ("score", "max_score", "status")}
    return {**without, "output": unmeasured or test["output"]}
