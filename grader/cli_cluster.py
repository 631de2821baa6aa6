"""What the command line says of clusters: the script that starts a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.cli_options import Device
from grader.faults import OperatorFault

cluster = typer.Typer(no_args_is_help=True, help="Say how workers of a cluster are started.")


@cluster.callback()
def _cluster() -> None:
    """Say how workers of a cluster are started."""


@cluster.command(short_help="Print the Slurm script of one worker, checked.")
def script(
    scheduler: Annotated[str, typer.Option(metavar="ADDRESS", help="Dask's scheduler: tls://HOST:PORT.")],
    device: Annotated[Device, typer.Option(help="Where to train; cuda asks Slurm for a GPU.")] = Device.CPU,
    tls_ca: Annotated[Path | None, typer.Option(help="Who signed the scheduler's certificate (PEM).")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate of the worker (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key of that certificate (PEM).")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Allow a scheduler without TLS that is not on this machine.")
    ] = False,
) -> None:
    """Print the job script of one worker, for `sbatch`: one process, one thread, one slot; then what was checked."""
    from dataclasses import replace

    from grader.engines import slurm
    from grader.engines.addresses import checked
    from grader.engines.seam import Address

    asked = Address(scheduler, tls_ca, tls_cert, tls_key, insecure)
    text = slurm.script(device.value, replace(asked, scheduler=checked(asked)))
    wrong = slurm.mistakes(text, device.value)
    if wrong:
        raise OperatorFault(
            f"The script is not one to hand in: {'; '.join(wrong)}.", fix="Mend jobqueue.slurm in Dask's configuration."
        )
    typer.echo(text)
    typer.echo("Checked: bash reads it; one process, one core, one thread.", err=True)
