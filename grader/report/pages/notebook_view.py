"""What was handed in: the notebook as it was laid out, and code and explanation as the grader read them.

The second is text alone, made of what the sandbox read when it captured the network, with the network's lines marked:
no notebook can break it. It is all there is where no notebook was laid out, and what is printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.report.html_parts import escaped
from grader.report.pages.notebook_frame import notebook_frame
from grader.report.pages.places import places
from grader.report.plain import inert, inert_line, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.records import LaidOut, Passage, Report, SourceText, Where

_MOST_CELLS = 200
_MOST_TEXT = 20_000  # characters of one cell
_MOST = 300_000  # characters of all


@dataclass(frozen=True, slots=True)
class Layout:
    """What was read besides the code.

    Attributes:
        notebooks: those that the sandbox laid out.
        documents: the explanation in files beside them.
        problems: sentences on notebooks that are not laid out.
    """

    notebooks: Sequence[LaidOut] = ()
    documents: Sequence[Passage] = ()
    problems: Sequence[str] = ()


def handed_in(source: Sequence[SourceText], passages: Sequence[Passage], layout: Layout, report: Report) -> str:
    """Return everything that was handed in; empty where nothing of it is known."""
    as_text = notebook_view(source, (*passages, *layout.documents), report)
    why = "".join(f'<p class="dim">{escaped(inert_line(one))}</p>' for one in layout.problems)
    if not layout.notebooks:
        return why + as_text if as_text else ""
    framed = {one.file for one in layout.notebooks}
    others = notebook_view([one for one in source if one.file not in framed], layout.documents, report)
    frames = "".join(
        f"<h3>{escaped(inert_line(one.file, 120))}</h3>{notebook_frame(one, report)}" for one in layout.notebooks
    )
    rest = f"<details><summary>As text, as the grader read it</summary>{as_text}</details>" if as_text else ""
    return f'{why}<div class="screen">{frames}{others}</div>{rest}'


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
    marked = {place.line for place in places(report) if _is_there(place, one)}
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


def _is_there(place: Where, one: SourceText) -> bool:
    return place.line is not None and place.cell == one.cell and place.file in (None, one.file)
