"""What `grader rescore` prints: who changes, by how much, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from grader.comparison import Comparison
from grader.comparison.causes import Detail
from grader.corrections import Read
from grader.records import Finding, Outcome, Reference, Report
from grader.report.terminal_batch import WRITTEN
from grader.report.terminal_text import Page, counted, duration, named, number, pairs, percent, said

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_MOST_ROWS = 60
_MOST_DETAILS = 12


@dataclass(frozen=True, slots=True)
class Rescored:
    """What came of judging a gradebook again.

    Attributes:
        comparisons: the reports that are new, each beside the one before, sorted by id.
        unchanged: how many were judged again and are as they were.
        left: submissions that could not be judged again, and why.
        labels: what the corrected labels said.
        rubric: settings of the rubric that differ from the latest run's.
        trained: how many trainings were run.
        elapsed: seconds.
        out: the folder of the gradebook.
    """

    comparisons: tuple[Comparison, ...]
    unchanged: int
    left: tuple[tuple[str, str], ...]
    labels: Read
    rubric: tuple[Detail, ...]
    trained: int
    elapsed: float
    out: Path


def show_rescored(console: Console, found: Rescored) -> None:
    """Print a row for each report that changed, those with other points first, then what is behind it."""
    parts: list[RenderableType] = []
    if found.comparisons:
        shown = sorted(found.comparisons, key=lambda one: not _other_points(one))
        parts.append(_table(shown[:_MOST_ROWS]))
        if len(shown) > _MOST_ROWS:
            parts.append(Text(f"… {len(shown) - _MOST_ROWS:,} more have a row in --json.", "dim"))
    grid = pairs()
    for label, line in _lines(found):
        grid.add_row(label, line)
    console.print(Page([*parts, Text(""), grid] if parts else [grid]))


def _other_points(comparison: Comparison) -> bool:
    """Tell whether the points, or the most points, are others than before."""
    old, new = comparison.before.entry.report, comparison.after.entry.report
    return (old.points, old.max_points) != (new.points, new.max_points)


def _table(comparisons: Sequence[Comparison]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("id", overflow="fold", max_width=40)
    table.add_column("points", no_wrap=True, justify="right")
    table.add_column("accuracy %", no_wrap=True, justify="right")
    table.add_column("what changed", overflow="fold")
    for one in comparisons:
        old, new = one.before.entry.report, one.after.entry.report
        table.add_row(
            named(old.submission.id),
            Text(_totals(old, new)),
            Text(_arrow(_accuracy(old), _accuracy(new))),
            said("; ".join(_changes(one)) or "numbers beside the points"),
        )
    return table


def _changes(comparison: Comparison) -> Iterator[str]:
    """Yield what is not as it was: each criterion with its points, else what kind of thing changed."""
    for one in comparison.points:
        yield f"{one.criterion} {_verdicts(one.before, one.after)}"
    if not comparison.points:
        yield from (word for word in comparison.words if word not in ("points", "settings"))


def _lines(found: Rescored) -> Iterator[tuple[str, Text]]:
    judged = len(found.comparisons) + found.unchanged
    with_points = sum(map(_other_points, found.comparisons))
    other = len(found.comparisons) - with_points
    yield (
        "Judged again",
        Text(
            f"{counted(judged, 'submission')}: {with_points:,} with other points, {other:,} with other numbers "
            f"beside the same points, {found.unchanged:,} as before"
        ),
    )
    for name, why in found.left[:_MOST_DETAILS]:
        yield "Left alone", Text.assemble(named(name), ": ", named(why, most=200))
    if len(found.left) > _MOST_DETAILS:
        yield "", Text(f"and {len(found.left) - _MOST_DETAILS:,} more")
    for correction in found.labels.changed[: 2 * _MOST_DETAILS]:
        yield "Label", named(str(correction), most=200)
    if len(found.labels.changed) > 2 * _MOST_DETAILS:
        yield "", Text(f"and {len(found.labels.changed) - 2 * _MOST_DETAILS:,} more")
    standing = len(found.labels.corrections.labels) - len(found.labels.changed)
    if standing > 0:
        yield "", Text(f"{counted(standing, 'label')} corrected before count as well")
    for detail in found.rubric[:_MOST_DETAILS]:
        yield (
            "Rubric",
            named(f"{detail.what}: {_arrow(detail.before or 'not set', detail.after or 'not set')}", most=200),
        )
    if len(found.rubric) > _MOST_DETAILS:
        yield "", Text(f"and {len(found.rubric) - _MOST_DETAILS:,} more settings")
    yield from _reference(found)
    trained = f"{counted(found.trained, 'network')} trained again" if found.trained else "nothing was trained again"
    yield "Training", Text(trained)
    yield "Written", Text("\n").join(named(str(found.out / name), most=300) for name in WRITTEN)
    yield "Time", Text(duration(found.elapsed))


def _reference(found: Rescored) -> Iterator[tuple[str, Text]]:
    """Say how the reference moved, where it did."""
    for one in found.comparisons:
        old, new = (_reference_of(side.entry.report) for side in (one.before, one.after))
        if old is not None and new is not None and (old.mean, old.target) != (new.mean, new.target):
            moved = f"{_arrow(percent(old.mean), percent(new.mean))}; full points from "
            yield "Reference", Text(moved + _arrow(percent(old.target), percent(new.target)))
            return


def _reference_of(report: Report) -> Reference | None:
    return report.score.reference if report.score is not None else None


def _points(report: Report) -> str:
    return f"{number(report.points)} of {number(report.max_points)}"


def _totals(old: Report, new: Report) -> str:
    """Write the points of two reports; the maximum once where it is the same."""
    if old.max_points != new.max_points:
        return _arrow(_points(old), _points(new))
    return f"{_arrow(number(old.points), number(new.points))} of {number(new.max_points)}"


def _accuracy(report: Report) -> str:
    return f"{100 * report.score.accuracy:.1f}" if report.score is not None else "–"


def _verdicts(old: Finding | None, new: Finding | None) -> str:
    """Write two verdicts on one criterion; the maximum once where it is the same."""
    earned = [_earned(one) for one in (old, new)]
    if old is not None and new is not None and old.max_points == new.max_points:
        return f"{_arrow(*earned)} of {number(new.max_points)}"
    most = [f" of {number(one.max_points)}" if one is not None else "" for one in (old, new)]
    return _arrow(*(f"{said}{of}" for said, of in zip(earned, most, strict=True)))


def _earned(finding: Finding | None) -> str:
    if finding is None:
        return "not there"
    if finding.points is None or finding.outcome is Outcome.SKIPPED:
        return str(finding.outcome)
    return number(finding.points)


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"
