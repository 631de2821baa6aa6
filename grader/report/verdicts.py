"""A criterion's verdict as test runners say it: why it failed or was not judged, and what stands beside the outcome."""

from __future__ import annotations

from grader.records import Finding, Outcome, Report
from grader.report.plain import inert


def properties(found: Finding, submission: str) -> list[tuple[str, object]]:
    """Return what is reported beside the outcome; no `points` where none are given yet."""
    points = [] if found.points is None else [("points", found.points)]
    return [
        ("submission", submission),
        ("criterion", found.criterion),
        ("title", inert(found.title)),
        ("outcome", str(found.outcome)),
        *points,
        ("max_points", found.max_points),
    ]


def skip_reason(found: Finding, train: str = "") -> str:
    """Return why a criterion was not judged; one that waits says that word first.

    `train` is the option that trains where this is read; empty where there is none.
    """
    word = f"{found.outcome}: " if found.outcome is Outcome.PENDING else ""
    option = f" (Here the option is {train}.)" if train and found.evidence.get("because") == "training" else ""
    return inert(f"{word}{found.rationale}{option}")


def failure_text(found: Finding, report: Report) -> str:
    """Return title and points, what was expected and found, the one thing to do, and where."""
    points = "no points lost" if found.points is None else f"{found.points:g} of {found.max_points:g} points"
    lines = [f"{found.title}: {points}", found.rationale]
    if found.help:
        lines.append(f"→ {found.help}")
    if "error" in found.evidence:
        lines.append(str(found.evidence["error"]))
    place = where(report)
    if place and not any(place in one for one in lines):
        lines.append(place)
    return "\n".join(lines)


def where(report: Report) -> str:
    """Say in which line a network stopped, else in which it was found; empty where that is not known."""
    if report.broke is not None and str(report.broke.where):
        return f"stops in {report.broke.where}"
    if report.model is not None and str(report.model.where):
        return f"{report.model.name} is in {report.model.where}"
    return ""
