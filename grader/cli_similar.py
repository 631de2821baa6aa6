"""The command that says which submissions are alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def similar(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The --out folder of `grader batch`.")],
    template: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A file that the course gave out: what is in it counts for nobody, now and later. May be repeated.",
        ),
    ] = None,
    forget_templates: Annotated[
        bool, typer.Option("--forget-templates", help="Forget the files that were given before.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Say which submissions are alike, as a hint for a human, and write similar.html with their code side by side."""
    from rich.console import Console

    from grader.alike import SimilarOptions, run_similar

    options = SimilarOptions(folder, tuple(template or ()), forget_templates, as_json)
    raise typer.Exit(run_similar(options, Console(highlight=False)))
