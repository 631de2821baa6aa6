"""Everything that the terminal shows: one report, a whole batch, and how far a batch is."""

from grader.report.terminal_batch import show_batch, show_mixed, show_unchanged
from grader.report.terminal_check import show_check
from grader.report.terminal_progress import BatchProgress
from grader.report.terminal_repeats import show_repeats

__all__ = ["BatchProgress", "show_batch", "show_check", "show_mixed", "show_repeats", "show_unchanged"]
