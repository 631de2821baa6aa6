"""How far a batch is."""

from __future__ import annotations

import threading
from dataclasses import replace
from io import StringIO
from itertools import count
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
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


def seen(console: Console, progress: BatchProgress) -> list[str]:
    """Return the lines that the display has now."""
    console.file = StringIO()
    console.print(progress)
    return console.file.getvalue().splitlines()


def test_a_log_gets_one_line_a_submission() -> None:
    """Where there is no terminal, a submission that is done is a line; its stages are none."""
    file = StringIO()
    with BatchProgress(Console(file=file, width=40, _environ={}), 2, ticking()) as progress:
        progress.stage(0, "ada", "capture")
        progress.stage(0, "ada", "examine")
        progress.plan({"ada": 3e6})
        progress.stage(0, "ada", "training", (1, 500))
        progress.stage(0, "ada", "training", (2, 500))
        progress.done(samples.good())
        progress.done(samples.forward_break())
    assert file.getvalue().splitlines() == [
        "[0/2] captured 2 of 2; 1 to train",
        "[1/2] ada: ✓ graded, 30 of 30 points",
        "[2/2] cleo: ✗ broken, 8 of 30 points; a batch of pictures does not get through (cell 3, line 15)",
    ]


def test_a_log_tells_captures_now_and_then() -> None:
    """Captures of 180 submissions are six lines at most; the reference's trainings and the plan one each."""
    file = StringIO()
    with BatchProgress(Console(file=file, width=80, _environ={}), 180, ticking()) as progress:
        progress.stage(0, "reference, seed 0", "training", (0, 500))
        progress.trained("reference, seed 0", 2e6, 30.0)
        for index in range(180):
            for stage in ("capture", "examine", "explanation"):
                progress.stage(index % 2, f"s{index}", stage)
        progress.done(called(samples.good(), "s7"), reused=True)
        progress.plan({f"s{index}": 2e6 for index in range(20)})
    lines = file.getvalue().splitlines()
    assert lines[0] == "[0/180] reference, seed 0: training"
    assert lines[1:-1] == [f"[0/180] captured {count} of 180" for count in (30, 60, 90, 120, 150)]
    assert lines[-1] == "[1/180] captured 180 of 180, 1 unchanged; 20 to train, about 5 min"


def test_what_was_trained_beside_the_last_captures_counts() -> None:
    """How many are to be trained does not depend on how far the first of them came by then."""
    file = StringIO()
    with BatchProgress(Console(file=file, width=80, _environ={}), 3, ticking()) as progress:
        progress.plan({"s1": 2e6, "s2": 2e6}, trained=4)
    assert file.getvalue() == "[0/3] captured 3 of 3; 6 to train (4 trained by now)\n"


def test_what_is_unchanged_is_no_line() -> None:
    """A report that was there already is counted and not told again, nor is its problem."""
    file = StringIO()
    console = Console(file=file, width=80, _environ={})
    with BatchProgress(console, 2, ticking()) as progress:
        progress.done(samples.forward_break(), reused=True)
        progress.done(samples.good())
    assert file.getvalue().splitlines() == ["[2/2] ada: ✓ graded, 30 of 30 points"]
    lines = seen(console, progress)
    assert lines[1] == "✓ 1 graded  ✗ 1 broken  (1 unchanged)"
    assert not [line for line in lines if "cleo" in line]


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
        progress.done(called(samples.good(), "a\n[1/1] b: ✓\x1b[2J##[error]"))
        progress.message("::error::a\x1b[2J\nb")
    assert file.getvalue().splitlines() == [
        "[1/1] a\\n[1/1] b: ✓\\x1b[2J#·[error]: ✓ graded, 30 of 30 points",
        "·:error::a\\x1b[2J\\nb",
    ]


def busy(now: list[float], width: int = 80) -> tuple[Console, BatchProgress]:
    """Return a display two hours into the trainings of ten submissions; one of three ids is long."""
    console = Console(file=StringIO(), width=width, color_system=None)
    progress = BatchProgress(console, 10, lambda: now[0])
    now[0] = 3600.0
    long = "深い層の学習 a_very_long_name_of_a_notebook_final_FINAL (copy)"
    progress.plan({"ada": 100.0, "ben": 100.0, long: 80.0, "dan": 60.0})
    progress.stage(1, long, "training", (0, 500))
    progress.stage(0, "ada", "training", (490, 500))
    progress.stage(2, "ben", "training", (0, 500))
    now[0] = 7200.0
    progress.stage(0, "ada", "training", (500, 500))
    progress.stage(1, long, "training", (200, 500))
    progress.stage(2, "ben", "training", (140, 500))
    progress.trained("ada", 100.0, 1000.0)
    progress.done(samples.good())
    for name in ("v", "w", "x", "y", "z"):
        progress.done(called(samples.forward_break(), name))
    return console, progress


def test_a_terminal_sees_slots_and_the_time_left() -> None:
    """The display names what each slot does, what is left by FLOPs, and the three latest problems."""
    console, progress = busy([0.0])
    first, tally, empty, *slots = seen(console, progress)
    # 100 FLOPs took 1000 s; ben has 720 s to go, the long one 480 s, dan begins at once and takes 600 s.
    assert first.startswith("Training 6 of 10  ━")
    assert first.endswith("  2 h 00 min, about 12 min left")
    assert tally == "✓ 1 graded  ✗ 5 broken"
    assert (empty, slots[0], slots[3]) == ("", "1  idle", "")
    assert slots[1].startswith("2  深い層の学習 a_very…")
    assert slots[1].endswith("200/500  1 h 00 min of ~13 min")
    assert slots[2].startswith("3  ben ")
    assert slots[2].endswith("140/500  1 h 00 min of ~17 min")
    assert slots[4:] == [
        "Latest problems",
        *(f"{name}  a batch of pictures does not get through (cell 3, line 15)" for name in "xyz"),
        "",
    ]


@pytest.mark.parametrize("width", [20, 80, 120, 200])
def test_the_display_stays_off_the_last_column(width: int) -> None:
    """No line reaches the last column, where terminals break lines, and the cursor waits on an empty one."""
    console, progress = busy([0.0], width)
    lines = seen(console, progress)
    assert max(map(cell_len, lines)) < width
    assert lines[-1] == ""
    assert len(lines) == 12


def test_a_clock_that_jumps_does_not_change_what_is_left() -> None:
    """A laptop that slept for eight hours has as much to train as before."""
    now = [0.0]
    console, progress = busy(now)
    before = seen(console, progress)[0]
    now[0] += 8 * 3600
    after = seen(console, progress)[0]
    assert before.endswith("about 12 min left")
    assert after.endswith("about 12 min left")
    assert "10 h 00 min" in after


def test_the_first_phase_counts_captures() -> None:
    """Before the plan the bar is that of captures; nothing is said of the time left."""
    console = Console(file=StringIO(), width=80, color_system=None)
    progress = BatchProgress(console, 10, lambda: 5.0)
    progress.stage(0, "ada", "capture")
    progress.stage(0, "ben", "examine")
    progress.done(called(samples.good(), "cleo"), reused=True)
    first = seen(console, progress)[0]
    assert first.startswith("Capturing 2 of 10 ")
    assert first.endswith("0.0 s")


def test_a_stop_is_said() -> None:
    """After the first Ctrl-C a line says what happens and how to stop at once; it does not end the display."""
    file = StringIO()
    console = Console(file=file, width=80, _environ={})
    progress = BatchProgress(console, 10, ticking())
    progress.finishing()
    said = "Stopping: what runs is finished first (Ctrl-C again stops at once)."
    assert file.getvalue() == f"{said}\n"
    assert seen(console, progress)[2] == said


def test_a_message_does_not_tear_the_display() -> None:
    """In a terminal a message is a line above the display, which is drawn again below it."""
    file = Terminal()
    console = Console(file=file, width=80, _environ={"TERM": "xterm"})
    with BatchProgress(console, 3, ticking()) as progress:
        progress.message("The reference is remembered.")
        after = file.getvalue().partition("The reference is remembered.\n")[2]
        assert "Capturing" in after


def test_a_signal_may_come_at_any_time() -> None:
    """A handler that speaks while its own thread holds the lock does not wait for itself."""
    progress = BatchProgress(Console(file=StringIO(), width=80, _environ={}), 3, ticking())

    def handler() -> float:
        progress.finishing()
        progress.done(samples.good())
        return 0.0

    progress._clock = handler
    thread = threading.Thread(target=progress.stage, args=(0, "ada", "capture"), daemon=True)
    thread.start()
    thread.join(timeout=5)
    assert not thread.is_alive()


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
    assert len([line for line in lines if "captured" in line]) <= 6
    assert len(lines) <= 206


def test_the_reference_is_no_submission() -> None:
    """What the slots did before the first submission does not count among the captured."""
    console, _ = busy([0.0])
    fresh = BatchProgress(console, 2, lambda: 0.0)
    for slot in (0, 1):
        fresh.stage(slot, f"reference, seed {slot}", "capture")
        fresh.stage(slot, f"reference, seed {slot + 2}", "capture")
    fresh.begin()
    fresh.stage(0, "ada", "capture")
    fresh.stage(1, "ben", "capture")
    fresh.stage(0, "cy", "capture")
    assert seen(console, fresh)[0].startswith("Capturing 1 of 2")
