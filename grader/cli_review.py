"""The command that serves the pages on which humans mark."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer


def review(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The --out folder of `grader batch`.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of this machine to listen on; 0 is a free one.")
    ] = 0,
    who: Annotated[
        str | None, typer.Option(help="Your name, recorded beside every mark; your login when left out.")
    ] = None,
    blind: Annotated[bool, typer.Option("--blind", help="Strike out whose each submission is.")] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address and open nothing.")] = False,
) -> None:
    """Mark explanations and override verdicts on a page of this machine; the grader's own verdicts stay on record."""
    from rich.console import Console

    from grader.review.serving import ReviewOptions, run_review

    options = ReviewOptions(folder, getpass.getuser() if who is None else who, port, blind, not no_browser)
    raise typer.Exit(run_review(options, Console(highlight=False, markup=False)))
