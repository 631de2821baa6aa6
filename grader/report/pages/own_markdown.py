"""What the student gets as Markdown: the words of their own page, for a comment in an LMS or a file beside the work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.text import Text

from grader.report.pages.student_page import earned, ordered, outcome_word, own_rows
from grader.report.plain import inert_line
from grader.report.terminal_check import told_once, verdict
from grader.report.terminal_text import MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.records import Layer, Report

# What begins a piece of markup anywhere, in Markdown or in the HTML that it lets through; `://`, `www.` and `@` would
# become links and mentions, and at the start of a line there are lists, rules and underlined headings.
_ACTIVE = re.compile(r"[\\`*_{}\[\]#!|<>~$&@]|:(?=//)|(?<=[Ww]{3})\.|^[-+=]|(?<=^\d)[.)](?=\s)|(?<=^\d\d)[.)](?=\s)")
_AS_ENTITY = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_MOST_ROWS = 60


def own_markdown(report: Report) -> str:
    """Return the student's own report, which says nothing of others."""
    return "\n".join(_lines(report)) + "\n"


def markdown(text: str, most: int = 2000) -> str:
    """Return text on one line in which Markdown sees no markup, no link and no HTML."""
    return _ACTIVE.sub(lambda match: _AS_ENTITY.get(match[0], f"\\{match[0]}"), inert_line(text, most).strip())


def _lines(report: Report) -> Iterator[str]:
    name = report.submission.student or report.submission.id
    yield f"# {markdown(name, 120)}"
    yield ""
    for cell in list(verdict(report).columns)[1].cells:
        yield markdown(cell.plain if isinstance(cell, Text) else str(cell))
        yield ""
    yield from _network(report)
    if report.findings:
        yield "## Checks"
        yield ""
    reason = ""
    for one in ordered(told_once(report)):
        mark, _ = MARKS[one.outcome]
        yield f"- {mark} **{outcome_word(one)}** ({earned(one)}): {markdown(one.title)}"
        if one.rationale and one.rationale != reason:  # said once for those in a row
            yield f"  {markdown(one.rationale)}"
        if one.help:
            yield f"  → {markdown(one.help)}"
        reason = one.rationale
    yield ""
    rows = list(own_rows(report.score))
    if rows:
        yield "## How it learns"
        yield ""
        yield from (f"- {word}: {markdown(line)}." for word, line in rows)
        yield ""
    repairs = report.model.repairs if report.model is not None else ()
    notes = [*(one.message for one in repairs), *report.notes]
    if notes:
        yield "## What was repaired, guessed or left out"
        yield ""
        yield from (f"- {markdown(one)}" for one in notes)
        yield ""
    if report.advice:
        yield "## Advice, which costs nothing"
        yield ""
        yield from (f"- {markdown(one.title)}. {markdown(one.help)} ({markdown(one.code)})" for one in report.advice)


def _network(report: Report) -> Iterator[str]:
    if report.broke is not None and report.cause:
        yield f"Stopped at {markdown(str(report.broke.where))}: {markdown(report.cause)} {markdown(report.help)}"
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
