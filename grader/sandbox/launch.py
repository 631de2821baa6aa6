"""The parent's side of the sandbox: choose the kind of worker that fits this system."""

from __future__ import annotations

import sys

from grader.sandbox.forked import Zygote
from grader.sandbox.outcome import Done, Worker
from grader.sandbox.spare import Spare
from grader.sandbox.walls.fence import NONE, Fence

__all__ = ["Done", "Spare", "Worker", "Zygote", "comparer", "worker"]

_COMPARING = {"similar": "grader.sandbox.similar"}


def worker(fence: Fence = NONE, *, warm: bool = True, fork: bool | None = None, pages: bool = False) -> Worker:
    """Return the worker that fits this system, behind `fence`: a zygote where processes can be forked, else a spare.

    One for `pages` has imported what lays out notebooks, which others do when they are asked for it.
    """
    can_fork = sys.platform == "linux" if fork is None else fork
    return Zygote(fence, warm=warm, pages=pages) if can_fork else Spare(warm=warm)


def comparer(fence: Fence = NONE) -> Worker:
    """Return a worker that compares a class and can do nothing else; it imports no torch."""
    can_fork = sys.platform == "linux"
    return Zygote(fence, bare=True, jobs=_COMPARING) if can_fork else Spare(jobs=_COMPARING)
