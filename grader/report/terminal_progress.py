"""How far a batch is: a live display in a terminal, one line an event everywhere else."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from grader.records import Report, Status
from grader.report.terminal_text import STATUS_MARKS, STATUS_WORDS, Line, Page, duration, first_problem, named, number

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from rich.console import Console, RenderableType

_RECENT = 32  # finished submissions that the time left is reckoned from


@dataclass(frozen=True, slots=True)
class _Stage:
    submission: str
    name: str
    fraction: tuple[int, int] | None
    since: float


class BatchProgress:
    """Show how far a batch is; safe to call from several threads.

    Use it as a context manager: the terminal is given back as it was, whatever happened inside. Where the console
    is no terminal, each stage that begins and each submission that is done is one line.
    """

    def __init__(self, console: Console, total: int, clock: Callable[[], float]) -> None:
        """Take where to write, how many submissions there are, and a clock in seconds that never goes back."""
        self._console = console
        self._total = total
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: dict[int, _Stage] = {}
        self._counts = dict.fromkeys(Status, 0)
        self._began = clock()
        self._ends = deque((self._began,), maxlen=_RECENT)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Begin the display."""
        self._began = self._clock()
        self._ends = deque((self._began,), maxlen=_RECENT)
        # FORCE_COLOR makes rich take any file for a terminal; a log still gets lines.
        if self._console.is_interactive and self._console.file.isatty():
            self._live = Live(self, console=self._console, transient=True, refresh_per_second=5)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the display and show the cursor again."""
        if self._live is not None:
            self._live.stop()

    def stage(self, slot: int, submission_id: str, stage: str, fraction: tuple[int, int] | None = None) -> None:
        """Say what a slot does now: waiting, reading, capture, examine, training, scoring.

        `fraction` is how far the stage is, `(120, 500)`. Slots count from 0.
        """
        with self._lock:
            before = self._slots.get(slot)
            goes_on = before is not None and (before.submission, before.name) == (submission_id, stage)
            since = before.since if before is not None and goes_on else self._clock()
            self._slots[slot] = _Stage(submission_id, stage, fraction, since)
            if self._live is None and not goes_on:
                self._print(named(submission_id), f": {stage}")

    def done(self, report: Report) -> None:
        """Say that a submission is done; its slot is free."""
        with self._lock:
            self._counts[report.status] += 1
            self._ends.append(self._clock())
            for slot, stage in tuple(self._slots.items()):
                if stage.submission == report.submission.id:
                    del self._slots[slot]
            if self._live is None:
                points = f"{number(report.points)} of {number(report.max_points)} points"
                problem = first_problem(report)
                mark, _ = STATUS_MARKS[report.status]
                what = f"{STATUS_WORDS[report.status][0]}, {points}" + (f"; {problem}" if problem else "")
                self._print(named(report.submission.id), f": {mark} {what}")

    def __rich__(self) -> RenderableType:
        """Return the display as it is now."""
        with self._lock:
            return Page((self._overall(), self._table()))

    def _print(self, *parts: str | Text) -> None:
        # The counter comes first, so that no line begins with a name: a name may look like a log command.
        line = Text.assemble(f"[{sum(self._counts.values())}/{self._total}] ", *parts)
        self._console.print(Line(line), soft_wrap=True)

    def _overall(self) -> Table:
        done = sum(self._counts.values())
        grid = Table.grid(padding=(0, 1))
        grid.add_row(
            Text(f"{done:,} of {self._total:,}", "bold"),
            ProgressBar(total=max(1, self._total), completed=done, width=24),
            self._left(done),
            *(
                Text(f"{STATUS_MARKS[status][0]} {self._counts[status]:,}", STATUS_MARKS[status][1])
                for status in Status
                if self._counts[status]
            ),
        )
        return grid

    def _left(self, done: int) -> str:
        """Reckon from the latest submissions alone: those that were unchanged are done at once and tell nothing."""
        now = self._clock()
        pace = (now - self._ends[0]) / max(1, len(self._ends) - 1)
        if not done or done >= self._total:
            return duration(now - self._began)
        return f"{duration(now - self._began)}, about {duration(pace * (self._total - done))} left"

    def _table(self) -> Table:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, justify="right", style="dim")
        grid.add_column(no_wrap=True, overflow="ellipsis", max_width=32)
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, justify="right", style="dim")
        now = self._clock()
        for slot, stage in sorted(self._slots.items()):
            progress = f" {stage.fraction[0]}/{stage.fraction[1]}" if stage.fraction else ""
            grid.add_row(str(slot + 1), named(stage.submission), f"{stage.name}{progress}", duration(now - stage.since))
        return grid
