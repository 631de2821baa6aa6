"""The commands that answer appeals: `show`, `diff` and `history`, each of one submission in a gradebook."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from grader.appeals import Question

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The --out folder of `grader batch`.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="A submission's id, its beginning, or the student's name.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
NoPager = Annotated[bool, typer.Option("--no-pager", help="Print a long page at once.")]


def show(
    folder: Folder,
    submission: Id,
    run: Annotated[
        int | None, typer.Option(min=1, help="As it was after this run; as it is now when left out.")
    ] = None,
    no_pager: NoPager = False,
    as_json: Json = False,
) -> None:
    """Show everything about one submission: what was found, each verdict with its reason, and what made it."""
    from rich.console import Console

    from grader.appeals import run_show

    raise typer.Exit(run_show(_question(folder, submission, no_pager, as_json), run, Console()))


def diff(
    folder: Folder,
    submission: Id,
    first: Annotated[
        int | None, typer.Option("--from", min=1, help="Run to compare with; the newest that differs when left out.")
    ] = None,
    last: Annotated[int | None, typer.Option("--to", min=1, help="Run to compare; the newest when left out.")] = None,
    no_pager: NoPager = False,
    as_json: Json = False,
) -> None:
    """Show what changed between two reports on a submission: source, network, points, and why."""
    from rich.console import Console

    from grader.appeals import run_diff

    raise typer.Exit(run_diff(_question(folder, submission, no_pager, as_json), first, last, Console()))


def history(folder: Folder, submission: Id, no_pager: NoPager = False, as_json: Json = False) -> None:
    """List every report on a submission: when, by which run, its points and what changed."""
    from rich.console import Console

    from grader.appeals import run_history

    raise typer.Exit(run_history(_question(folder, submission, no_pager, as_json), Console()))


def _question(folder: Path, submission: str, no_pager: bool, as_json: bool) -> Question:
    from grader.appeals import Question
    from grader.report.paging import Paging

    # `less` shows colours only when it is told to, as git tells it; whoever has set LESS is left alone.
    options = os.environ.setdefault("LESS", "-FRX")
    return Question(folder, submission, as_json, Paging(not no_pager and not as_json, "r" in options.lower()))
