"""How far a batch is."""

from __future__ import annotations

import threading
from dataclasses import replace
from io import StringIO
from itertools import count
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from grader.report.terminal import BatchProgress

from . import samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.records import Report

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Terminal(StringIO):
    """A terminal that remembers everything."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def ticking(step: float = 1.0) -> Callable[[], float]:
    """Return a clock that goes on by `step` seconds at each look."""
    ticks = count()
    return lambda: next(ticks) * step


def called(report: Report, name: str) -> Report:
    """Return the report under another name."""
    return replace(report, submission=replace(report.submission, id=name))


def test_a_log_gets_one_line_an_event() -> None:
    """Where there is no terminal, a stage that begins and a submission that is done are a line each."""
    file = StringIO()
    with BatchProgress(Console(file=file, width=40, _environ={}), 2, ticking()) as progress:
        progress.stage(0, "ada", "training", (1, 500))
        progress.stage(0, "ada", "training", (2, 500))
        progress.stage(0, "ada", "scoring")
        progress.done(samples.good())
        progress.done(samples.forward_break())
    assert file.getvalue().splitlines() == [
        "[0/2] ada: training",
        "[0/2] ada: scoring",
        "[1/2] ada: ✓ graded, 30 of 30 points",
        "[2/2] cleo: ✗ broken, 8 of 30 points; a batch of pictures does not get through (cell 3, line 15)",
    ]


def test_forced_colour_does_not_make_a_log_a_terminal() -> None:
    """With FORCE_COLOR, which CI services set, a file still gets lines and no cursor movements."""
    file = StringIO()
    with BatchProgress(Console(file=file, width=80, _environ={"FORCE_COLOR": "1"}), 1, ticking()) as progress:
        progress.done(samples.good())
    assert HIDE_CURSOR not in file.getvalue()
    assert "ada" in file.getvalue()


def test_a_name_cannot_forge_an_event() -> None:
    """A newline or an escape in a name stays in its line, behind the counter."""
    file = StringIO()
    with BatchProgress(Console(file=file, width=200, _environ={}), 1, ticking()) as progress:
        progress.stage(0, "a\n[1/1] b: ✓\x1b[2J##[error]", "reading")
    assert file.getvalue() == "[0/1] a\\n[1/1] b: ✓\\x1b[2J#·[error]: reading\n"


def test_a_terminal_sees_slots_and_the_time_left() -> None:
    """The display names what each slot does and reckons the rest from what is done."""
    now = [0.0]
    console = Console(file=StringIO(), width=80, color_system=None)
    progress = BatchProgress(console, 10, lambda: now[0])
    progress.stage(1, "ben", "training", (120, 500))
    progress.stage(0, "ada", "capture")
    now[0] = 30.0
    progress.done(samples.good())
    progress.done(called(samples.forward_break(), "zoe"))
    now[0] = 60.0
    console.file = StringIO()
    console.print(progress)
    first, *slots = console.file.getvalue().splitlines()
    assert first.startswith("2 of 10")
    assert first.endswith("1 min 00 s, about 4 min 00 s left ✓ 1 ✗ 1")
    assert slots == ["2  ben  training 120/500  1 min 00 s"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_the_terminal_is_given_back(error: type[BaseException]) -> None:
    """Whatever ends the block, the cursor is shown again and the error goes on."""
    file = Terminal()
    console = Console(file=file, width=80, _environ={"TERM": "xterm"})

    def interrupted() -> None:
        with BatchProgress(console, 3, ticking()) as progress:
            progress.stage(0, "ada", "capture")
            raise error

    with pytest.raises(error):
        interrupted()
    text = file.getvalue()
    assert text.rindex(SHOW_CURSOR) > text.rindex(HIDE_CURSOR)


def test_threads_may_speak_at_once() -> None:
    """Eight threads lose no event and mix no lines."""
    file = StringIO()
    console = Console(file=file, width=80, _environ={})

    def work(slot: int) -> None:
        for index in range(25):
            progress.stage(slot, f"s{slot}-{index}", "capture")
            progress.done(called(samples.good(), f"s{slot}-{index}"))

    with BatchProgress(console, 200, ticking()) as progress:
        threads = [threading.Thread(target=work, args=(slot,)) for slot in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = file.getvalue().splitlines()
    done = [line for line in lines if line.endswith("✓ graded, 30 of 30 points")]
    assert [line.split()[0] for line in done] == [f"[{index}/200]" for index in range(1, 201)]
    assert len(lines) == 400
