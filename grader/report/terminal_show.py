"""What `grader show` prints: everything that the gradebook knows about one submission, as one page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from grader.records import Finding, Outcome, Report, Training
from grader.report import score_words
from grader.report.curve import BARS, sparkline
from grader.report.mark_words import changes, given_by
from grader.report.paging import local_time
from grader.report.plain import inert_line
from grader.report.terminal_check import (
    advice_block,
    break_block,
    findings_table,
    layers_block,
    model_block,
    notes_block,
    spaced,
    told_once,
    verdict,
)
from grader.report.terminal_text import Page, counted, duration, named, number, pairs, percent, said

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.console import RenderableType

    from grader.comparison import Version

_MOST_FILES = 20  # named one by one
_KEY = 12  # digits of a key that are shown


@dataclass(frozen=True, slots=True)
class Shown:
    """One report as it is shown.

    Attributes:
        version: the report and the run that made it.
        earlier: how many reports on the same submission are older.
        later: how many are newer.
        zone: where times are local; None for the machine's own zone.
        bars: what a curve is drawn with, from low to high.
    """

    version: Version
    earlier: int
    later: int
    zone: tzinfo | None = None
    bars: str = BARS


def show_page(shown: Shown) -> Page:
    """Return the whole page."""
    report = shown.version.entry.report
    marks, verdicts = _split(told_once(report))
    blocks: tuple[tuple[RenderableType, ...], ...] = (
        (verdict(report),),
        _who(shown),
        notes_block(report),
        model_block(report),
        layers_block(report),
        break_block(report),
        (findings_table(verdicts, everything=True),) if verdicts else (),
        _marks(report, marks),
        _given(shown),
        _numbers(report, shown.bars),
        advice_block(report),
        _origin(shown),
    )
    return Page(spaced(blocks))


def _split(findings: Sequence[Finding]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return what a human still has to mark, and everything else."""
    pending = tuple(one for one in findings if one.outcome is Outcome.PENDING)
    return pending, tuple(one for one in findings if one.outcome is not Outcome.PENDING)


def _who(shown: Shown) -> tuple[RenderableType, ...]:
    submission = shown.version.entry.report.submission
    grid = pairs()
    grid.add_row("Student", named(submission.student, most=120))
    if submission.group:
        grid.add_row("Group", _list(submission.group))
    if submission.email:
        grid.add_row("Email", named(submission.email, most=120))
    grid.add_row("Files", _list(submission.files) if submission.files else "none")
    if submission.superseded:
        grid.add_row("Not counted", Text.assemble(_list(submission.superseded), " (earlier attempts)"))
    if submission.late and shown.version.entry.report.lateness is None:  # else the notes say what it costs
        grid.add_row("Late", "handed in after the deadline")
    if submission.problem is not None:
        grid.add_row("Problem", Text.assemble(named(submission.problem.what, most=300)))
    grid.add_row("Report", _made(shown))
    return (grid,)


def _made(shown: Shown) -> str:
    entry = shown.version.entry
    others = [
        f"{counted(count, 'report')} {word}"
        for count, word in ((shown.earlier, "before it"), (shown.later, "after it"))
        if count
    ]
    when = f"made by run {entry.run} on {local_time(entry.saved, shown.zone)}"
    return f"{when}; {' and '.join(others)}, which `grader history` lists." if others else f"{when}, the only one."


def _list(names: Sequence[str]) -> Text:
    shown = [inert_line(one, 120) for one in names[:_MOST_FILES]]
    more = len(names) - len(shown)
    return Text(", ".join(shown) + (f" and {more:,} more" if more else ""))


def _marks(report: Report, pending: Sequence[Finding]) -> tuple[RenderableType, ...]:
    if not pending:
        return ()
    grid = pairs()
    points = sum(one.max_points for one in pending)
    of = f" of the {number(report.human_max)}" if report.human_max != points else ""
    grid.add_row("To mark", f"{counted(len(pending), 'answer')} by a human, {number(points)}{of} points")
    for one in pending:
        grid.add_row("", Text.assemble(named(one.title, most=120), f" (of {number(one.max_points)})"))
    if "words" in pending[0].evidence:
        grid.add_row("", said(pending[0].rationale, "dim"))
    return (grid,)


def _given(shown: Shown) -> tuple[RenderableType, ...]:
    """Return who gave which points when, and what has changed since."""
    grid = pairs()
    report = shown.version.entry.report
    for sentence in changes(report, shown.zone):
        grid.add_row("Look again", Text(sentence, "yellow"))
    for one in report.findings:
        if by := given_by(one.evidence, shown.zone):
            machine = one.evidence.get("machine_points")
            was = f" instead of the grader's {number(machine)}" if machine is not None else ""
            points = f"{number(one.points or 0)} of {number(one.max_points)}{was}, {by}"
            grid.add_row("Marked", Text.assemble(named(one.title, most=120), f": {points}"))
    return (grid,) if grid.row_count else ()


def _numbers(report: Report, bars: str) -> tuple[RenderableType, ...]:
    grid = pairs()
    if report.score is not None:
        for label, line in score_words.rows(report.score, report.training):
            grid.add_row(label, said(line))
    if report.training is not None:
        for label, text in _training(report.training, bars):
            grid.add_row(label, text)
    return (grid,) if grid.row_count else ()


def _training(training: Training, bars: str) -> Iterator[tuple[str, Text]]:
    yield "Training", Text(f"{counted(training.steps, 'step')} in {duration(training.seconds)}, seed {training.seed}")
    if training.curve:
        first, last = training.curve[0].loss, training.curve[-1].loss
        yield "Loss", Text(f"{sparkline(training.curve, bars)}  from {first:.2f} to {last:.2f}")
    if training.memorised is not None:
        yield "By heart", Text(f"{percent(training.memorised)} of 64 training pictures")
    if training.recipe:
        yield "Recipe", _plain_pairs(training.recipe)


def _origin(shown: Shown) -> tuple[RenderableType, ...]:
    """Return what the report was made with: enough to make it again."""
    report, run = shown.version.entry.report, shown.version.run
    grid = pairs()
    grid.add_row("Isolation", _isolation(report.isolation))
    grid.add_row("Versions", _plain_pairs(report.versions))
    hardware = (report.training.hardware if report.training else None) or run.invocation.fingerprint
    if hardware:
        grid.add_row("Hardware", _plain_pairs(hardware))
    keys = {"capture": report.keys.capture, "training": report.keys.training, "score": report.keys.score}
    grid.add_row("Keys", _plain_pairs({key: value[:_KEY] or "none" for key, value in keys.items()}))
    grid.add_row("Rubric", Text(f"SHA-256 {run.rubric_hash[:_KEY]}"))
    grid.add_row("Command", named(" ".join(("grader", *run.invocation.command)), most=300))
    return (grid,)


def _isolation(isolation: Mapping[str, Any]) -> Text:
    """Return which rung stood, what stood on it, what was tried and blocked, and what is not protected."""
    lines = []
    for key, value in isolation.items():
        match value:
            case Mapping():
                lines.append(f"{key}: {_attempts(value)}")
            case list() | tuple():
                lines.append(f"{key}: {'; '.join(map(str, value)) or 'nothing'}")
            case _:
                lines.append(f"{key}: {value}")
    return Text("\n".join(inert_line(one, 600) for one in lines) or "unknown")


def _attempts(tried: Mapping[str, Any]) -> str:
    """Return how many attempts were blocked, and name the others."""
    if not tried:
        return "nothing"
    others = [f"{name} ({status})" for name, status in tried.items() if status != "blocked"]
    blocked = f"{len(tried) - len(others)} of {len(tried)} attempts blocked"
    return f"{blocked}; not: {', '.join(others)}" if others else blocked


def _plain_pairs(values: Mapping[str, Any]) -> Text:
    parts = [f"{str(key).replace('_', ' ')} {_value(value)}" for key, value in values.items()]
    return Text(", ".join(inert_line(one, 120) for one in parts))


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
