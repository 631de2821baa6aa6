"""What `grader doctor` shows: the rung that holds, what was tried, and what is not protected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from grader.report.plain import inert_line
from grader.report.terminal_text import Page, counted, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console, RenderableType

_WIDTH = 100
_STYLES = {"blocked": "green", "not blocked": "red", "not verified": "yellow"}


def show_doctor(console: Console, found: Mapping[str, Any]) -> None:
    """Print what the doctor found, as `Found.to_json` gives it."""
    console.print(Page(_lines(found)), width=min(_WIDTH, console.width))


def _lines(found: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield _heading(found)
    yield Text("")
    if found["tried"]:
        yield Text("Tried from inside, as a submission would", style="bold")
        yield _tried(found["tried"], found["rung"])
        yield Text("")
    yield Text("Not protected", style="bold")
    yield _points(found["missing"])
    if found["refused"]:
        yield Text("")
        yield Text("Rungs that do not hold here", style="bold")
        yield _pairs(found["refused"])
    yield Text("")
    yield Text("This machine", style="bold")
    yield _pairs({**found["machine"], "training": found["training"], "warm helper": _helper(found.get("helper"))})


def _heading(found: Mapping[str, Any]) -> Text:
    if found["holds"]:
        return Text.assemble((f"Rung {found['rung']} holds: ", "bold green"), f"{found['title']}.")
    return Text.assemble(
        ("No walls hold here. ", "bold red"),
        "grader batch does not start; grader check runs your own work as an ordinary program of yours.",
    )


def _helper(helper: Mapping[str, Any] | None) -> str:
    if helper is None:
        return "none; a plain grader check leaves one"
    if not helper["answers"]:
        return f"process {helper['pid']}, which does not answer; grader doctor --stop-helper ends it"
    left = duration(max(0.0, helper["idle_seconds"] - helper["idle"]))
    since, checks = duration(helper["seconds"]), counted(helper["checks"], "check")
    memory = f"{helper['memory'] / 2**20:.0f} MB"
    said = f"process {helper['pid']}, started {since} ago, {checks} made, {memory}; ends in {left} or by --stop-helper"
    return f"{said}; it failed last with {helper['trouble']}" if helper.get("trouble") else said


def _tried(tried: Mapping[str, str], rung: str) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for name, status in tried.items():
        said = "tried and blocked" if status == "blocked" else status
        if status == "not blocked":
            said = f"not blocked on rung {rung}"
        grid.add_row(f"  {name}", Text(said, style=_STYLES[status]))
    return grid


def _points(sentences: list[str]) -> Table:
    grid = Table.grid(padding=(0, 1))
    for one in sentences:
        grid.add_row("  -", inert_line(one, 300))
    return grid


def _pairs(values: Mapping[str, str]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for name, value in values.items():
        grid.add_row(f"  {name}", inert_line(value, 600))
    return grid
