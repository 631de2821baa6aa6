"""What `grader history` prints: one row for each report on a submission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from grader.records import Report, Status
from grader.report.paging import local_time
from grader.report.terminal_text import STATUS_MARKS, STATUS_WORDS, Page, named, number

if TYPE_CHECKING:
    from datetime import tzinfo

    from grader.comparison import Comparison, Version


def history_page(
    versions: Sequence[Version], comparisons: Sequence[Comparison], zone: tzinfo | None, width: int
) -> Page:
    """Return the table, the oldest report first.

    `comparisons[i]` says what changed from `versions[i]` to `versions[i + 1]`; `width` is how many columns there are.
    """
    newest = versions[-1].entry.report.submission
    title = Text.assemble(named(newest.id, "bold"))
    if newest.student != newest.id:
        title.append_text(Text.assemble(" (", named(newest.student), ")"))
    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", width=width
    )
    for name, justify in (("run", "right"), ("when", "left"), ("status", "left"), ("points", "right")):
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=True)
    table.add_column("accuracy %", justify="right", no_wrap=True)
    table.add_column("what changed", ratio=1)
    table.add_column("grader", no_wrap=True, max_width=10)
    changes = ["the first report", *(said_changes(one) for one in comparisons)]
    for version, change in zip(versions, changes, strict=True):
        table.add_row(*_row(version, change, zone))
    return Page((title, Text(""), table))


def said_changes(comparison: Comparison) -> str:
    """Return in a few words what changed: `files, network, points`."""
    return ", ".join(comparison.words) or "nothing; it was graded again"


def _row(version: Version, change: str, zone: tzinfo | None) -> tuple[Text, ...]:
    report = version.entry.report
    mark, style = STATUS_MARKS[report.status]
    return (
        Text(str(version.entry.run)),
        Text(local_time(version.entry.saved, zone)),
        Text(f"{mark} {STATUS_WORDS[report.status][1]}", style),
        Text(_points(report)),
        Text(f"{100 * report.score.accuracy:.1f}" if report.score else "–"),
        Text(change),
        named(report.versions.get("grader", "?"), most=20),
    )


def _points(report: Report) -> str:
    earned = "?" if report.status is Status.GRADER_FAULT else number(report.points)
    return f"{earned} of {number(report.max_points)}"
