"""A notebook that the sandbox laid out, in a frame in which nothing runs, loads, leads anywhere or is sent.

The frame's content is a claim of the sandbox's, so nothing here trusts it: the frame has no permission at all
(`sandbox`), a policy of its own that allows one style and pictures that are in it, and that of the page around it.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from grader.report.html_parts import escaped
from grader.report.pages.document import FRAME, head
from grader.report.pages.places import places
from grader.report.plain import inert, inert_line
from grader.wording import counted

if TYPE_CHECKING:
    from grader.records import LaidOut, LaidOutCell, Report

_LINE, _CELL, _PICTURE = 19, 44, 300  # pixels that a line, the frame of a cell and a picture take, about
_LEAST, _MOST = 160, 20_000


def notebook_frame(notebook: LaidOut, report: Report) -> str:
    """Return the frame with the notebook, the cells that make the network marked."""
    marked = {one.cell for one in places(report) if one.line is not None and one.file in (None, notebook.file)}
    cells = "".join(_cell(one, one.cell is not None and one.cell in marked) for one in notebook.cells)
    if notebook.left_out:
        cells += f"<p>{counted(notebook.left_out, 'more cell')} left out here.</p>"
    name = escaped(inert_line(notebook.file, 120))
    inner = f"<!doctype html><html lang=en><head>{head(FRAME)}<title>{name}</title></head><body>{cells}</body></html>"
    return (
        f'<iframe sandbox title="The notebook {name}" height="{_height(notebook)}" '
        f'srcdoc="{html.escape(inner)}"></iframe>'
    )


def _cell(one: LaidOutCell, is_marked: bool) -> str:
    of_it = " · makes or is the network" if is_marked else ""
    top = f"<p>cell {one.cell}{of_it}</p>" if one.cell is not None else ""
    return f"<section{' class=model' if is_marked else ''}>{top}{inert(one.html)}</section>"


def _height(notebook: LaidOut) -> int:
    """Return about how high the notebook is, so that a short one gets a low frame."""
    text = [one.html for one in notebook.cells]
    lines = sum(one.count("\n") + len(one) // 800 for one in text if "<img" not in one)
    pictures = sum(one.count("<img") for one in text)
    return max(_LEAST, min(_MOST, _LINE * lines + _CELL * len(text) + _PICTURE * pictures))
