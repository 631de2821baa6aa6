"""What is said of marks: who gave one and when, and what has changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.report.paging import local_time
from grader.report.plain import inert_line, shorten

if TYPE_CHECKING:
    from datetime import tzinfo

    from grader.records import Finding, Report

_TITLE = 70
_NAME = 40
_CHANGED = {
    "text": "The explanation has changed since",
    "code": "The code has changed since",
    "verdict": "The grader's verdict has changed since",
}


def given_by(evidence: dict[str, Any], zone: tzinfo | None = None) -> str:
    """Return `on 2026-11-29 10:12 by Anna` of a finding's evidence; empty where no human gave its points."""
    if "marked_at" not in evidence:
        return ""
    return f"on {local_time(evidence['marked_at'], zone)} by {inert_line(evidence['marked_by'], _NAME)}"


def changed_since(finding: Finding, zone: tzinfo | None = None) -> str:
    """Say what a mark was given on that is not so any more; empty where nothing of it changed."""
    what = _CHANGED.get(str(finding.evidence.get("changed", "")))
    if what is None:
        return ""
    title = shorten(inert_line(finding.title), _TITLE)
    return f"{what} “{title}” was marked {given_by(finding.evidence, zone)}; the mark counts until you give another."


def changes(report: Report, zone: tzinfo | None = None) -> tuple[str, ...]:
    """Return what is to be said of a report's marks."""
    return tuple(said for one in report.findings if (said := changed_since(one, zone)))
