"""The command that writes the results of a batch as pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The --out folder of `grader batch`.")],
    stats: Annotated[
        bool, typer.Option("--stats", help="What the class got wrong, as stats.json and stats.csv, instead of pages.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Write index.html for the class and three pages for each student: yours, theirs, and theirs as Markdown."""
    from rich.console import Console

    from grader.publishing import ReportOptions, run_report

    raise typer.Exit(run_report(ReportOptions(folder, stats, as_json), Console()))
