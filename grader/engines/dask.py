"""The engine `dask`: a cluster of this machine, a scheduler that runs somewhere, or a queue that starts workers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from grader.engines.addresses import checked
from grader.engines.seam import Address, Asked
from grader.engines.settings import SETTINGS, quiet, temporary
from grader.extras import bringing
from grader.faults import OperatorFault

if TYPE_CHECKING:
    from distributed import Security

    from grader.engines.workers import DaskExecutor

SLURM = "slurm"
"""What `--scheduler` says where Slurm starts the workers."""

_LOUD = ("distributed", "dask_jobqueue")
"""Loggers that report every lost worker with a traceback; what matters of it is said as events."""

_CONNECT_SECONDS = 30


def executor(asked: Asked) -> Executor:
    """Return the engine that `--scheduler` names.

    Raises:
        OperatorFault: the address is refused, or nobody answers there.
        MissingPackageFault: Dask is not installed.
    """
    where = asked.address.scheduler
    address = None if where is None or where == SLURM else checked(asked.address)
    with bringing("cluster", "dask"), bringing("cluster", "distributed"), bringing("cluster", "dask_jobqueue"):
        import dask
        import dask_jobqueue  # noqa: F401 - one extra brings them all
        import distributed  # noqa: F401
    dask.config.set(SETTINGS)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if where is None:
        return _of_this_machine(asked)
    if address is None:
        return _of_slurm(asked)
    return _at(address, asked)


def security(address: Address) -> Security:
    """Return certificates as the options name them, or as Dask's own settings do.

    Raises:
        OperatorFault: some are missing, or a file is not there.
    """
    from distributed import Security

    files = {"--tls-ca": address.ca, "--tls-cert": address.certificate, "--tls-key": address.key}
    for option, path in files.items():
        if path is not None and not path.is_file():
            raise OperatorFault(f"{option} {path} does not exist.")
    given: dict[str, Any] = {
        "tls_ca_file": address.ca,
        "tls_client_cert": address.certificate,
        "tls_client_key": address.key,
    }
    found = Security(
        **{name: str(path) for name, path in given.items() if path is not None}, require_encryption=not address.insecure
    )
    plain = found.get_tls_config_for_role("client")
    missing = [option for option, name in zip(files, ("ca_file", "cert", "key"), strict=True) if not plain[name]]
    if missing:
        raise OperatorFault(
            f"A scheduler with TLS needs {' and '.join(missing)} as well.",
            fix="Name the files, or set them in Dask's own configuration (distributed.comm.tls).",
        )
    return found


def _of_this_machine(asked: Asked) -> Executor:
    """Start a scheduler in this process and a process for each slot, which speak TLS by a certificate made for today.

    The certificate is only in the memory of these processes; without it, whoever else is on this machine could run
    programs as you.
    """
    from distributed import Client, LocalCluster

    from grader.sandbox.ladder import accelerates

    with _closing_what_failed() as stack:
        cluster = stack.enter_context(
            LocalCluster(
                n_workers=asked.slots,
                threads_per_worker=1,
                processes=True,
                security=temporary(),
                protocol="tls",
                host="127.0.0.1",
                dashboard_address=None,
                scheduler_kwargs=quiet(),
                silence_logs=logging.CRITICAL,
                resources={"GPU": 1} if accelerates(asked.device) else {},
                memory_limit=0,  # jobs have their own limits, and a worker holds next to nothing
            )
        )
        client = stack.enter_context(Client(cluster, set_as_default=False))
        return _executor(client, asked, stack, asked.slots)


def _of_slurm(asked: Asked) -> Executor:
    """Start a scheduler in this process, and let Slurm start one job for each slot."""
    from distributed import Client

    from grader.engines.slurm import cluster_of

    with _closing_what_failed() as stack:
        cluster = stack.enter_context(cluster_of(asked.device))
        cluster.scale(jobs=asked.slots)
        client = stack.enter_context(Client(cluster, set_as_default=False))
        asked.say(f"Slurm was asked for {asked.slots} workers; grading begins with the first. Ctrl-C gives them back.")
        return _executor(client, asked, stack, 1)


def _at(address: str, asked: Asked) -> Executor:
    from distributed import Client

    with_tls = address.startswith(("tls", "wss"))
    safe = security(asked.address) if with_tls else None
    with _closing_what_failed() as stack:
        try:
            client = Client(address, security=safe, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise OperatorFault(
                f"No scheduler answers at {address}.", str(error)[:200], "Is it up, and are the certificates its own?"
            ) from error
        stack.enter_context(client)
        if not client.scheduler_info(n_workers=-1)["workers"]:
            asked.say(f"No worker is at {address} yet; grading begins with the first.")
        return _executor(client, asked, stack, 1)


def _executor(client: Any, asked: Asked, stack: ExitStack, wanted: int) -> DaskExecutor:
    from grader.engines.workers import DaskExecutor

    kept = stack.pop_all()
    return DaskExecutor(client, asked.device, asked.say, _quietly(kept.close), wanted)


def _quietly(close: Callable[[], None]) -> Callable[[], None]:
    """Return a function that closes a cluster; that a worker is gone already is nothing to hear of."""

    def closed() -> None:
        try:
            close()
        except (OSError, TimeoutError) as error:
            logging.getLogger(__name__).debug("closing the cluster: %s", error)

    return closed


@contextmanager
def _closing_what_failed() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack
