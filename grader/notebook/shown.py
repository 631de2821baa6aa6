"""What `check()` returns: a report that shows itself, as HTML in a notebook and as text anywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console

from grader.report.html_check import check_html
from grader.report.mishaps import Mishap, mishap_block
from grader.report.terminal import show_check
from grader.report.terminal_text import Page, said

if TYPE_CHECKING:
    from grader.records import Report, Status

_WIDTH = 80


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """A report, and what the kernel itself knows beside it.

    Attributes:
        report: everything about the network, as `grader check --json` prints it.
        mishap: the last exception of the kernel; None where there is none, or the report says the same.
        origin: one sentence on where the code came from.
    """

    report: Report
    mishap: Mishap | None = None
    origin: str = ""

    @property
    def points(self) -> float:
        """Return the automatic points."""
        return self.report.points

    @property
    def status(self) -> Status:
        """Return how the grading ended."""
        return self.report.status

    def __repr__(self) -> str:
        """Return what a terminal shows, 80 columns wide and without colour."""
        console = Console(file=StringIO(), width=_WIDTH, color_system=None, force_terminal=False, force_jupyter=False)
        if self.mishap is not None:
            console.print(Page((*mishap_block(self.mishap), "")))
        show_check(console, self.report)
        if self.origin:
            console.print(Page(("", said(self.origin))))
        assert isinstance(console.file, StringIO)
        return console.file.getvalue().rstrip("\n")

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return check_html(self.report, self.mishap, self.origin)
