"""The command that writes the points of a gradebook for an LMS."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """What the points are written for; the names are those of `grader.exporting`."""

    CSV = "csv"
    JSON = "json"
    CANVAS = "canvas"
    MOODLE = "moodle"
    MOODLE_FEEDBACK = "moodle-feedback"
    GRADESCOPE = "gradescope"
    NBGRADER = "nbgrader"
    JUNIT = "junit"


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The --out folder of `grader batch`.")],
    to: Annotated[Format, typer.Option("--to", help="Whom or what the file is for.")],
    into: Annotated[
        Path | None,
        typer.Option(help="What Canvas or Moodle gave out (CSV); one column of it is filled, in a new file."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="File to write; one in DIR/exports, named after the format, when left out.")
    ] = None,
    automatic_only: Annotated[
        bool, typer.Option("--automatic-only", help="The machine's points alone, without waiting for a human's.")
    ] = False,
    column: Annotated[
        str | None, typer.Option(help="Title or number of the assignment's column; the rubric's title when left out.")
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(help="Table of the class (CSV), for ids and logins that the archive did not say.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Export this submission; may be given several times.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over the file if it is there already.")] = False,
) -> None:
    """Write the points of a gradebook for an LMS; what is not decided is blank and never a zero."""
    from rich.console import Console

    from grader.exporting import ExportOptions, run_export

    options = ExportOptions(
        folder, to.value, into, output, automatic_only, column, roster, tuple(only or ()), overwrite=overwrite
    )
    raise typer.Exit(run_export(options, Console(soft_wrap=True, highlight=False, markup=False)))
