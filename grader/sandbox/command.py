"""The command line of a warm process."""

from __future__ import annotations

import sys


def command(*options: str, warm: bool) -> list[str]:
    """Return the command line of a warm process: isolated from the environment, no bytecode written."""
    return [sys.executable, "-I", "-B", "-m", "grader.sandbox.zygote", *options, *(["--warm"] if warm else [])]
