"""What the commands' options may say, where several commands have the same ones."""

from __future__ import annotations

import os
from enum import StrEnum


class Device(StrEnum):
    """Where networks are trained."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class Isolation(StrEnum):
    """What stands between submissions and this machine."""

    AUTO = "auto"
    NONE = "none"
    A = "A"
    B = "B"
    C = "C"


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
