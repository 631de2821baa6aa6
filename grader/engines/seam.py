"""The seam between a batch and the machines that it runs on.

An engine is a `concurrent.futures.Executor` of which one method is called, `submit(run_job, dict) -> Future[dict]`:
`run_job` is `grader.engines.node.run_job`, the dictionary holds plain values and bytes, and so does the one that comes
back. Jobs are keyed and idempotent: one may be run twice, and the first answer counts. An engine calls `run_job` in
processes of their own, one job at a time in each. When a process dies, the future of its job raises, and no other's;
where the exception has an attribute `worker`, that is who died.

`local` and `dask` are there. Any other is a factory, `Asked -> Executor`, named by `--engine package.module:factory` or
by an entry point of the group `grader.engines`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from grader.faults import OperatorFault
from grader.wording import listed

GROUP = "grader.engines"
"""Entry points of other distributions that bring an engine."""

LOCAL = "local"

BUILT_IN = {"dask": "grader.engines.dask:executor"}
"""Engines of the grader's own besides `local`, which needs no seam."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a scheduler is, and how it is spoken to.

    Attributes:
        scheduler: its address, or the name of a queue such as `slurm`; None for a cluster of this machine.
        ca: file of the authority that signed everybody's certificate; None where the engine's own settings say it.
        certificate: file of the certificate that this end shows; the same.
        key: file of that certificate's key; the same.
        insecure: whether an address without TLS is spoken to that is not this machine's own.
    """

    scheduler: str | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What a factory is told.

    Attributes:
        slots: jobs at a time, as `--workers` says.
        device: `auto`, `cpu`, `cuda` or `mps`.
        isolation: `auto`, `none`, or the rung of the ladder that has to hold on every node.
        address: where the scheduler is.
        say: hears sentences for the person at the terminal.
    """

    slots: int
    device: str
    isolation: str
    address: Address
    say: Callable[[str], None]


Factory = Callable[[Asked], Executor]


def factory(name: str) -> Factory:
    """Return what makes the engine of that name.

    Raises:
        OperatorFault: there is none.
    """
    if ":" in name:
        return _load(name, name)
    if name in BUILT_IN:
        return _load(name, BUILT_IN[name])
    others = {one.name: one.value for one in metadata.entry_points(group=GROUP)}
    if name not in others:
        known = sorted({LOCAL, *BUILT_IN, *others})
        raise OperatorFault(
            f"--engine {name} is not known.", fix=f"There are {listed(known)}; package.module:factory names another."
        )
    return _load(name, others[name])


def _load(name: str, place: str) -> Factory:
    module, _, attribute = place.partition(":")
    try:
        found: Factory = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing != module and not module.startswith(f"{missing}."):
            raise
        raise OperatorFault(f"--engine {name}: there is no module {missing}.") from error
    except AttributeError as error:
        raise OperatorFault(f"--engine {name}: {module} has no {attribute}.") from error
    return found
