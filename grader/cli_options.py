"""What the commands' options may say, where several commands have the same ones."""

from __future__ import annotations

import os
from enum import StrEnum

import typer

from grader.faults import OperatorFault


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


def parse_shape(text: str) -> tuple[int, int, int]:
    """Read `3x32x32`; raise OperatorFault where it is not three numbers."""
    words = text.lower().replace("×", "x").split("x")
    if len(words) != 3 or not all(word.strip().isdigit() and int(word) > 0 for word in words):
        raise OperatorFault(f"--input {text} is not a shape.", fix="Write channels x height x width, such as 3x32x32.")
    channels, height, width = (int(word) for word in words)
    return channels, height, width


def explained(code: str | None) -> None:
    """Print the longer text of a code and leave, where `--explain` names one.

    Raises:
        OperatorFault: there is no such code.
    """
    if code is None:
        return
    from rich.console import Console

    from grader.explaining import run_explain

    raise typer.Exit(run_explain(code, Console()))
