"""What a student reads of a report outside of the terminal: nothing of others, and no picture that was held back.

The page in Markdown says what the student's own page says; it lies beside that page and goes to Moodle and Gradescope.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from grader.records import Finding, Outcome, Report
from grader.report.pages.student_page import earned, ordered, outcome_word, own_rows
from grader.report.plain import inert, inert_line
from grader.report.terminal_check import told_once, verdict
from grader.report.terminal_text import MARKS
from grader.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from grader.records import Layer

# What begins a piece of markup anywhere, in Markdown or in the HTML that it lets through; `://`, `www.` and `@` would
# become links and mentions, and at the start of a line there are lists, rules and underlined headings.
_ACTIVE = re.compile(r"[\\`*_{}\[\]#!|<>~$&@]|:(?=//)|(?<=[Ww]{3})\.|^[-+=]|(?<=^\d)[.)](?=\s)|(?<=^\d\d)[.)](?=\s)")
_AS_ENTITY = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_CODE = re.compile(r"(`[^`]+`)")
_MOST_ROWS = 60


def feedback_markdown(report: Report, *, without: Collection[str] = ()) -> str:
    """Return the student's own report as a page in Markdown.

    `without` names criteria that the student is not to know of yet; sums, which would tell, are then left out as well.
    """
    if without:
        kept = tuple(one for one in report.findings if one.criterion not in without)
        report = replace(report, findings=kept, score=None if "accuracy" in without else report.score)
    return "\n".join(_lines(report, sums=not without)).rstrip("\n") + "\n"


def feedback_lines(report: Report) -> tuple[str, ...]:
    """Return the same in short, as plain text: the sums, and what costs points with the next step."""
    return (*_sums(report), *(_said(one) for one in report.findings if one.outcome is Outcome.FAILED))


def markdown(text: str, most: int = 2000) -> str:
    """Return text on one line in which Markdown sees no markup, no link and no HTML."""
    return _escaped(inert_line(text, most).strip())


def prose(text: str) -> str:
    """Return a sentence of ours as `markdown` does, and what stands in it as code as code.

    Only where readers of Markdown cannot disagree on which is the code: backticks come in pairs, one at a time. What
    would be markup is then either escaped or code, in which nothing acts, whoever wrote it.
    """
    line = inert_line(text, 2000).strip()
    if "``" in line or line.count("`") % 2:
        return _escaped(line)
    parts = _CODE.split(line)
    return "".join(part if index % 2 else _escaped(part, first=not index) for index, part in enumerate(parts))


def _escaped(text: str, *, first: bool = True) -> str:
    """Escape what acts; `first` tells whether the text may stand at the beginning of a line."""
    guard = "" if first else " "
    return _ACTIVE.sub(lambda match: _AS_ENTITY.get(match[0], f"\\{match[0]}"), guard + text)[len(guard) :]


def _lines(report: Report, *, sums: bool) -> Iterator[str]:
    yield f"# {markdown(report.submission.student or report.submission.id, 120)}"
    yield ""
    for cell in () if not sums else list(verdict(report).columns)[1].cells:
        yield prose(cell.plain if isinstance(cell, Text) else str(cell))
        yield ""
    if report.lateness is not None:
        yield prose(report.lateness.reason)
        yield ""
    yield from _network(report)
    yield from _checks(report)
    yield from _listed("How it learns", [f"{word}: {prose(line)}." for word, line in own_rows(report.score)])
    repairs = report.model.repairs if report.model is not None else ()
    notes = [prose(one) for one in (*(repair.message for repair in repairs), *report.notes)]
    yield from _listed("What was repaired, guessed or left out", notes)
    advice = [f"{prose(one.title)}. {prose(one.help)} ({markdown(one.code)})" for one in report.advice]
    yield from _listed("Advice, which costs nothing", advice)


def _listed(title: str, items: list[str]) -> Iterator[str]:
    """Yield a part with its list; nothing where the list is empty."""
    if items:
        yield f"## {title}"
        yield ""
        yield from (f"- {one}" for one in items)
        yield ""


def _checks(report: Report) -> Iterator[str]:
    if not report.findings:
        return
    yield "## Checks"
    yield ""
    reason = ""
    for one in ordered(told_once(report)):
        mark, _ = MARKS[one.outcome]
        yield f"- {mark} **{outcome_word(one)}** ({earned(one)}): {prose(one.title)}"
        if one.rationale and one.rationale != reason:  # said once for those in a row
            yield f"  {prose(one.rationale)}"
        if one.help:
            yield f"  → {prose(one.help)}"
        reason = one.rationale
    yield ""


def _network(report: Report) -> Iterator[str]:
    if report.cause:
        place = f" at {markdown(str(report.broke.where))}" if report.broke is not None else ""
        yield f"Stopped{place}: {prose(report.cause)} {prose(report.help)}".rstrip()
        yield ""
    if not report.layers:
        return
    yield "## The network"
    yield ""
    yield "| layer | name | place | in | out | parameters |"
    yield "| --- | --- | --- | --- | --- | ---: |"
    yield from map(_layer, report.layers[:_MOST_ROWS])
    more = len(report.layers) - _MOST_ROWS
    if more > 0:
        yield f"| … | {more} more | | | | |"
    yield ""


def _layer(layer: Layer) -> str:
    shapes = ("×".join(map(str, one)) for one in (layer.inputs, layer.outputs))
    cells = (layer.role, markdown(layer.name, 60), markdown(str(layer.where), 60), *shapes, f"{layer.parameters:,}")
    return f"| {' | '.join(cells)} |"


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
