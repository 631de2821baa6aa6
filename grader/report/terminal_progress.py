"""How far a batch is: a live display in a terminal, a few lines everywhere else."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.live import Live
from rich.text import Text

from grader.records import Report, Status
from grader.report.remaining import Measured, Running, Speed, fit, roughly, seconds_left
from grader.report.terminal_live import Glance, Stage, display
from grader.report.terminal_text import STATUS_MARKS, STATUS_WORDS, Line, Page, first_problem, named, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from rich.console import Console, RenderableType

STOPPING = "Stopping: what runs is finished first (Ctrl-C again stops at once)."
_CAPTURING = ("capture", "examine", "explanation", "layout")
_PROBLEMS = 3  # shown below the slots
_FEWEST = 20  # captures between two lines of a log
_PARTS = 6  # lines of a log about captures, at most
_CALM = 2.0  # seconds for which a time that is left stays as it is


class BatchProgress:
    """Show how far a batch is; safe to call from several threads and from a signal handler.

    A batch has two phases: every submission is captured, then `plan` says what is to be trained and is not by then.
    Use it as a context manager: the terminal is given back as it was, whatever happened inside. Where the console is
    no terminal, each submission that is done is one line, with a few lines between about the phases.
    """

    def __init__(self, console: Console, total: int, clock: Callable[[], float], *, brief: bool = False) -> None:
        """Take where to write, how many submissions there are, and a clock in seconds that never goes back.

        A `brief` one says nothing of submissions that are done.
        """
        self._console = console
        self._total = total
        self._brief = brief
        self._clock = clock
        self._lock = threading.RLock()  # a signal handler may come back in while its own thread holds it
        self._slots: dict[int, Stage | None] = {}
        self._counts = dict.fromkeys(Status, 0)
        self._reused = 0
        self._captured: set[str] = set()
        self._told = 0
        self._begun = False
        self._problems: deque[tuple[str, str]] = deque(maxlen=_PROBLEMS)
        self._costs: dict[str, float] | None = None
        self._planned = 0.0
        self._stored: Speed | None = None
        self._measured: list[Measured] = []
        self._left: tuple[float, float | None] | None = None
        self._finishing = False
        self._began = clock()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        """Begin the display."""
        self._began = self._clock()
        # FORCE_COLOR makes rich take any file for a terminal; a log still gets lines.
        if self._console.is_interactive and self._console.file.isatty():
            self._live = Live(self, console=self._console, transient=True, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the display and show the cursor again."""
        if self._live is not None:
            self._live.stop()

    def stage(self, slot: int, submission_id: str, stage: str, fraction: tuple[int, int] | None = None) -> None:
        """Say what a slot does now: starting, capture, examine, explanation, training.

        `fraction` is how far the stage is, `(120, 500)`. Slots count from 0.
        """
        with self._lock:
            before = self._slots.get(slot)
            goes_on = before is not None and (before.submission, before.name) == (submission_id, stage)
            since = before.since if before is not None and goes_on else self._clock()
            self._slots[slot] = Stage(submission_id, stage, fraction, since)
            if before is not None and before.submission != submission_id:
                self._leave(before)
            if stage == "training" and not goes_on and not self._begun:
                self._log(named(submission_id), ": training")  # the reference, before anything else

    def tell(self, slot: int, submission_id: str, stage: str, done: int, total: int) -> None:
        """Say the same as an engine does, whose `total` is 0 where it is not known how far a stage is."""
        self.stage(slot, submission_id, stage, (done, total) if total else None)

    def begin(self) -> None:
        """Begin the first phase: the reference, which was trained before it, is none of the submissions."""
        with self._lock:
            self._begun = True
            self._captured.clear()
            self._slots = dict.fromkeys(self._slots)

    def plan(self, costs: Mapping[str, float], stored: Speed | None = None, trained: int = 0) -> None:
        """Begin the second phase: say how many FLOPs each training that is still to come has, by submission id.

        `stored` is how fast an earlier run was; it stands in until the first training is finished. `trained` is how
        many were finished while the last captures ran.
        """
        with self._lock:
            self._begun = True
            self._costs = dict(costs)
            self._planned = sum(costs.values())
            self._stored = stored
            self._left = None
            left = self._seconds_left()
            reused = f", {self._reused:,} unchanged" if self._reused else ""
            time = f", {roughly(left)}" if left else ""
            captured = "" if self._brief else f"captured {self._total:,} of {self._total:,}{reused}; "
            done = f" ({trained:,} trained by now)" if trained else ""
            self._log(f"{captured}{len(costs) + trained:,} to train{done}{time}")

    def trained(self, submission_id: str, flops: float, seconds: float) -> None:
        """Say how long a training took by its own measure; its slot is free."""
        with self._lock:
            self._measured.append(Measured(flops, seconds))
            self._free(submission_id)
            self._forget(submission_id)

    def done(self, report: Report, reused: bool = False) -> None:
        """Say that a submission is done; its slot is free. `reused`: its report was there, from the same things."""
        name = report.submission.id
        problem = first_problem(report)
        with self._lock:
            self._counts[report.status] += 1
            self._reused += reused
            self._captured.add(name)
            self._free(name)
            self._forget(name)
            if reused or self._brief:
                return  # a second run would be one long list of what is known
            if problem:
                self._problems.append((name, problem))
            points = f"{number(report.points)} of {number(report.max_points)} points"
            mark, _ = STATUS_MARKS[report.status]
            what = f"{STATUS_WORDS[report.status][0]}, {points}" + (f"; {problem}" if problem else "")
            self._log(named(name), f": {mark} {what}")

    def message(self, text: str) -> None:
        """Print a notice as a line of its own, above the display where there is one."""
        # Not under the lock: the display holds the console's own lock while it waits for ours.
        said = named(text, most=600)
        if self._live is None:
            self._console.print(Line(said), soft_wrap=True)
        else:
            self._console.print(Page((said,)))

    def finishing(self) -> None:
        """Say that no submission is begun any more, after the first Ctrl-C."""
        self._finishing = True
        if self._live is None:
            self.message(STOPPING)

    def __rich__(self) -> RenderableType:
        """Return the display as it is now."""
        with self._lock:
            return display(self._glance(), self._console.width)

    def _glance(self) -> Glance:
        now = self._clock()
        count, phase, share = len(self._captured), "Capturing", len(self._captured) / max(1, self._total)
        if self._costs is not None:
            count, phase, share = sum(self._counts.values()), "Training", self._share_trained()
        left = self._left_now(now)
        return Glance(
            phase=phase,
            count=count,
            total=self._total,
            share=share,
            elapsed=now - self._began,
            left=roughly(left) if left else "",
            counts=tuple((status, self._counts[status]) for status in Status if self._counts[status]),
            reused=self._reused,
            slots=tuple((slot, self._expected(self._slots[slot])) for slot in sorted(self._slots)),
            problems=tuple(self._problems),
            notice=STOPPING if self._finishing else "",
            now=now,
        )

    def _expected(self, stage: Stage | None) -> Stage | None:
        """Return a training's stage with the time that it is expected to take."""
        cost = (self._costs or {}).get(stage.submission) if stage is not None and stage.name == "training" else None
        speed = fit(self._measured, self._stored) if cost is not None else None
        return replace(stage, expected=speed.seconds(cost)) if stage and speed and cost is not None else stage

    def _leave(self, stage: Stage) -> None:
        """Count a capture whose slot has gone on to another submission; tell a log now and then."""
        if self._costs is not None or stage.name not in _CAPTURING:
            return
        self._captured.add(stage.submission)
        count = len(self._captured)
        if count >= self._told + max(_FEWEST, -(-self._total // _PARTS)):
            self._told = count
            self._log(f"captured {count:,} of {self._total:,}")

    def _free(self, submission_id: str) -> None:
        for slot, stage in self._slots.items():
            if stage is not None and stage.submission == submission_id:
                self._slots[slot] = None

    def _forget(self, submission_id: str) -> None:
        if self._costs is not None:
            self._costs.pop(submission_id, None)
        self._left = None

    def _running(self) -> dict[str, Running]:
        """Return the trainings that are in a slot, by submission."""
        costs = self._costs or {}
        found = {}
        for stage in self._slots.values():
            if stage is not None and stage.submission in costs:
                done, of = stage.fraction if stage.name == "training" and stage.fraction else (0, 1)
                found[stage.submission] = Running(costs[stage.submission], done / max(1, of))
        return found

    def _share_trained(self) -> float:
        """Return the share of the planned FLOPs that is behind, with what the slots have done of theirs."""
        ahead = sum((self._costs or {}).values())
        ahead -= sum(one.flops * one.fraction for one in self._running().values())
        return 1 - ahead / self._planned if self._planned else 1.0

    def _left_now(self, now: float) -> float | None:
        """Reckon the time left anew every few seconds only, so that it does not flutter."""
        if self._left is None or not 0 <= now - self._left[0] < _CALM:
            self._left = (now, self._seconds_left())
        return self._left[1]

    def _seconds_left(self) -> float | None:
        if not self._costs:
            return None
        running = self._running()
        waiting = [flops for name, flops in self._costs.items() if name not in running]
        speed = fit(self._measured, self._stored)
        return seconds_left(speed, waiting, list(running.values()), len(self._slots))

    def _log(self, *parts: str | Text) -> None:
        """Print one line where there is no terminal; call it under the lock, which keeps the counter in order."""
        if self._live is None:
            # The counter comes first, so that no line begins with a name: a name may look like a log command.
            line = Text.assemble(f"[{sum(self._counts.values())}/{self._total}] ", *parts)
            self._console.print(Line(line), soft_wrap=True)
