"""What `grader course use`, `show` and `forget` do: remember a course file, say which one holds, forget it again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.checking import CheckOptions, rubric_of
from grader.course.finding import Found, Surroundings, Way, Wish, absolute, find, forget, remember
from grader.course.settling import Settled, ago, settled
from grader.report.terminal_text import Page, pairs, said

if TYPE_CHECKING:
    from rich.console import Console

_NONE = "No course file holds here: work is checked by the rubric that comes with the grader."


def run_use(source: str, console: Console, *, as_json: bool, around: Surroundings | None = None) -> int:
    """Read a course file and its rubric, and remember where it is; return the exit code, which is 0.

    Raises:
        CourseFault: it has mistakes, or cannot be had.
        RubricFault: its rubric has.
    """
    around = around or Surroundings()
    wish = Wish(Path(), fresh=True)
    answer = settled(Found(absolute(source), Way.REMEMBERED, chosen=True), wish, around)
    title = rubric_of(CheckOptions(Path(), guidance=answer.guidance)).title
    path = remember(around.configuration, answer.found.source)
    if as_json:
        _write(
            console, {"version": 1, "course": answer.found.source, "remembered_in": str(path), "rubric_title": title}
        )
        return 0
    console.print(Page((said(f"From now on your work is checked as {answer.found.source} says."), "")))
    console.print(Page(_lines(answer, around.now(), title)))
    return 0


def run_show(work: Path, console: Console, *, fresh: bool, as_json: bool, around: Surroundings | None = None) -> int:
    """Say which course file holds for a piece of work, and why; return the exit code, which is 0.

    Raises:
        CourseFault: it has mistakes, or cannot be had.
    """
    around = around or Surroundings()
    found = find(work, None, around)
    if not found.source:
        if as_json:
            _write(console, {"version": 1, "course": None, "passed_over": found.passed_over})
        else:
            console.print(Page([said(one) for one in (_NONE, found.passed_over) if one]))
        return 0
    answer = settled(found, Wish(work, fresh=fresh), around)
    if as_json:
        plain = {
            "version": 1,
            "course": found.source,
            "way": found.way,
            "chosen": found.chosen,
            "passed_over": found.passed_over,
            "says": answer.course._asdict(),
            "kept": [asdict(one) for one in answer.kept],
        }
        _write(console, plain)
    else:
        console.print(Page(_lines(answer, around.now())))
    return 0


def run_forget(console: Console, *, as_json: bool, around: Surroundings | None = None) -> int:
    """Forget what `use` remembered; return 0, also where there was nothing.

    Raises:
        CourseFault: it cannot be removed.
    """
    around = around or Surroundings()
    forgotten = forget(around.configuration)
    if as_json:
        _write(console, {"version": 1, "forgotten": forgotten})
    else:
        console.print(Page((said("It is forgotten." if forgotten else "No course file was remembered."),)))
    return 0


def _lines(answer: Settled, now: float, rubric_title: str = "") -> list[Any]:
    """Return what a course file says, as rows."""
    grid, course = pairs(), answer.course
    titled = f" ({rubric_title})" if rubric_title else ""
    rows = {
        "Course": course.title,
        "File": f"{course.origin}, {answer.found.way.words}",
        "Rubric": f"{course.rubric or 'the one that comes with the grader'}{titled}",
        "Data": f"{course.data}, for --train alone" if course.data else "",
        "Message": course.message,
        "Questions": course.ask,
        "Note": answer.found.passed_over,
    }
    for label, text in rows.items():
        if text:
            grid.add_row(label, said(text))
    for one in answer.kept:
        state = f"{one.reason}; a copy is kept" if one.failed else "kept"
        grid.add_row("Kept", said(f"{one.url}: {state}, which the server confirmed {ago(now - one.asked)}"))
    return [grid]


def _write(console: Console, plain: dict[str, Any]) -> None:
    console.file.write(json.dumps(plain) + "\n")
