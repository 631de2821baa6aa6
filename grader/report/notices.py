"""Sentences beside the results: what a command says on standard error while it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.report.terminal_text import Line, Page, named

if TYPE_CHECKING:
    from rich.console import Console

_MOST = 1000  # characters


def say(notices: Console, sentence: str) -> None:
    """Print a sentence, inert: wrapped at words in a terminal, in one line anywhere else."""
    text = named(sentence, most=_MOST)
    if notices.is_terminal:
        notices.print(Page((text,)))
    else:
        notices.print(Line(text), soft_wrap=True)
