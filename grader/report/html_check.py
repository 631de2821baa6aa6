"""One report as HTML, for the output of a notebook's cell: nothing is loaded, nothing runs, all text is inert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.records import Outcome
from grader.report import shrinking
from grader.report.html_parts import escaped, parts
from grader.report.html_style import STYLE
from grader.report.mishaps import mishap_block
from grader.report.terminal_check import (
    advice_block,
    break_block,
    findings_table,
    isolation_block,
    layers_block,
    model_block,
    notes_block,
    score_block,
    told_once,
    verdict,
    what_if_block,
)
from grader.report.terminal_picture import formula_block
from grader.report.terminal_text import counted, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.records import Finding, Report, Shape
    from grader.report.mishaps import Mishap

_LARGEST = 72  # pixels of the picture's side
_MAP_AXES = 3  # (C, H, W)


def check_html(report: Report, mishap: Mishap | None = None, origin: str = "") -> str:
    """Return the report as one element; `origin` says where the code came from, in a sentence."""
    sections = (
        ("head", parts((verdict(report),))),
        ("error", parts(mishap_block(mishap))),
        ("", parts((*model_block(report), *break_block(report), *what_if_block(report)))),
        ("", "".join(_judged(told_once(report)))),
        ("", parts(layers_block(report))),
        ("", _maps(report) + parts(formula_block(report))),
        ("", parts(score_block(report))),
        ("", parts(advice_block(report))),
        ("", parts((*notes_block(report), *isolation_block(report)))),
        ("dim", escaped(origin)),
    )
    inner = "".join(f'<section class="{name}">{content}</section>' for name, content in sections if content)
    return f'{STYLE}<div class="cnn-grader">{inner}</div>'


def _judged(findings: tuple[Finding, ...]) -> Iterator[str]:
    """Yield what failed in full; what passed, was not judged or waits for a human is folded."""
    open_ones = tuple(one for one in findings if one.outcome in (Outcome.FAILED, Outcome.ERROR))
    if open_ones:
        yield parts((findings_table(open_ones),))
    for outcome, words in (
        (Outcome.PASSED, "passed"),
        (Outcome.SKIPPED, "not judged yet"),
        (Outcome.PENDING, "marked by a human"),
    ):
        folded = tuple(one for one in findings if one.outcome is outcome)
        if folded:
            points = number(sum(one.max_points for one in folded))
            title = f"{counted(len(folded), 'check')} {words} ({points} points)"
            yield f"<details><summary>{escaped(title)}</summary>{parts((findings_table(folded),))}</details>"


def _maps(report: Report) -> str:
    """Draw each map on the way as a square of its size, and each row as a bar."""
    sides = shrinking.sides(report)
    if not sides:
        return ""
    return f'<div class="maps">{"".join(_map(one, sides[0]) for one in shrinking.steps(report))}</div>'


def _map(shape: Shape | None, largest: int) -> str:
    if shape is None:
        return "<div>…</div>"
    drawn = '<i class="row"></i>'
    if len(shape) == _MAP_AXES:
        height, width = (max(3, round(_LARGEST * side / largest)) for side in shape[1:])
        drawn = f'<i style="height:{height}px;width:{width}px"></i>'
    return f"<div>{drawn}{escaped('×'.join(map(str, shape)))}</div>"
