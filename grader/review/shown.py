"""How a sheet is shown: parts of the reports' own pages, guides as steps, and what was given as sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from grader.records import Outcome, Status
from grader.report.html_parts import parts, text
from grader.report.mark_words import changed_since
from grader.report.pages.diagram import diagram
from grader.report.pages.notebook_view import handed_in, notebook_view
from grader.report.paging import local_time
from grader.report.plain import inert
from grader.report.terminal_check import break_block, layers_block, verdict, what_if_block
from grader.report.terminal_picture import formula_block
from grader.report.terminal_text import MARKS, first_problem, number
from grader.review.sheets import undecided
from grader.scoring.marks import LOOKED

if TYPE_CHECKING:
    from grader.records import Finding, Report
    from grader.review.sheets import Given, Item, Sheet

_STEP = re.compile(r"(?<!\S)(\d{1,4}(?:\.\d{1,2})?):\s+")


@dataclass(frozen=True, slots=True)
class Step:
    """What a number of points is given for, as the rubric's guide says it."""

    points: str
    said: str


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide for whoever marks: the steps that begin with a number and a colon, and what stands before them."""

    said: str
    steps: tuple[Step, ...]


def guide(text_of_rubric: str) -> Guide:
    """Return a rubric's guide (`5: each layer … 3: layers are listed …`) as steps."""
    first, *rest = _STEP.split(" ".join(text_of_rubric.split()))
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return Guide(first.strip(), tuple(Step(points, said.strip()) for points, said in pairs))


def environment() -> Environment:
    """Return the templates; whatever is put into one is inert and escaped, unless it is markup of ours."""
    made = Environment(
        loader=PackageLoader("grader.review"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    made.filters.update(guide=guide, points=_points, machine=_machine, line=_line, changed=changed_since, typed=_typed)
    made.globals.update(
        LOOKED=LOOKED,
        marks={outcome: mark for outcome, (mark, _) in MARKS.items()},
        undecided=undecided,
        middle=middle,
        summary=summary,
        trouble=trouble,
    )
    return made


def summary(report: Report) -> Markup:
    """Return how a report ends, in the sentence of the other pages."""
    sentence, points = (cell for cell in list(verdict(report).columns)[1].cells)
    return Markup("<p>{}</p><p>{}</p>").format(Markup(_inline(sentence)), Markup(_inline(points)))  # noqa: S704 - escaped there


def trouble(report: Report) -> str:
    """Say why the machine could not decide; empty where it could."""
    return first_problem(report) if report.status in (Status.NEEDS_HUMAN, Status.GRADER_FAULT) else ""


def middle(sheet: Sheet) -> dict[str, Markup]:
    """Return explanation, network and code of a submission; empty markup for what it has not."""
    report, handed = sheet.report, sheet.handed
    found = {
        "explanation": notebook_view((), handed.explanation, report),
        "stopped": parts((*break_block(report), *what_if_block(report))),
        "diagram": diagram(report),
        "layers": parts(layers_block(report)),
        "formula": parts(formula_block(report)),
        "code": handed_in(handed.source, (), replace(sheet.layout, documents=()), report),
    }
    # All of it is made by functions that escape what they are given.
    return {name: Markup(one) for name, one in found.items()}  # noqa: S704


def _inline(cell: object) -> str:
    return text(cell if not isinstance(cell, str) else str(cell))  # type: ignore[arg-type]


def _points(value: float | None) -> str:
    return "–" if value is None else number(value)


def _typed(item: Item) -> str:
    """Return the points as they stand in the field."""
    return "" if item.mark is None or item.mark.points is None else f"{item.mark.points:g}"


def _machine(finding: Finding) -> str:
    """Say how the machine ended on a criterion."""
    word = {Outcome.PENDING: "for a human", Outcome.ERROR: "grader's fault", Outcome.SKIPPED: "not judged"}
    points = f"{_points(finding.points)} of {number(finding.max_points)}"
    return f"{word.get(finding.outcome, str(finding.outcome))}, {points}"


def _line(given: Given) -> str:
    """Say one entry of what was given."""
    mark = given.mark
    when = f"{local_time(mark.saved, None)}, {mark.who}"
    if given.did != "given":
        return f"{given.did} · {when}"
    what = "without points" if mark.points is None else number(mark.points)
    return f"{what} · {when}" + (f" · {mark.comment}" if mark.comment else "")
