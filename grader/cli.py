"""The command line: read words, call one function, print, leave with its exit code.

Nothing heavy is imported here: `grader --help` answers at once, and torch is only ever imported in children.
"""

from __future__ import annotations

import logging
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader import (
    cli_appeals,
    cli_cluster,
    cli_course,
    cli_data,
    cli_export,
    cli_pack,
    cli_report,
    cli_review,
    cli_rubric,
    cli_similar,
)
from grader.cli_options import Device, Invoked, Isolation, LogJson, Verbose, cores, explained, packaged, parse_shape
from grader.faults import GraderError, GraderFault, OperatorFault, WallsFault

if TYPE_CHECKING:
    from rich.console import Console

EXIT_CODES = """\b
Exit codes:
  0    check: no automatic criterion failed; others: done
  1    check: an automatic criterion failed; data inspect: it would spoil grading
  2    the command, the rubric or the data is wrong (said in one line)
  3    the grader failed, a repeat differs, or the disk is full
  130  stopped by Ctrl-C
"""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Boxes and colours would take as long to import as everything else that `--help` needs.
    rich_markup_mode=None,
)


@app.callback(epilog=EXIT_CODES)
def _root(verbose: Verbose = 0, log_json: LogJson = None) -> None:
    """Grade convolutional networks: found in notebooks, captured as graphs, trained alike, scored."""


@app.command(short_help="Check one submission: its layers, the shapes, what to change.")
def check(
    context: typer.Context,
    submission: Annotated[Path, typer.Argument(help="A notebook, a module, or a folder with them.")],
    rubric: Annotated[
        Path | None,
        typer.Option(
            callback=packaged, help="Rubric file, or the name of one that is brought; the course's when left out."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of pictures (1.png … and y.csv) instead of the rubric's.")
    ] = None,
    train: Annotated[bool, typer.Option("--train", help="Train the network as well, and score it.")] = False,
    input_shape: Annotated[str | None, typer.Option("--input", help="Picture shape, such as 3x32x32.")] = None,
    classes: Annotated[int | None, typer.Option(min=1, help="Number of classes; 1 is one score, for two.")] = None,
    device: Annotated[Device, typer.Option(help="Where to train.")] = Device.AUTO,
    isolation: Annotated[
        Isolation, typer.Option(help="Walls around the code: the best that hold here, none, or this rung.")
    ] = Isolation.AUTO,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON and nothing else.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Check again after every save, until Ctrl-C.")] = False,
    no_warm: Annotated[
        bool, typer.Option("--no-warm", help="Neither use nor leave a helper, which makes the next check instant.")
    ] = False,
    course: Annotated[
        str | None,
        typer.Option(
            metavar="PATH_OR_URL",
            help="Course file (grader.toml) that names rubric and data; none: the grader's rubric.",
        ),
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Ask the course's server for changes now, not once an hour.")
    ] = False,
    verbose: Verbose = 0,
    log_json: LogJson = None,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", is_eager=True, callback=explained, help="Print the longer text of a code, such as E02."
        ),
    ] = None,
) -> None:
    """Check one submission: which layers were found, the shape after each, and what to change."""
    from grader.asking import check_once

    asked = {
        "submission": str(submission),
        "rubric": None if rubric is None else str(rubric),
        "data": None if data is None else str(data),
        "train": train or data is not None,
        "shape": parse_shape(input_shape) if input_shape is not None else None,
        "classes": 2 if classes == 1 else classes,
        "device": device.value,
        "isolation": isolation.value,
        "as_json": as_json,
        "course": course,
        "fresh": refresh,
    }
    if watch:
        from grader.watch import run_watch

        raise typer.Exit(run_watch(asked, *_consoles(), warm=not no_warm))
    raise typer.Exit(
        check_once(asked, _consoles, warm=not no_warm, helper_asked=context.ensure_object(Invoked).helper_asked)
    )


@app.command(short_help="Grade a class into a gradebook, or go on where it stopped.")
def batch(
    folder: Annotated[
        Path, typer.Argument(help="The submissions: a folder of files or of folders, or the zip that the LMS gave out.")
    ],
    rubric: Annotated[Path, typer.Option(callback=packaged, help="Rubric file, or the name of one that is brought.")],
    out: Annotated[Path, typer.Option(help="Folder for the gradebook, report.json and grades.csv.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of pictures (1.png … and y.csv) instead of the rubric's.")
    ] = None,
    roster: Annotated[Path | None, typer.Option(help="Table of the class (CSV): id, name, email, username.")] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="Table of which file is whose (CSV); OUT/mapping.csv when left out.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Submissions at a time; one for each core when left out.")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where to train.")] = Device.AUTO,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do everything again, also what has not changed.")] = False,
    mixed: Annotated[
        bool, typer.Option("--mixed", help="Go on although the gradebook holds results of other hardware.")
    ] = False,
    isolation: Annotated[
        Isolation, typer.Option(help="Walls around submissions: the best that hold here, none, or this rung.")
    ] = Isolation.AUTO,
    only: Annotated[
        list[str] | None, typer.Option(help="Grade this submission alone; may be given several times.")
    ] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="Grade a sample again afterwards, and compare it to the last bit.")
    ] = False,
    sample: Annotated[
        int | None, typer.Option(min=1, help="With --deterministic: how many networks; 3 when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all reports as JSON and nothing else.")] = False,
    engine: Annotated[
        str,
        typer.Option(
            metavar="local|dask|NAME", help="What the jobs run on: this machine, Dask, or package.module:factory."
        ),
    ] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Dask's scheduler, tls://HOST:PORT, or slurm; a cluster of this machine when left out.",
        ),
    ] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="Who signed the scheduler's certificate (PEM).")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate to show to the scheduler (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key of that certificate (PEM).")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Speak to a scheduler without TLS that is not on this machine.")
    ] = False,
    verbose: Verbose = 0,
    log_json: LogJson = None,
) -> None:
    """Grade a class into a gradebook; the same command goes on where it stopped and does nothing twice."""
    from grader.batch import run_batch
    from grader.engines.seam import LOCAL, Address
    from grader.invocations import BatchOptions

    if engine == LOCAL and (scheduler is not None or tls_ca or tls_cert or tls_key or insecure):
        raise OperatorFault("--scheduler, --tls-… and --insecure are for another engine.", fix="Add --engine dask.")
    console, notices = _consoles()
    if sample is not None and not deterministic:
        raise OperatorFault(f"--sample {sample} says how many networks --deterministic repeats; give both or neither.")
    slots = workers if workers is not None else cores()
    options = BatchOptions(
        folder=folder,
        rubric=rubric,
        out=out,
        data=data,
        roster=roster,
        mapping=mapping,
        workers=slots,
        device=device.value,
        fresh=fresh,
        mixed=mixed,
        isolation=isolation.value,
        only=tuple(only or ()),
        deterministic=(sample or 3) if deterministic else None,
        as_json=as_json,
        command=tuple(sys.argv[1:]),
        engine=engine,
        address=Address(scheduler, tls_ca, tls_cert, tls_key, insecure),
    )
    raise typer.Exit(run_batch(options, console, notices))


@app.command(short_help="Judge a gradebook again: other points or corrected labels.")
def rescore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The --out folder of `grader batch`.")],
    rubric: Annotated[
        Path | None,
        typer.Option(callback=packaged, help="Another rubric; the one that the latest run recorded when left out."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Table with corrected labels of held-out pictures (CSV): index,label.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Trainings at a time, where the rubric asks for new ones.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what changed as JSON and nothing else.")] = False,
    verbose: Verbose = 0,
    log_json: LogJson = None,
) -> None:
    """Judge a gradebook again, with other points or corrected labels, and say who changes; nothing is captured."""
    from grader.rescoring import RescoreOptions, run_rescore

    console, notices = _consoles()
    slots = workers if workers is not None else cores()
    options = RescoreOptions(folder, rubric, labels, slots, as_json, tuple(sys.argv[1:]))
    raise typer.Exit(run_rescore(options, console, notices))


@app.command(short_help="Say what stands between submissions and this machine.")
def doctor(
    device: Annotated[Device, typer.Option(help="Where networks will be trained.")] = Device.AUTO,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Try the walls again, also if they were tried before.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON and nothing else.")] = False,
    stop_helper: Annotated[
        bool, typer.Option("--stop-helper", help="End the warm helper that `grader check` left behind, and no more.")
    ] = False,
) -> None:
    """Say what stands between submissions and this machine: what was tried, and what was blocked."""
    from grader.doctor import run_doctor, stop

    console, notices = _consoles()
    if stop_helper:
        raise typer.Exit(stop(console, as_json=as_json))
    raise typer.Exit(run_doctor(device.value, console, notices, fresh=fresh, as_json=as_json))


app.command(short_help="Write the results as pages: the class, and each student.")(cli_report.report)
app.command(short_help="Mark explanations and override verdicts, on a page of this machine.")(cli_review.review)
app.command(short_help="Say which submissions are alike: a hint, no verdict.")(cli_similar.similar)
app.add_typer(cli_cluster.cluster, name="cluster")
app.command(short_help="Check one submission for CI or an editor: remarks beside its lines.")(cli_pack.ci)
app.add_typer(cli_pack.pack, name="pack")
app.add_typer(cli_course.course, name="course")
app.add_typer(cli_data.data, name="data")
app.add_typer(cli_rubric.rubric, name="rubric")
app.command(short_help="Show everything about one submission.")(cli_appeals.show)
app.command(short_help="Show what changed between two reports, and why.")(cli_appeals.diff)
app.command(short_help="List every report on a submission.")(cli_appeals.history)
app.command(short_help="Write the points for Canvas, Moodle, Gradescope and others.")(cli_export.export)


def _consoles() -> tuple[Console, Console]:
    """Return consoles for results (stdout) and for notices (stderr)."""
    from rich.console import Console

    return Console(), Console(stderr=True)


def complain(fault: GraderError) -> None:
    """Say what is wrong in one line."""
    typer.echo(f"grader: {' '.join(str(fault).split())}", err=True)
    if isinstance(fault, WallsFault):
        typer.echo("\nTwo ways on:", err=True)
        for number, way in enumerate(fault.ways, 1):
            typer.echo(textwrap.fill(way, 88, initial_indent=f"  {number}. ", subsequent_indent="     "), err=True)


def main(*, helper_asked: bool = False) -> None:
    """Run the command line; one line and exit code 2 for what is wrong with the command itself.

    `helper_asked` says that the warm helper was asked for this very check, in vain.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        app(obj=Invoked(helper_asked))
    except OperatorFault as fault:
        complain(fault)
        sys.exit(2)
    except GraderFault as fault:
        complain(fault)
        sys.exit(3)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
