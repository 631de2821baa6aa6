"""What the terminal's reports are made of, as HTML: tables and texts, everything escaped."""

from __future__ import annotations

import html
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.style import Style
from rich.table import Column, Table
from rich.text import Text

from grader.report.plain import inert

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

_WORDS = ("bold", "dim", "red", "green", "cyan", "yellow")
"""Styles that the page has a class for; others are left out."""


def part(renderable: RenderableType) -> str:
    """Return a table or a text of the terminal as HTML; raise TypeError for anything else."""
    match renderable:
        case Table():
            return _table(renderable)
        case Text() | str():
            return f"<p>{text(renderable)}</p>"
    raise TypeError(f"{type(renderable).__name__} has no form as HTML")


def parts(renderables: Iterable[RenderableType]) -> str:
    """Return several, one below the other."""
    return "".join(map(part, renderables))


def text(value: Text | str) -> str:
    """Return a text with its styles as spans; what it says is inert and escaped, line breaks stay."""
    if isinstance(value, str):
        return escaped(value)
    spans = sorted({0, len(value), *(edge for span in value.spans for edge in (span.start, span.end))})
    pieces = []
    for start, end in pairwise(spans):
        styles = [value.style, *(span.style for span in value.spans if span.start <= start and end <= span.end)]
        pieces.append(_styled(escaped(value.plain[start:end]), styles))
    return "".join(pieces)


def escaped(value: str) -> str:
    """Return text so that no page sees markup in it."""
    return html.escape(inert(value)).replace("\n", "<br>")


def _styled(escaped_text: str, styles: Iterable[Style | str]) -> str:
    words = " ".join(str(one) for one in styles).split()
    classes = " ".join(word for word in _WORDS if word in words)
    return f'<span class="{classes}">{escaped_text}</span>' if classes else escaped_text


def _table(table: Table) -> str:
    headers = [column.header for column in table.columns]
    head = ""
    if table.show_header and any(map(str, headers)):
        names = "".join(f'<th scope="col">{_cell(one)}</th>' for one in headers)
        head = f"<thead><tr>{names}</tr></thead>"
    columns = [list(column.cells) for column in table.columns]
    classes = [_classes(column) for column in table.columns]
    rows = []
    for index, row in enumerate(table.rows):
        cells = "".join(
            f"<td{named}>{_cell(column[index])}</td>" for column, named in zip(columns, classes, strict=True)
        )
        style = " ".join(word for word in _WORDS if word in str(row.style or "").split())
        rows.append(f'<tr class="{style}">{cells}</tr>' if style else f"<tr>{cells}</tr>")
    kind = "listed" if head else "pairs"
    return f'<div class="wide" tabindex="0"><table class="{kind}">{head}<tbody>{"".join(rows)}</tbody></table></div>'


def _cell(renderable: RenderableType) -> str:
    return text(renderable) if isinstance(renderable, Text | str) else part(renderable)


def _classes(column: Column) -> str:
    kinds = (
        ("right", column.justify == "right"),
        ("bold", "bold" in str(column.style)),
        ("whole", column.no_wrap),
    )
    found = " ".join(name for name, holds in kinds if holds)
    return f' class="{found}"' if found else ""
