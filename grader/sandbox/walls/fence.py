"""What a warm process is started behind: one of the rungs of the ladder, as far as this machine has its parts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from grader.sandbox.walls import landlock, policy
from grader.sandbox.walls.inside import Walls
from grader.sandbox.walls.kernel import architecture
from grader.sandbox.walls.view import bubblewrap, view


class NoSuchWallError(Exception):
    """A part of a rung is not there; the text says which, and how to get it."""


@dataclass(frozen=True, slots=True)
class Fence:
    """Walls, and the program that puts up their outer half.

    Attributes:
        rung: its letter on the ladder.
        walls: what children put up around themselves; None for limits alone.
        bubblewrap: the program that gives the warm process a mount view and namespaces; None without.
        other_user: whether a warm process that root starts becomes another user without walls as well.
    """

    rung: str = "E"
    walls: Walls | None = None
    bubblewrap: str | None = None
    other_user: bool = False


NONE = Fence()
"""Limits alone."""


def fence(rung: str, *, accelerator: bool = False, extra: Iterable[str] = ()) -> Fence:
    """Return rung A, B or C of this machine; `extra` are more folders to read, for tests.

    Raises:
        NoSuchWallError: a part of it is not there.
    """
    if sys.platform != "linux":
        raise NoSuchWallError("The walls are Linux's.")
    if architecture() not in policy.ARCHITECTURES:
        raise NoSuchWallError(f"The filters are not built for {architecture()}.")
    if not landlock.version():
        raise NoSuchWallError("Landlock is not in this kernel (Linux 5.13 and later have it), or is switched off.")
    seen = view(accelerator=accelerator, extra=extra)
    if rung == "C":
        return Fence("C", Walls(namespaces=False, mounts=False, view=seen, accelerator=accelerator))
    program = bubblewrap()
    if program is None:
        raise NoSuchWallError("bubblewrap is not installed: apt install bubblewrap, or dnf install bubblewrap.")
    namespaces = rung == "A"
    # Where nobody but the sandbox is that user, its processes and threads can be counted.
    counts = namespaces or os.geteuid() != 0
    walls = Walls(namespaces, mounts=True, view=seen, accelerator=accelerator, counts_threads=counts)
    return Fence(rung, walls, program)
