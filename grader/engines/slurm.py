"""Workers by way of Slurm: one job of the queue for each slot, written by dask-jobqueue and checked here.

Partition, account, memory, wall time and whatever else a site wants stand in Dask's own configuration
(`jobqueue.slurm`); what grading needs is added here.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from grader.engines.seam import Address
from grader.engines.settings import quiet, temporary
from grader.extras import bringing
from grader.faults import OperatorFault

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster

MEMORY = "8 GiB"
"""For a slot where the configuration says nothing: a job's limit in most rubrics, and a warm process."""

WALL_TIME = "04:00:00"
"""For a worker where the configuration says nothing."""

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

_PROLOGUE = (
    "umask 077",
    *(f"export {name}=1" for name in THREADS),
    "export DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH=10",
    "export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'",
)


def settings(device: str) -> dict[str, Any]:
    """Return what dask-jobqueue is told of a worker, beside the site's own configuration."""
    import dask
    import dask_jobqueue  # noqa: F401 - brings the defaults

    site = dask.config.get("jobqueue.slurm", {})
    drives = device == "cuda"
    return {
        "cores": 1,
        "processes": 1,
        "memory": site.get("memory") or MEMORY,
        "walltime": site["walltime"] if site.get("walltime", "00:30:00") != "00:30:00" else WALL_TIME,
        "job_script_prologue": [*_PROLOGUE, *(site.get("job-script-prologue") or [])],
        "job_extra_directives": [*(site.get("job-extra-directives") or []), *(["--gres=gpu:1"] if drives else [])],
        "worker_extra_args": [
            *(site.get("worker-extra-args") or []),
            "--no-dashboard",
            *(["--resources", "GPU=1"] if drives else []),
        ],
    }


def cluster_of(device: str) -> SLURMCluster:
    """Start a scheduler here whose workers Slurm starts; certificates are made for this run.

    Raises:
        OperatorFault: this machine cannot hand anything to Slurm, or there is no folder for the certificates.
    """
    import dask
    from dask_jobqueue import SLURMCluster

    if shutil.which("sbatch") is None:
        raise OperatorFault("--scheduler slurm: sbatch is not here.", fix="Run this on a login node of the cluster.")
    if not dask.config.get("jobqueue.slurm.shared-temp-directory", None):
        raise OperatorFault(
            "--scheduler slurm: workers read their certificates from a folder that all nodes see, and none is named.",
            fix="Set jobqueue.slurm.shared-temp-directory in ~/.config/dask/jobqueue.yaml to one that is yours alone.",
        )
    return SLURMCluster(
        security=temporary(),
        protocol="tls://",
        scheduler_options=quiet(),
        silence_logs="critical",
        **settings(device),
    )


def script(device: str, address: Address) -> str:
    """Return the job script of one worker, for a scheduler that runs somewhere and the certificates that it wants."""
    with bringing("cluster", "distributed"), bringing("cluster", "dask_jobqueue"):
        from dask_jobqueue.slurm import SLURMJob
        from distributed import Security
    files = {"tls_ca_file": address.ca, "tls_worker_cert": address.certificate, "tls_worker_key": address.key}
    named = {name: str(path) for name, path in files.items() if path is not None}
    job = SLURMJob(
        scheduler=address.scheduler,
        name="grader-worker",
        job_name="grader-worker",
        security=Security(**named) if named else None,
        **settings(device),
    )
    return str(job.job_script())


def mistakes(text: str, device: str) -> tuple[str, ...]:
    """Say what is wrong with a job script; empty where nothing is."""
    found = []
    bash = shutil.which("bash")
    if bash is not None:
        done = subprocess.run([bash, "-n"], input=text, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            found.append(f"bash cannot read it: {done.stderr.strip().splitlines()[0]}")
    wanted = {
        "#SBATCH -n 1": "it asks for more than one task",
        "#SBATCH --cpus-per-task=1": "a worker has other than one core",
        "--nthreads 1": "a worker has other than one thread",
        **{f"export {name}=1": f"{name} is not 1" for name in THREADS},
    }
    if device == "cuda":
        wanted |= {"#SBATCH --gres=gpu:1": "it asks for no GPU", "--resources GPU=1": "the worker names no GPU"}
    found += [why for line, why in wanted.items() if line not in text]
    if "--nworkers" in text and "--nworkers 1 " not in text:
        found.append("it starts more than one process")
    if "tls://" in text and "--tls-key" not in text:
        found.append("the scheduler speaks TLS, and the worker is given no certificate")
    return tuple(found)
