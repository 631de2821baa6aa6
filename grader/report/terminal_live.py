"""The live display of a batch: the phase and its bar, what each slot does, the latest problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.constrain import Constrain
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from grader.records import Status
from grader.report.terminal_text import STATUS_MARKS, STATUS_WORDS, Page, duration, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

_WIDE = 110  # columns from which names and bars are longer
_STAGE = len("explanation")
_NARROW_BAR = 8
_MINUTES = 100  # seconds from which a time is said in minutes


@dataclass(frozen=True, slots=True)
class Stage:
    """What a slot does.

    Attributes:
        submission: the id of the submission.
        name: the stage, such as `capture` or `training`.
        fraction: how far it is, `(120, 500)`; None where that is not known.
        since: when it began, in seconds of the batch's clock.
        expected: how many seconds a training is expected to take; None where nobody knows.
    """

    submission: str
    name: str
    fraction: tuple[int, int] | None
    since: float
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """Everything that the display shows at one moment.

    Attributes:
        phase: the word that the first line begins with.
        count: submissions that the phase is done with.
        total: submissions of the batch.
        share: how full the bar is, 0 to 1.
        elapsed: seconds since the batch began.
        left: the time left as people say it; empty when it is not known.
        counts: submissions that are done, by status.
        reused: how many of them were there already.
        slots: each slot with what it does; None while it is idle.
        problems: the latest, newest last: id, first problem.
        notice: a line above the slots; empty when there is none.
        now: seconds of the batch's clock.
    """

    phase: str
    count: int
    total: int
    share: float
    elapsed: float
    left: str
    counts: tuple[tuple[Status, int], ...]
    reused: int
    slots: tuple[tuple[int, Stage | None], ...]
    problems: tuple[tuple[str, str], ...]
    notice: str
    now: float


def display(glance: Glance, width: int) -> RenderableType:
    """Return the display for a console of so many columns; its lines never reach the last one."""
    wide = width >= _WIDE
    parts: list[RenderableType] = [_overall(glance, wide=wide), _tally(glance, wide=wide)]
    if glance.notice:
        parts.append(Text(glance.notice, "yellow"))
    parts += [Text(""), _slots(glance, wide=wide)]
    if glance.problems:
        parts += [Text(""), Text("Latest problems", "dim"), _problems(glance)]
    parts.append(Text(""))  # the cursor waits here, so that the ^C of a terminal's echo tears no line
    # A terminal that has written its last column may break the line there, and the next picture would be torn.
    return Constrain(Page(parts), max(1, width - 1))


def _bar(share: float, width: int) -> ProgressBar:
    return ProgressBar(
        total=1, completed=share, width=width, style="bright_black", complete_style="cyan", finished_style="green"
    )


def _overall(glance: Glance, *, wide: bool) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        grid.add_column(no_wrap=True)
    time = duration(glance.elapsed) + (f", {glance.left} left" if glance.left else "")
    counter = Text.assemble((glance.phase, "bold"), f" {glance.count:,} of {glance.total:,}")
    grid.add_row(counter, _bar(glance.share, 40 if wide else 20), Text(time))
    return grid


def _tally(glance: Glance, *, wide: bool) -> Text:
    parts = [
        (f"{STATUS_MARKS[status][0]} {count:,} {STATUS_WORDS[status][not wide]}", STATUS_MARKS[status][1])
        for status, count in glance.counts
    ]
    if glance.reused:
        parts.append((f"({glance.reused:,} unchanged)", "dim"))
    line = Text("  ", no_wrap=True, overflow="ellipsis").join(Text(*part) for part in parts)
    line.no_wrap, line.overflow = True, "ellipsis"
    return line if parts else Text("nothing is done yet", "dim")


def _slots(glance: Glance, *, wide: bool) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, justify="right", style="dim")
    grid.add_column(no_wrap=True, overflow="ellipsis", width=36 if wide else 20)
    grid.add_column(no_wrap=True, overflow="ellipsis", width=_STAGE)
    grid.add_column(no_wrap=True, width=20 if wide else _NARROW_BAR)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column(no_wrap=True, style="dim")
    for slot, stage in glance.slots:
        # A slot keeps its row while it is idle, so that the rows below do not jump.
        grid.add_row(str(slot + 1), *(_busy(stage, glance.now, wide=wide) if stage else (Text("idle", "dim"),)))
    return grid


def _busy(stage: Stage, now: float, *, wide: bool) -> Iterator[RenderableType]:
    yield named(stage.submission)
    yield named(stage.name)
    done, of = stage.fraction or (0, 0)
    yield _bar(done / of, 20 if wide else _NARROW_BAR) if of else Text("")
    yield Text(f"{done:,}/{of:,}" if of else "")
    yield Text(duration(now - stage.since) + (f" of {_about(stage.expected)}" if stage.expected is not None else ""))


def _about(seconds: float) -> str:
    """Return an expected time, no finer than anybody can know."""
    return f"~{max(1, round(seconds))} s" if seconds < _MINUTES else f"~{round(seconds / 60):,} min"


def _problems(glance: Glance) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, overflow="ellipsis", max_width=20)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for name, problem in glance.problems:
        grid.add_row(named(name), named(problem, most=300))
    return grid
