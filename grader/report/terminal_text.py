"""What the terminal's reports share: lines that are safe to print, marks, and numbers as people write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Group
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from grader.records import Outcome, Report, Status
from grader.report.curve import BARS, PLAIN_BARS
from grader.report.plain import inert, inert_line, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

MARKS = {
    Outcome.PASSED: ("✓", "green"),
    Outcome.FAILED: ("✗", "red"),
    Outcome.SKIPPED: ("–", "dim"),
    Outcome.PENDING: ("?", "cyan"),
    Outcome.ERROR: ("!", "yellow"),
}
"""Mark and colour of each outcome; the word always stands beside them."""

STATUS_MARKS = {
    Status.GRADED: ("✓", "green"),
    Status.STUDENT_FAULT: ("✗", "red"),
    Status.NEEDS_HUMAN: ("?", "cyan"),
    Status.GRADER_FAULT: ("!", "yellow"),
}
"""Mark and colour of each status."""

STATUS_WORDS = {
    Status.GRADED: ("graded", "graded"),
    Status.STUDENT_FAULT: ("broken", "broken"),
    Status.NEEDS_HUMAN: ("needs a human", "human"),
    Status.GRADER_FAULT: ("grader's fault", "grader"),
}
"""How a status is said, and how where there is little room."""

STOPPED = {
    "student-error": "its code raised an error",
    "cpu-limit": "it used up its processor time",
    "wall-limit": "it did not come to its end in time",
    "memory-limit": "it needed more memory than there is",
    "output-limit": "it printed or wrote more than is allowed",
    "forbidden-syscall": "it tried something that no network needs",
    "killed-supervisor": "it ended the process that watches over it, twice",
    "exited-without-result": "it ended itself before the network was there",
    "malformed-result": "what it answered is not a network",
    "rejected-input": "the files could not be accepted",
    "infra-error": "the grader failed before it started",
}
"""The outcome words of the sandbox as half sentences."""

# As wide as what it stands for, so that tables keep their columns where the terminal's encoding lacks ours.
_PLAINER = {
    "✓": "+",
    "✗": "x",
    "–": "-",
    "→": ">",
    "×": "x",
    "±": "~",
    "…": ".",
    "·": ".",
    "│": "|",
    "━": "=",
    "─": "-",
    **dict(zip(BARS, PLAIN_BARS, strict=True)),
}
# GitHub Actions obeys a log line that begins with `::` after blanks, and, like Azure and TeamCity, `##word[`
# anywhere. A name, or where a long text happens to wrap, must not write one.
_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\w*\[)")
_LINES = 12  # of one text
_SECONDS_OF_MINUTE = 60
_FINE = 10  # seconds below which a tenth matters


class Page:
    """Stack renderables so that each printed line is inert for whatever reads it.

    Characters that the output's encoding lacks become plainer ones of the same width, log commands are broken,
    and no line ends in blanks.
    """

    def __init__(self, parts: Iterable[RenderableType]) -> None:
        """Take the parts, printed one below the other."""
        self._group = Group(*parts)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the parts line by line."""
        for line in console.render_lines(self._group, options, pad=False):
            yield from _stripped(_harmless(line, options.encoding))
            yield Segment.line()


class Line:
    """Print a text as one line, however long it is, as safe as a page."""

    def __init__(self, text: Text) -> None:
        """Take a text without line breaks; `named` makes such."""
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the line."""
        yield from _harmless(list(self._text.render(console)), options.encoding)
        yield Segment.line()


def _harmless(line: list[Segment], encoding: str) -> list[Segment]:
    text = "".join(segment.text for segment in line)
    # No length changes here, so the segments' borders, and with them the colours, stay where they are.
    safe = _COMMAND.sub(lambda match: match.group().replace("##", "#·").replace(":", "·"), text)
    pieces = []
    for segment in line:
        pieces.append(Segment(_encodable(safe[: len(segment.text)], encoding), segment.style))
        safe = safe[len(segment.text) :]
    return pieces


def _encodable(text: str, encoding: str) -> str:
    def plainer(character: str) -> str:
        try:
            character.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return _PLAINER.get(character, "?" * cell_len(character))
        return character

    return text if text.isascii() else "".join(map(plainer, text))


def _stripped(line: list[Segment]) -> list[Segment]:
    while line and not line[-1].text.strip(" "):
        line = line[:-1]
    return [*line[:-1], Segment(line[-1].text.rstrip(" "), line[-1].style)] if line else []


def said(text: str, style: str = "", most: int = 600) -> Text:
    """Return text from a report, inert, with its own line breaks but no blank lines, cut to what a screen bears."""
    lines = [line for line in inert(text[: most + 1]).split("\n") if line.strip()]
    return Text(shorten("\n".join((*lines[:_LINES], *("…" for _ in lines[_LINES:][:1]))).strip(), most), style=style)


def named(text: str, style: str = "", most: int = 60) -> Text:
    """Return a name from a report, inert and on one line."""
    return Text(inert_line(text, most), style=style)


def pairs() -> Table:
    """Return an empty grid for a bold word and what it stands for."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    return grid


def number(value: float) -> str:
    """Return points as people write them: `17`, `7.5`, `7.25`."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(share: float) -> str:
    """Return a share as `79.1 %`."""
    return f"{100 * share:.1f} %"


def duration(seconds: float) -> str:
    """Return `7.3 s`, `45 s`, `3 min 12 s` or `1 h 03 min`."""
    if seconds < _FINE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _SECONDS_OF_MINUTE)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def counted(count: int, one: str, many: str = "") -> str:
    """Return `1 layer` or `2 layers`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


_UNREAD = {
    "NoModel": "no network was found in it",
    "Empty": "it is empty",
    "OnlyLoaded": "the network is only loaded from a file",
    "CutOff": "the file is cut off",
    "SyntaxError": "Python cannot read the code",
}
"""How reading ended, by the kind of break, as half a sentence."""

_UNBUILT = {
    "RepairsForbidden": "your code does not build the network by itself",
    "NotAModel": "what was found is no network",
}
"""How building ended where nothing was raised."""

OUR_OWN = (frozenset(_UNREAD) - {"SyntaxError"}) | frozenset(_UNBUILT)
"""Kinds of break that are not Python's exceptions."""


def stopped_sentence(report: Report) -> str:
    """Return why a submission came to no result, as half a sentence."""
    broke, word = report.broke, report.stopped
    if broke is not None:
        stage = {
            "read": _UNREAD.get(broke.kind, "it could not be read"),
            "build": _UNBUILT.get(broke.kind, f"making the network raised {inert_line(broke.kind, 40)}"),
            "forward": "a batch of pictures does not get through",
        }.get(broke.stage, f"{inert_line(broke.stage, 40)} failed")
        place = inert_line(str(broke.where))
        return f"{stage}{f' ({place})' if place else ''}"
    if word is None:
        return "there is no network to judge"
    return STOPPED.get(word, f"it was stopped ({inert_line(word, 40)})")


def first_problem(report: Report) -> str:
    """Return in a few words what is wrong first; empty when nothing is."""
    by_outcome = {finding.outcome: finding for finding in reversed(report.findings)}
    if report.status is Status.GRADER_FAULT:
        error = by_outcome.get(Outcome.ERROR)
        return inert_line(error.rationale or error.title) if error else _first_note(report) or "the grader failed"
    if report.status is Status.NEEDS_HUMAN:
        return _first_note(report) or "a human has to look"
    if report.status is Status.STUDENT_FAULT:
        rejected = report.stopped == "rejected-input" and _first_note(report)
        return rejected or stopped_sentence(report)
    failed = by_outcome.get(Outcome.FAILED)
    return inert_line(failed.rationale or f"not true: {failed.title}") if failed else ""


def _first_note(report: Report) -> str:
    return inert_line(report.notes[0]) if report.notes else ""
