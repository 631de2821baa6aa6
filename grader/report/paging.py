"""Print a page: through a pager where a person sits before a screen that is too short for it, else plainly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.console import Console

    from grader.report.terminal_text import Page

MOST_WIDTH = 120
"""Columns beyond which lines become too long to read."""


@dataclass(frozen=True, slots=True)
class Paging:
    """How a page is printed.

    Attributes:
        allowed: whether a pager may be used.
        coloured: whether the pager shows colours instead of their codes.
    """

    allowed: bool = False
    coloured: bool = False


def print_page(console: Console, page: Page, paging: Paging) -> None:
    """Print `page`, at most `MOST_WIDTH` columns wide."""
    width = min(MOST_WIDTH, console.width)
    if paging.allowed and console.is_terminal and _height(console, page, width) >= console.height:
        with console.pager(styles=paging.coloured):
            console.print(page, width=width)
    else:
        console.print(page, width=width)


def _height(console: Console, page: Page, width: int) -> int:
    return len(console.render_lines(page, console.options.update(width=width), pad=False))


def local_time(seconds: float, zone: tzinfo | None) -> str:
    """Return a moment, in seconds since 1970, as `2026-11-22 23:05` in `zone`; the machine's own where it is None."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M")
