"""How much memory a container gives to all of its processes together."""

from __future__ import annotations

from pathlib import Path

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where the limit stands, in cgroup v2 and v1; a container sees its own group there."""

OURS = 352
"""Megabytes that the grader and its warm process take themselves (bench/gradescope.py), of which a job is a copy."""

_LEAST = 256
_NO_LIMIT = 2**50


def job_megabytes(places: tuple[str, ...] = _LIMITS) -> int | None:
    """Return how much memory one job may have, so that the limit never meets the grader; None without one."""
    for one in places:
        try:
            text = Path(one).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit() and int(text) < _NO_LIMIT:
            return max(_LEAST, int(text) // 2**20 - OURS)
    return None
