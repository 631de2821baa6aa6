"""The commands `grader course use`, `show` and `forget`: read words, call one function, leave with its code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

course = typer.Typer(no_args_is_help=True, help="Say by which course file your own work is checked.")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


@course.command()
def use(
    source: Annotated[str, typer.Argument(metavar="PATH_OR_URL", help="The course file, or a folder that holds one.")],
    as_json: Json = False,
) -> None:
    """Check by this course file from now on, wherever none lies beside the work or above it."""
    from rich.console import Console

    from grader.course_commands import run_use

    raise typer.Exit(run_use(source, Console(), as_json=as_json))


@course.command()
def show(
    work: Annotated[
        Path, typer.Argument(metavar="FILE", help="Whose course; that of the current folder's files.")
    ] = Path("notebook.ipynb"),
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the course's server for changes now, not once an hour.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say which course file holds here, why, and what it says."""
    from rich.console import Console

    from grader.course_commands import run_show

    raise typer.Exit(run_show(work, Console(), fresh=refresh, as_json=as_json))


@course.command()
def forget(as_json: Json = False) -> None:
    """Forget the course file that `use` remembered."""
    from rich.console import Console

    from grader.course_commands import run_forget

    raise typer.Exit(run_forget(Console(), as_json=as_json))
