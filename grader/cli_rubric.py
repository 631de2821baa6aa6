"""The commands of `grader rubric`: read words, call one function, leave with its code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from grader.cli_options import Device, Isolation, cores, packaged

rubric = typer.Typer(no_args_is_help=True, help="Check and explain a rubric, and find out what it asks of a class.")

File = Annotated[Path, typer.Argument(callback=packaged, help="Rubric file, or the name of one that is brought.")]


@rubric.command()
def check(
    file: File,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON and nothing else.")] = False,
) -> None:
    """Read a rubric: every mistake is named with its line, and what is probably not meant is said."""
    from rich.console import Console

    from grader.rubric_commands import run_check

    raise typer.Exit(run_check(file, Console(), as_json=as_json))


@rubric.command()
def copy(
    file: File,
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="The file to write, such as mine.toml.")],
) -> None:
    """Copy a rubric, to change it: the file, and beside it the reference solution that it names."""
    from rich.console import Console

    from grader.rubric_copying import run_copy

    raise typer.Exit(run_copy(file, target, Console(highlight=False)))


@rubric.command()
def schema() -> None:
    """Print the JSON Schema of rubrics, by which editors complete keys and mark mistakes."""
    import json

    from grader.rubric_schema import schema as made

    typer.echo(json.dumps(made(), indent=2))


@rubric.command()
def show(
    file: File,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Print it all at once.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rubric, explained, as JSON.")] = False,
) -> None:
    """Explain a rubric: what every key, criterion and mark means, and what differs from the defaults."""
    from rich.console import Console

    from grader.report.paging import Paging
    from grader.rubric_commands import Showing, run_show

    # `less` shows colours only when it is told to, as git tells it; whoever has set LESS is left alone.
    options = os.environ.setdefault("LESS", "-FRX")
    paging = Paging(not no_pager and not as_json, "r" in options.lower())
    raise typer.Exit(run_show(file, Showing(as_json, paging), Console()))


@rubric.command()
def calibrate(
    file: File,
    data: Annotated[Path | None, typer.Option(help="Pictures, in any layout, instead of the rubric's.")] = None,
    seeds: Annotated[
        int | None, typer.Option(min=2, max=1000, help="Trainings of each network; the reference's when left out.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Trainings at a time; one for each core when left out.")
    ] = None,
    students: Annotated[int, typer.Option(min=1, max=1_000_000, help="How large the class is.")] = 30,
    out: Annotated[Path, typer.Option(help="Folder for the plot, calibration.png.")] = Path(),
    device: Annotated[Device, typer.Option(help="Where to train.")] = Device.AUTO,
    isolation: Annotated[
        Isolation, typer.Option(help="Walls around the code: the best that hold here, none, or this rung.")
    ] = Isolation.AUTO,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON and nothing else.")] = False,
) -> None:
    """Train the reference and two networks without convolutions, and say what the recipe tells apart."""
    from rich.console import Console

    from grader.calibrate import CalibrateOptions, run_calibrate

    options = CalibrateOptions(
        rubric=file,
        data=data,
        seeds=seeds,
        workers=cores() if workers is None else workers,
        students=students,
        out=out,
        device=device.value,
        isolation=isolation.value,
        as_json=as_json,
    )
    raise typer.Exit(run_calibrate(options, Console(), Console(stderr=True)))
