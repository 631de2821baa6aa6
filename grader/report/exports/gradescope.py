"""Gradescope's `results.json`: one for a submission; for a class an archive of them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

from grader.records import Finding, Outcome, Report
from grader.report.exports.entitled import Entitled
from grader.report.exports.exported import Exported, Grades
from grader.report.feedback import feedback_markdown
from grader.report.plain import inert
from grader.report.verdicts import failure_text, skip_reason

_STATUS = {Outcome.PASSED: "passed", Outcome.FAILED: "failed"}
_LONG_AGO = (2000, 1, 1, 0, 0, 0)
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|\s]+')


def results(person: Entitled, *, automatic_only: bool = False) -> dict[str, Any]:
    """Return what Gradescope reads; as it adds up scores, nothing has one where the points are not decided."""
    report, points = person.report, person.earned.points
    listed = [one for one in report.findings if not (automatic_only and "human" in one.evidence)]
    about = {
        "output": feedback_markdown(report),
        "output_format": "md",
        "visibility": "visible",
        "tests": [_test(one, report, decided=points is not None) for one in listed],
        "extra_data": {"submission": inert(report.submission.id), "status": str(report.status)},
    }
    return about if points is None else {"score": points, **about}


def export(grades: Grades) -> Exported:
    """Return `results.json` of a gradebook with one submission, else an archive of `ID/results.json`."""
    by_report = list({one.report.submission.id: one for one in grades.people}.values())
    texts = [_text(one, automatic_only=grades.automatic_only) for one in by_report]
    if len(texts) == 1:
        return Exported(texts[0], grades.people)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in zip(_folders(by_report), texts, strict=True):
            entry = zipfile.ZipInfo(f"{name}/results.json", _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return Exported(stream.getvalue(), grades.people)


def _text(person: Entitled, *, automatic_only: bool) -> bytes:
    found = results(person, automatic_only=automatic_only)
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()


def _folders(people: list[Entitled]) -> list[str]:
    """Return a name for everybody's folder; two that would be one get a number."""
    taken: set[str] = set()
    names = []
    for one in people:
        base = _NOT_IN_NAMES.sub("_", inert(one.report.submission.id)).strip(". ") or "submission"
        name, count = base, 2
        while name.casefold() in taken:
            name, count = f"{base} ({count})", count + 1
        taken.add(name.casefold())
        names.append(name)
    return names


def _test(found: Finding, report: Report, *, decided: bool) -> dict[str, Any]:
    judged = found.outcome in _STATUS
    text = failure_text(found, report) if found.outcome in (Outcome.FAILED, Outcome.ERROR) else found.rationale
    return {
        **({"score": found.points, "max_score": found.max_points} if decided and found.points is not None else {}),
        **({"status": _STATUS[found.outcome]} if judged else {}),
        "name": inert(found.title),
        "output": inert(text) if judged or found.outcome is Outcome.ERROR else skip_reason(found),
        "tags": [found.criterion],
        "visibility": "visible",
    }
