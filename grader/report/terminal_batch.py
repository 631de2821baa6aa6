"""What an instructor sees when a batch is done: the gradebook as a table, and what to look at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import mean, median
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from grader.records import Outcome, Report, Status
from grader.report.terminal_attention import attention, reasons
from grader.report.terminal_text import (
    MARKS,
    STATUS_MARKS,
    STATUS_WORDS,
    Line,
    Page,
    counted,
    duration,
    first_problem,
    named,
    number,
    percent,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console, JustifyMethod, OverflowMethod, RenderableType

WRITTEN = ("index.html", "grades.csv", "report.json")
"""The files that hold everything: to look at, for a spreadsheet, for a program."""
_ALL = 40  # submissions up to which the table shows every one, and the most rows that it has otherwise
_WIDE = 110  # columns from which the table says everything on one line
_STUDENT = 20  # columns for a student's name; a narrow table has half of it

REUSED = {
    "report": ("report unchanged", "reports unchanged"),
    "capture": ("capture", "captures"),
    "training": ("training (only the points changed)", "trainings (only the points changed)"),
}
"""Kinds of finished work that a run took over, in the order in which they are said."""
_URGENCY = (
    *(STATUS_WORDS[status][0] for status in (Status.GRADER_FAULT, Status.NEEDS_HUMAN, Status.STUDENT_FAULT)),
    "failed something",
)


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    cell: Callable[[Report], Text]
    most: int | None = None
    justify: JustifyMethod = "left"
    overflow: OverflowMethod = "ellipsis"


def show_batch(
    console: Console,
    reports: Sequence[Report],
    elapsed: float,
    reused: Mapping[str, int],
    out: Path | None = None,
    *,
    changed: Collection[str] = (),
) -> None:
    """Print a row for each submission that asks for attention, what needs a human and why, and a summary.

    Up to 40 submissions are shown one and all, sorted by id; of more, the 40 that ask for it most.
    `elapsed` is how many seconds the batch took, `reused` counts what was there already by the kinds of `REUSED`,
    `out` is the folder that grades.csv and report.json lie in, `changed` are the ids of the submissions that this
    run graded anew.
    """
    ordered = sorted(reports, key=lambda report: report.submission.id)
    shown = _shown(ordered, changed)
    parts: list[RenderableType] = [_table(shown, console.width)]
    if len(shown) < len(ordered):
        parts.append(Text(_not_shown(ordered, shown), "dim"))
    found = reasons(ordered)
    if found:
        parts += [Text(""), Text("What needs a human, and why", "bold"), attention(found)]
    parts += [Text(""), _summary(ordered, elapsed, reused, out)]
    console.print(Page(parts))


def show_unchanged(console: Console, count: int, run: int, when: float, out: Path) -> None:
    """Say in one line that nothing changed since a run; `when` is in seconds since 1970, `out` has its results."""
    time = datetime.fromtimestamp(when, UTC).astimezone()
    what = f"all {count:,} submissions are" if count != 1 else "the submission is"
    said = f"Nothing changed: {what} as in run {run} of {time:%Y-%m-%d %H:%M}; --fresh grades again. Results: "
    console.print(Line(Text.assemble(said, named(str(out), most=300))), soft_wrap=True)


def show_mixed(console: Console, stored: Mapping[str, object], now: Mapping[str, object]) -> None:
    """Say which parts of hardware and versions differ from what the gradebook was made with; nothing where none do."""
    different = [key for key in dict.fromkeys((*stored, *now)) if stored.get(key) != now.get(key)]
    if not different:
        return
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for key in different:
        before, after = (named(str(side.get(key, "not known"))) for side in (stored, now))
        grid.add_row(named(key), Text.assemble(before, " → ", after))
    said = (
        "Mixed gradebook: some submissions were trained on other hardware or with other versions than this run. "
        "Accuracies may differ a little between the two; --fresh grades all of them here."
    )
    console.print(Page((Text(said, "yellow"), grid)))


def _shown(reports: Sequence[Report], changed: Collection[str]) -> Sequence[Report]:
    """Return all of a small class; of a large one the rows that ask for attention, the most urgent first.

    What changed comes first where this run changed the smaller part: whoever grades three again looks for those.
    """
    if len(reports) <= _ALL:
        return reports
    few = len(changed) <= len(reports) / 2
    asking = [one for one in reports if _urgency(one) < len(_URGENCY) or (few and one.submission.id in changed)]

    def order(report: Report) -> tuple[bool, int, float]:
        return not (few and report.submission.id in changed), _urgency(report), report.points

    return sorted(asking, key=order)[:_ALL]


def _urgency(report: Report) -> int:
    """Return how soon somebody should look, from 0; as many as there are kinds where nothing is wrong."""
    kind = _kind(report)
    return _URGENCY.index(kind) if kind in _URGENCY else len(_URGENCY)


def _kind(report: Report) -> str:
    if report.status is Status.GRADED:
        return "failed something" if _failed(report) else "nothing wrong"
    return STATUS_WORDS[report.status][0]


def _failed(report: Report) -> bool:
    return any(one.outcome is Outcome.FAILED for one in report.findings)


def _not_shown(reports: Sequence[Report], shown: Sequence[Report]) -> str:
    there = {one.submission.id for one in shown}
    left = Counter(_kind(one) for one in reports if one.submission.id not in there)
    kinds = ", ".join(f"{left[kind]:,} {kind}" for kind in (*_URGENCY, "nothing wrong") if left[kind])
    return f"… {left.total():,} more are in grades.csv: {kinds}."


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
    if report.status is Status.GRADED and _failed(report):
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
    """Return the column of human points, once a human has given some."""
    if all(report.human_points is None for report in reports):
        return

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


def _summary(reports: Sequence[Report], elapsed: float, reused: Mapping[str, int], out: Path | None) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, line in _lines(reports):
        grid.add_row(label, line)
    if out is not None:
        grid.add_row("Written", Text("\n").join(named(str(out / name), most=300) for name in WRITTEN))
    again = ", ".join(counted(reused[kind], *words) for kind, words in REUSED.items() if reused.get(kind))
    grid.add_row("Time", duration(elapsed) + (f"; reused: {again}" if again else ""))
    return grid


def _lines(reports: Sequence[Report]) -> Iterator[tuple[str, str]]:
    by_status = Counter(report.status for report in reports)
    counts = ", ".join(f"{by_status[status]:,} {STATUS_WORDS[status][0]}" for status in Status if by_status[status])
    yield counted(len(reports), "submission"), f"{counts}." if counts else "Nothing was found to grade."
    settled = [report for report in reports if report.status in {Status.GRADED, Status.STUDENT_FAULT}]
    if settled:
        points = [report.points for report in settled]
        most = number(max(report.max_points for report in settled))
        yield "Points", f"mean {number(mean(points))}, median {number(median(points))} of {most} (graded or broken)."
    reference = next((one.score.reference for one in reports if one.score and one.score.reference), None)
    if reference is not None:
        seeds = counted(len(reference.accuracies), "seed")
        yield "Reference", f"{percent(reference.mean)} ({seeds}); full points from {percent(reference.target)}."
