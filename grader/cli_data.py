"""The commands `grader data make`, `split` and `inspect`: read words, call one function, leave with its exit code."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

data = typer.Typer(no_args_is_help=True, help="Make, split and inspect the pictures that networks are graded by.")

_MOST_SEEDS = 2**32 - 1


class Form(StrEnum):
    """How the two sides of a split are written."""

    PNG = "png"
    NPZ = "npz"


@data.command(short_help="Write generated pictures of ten patterns.")
def make(
    out: Annotated[Path, typer.Option(help="New folder for 1.png, 2.png, … and y.csv.")],
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many pictures.")] = 1000,
    seed: Annotated[
        int, typer.Option(min=0, max=_MOST_SEEDS, help="The same seed and count give the same pictures.")
    ] = 1,
) -> None:
    """Write generated pictures of ten patterns, 3x32x32, in the course's layout."""
    from grader.data_commands import run_make

    raise typer.Exit(run_make(out, count, seed, _console()))


@data.command(short_help="Deal pictures into a training and a held-out side.")
def split(
    source: Annotated[Path, typer.Argument(help="Folder or .npz with pictures and labels.")],
    out: Annotated[Path, typer.Option(help="New folder for both sides and manifest.json.")],
    held_out: Annotated[float | None, typer.Option(help="Share of every class to hold out; 0.2 when left out.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=_MOST_SEEDS, help="The same seed deals the same pictures.")] = 1,
    form: Annotated[Form, typer.Option("--as", help="PNGs with y.csv, or .npz.")] = Form.PNG,
    drop_shared: Annotated[
        bool, typer.Option("--drop-shared", help="Drop training pictures that the source's own test set holds as well.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON and nothing else.")] = False,
) -> None:
    """Deal pictures into a training and a held-out side, with a manifest of their hashes."""
    from grader.data_commands import SplitOptions, run_split

    options = SplitOptions(source, out, held_out, seed, form is Form.NPZ, drop_shared, as_json)
    raise typer.Exit(run_split(options, _console()))


@data.command(short_help="Count, compare and show the pictures.")
def inspect(
    source: Annotated[Path, typer.Argument(help="Folder or .npz with pictures and labels.")],
    sheet: Annotated[Path, typer.Option(help="File for the contact sheet, a row of pictures for each class.")] = Path(
        "contact_sheet.png"
    ),
    no_sheet: Annotated[bool, typer.Option("--no-sheet", help="Draw no contact sheet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON and nothing else.")] = False,
) -> None:
    """Count, compare and show the pictures; exit code 1 when something would spoil grading."""
    from grader.data_commands import InspectOptions, run_inspect

    raise typer.Exit(run_inspect(InspectOptions(source, None if no_sheet else sheet, as_json), _console()))


def _console() -> Console:
    from rich.console import Console

    return Console()
