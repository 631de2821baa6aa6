"""What the commands' options may say, where several commands have the same ones."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

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


@dataclass(slots=True)
class Invoked:
    """What is known of this run of the program besides the command's own options.

    Attributes:
        helper_asked: the warm helper was asked for this very check, in vain.
        verbose: how often `-v` was said, before and after the command.
        log_json: where events go as JSON lines; None for nowhere.
    """

    helper_asked: bool = False
    verbose: int = 0
    log_json: Path | None = None

    def listen(self) -> None:
        """Hear events as it was asked; raise OperatorFault where the file cannot be written."""
        from grader import events

        events.listen(self.verbose, self.log_json)


def _louder(context: typer.Context, value: int) -> int:
    if value:
        invoked = context.ensure_object(Invoked)
        invoked.verbose += value
        invoked.listen()
    return value


def _logged(context: typer.Context, value: Path | None) -> Path | None:
    if value is not None:
        invoked = context.ensure_object(Invoked)
        invoked.log_json = value
        invoked.listen()
    return value


Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        show_default=False,
        callback=_louder,
        help="Say on standard error what was done for whom, also by the warm helper, and how long it took; twice: what "
        "begins as well.",
    ),
]
"""May stand before the command as well; its callback does what there is to do."""

LogJson = Annotated[
    Path | None,
    typer.Option(
        "--log-json",
        metavar="FILE",
        callback=_logged,
        help="Add the same to this file as JSON, one event a line; - is standard error.",
    ),
]
"""May stand before the command as well; its callback does what there is to do."""


def packaged(path: Path | None) -> Path | None:
    """Return where a rubric lies that was named on the command line."""
    from grader.bundled import rubric_at

    return None if path is None else rubric_at(path)


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
