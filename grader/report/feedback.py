"""What a student reads of a report outside of the terminal: nothing of others, and no picture that was held back."""

from __future__ import annotations

import re

from grader.records import Finding, Outcome, Report
from grader.report.plain import inert, inert_line
from grader.wording import sentence

_MARKDOWN = re.compile(r"([\\*_\[\]<>#|~])")
_CODE = re.compile(r"(`[^`]*`)")


def feedback_markdown(report: Report) -> str:
    """Return a page in Markdown: points, what was found wanting and what to do, then every criterion."""
    submission = report.submission
    lines = [f"# {_escaped(inert_line(submission.student or submission.id))}", ""]
    lines += [part for text in _sums(report) for part in (_escaped(text), "")]
    for heading, found in (
        ("To mend", [one for one in report.findings if one.outcome is Outcome.FAILED]),
        ("Not judged", [one for one in report.findings if one.outcome in _OPEN]),
        ("In order", [one for one in report.findings if one.outcome is Outcome.PASSED]),
    ):
        if found:
            lines += [f"## {heading}", "", *(f"- {_escaped(_said(one))}" for one in found), ""]
    return "\n".join(lines)


def feedback_lines(report: Report) -> tuple[str, ...]:
    """Return the same in short, as plain text: the sums, and what costs points with the next step."""
    return (*_sums(report), *(_said(one) for one in report.findings if one.outcome is Outcome.FAILED))


_OPEN = (Outcome.SKIPPED, Outcome.PENDING, Outcome.ERROR)


def _sums(report: Report) -> list[str]:
    """Say the points: the machine's, and a human's where the rubric has some."""
    faulty = any(one.outcome is Outcome.ERROR for one in report.findings)
    points = "not decided, as the grader failed" if faulty else f"{report.points:g} of {report.max_points:g}"
    lines = [f"Automatic points: {points}."]
    if report.human_max:
        marks = "still to come" if report.human_points is None else f"{report.human_points:g} of {report.human_max:g}"
        lines.append(f"Points of a human: {marks}.")
    if report.lateness is not None:
        lines.append(inert(report.lateness.reason))
    if report.cause:
        lines.append(sentence(inert(report.cause)))
    return lines


def _said(found: Finding) -> str:
    """Return title and points, the reason, and what to do."""
    if found.points is None or found.outcome is Outcome.ERROR:
        head = f"{found.title} ({found.max_points:g} points to give)."
    else:
        head = f"{found.title}: {found.points:g} of {found.max_points:g} points."
    parts = (head, sentence(found.rationale), sentence(found.help))
    return " ".join(inert(one).replace("\n", " ") for one in parts if one)


def _escaped(text: str) -> str:
    """Escape what Markdown would take for its own, but in code."""
    return "".join(
        part if part.startswith("`") and len(part) > 1 else _MARKDOWN.sub(r"\\\1", part) for part in _CODE.split(text)
    )
