"""How much memory trainings need, and how much there is, so that two giants do not meet."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.orders import Assignment

SHARE = 0.8
"""Of the memory that is free: trainings may have it together."""

PROCESS = 2**28
"""Bytes that a trainer takes before it knows its network: torch's own pages that it writes to, and pictures."""

ON_GPU = 2**31
"""Bytes of this machine's memory that a trainer on a GPU takes: CUDA's libraries and what they keep."""

CONTEXT = 2**29
"""Bytes of a GPU's memory that a process takes before it computes: its context, kernels and workspaces."""

_NUMBER = 4  # bytes of a float32
_COPIES = 5  # of every parameter: itself, its first value, its gradient and the optimiser's two moments
_KEPT = 2  # copies of every result of a step: for the way back, and its gradient

_SYSTEM = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def of_training(examination: Mapping[str, Any], assignment: Assignment) -> int:
    """Return about how many bytes the training of an examined network takes; never more than it is allowed."""
    if assignment.fingerprint.get("device") == "cuda":
        return ON_GPU
    return min(PROCESS + _of_network(examination, assignment), assignment.rubric.limits.memory_megabytes * 2**20)


def on_gpu(examination: Mapping[str, Any], assignment: Assignment) -> int:
    """Return about how many bytes of a GPU the training takes, pictures included; 0 where it does not train on one."""
    data = assignment.data
    if assignment.fingerprint.get("device") != "cuda" or data is None:
        return 0
    pictures = _NUMBER * math.prod(data.shape) * (data.train_count + data.held_out_count)
    return CONTEXT + pictures + _of_network(examination, assignment)


def _of_network(examination: Mapping[str, Any], assignment: Assignment) -> int:
    results = _KEPT * examination["activation_bytes"] * assignment.rubric.recipe.batch
    return int(_COPIES * _NUMBER * examination["parameters"] + results)


def free_bytes() -> int:
    """Return how many bytes all trainings may have at a time, by what is free on this machine and in its group."""
    room = [_available(), _left_in_group()]
    return int(SHARE * min(one for one in room if one is not None))


def _available() -> int:
    """Return what the system could give; where it does not say, half of what is built in."""
    try:
        for line in _SYSTEM.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def _left_in_group() -> int | None:
    """Return what is left of the limit of this container (cgroup v2); None where there is none."""
    try:
        limit, used = ((_GROUP / f"memory.{one}").read_text(encoding="ascii").strip() for one in ("max", "current"))
    except OSError:
        return None
    return max(0, int(limit) - int(used)) if limit != "max" else None
