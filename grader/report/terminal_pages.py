"""What `grader report` says: where the pages are, and what a class got wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from grader.records import Outcome
from grader.report.terminal_text import Line, Page, counted, duration, named

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from grader.report.pages.teaching import Teaching


def show_published(console: Console, page: Path, count: int, elapsed: float) -> None:
    """Say in one line where the pages are."""
    said = f"The class and {counted(count, 'student')} as pages in {duration(elapsed)}: "
    console.print(Line(Text.assemble(said, named(str(page), most=300))), soft_wrap=True)


def show_teaching(console: Console, found: Teaching, out: Path) -> None:
    """Print which criteria, errors and silent mistakes the class has most."""
    criteria = Table.grid(padding=(0, 2, 0, 0))
    criteria.add_column(justify="right", no_wrap=True)
    criteria.add_column()
    for one in found.criteria:
        if one.outcomes[Outcome.FAILED]:
            criteria.add_row(f"{one.outcomes[Outcome.FAILED]} of {one.judged} failed", named(one.title, most=120))
    codes = Table.grid(padding=(0, 2, 0, 0))
    codes.add_column(justify="right", no_wrap=True)
    codes.add_column(no_wrap=True)
    codes.add_column()
    for code in found.codes:
        codes.add_row(counted(code.count, "submission"), named(code.code), named(code.title, most=120))
    parts = [
        Text("Criteria that were failed", "bold"),
        criteria if criteria.row_count else Text("none"),
        Text(""),
        Text("Errors and silent mistakes", "bold"),
        codes if codes.row_count else Text("none"),
        Text(""),
        Text.assemble("stats.json and stats.csv (for pandas) are in ", named(str(out), most=300), "."),
    ]
    console.print(Page(parts))
