"""What `grader check --explain CODE` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from grader.report.terminal_text import Page

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from grader.diagnosis.texts import Longer

_WIDTH = 80


def show_explanation(console: Console, code: str, longer: Longer) -> None:
    """Print the longer text of a code, at most 80 columns wide."""
    parts: list[RenderableType] = [Text.assemble((code, "bold"), f" {longer.title}."), Text("")]
    parts += [Text(longer.means), Text("")]
    parts += [Text.assemble(("How to recognise it. ", "bold"), longer.seen), Text("")]
    for label, example, style in (("Instead of", longer.before, "red"), ("write", longer.after, "green")):
        parts += [Text(label, "bold"), Padding(Text(example, style), (0, 0, 0, 4)), Text("")]
    console.print(Page(parts[:-1]), width=min(_WIDTH, console.width))
