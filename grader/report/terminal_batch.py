"""What an instructor sees when a batch is done: the gradebook as a table, and what to look at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import mean, median
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from grader.records import Outcome, Report, Status
from grader.report.terminal_text import (
    MARKS,
    STATUS_MARKS,
    STATUS_WORDS,
    Page,
    counted,
    duration,
    first_problem,
    named,
    number,
    percent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, JustifyMethod, OverflowMethod

_MOST_NAMED = 20  # submissions named one by one in the summary
_WIDE = 110  # columns from which the table says everything on one line
_STUDENT = 20  # columns for a student's name; a narrow table has half of it


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    cell: Callable[[Report], Text]
    most: int | None = None
    justify: JustifyMethod = "left"
    overflow: OverflowMethod = "ellipsis"


def show_batch(console: Console, reports: Sequence[Report], elapsed: float, reused: int) -> None:
    """Print one row a submission, sorted by id, and a summary below.

    `elapsed` is how many seconds the batch took; `reused` how many of the reports were there already, made from
    the same things.
    """
    ordered = sorted(reports, key=lambda report: report.submission.id)
    console.print(Page((_table(ordered, console.width), Text(""), _summary(ordered, elapsed, reused))))


def _table(reports: Sequence[Report], width: int) -> Table:
    wide = width >= _WIDE
    room = _STUDENT if wide else _STUDENT // 2
    columns = [_Column("id", lambda report: named(report.submission.id), most=2 * room, overflow="fold")]
    if any(report.submission.student != report.submission.id for report in reports):
        columns.append(_Column("student", _student, most=room))
    columns += [
        _Column("status", lambda report: _status(report, short=not wide)),
        _points_column(reports),
        *_human_column(reports),
    ]
    if any(report.score for report in reports):
        columns.append(_Column("accuracy\n%", _accuracy, justify="right"))
    if wide and any(report.model for report in reports):
        columns.append(_Column("parameters", _parameters, justify="right"))
    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", expand=True
    )
    for column in columns:
        fold = column.overflow == "fold"
        table.add_column(
            column.title, justify=column.justify, overflow=column.overflow, no_wrap=not fold, max_width=column.most
        )
    table.add_column("first problem", no_wrap=True, overflow="ellipsis", ratio=1, min_width=13)
    for report in reports:
        table.add_row(*(column.cell(report) for column in columns), named(first_problem(report), most=300))
    return table


def _student(report: Report) -> Text:
    return named("" if report.submission.student == report.submission.id else report.submission.student)


def _status(report: Report, *, short: bool) -> Text:
    mark, style = STATUS_MARKS[report.status]
    if report.status is Status.GRADED and any(one.outcome is Outcome.FAILED for one in report.findings):
        mark, style = MARKS[Outcome.FAILED]
    return Text(f"{mark} {STATUS_WORDS[report.status][short]}", style)


def _points_column(reports: Sequence[Report]) -> _Column:
    """Say the maximum once, in the title, where it is the same for all."""

    def earned(report: Report) -> str:
        return "?" if report.status is Status.GRADER_FAULT else number(report.points)

    if len({report.max_points for report in reports}) != 1:
        return _Column("points", lambda one: Text(f"{earned(one)}/{number(one.max_points)}"), justify="right")
    return _Column(f"points\nof {number(reports[0].max_points)}", lambda one: Text(earned(one)), justify="right")


def _human_column(reports: Sequence[Report]) -> Iterator[_Column]:
    def earned(report: Report) -> str:
        return "?" if report.human_points is None else number(report.human_points)

    maxima = {report.human_max for report in reports}
    if len(maxima) != 1:
        yield _Column("human", lambda one: Text(f"{earned(one)}/{number(one.human_max)}"), justify="right")
    elif maxima != {0}:
        yield _Column(f"human\nof {number(*maxima)}", lambda one: Text(earned(one)), justify="right")


def _parameters(report: Report) -> Text:
    known = report.model is not None and report.model.parameters is not None
    return Text(f"{report.model.parameters:,}" if report.model and known else "")


def _accuracy(report: Report) -> Text:
    if report.score is None:
        return Text("")
    low, high = report.score.interval
    return Text(f"{100 * report.score.accuracy:.1f} ±{50 * (high - low):.1f}")


def _summary(reports: Sequence[Report], elapsed: float, reused: int) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    for label, line in _lines(reports):
        grid.add_row(label, line)
    again = f"; {reused:,} of {len(reports):,} were unchanged and not graded again" if reused else ""
    grid.add_row("Time", f"{duration(elapsed)}{again}.")
    return grid


def _lines(reports: Sequence[Report]) -> Iterator[tuple[str, str | Text]]:
    by_status = Counter(report.status for report in reports)
    counts = ", ".join(f"{by_status[status]:,} {STATUS_WORDS[status][0]}" for status in Status if by_status[status])
    yield counted(len(reports), "submission"), f"{counts}." if counts else "Nothing was found to grade."
    yield from _point_lines(reports)
    for status, label in ((Status.NEEDS_HUMAN, "Needs a human"), (Status.GRADER_FAULT, "Grader's fault")):
        concerned = [report for report in reports if report.status is status]
        if concerned:
            yield label, Text("\n").join(_named_with_reason(concerned))
    unread = sum(one.outcome is Outcome.PENDING for report in reports for one in report.findings)
    if unread:
        yield "To be marked", f"{counted(unread, 'answer')} that only a human can judge."
    reference = next((one.score.reference for one in reports if one.score and one.score.reference), None)
    if reference is not None:
        seeds = counted(len(reference.accuracies), "seed")
        yield "Reference", f"{percent(reference.mean)} ({seeds}); full points from {percent(reference.target)}."


def _point_lines(reports: Sequence[Report]) -> Iterator[tuple[str, str]]:
    settled = [report for report in reports if report.status in {Status.GRADED, Status.STUDENT_FAULT}]
    if settled:
        points = [report.points for report in settled]
        most = number(max(report.max_points for report in settled))
        yield (
            "Points",
            f"mean {number(mean(points))}, median {number(median(points))} of {most} (graded or broken).",
        )


def _named_with_reason(reports: Sequence[Report]) -> Iterator[Text]:
    for report in reports[:_MOST_NAMED]:
        yield Text.assemble(named(report.submission.id), f": {first_problem(report)}")
    if len(reports) > _MOST_NAMED:
        yield Text(f"and {len(reports) - _MOST_NAMED:,} more")
