"""The job script of a worker: written by dask-jobqueue, and held to what grading needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dask
import dask_jobqueue  # its defaults are part of the configuration
import pytest

from grader.engines import slurm
from grader.engines.seam import Address
from grader.faults import OperatorFault
from tests.pipeline.runs import grader

TLS = Address("tls://head:8786", Path("/tls/ca.pem"), Path("/tls/worker.pem"), Path("/tls/worker-key.pem"))


@pytest.fixture
def site() -> Iterator[None]:
    """Configure a queue as a site does."""
    assert dask.config.get("jobqueue.slurm.walltime") == "00:30:00", dask_jobqueue.__version__
    own = {"queue": "teaching", "account": "cs101", "walltime": "01:00:00", "job-extra-directives": ["--nice=100"]}
    with dask.config.set({f"jobqueue.slurm.{name}": value for name, value in own.items()}):
        yield


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_script(device: str, site: None) -> None:
    """One process of one thread with its certificate, the site's own lines, and a GPU where one is trained on."""
    text = slurm.script(device, TLS)
    assert slurm.mistakes(text, device) == ()
    for line in ("#SBATCH -p teaching", "#SBATCH -A cs101", "#SBATCH -t 01:00:00", "#SBATCH --nice=100", "umask 077"):
        assert line in text.splitlines()
    assert "--tls-ca-file /tls/ca.pem --tls-cert /tls/worker.pem --tls-key /tls/worker-key.pem" in text
    assert ("--gres=gpu:1" in text) is (device == "cuda")
    assert ("--resources GPU=1" in text) is (device == "cuda")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("--nthreads 1", "--nthreads 4", "other than one thread"),
        ("export OMP_NUM_THREADS=1", "", "OMP_NUM_THREADS"),
        ("#SBATCH -n 1", "#SBATCH -n 4", "more than one task"),
        ("umask 077", "if then", "bash cannot read it"),
        ("--tls-key /tls/worker-key.pem", "", "no certificate"),
        ("#SBATCH --gres=gpu:1", "", "no GPU"),
    ],
)
def test_mistakes(old: str, new: str, said: str) -> None:
    """Each is named."""
    text = slurm.script("cuda", TLS).replace(old, new)
    assert said in "; ".join(slurm.mistakes(text, "cuda"))


def test_without_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no sbatch, or no folder for certificates, nothing is started, and it is said what to do."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(OperatorFault, match="login node"):
        slurm.cluster_of("cpu")
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(OperatorFault, match="shared-temp-directory"):
        slurm.cluster_of("cpu")


@pytest.mark.slow
def test_the_command() -> None:
    """`grader cluster script` prints it, and refuses a scheduler without TLS."""
    done = grader("cluster", "script", "--scheduler", "localhost:8786")
    assert done.stdout.startswith("#!")
    refused = grader("cluster", "script", "--scheduler", "head:8786", check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "without TLS" in refused.stderr
