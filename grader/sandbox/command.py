"""The command line of a warm process."""

from __future__ import annotations

import sys


def command(*options: str, warm: bool) -> list[str]:
    """Return the command line of a warm process: nothing from the working folder or of the user's, no bytecode.

    Python's own variables are read: the environment is ours from the first to the last (`confine`).
    """
    return [sys.executable, "-P", "-s", "-B", "-m", "grader.sandbox.zygote", *options, *(["--warm"] if warm else [])]
