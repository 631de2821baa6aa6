"""The commands `grader ci` and `grader pack`: a check for machines, and what takes the grader to other machines."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from grader.cli_options import Device, Isolation, LogJson, Verbose, packaged

pack = typer.Typer(no_args_is_help=True, help="Take a rubric to where students hand in: GitHub or Gradescope.")


class Form(StrEnum):
    """How remarks beside lines are written."""

    AUTO = "auto"
    GITHUB = "github"
    LINES = "lines"


def ci(
    submission: Annotated[Path, typer.Argument(help="A notebook, a module, or a folder with them.")] = Path(),
    rubric: Annotated[
        Path | None,
        typer.Option(
            callback=packaged, help="Rubric file, or the name of one that is brought; the course's when left out."
        ),
    ] = None,
    train: Annotated[bool, typer.Option("--train", help="Train the network as well, and score it.")] = False,
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="Remarks for GitHub Actions, or as file:line:column: error: lines; auto: whichever is read here.",
        ),
    ] = Form.AUTO,
    device: Annotated[Device, typer.Option(help="Where to train.")] = Device.AUTO,
    isolation: Annotated[
        Isolation, typer.Option(help="Walls around the code: the best that hold here, none, or this rung.")
    ] = Isolation.AUTO,
    course: Annotated[
        str | None,
        typer.Option(metavar="PATH_OR_URL", help="Course file (grader.toml) that names rubric and data."),
    ] = None,
    verbose: Verbose = 0,
    log_json: LogJson = None,
) -> None:
    """Check one submission for CI or an editor: remarks beside its lines, a summary, a result, an exit code."""
    from rich.console import Console

    from grader.continuous import Surroundings, form_of, run_ci

    asked = {
        # The folder's own name is the submission's.
        "submission": str(submission if submission.name else submission.resolve()),
        "rubric": None if rubric is None else str(rubric),
        "data": None,
        "train": train,
        "shape": None,
        "classes": None,
        "device": device.value,
        "isolation": isolation.value,
        "as_json": False,
        "course": course,
        "fresh": False,
    }
    said = form_of(form.value, os.environ)
    # A job of CI ends with its command; in an editor the next check comes soon.
    around = Surroundings(Path.cwd(), os.environ, said, warm=said == "lines" and os.environ.get("CI") != "true")
    raise typer.Exit(run_ci(asked, around, Console(), Console(stderr=True)))


Rubric = Annotated[Path, typer.Option(callback=packaged, help="Rubric file, or the name of one that is brought.")]
Wheel = Annotated[Path | None, typer.Option(help="The grader's wheel, such as `make wheel` writes it.")]
Index = Annotated[
    str,
    typer.Option("--extra-index", metavar="URL", help="Another index for pip, such as one of torch for processors."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Write over what is there already and differs.")]


@pack.command()
def github(
    rubric: Rubric,
    out: Annotated[Path, typer.Option(help="Folder of the repository that students start from.")],
    submission: Annotated[str, typer.Option(help="What is checked, seen from that folder; . is all of it.")] = ".",
    train: Annotated[bool, typer.Option("--train", help="Train networks as well, on generated pictures.")] = False,
    wheel: Wheel = None,
    extra_index: Index = "",
    overwrite: Overwrite = False,
) -> None:
    """Write a GitHub workflow that checks every push by a rubric; held-out data is refused."""
    from rich.console import Console

    from grader.packing.github import GithubOptions, run_github

    options = GithubOptions(rubric, out, submission, train, wheel, extra_index, overwrite)
    raise typer.Exit(run_github(options, Console(soft_wrap=True, highlight=False, markup=False)))


@pack.command()
def gradescope(
    rubric: Rubric,
    out: Annotated[Path, typer.Option(help="The archive to write, such as autograder.zip.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Pictures with labels instead of the rubric's; a share is held out. They go into the archive."
        ),
    ] = None,
    wheel: Wheel = None,
    extra_index: Index = "",
    minutes: Annotated[
        int, typer.Option(min=2, max=40, help="The time limit that is set on Gradescope; its own is 10.")
    ] = 10,
    overwrite: Overwrite = False,
) -> None:
    """Write the archive that Gradescope makes an autograder of: grader, rubric and held-out data."""
    from rich.console import Console

    from grader.packing.gradescope import GradescopeOptions, run_gradescope

    options = GradescopeOptions(rubric, out, data, wheel, extra_index, minutes, overwrite)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    raise typer.Exit(run_gradescope(options, console, Console(stderr=True)))
