"""What `grader check` shows while it works: a word, or the bar of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.constrain import Constrain
from rich.progress_bar import ProgressBar
from rich.table import Table

from grader.report.terminal_text import Page, counted, named

if TYPE_CHECKING:
    from rich.console import RenderableType

_BAR = 32  # columns


def working(submission: str, stage: str, done: int, total: int) -> RenderableType:
    """Return one line for a terminal: the stage, and where its length is known, a bar with the steps."""
    if not total:
        return Page((named(f"{submission}: {stage}"),))
    grid = Table.grid(padding=(0, 1))
    bar = Constrain(ProgressBar(total, done, _BAR), _BAR)
    grid.add_row(named(f"{submission}: {stage}"), bar, f"step {done:,} of {total:,}")
    return Page((grid,))


def begun(submission: str, stage: str, total: int) -> str:
    """Say in one line what begins, for whoever reads no terminal."""
    return f"{submission}: {stage}, {counted(total, 'step')}."


def indication(kept_back: int, source: str) -> str:
    """Say what a student's own training cannot know: how the network does on the pictures of the course.

    `kept_back` is how many pictures it was scored on, `source` where they come from.
    """
    return (
        f"The score is an indication, not your mark. It was measured on {counted(kept_back, 'picture')} of {source}. "
        "Your course keeps other pictures, which nobody has seen, and the network may do better or worse on those."
    )
