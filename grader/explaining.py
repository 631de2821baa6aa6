"""Print the longer text of a code: `grader check --explain E02`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.diagnosis.texts import nearest, texts
from grader.faults import OperatorFault
from grader.report.terminal_explain import show_explanation

if TYPE_CHECKING:
    from rich.console import Console


def run_explain(code: str, console: Console) -> int:
    """Print the longer text of a code; return the exit code.

    Raises:
        OperatorFault: there is no such code.
    """
    known = texts()
    wanted = code.strip().upper()
    if wanted not in known:
        close = nearest(code, known)
        raise OperatorFault(
            f"--explain {code}: there is no such code.", fix=f"The nearest is {close}: {known[close].title}."
        )
    show_explanation(console, wanted, known[wanted])
    return 0
