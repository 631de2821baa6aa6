"""The last exception of a running notebook, as a page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from grader.report.terminal_text import named, pairs, said

if TYPE_CHECKING:
    from rich.console import RenderableType

    from grader.diagnosis import Explanation
    from grader.records import Break


@dataclass(frozen=True, slots=True)
class Mishap:
    """An exception that a kernel showed.

    Attributes:
        broke: where in the student's cells; its stage is `live`.
        count: the number that the cell shows in brackets; None when it is not known.
        explanation: cause and help.
    """

    broke: Break
    count: int | None
    explanation: Explanation


def mishap_block(mishap: Mishap | None) -> tuple[RenderableType, ...]:
    """Return the last error with its line, what it means and what to do; nothing where there is none."""
    if mishap is None:
        return ()
    broke = mishap.broke
    grid = pairs()
    shown = f"In [{mishap.count}]" if mishap.count is not None and broke.where.cell is None else ""
    place = ", ".join(filter(None, (shown, str(broke.where))))
    where = Text(f"{place}: " if place and broke.source else place)
    grid.add_row("Last error", Text.assemble(where, named(broke.source, "bold", most=160)))
    grid.add_row("", Text.assemble(named(broke.kind, "red"), ": ", said(broke.message)))
    grid.add_row("", said(mishap.explanation.cause))
    if mishap.explanation.help:
        grid.add_row("", Text.assemble(("→ ", "cyan"), said(mishap.explanation.help)))
    return (grid,)
