"""The student's own code and explanation, as the grader read them: text alone, the network's lines marked.

It is made of what the sandbox read when it captured the network, so nothing of the file's outputs, scripts or widgets
is there that could run or be large, and no notebook can break it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.report.html_parts import escaped
from grader.report.plain import inert, inert_line, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.records import Passage, Report, SourceText, Where

_MOST_CELLS = 200
_MOST_TEXT = 20_000  # characters of one cell
_MOST = 300_000  # characters of all


def notebook_view(source: Sequence[SourceText], passages: Sequence[Passage], report: Report) -> str:
    """Return explanation and code; empty where neither is known."""
    cells: list[str] = []
    room = _MOST
    for one in source[:_MOST_CELLS]:
        text = shorten(inert(one.text[: _MOST_TEXT + 1]), min(_MOST_TEXT, max(room, 1)))
        room -= len(text)
        if room <= 0:
            break
        cells.append(_cell(one, text, report))
    left = len(source) - len(cells)
    if left:
        cells.append(f'<p class="dim">{left:,} more are left out here.</p>')
    said = "".join(map(_passage, passages))
    return (f"<h3>Explanation</h3>{said}" if said else "") + (f"<h3>Code</h3>{''.join(cells)}" if cells else "")


def _cell(one: SourceText, text: str, report: Report) -> str:
    marked = {place.line for place in _places(report) if _is_there(place, one)}
    broke = report.broke.where if report.broke is not None else None
    stopped = broke.line if broke is not None and _is_there(broke, one) else None
    where = f"{one.file}, cell {one.cell}" if one.cell is not None else one.file
    lines = "".join(_line(line, number in marked, number == stopped) for number, line in enumerate(text.split("\n"), 1))
    of_it = " · makes or is the network" if marked else ""
    return (
        f'<div class="cell{" model" if marked else ""}"><h3>{escaped(inert_line(where, 120))}{of_it}</h3>'
        f"<pre>{lines}</pre></div>"
    )


def _line(text: str, is_marked: bool, is_stop: bool) -> str:
    kind = "stopped" if is_stop else "here" if is_marked else ""
    inner = escaped(text) or " "
    return f'<span class="{kind}">{inner}</span>' if kind else f"<span>{inner}</span>"


def _passage(one: Passage) -> str:
    words = f"{one.words:,} words"
    text = escaped(shorten(inert(one.text[: _MOST_TEXT + 1]), _MOST_TEXT)).replace("<br>", "\n")
    return (
        f'<div class="cell"><h3>{escaped(inert_line(one.where, 80))}, {words}</h3><div class="said">{text}</div></div>'
    )


def _places(report: Report) -> tuple[Where, ...]:
    """Return the lines that make the network and those that call its layers."""
    made = (report.model.where,) if report.model is not None else ()
    return (*made, *(layer.where for layer in report.layers))


def _is_there(place: Where, one: SourceText) -> bool:
    return place.line is not None and place.cell == one.cell and place.file in (None, one.file)
