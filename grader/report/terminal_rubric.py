"""What `grader rubric show` prints: the rubric in words, every key, criterion and mark with its meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.report.terminal_check import spaced
from grader.report.terminal_text import Page, counted, named, number, said
from grader.rubric_outline import Judged, Key, Marked, Outline, Section, written
from grader.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

_VALUE = 26  # columns for a value, so that a long path leaves room for its meaning
_GUIDE = 2000  # characters of a guide


def rubric_page(outline: Outline, origin: str) -> Page:
    """Return the whole page; `origin` is the path of the file."""
    return Page(
        spaced(
            (
                _heading(outline, origin),
                *(_section(one) for one in outline.sections[:4]),
                _criteria(outline),
                _marks(outline),
                *(_section(one) for one in outline.sections[4:]),
            )
        )
    )


def _heading(outline: Outline, origin: str) -> tuple[RenderableType, ...]:
    human = f" and {number(outline.human_points)} by a human" if outline.human else ""
    line = Text.assemble(named(origin, most=200), f": {number(outline.automatic_points)} points by the machine{human}.")
    return (named(outline.title, "bold", most=200), line)


def _section(section: Section) -> tuple[RenderableType, ...]:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(max_width=_VALUE, overflow="fold")
    grid.add_column(overflow="fold")
    for key in section.keys:
        grid.add_row(f"  {key.name}", named(written(key.value), "bold", most=200), _meaning(key))
    return (*_title(section.meaning, section.name), *(Padding(said(one), (0, 0, 0, 2)) for one in section.words), grid)


def _title(meaning: str, name: str) -> tuple[Text, ...]:
    return (Text.assemble((meaning, "bold"), (f"  [{name}]", "dim")),)


def _meaning(key: Key) -> Text:
    """Return what a key means, and its default where the rubric says something else."""
    text = said(key.meaning)
    return Text.assemble(text, (f" (default {written(key.default)})", "yellow")) if key.changed else text


def _criteria(outline: Outline) -> tuple[RenderableType, ...]:
    total = f"{counted(len(outline.criteria), 'criterion', 'criteria')}, {_points(outline.automatic_points)}"
    return (
        *_title(f"What the machine judges: {total}", "criteria"),
        _entries((one.points, one.id, one.title, _details(one)) for one in outline.criteria),
    )


def _details(one: Judged) -> tuple[Text, ...]:
    lines = [said(one.meaning, "dim")]
    if one.points and one.pass_at != one.points:
        lines.append(Text(f"It counts as passed from {_points(one.pass_at)}.", style="dim"))
    if one.requires:
        lines.append(Text(f"It needs {', '.join(one.requires)}.", style="dim"))
    lines += [Text.assemble((f"{key.name} = {written(key.value)}", "bold"), ": ", _meaning(key)) for key in one.numbers]
    return tuple(lines)


def _marks(outline: Outline) -> tuple[RenderableType, ...]:
    if not outline.human:
        return ()
    total = f"{counted(len(outline.human), 'mark')}, {_points(outline.human_points)}"
    return (
        *_title(f"What a human marks: {total}", "human"),
        _entries((one.points, one.id, one.title, _guide(one)) for one in outline.human),
    )


def _guide(one: Marked) -> tuple[Text, ...]:
    if not one.guide.strip():
        return (Text("There is no guide for whoever marks this.", style="dim"),)
    return (said(sentence(" ".join(one.guide.split())), "dim", most=_GUIDE),)


def _entries(rows: Iterable[tuple[float, str, str, tuple[Text, ...]]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, justify="right", min_width=4)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for points, name, title, details in rows:
        grid.add_row(number(points), named(name, "bold"), said(title))
        for detail in details:
            grid.add_row("", "", detail)
    return grid


def _points(points: float) -> str:
    return f"{number(points)} {'point' if points == 1 else 'points'}"
