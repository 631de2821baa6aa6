"""The picture of a network in the terminal: how its maps shrink, and the sum where a side surprises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from grader.report import shrinking
from grader.report.terminal_text import named, pairs

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from grader.records import Report, Shape

_BAR = "█"
_COLUMNS = 36  # of all bars together
_NAME = 14  # columns for a layer's name


def picture_block(report: Report) -> tuple[RenderableType, ...]:
    """Return how the picture shrinks, its side as bars, and the formula where a side surprises.

    Nothing where no map gets smaller.
    """
    sides = shrinking.sides(report)
    if not sides:
        return ()
    grid = pairs()
    stopped = report.broke is not None and report.broke.stage == "forward"
    way = " → ".join(_size(one) for one in shrinking.steps(report))
    grid.add_row("Shrinks", Text(f"{way} → ✗" if stopped else way))
    grid.add_row("Side", Text.assemble(*(part for side in sides for part in _bar(side, sum(sides)))))
    _add_formulas(grid, report)
    return (grid,)


def formula_block(report: Report) -> tuple[RenderableType, ...]:
    """Return the formula alone, with numbers, where a side surprises."""
    grid = pairs()
    _add_formulas(grid, report)
    return (grid,) if grid.row_count else ()


def _add_formulas(grid: Table, report: Report) -> None:
    surprises = shrinking.surprises(report)
    if surprises:
        grid.add_row("Formula", Text("(n + 2p - k)/s + 1: side n, padding p, kernel k, stride s, rounded down", "dim"))
    for one in surprises:
        where = f" ({one.axis})" if one.axis else ""
        line = f"{where}: {one.before} → {one.after}, as {one.formula}"
        grid.add_row("", Text.assemble(named(one.name, most=_NAME), line))


def _bar(side: int, total: int) -> tuple[str | tuple[str, str], ...]:
    """Return a side with its bar, at least one column long."""
    return f"{side} ", (_BAR * max(1, round(_COLUMNS * side / total)), "cyan"), "  "


def _size(shape: Shape | None) -> str:
    return "…" if shape is None else "×".join(map(str, shape)) or "one number"
