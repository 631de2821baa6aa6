"""A real cluster of this machine: the same bits as the local engine, whoever dies, and nothing of it in reach."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.reach import blocked, submission, through
from tests.engines.batches import PORT, VICTIM
from tests.pipeline.conftest import SUBMISSIONS, small_rubric
from tests.pipeline.contents import contents
from tests.pipeline.runs import grader

pytestmark = pytest.mark.slow

SECRET = "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"


@dataclass(frozen=True)
class Done:
    """What a class came to on both engines, and what was said meanwhile."""

    local: dict[str, Any]
    dask: dict[str, Any]
    thief: str
    events: list[dict[str, Any]]
    cache: Path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Grade two of the examples on both engines; on Dask a thief is among them, and a worker is killed."""
    place = tmp_path_factory.mktemp("cluster")
    cache, folder = place / "cache", place / "class"
    folder.mkdir()
    for name in (f"{VICTIM}.py", "nn_dense.ipynb"):
        shutil.copy(SUBMISSIONS / name, folder / name)
    key = place / "key.pem"
    key.write_text("the key to everything", encoding="utf-8")
    rubric = small_rubric(place, {"steps = 60": "steps = 30"})
    words = ["batch", str(folder), "--rubric", str(rubric), "--workers", "2"]
    loot = {
        "read": {"the key": str(key)},
        "write": {},
        "connect": {"the scheduler": ("AF_INET", "SOCK_STREAM", ("127.0.0.1", int(PORT)))},
        "environment": SECRET,
        "grader": os.getpid(),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_CACHE", str(cache))
        patch.setenv(SECRET, str(key))
        patch.setenv("SLURM_JWT", "a token")
        patch.setenv("GRADER_TEST_THIEF", str(folder / "thief.py"))
        grader(*words, "--out", str(place / "local"))
        (folder / "thief.py").write_text(submission(loot), encoding="utf-8")
        log = place / "log"
        grader(
            *words, "--out", str(place / "dask"), "--engine", "tests.engines.batches:disturbed", "--log-json", str(log)
        )
    dask = contents(place / "dask")
    return Done(
        contents(place / "local"),
        dask,
        next(said for said in _outputs(dask) if "read the key" in said),
        [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()],
        cache,
    )


def _outputs(found: dict[str, Any]) -> list[str]:
    return [meta["captured"]["output"] for _, meta, _ in found["captures"].values()]


def test_the_same_to_the_last_bit(done: Done) -> None:
    """Reports, captures, trainings and answers are those of the local engine, each saved once."""
    for part in ("reports", "captures", "trainings", "explanations"):
        assert done.local[part].items() <= done.dask[part].items(), part
    assert len(done.local["reports"]) == 2
    assert all(count == 1 for count, _ in done.dask["reports"].values())


def test_a_killed_worker_costs_nothing(done: Done) -> None:
    """Its job ran once more on another, or on the same one started anew."""
    assert (done.cache / "killed").exists()
    lost = [one for one in done.events if one["event"] == "lost"]
    assert [(one["submission"], one["stage"]) for one in lost] == [(VICTIM, "training")]
    assert done.dask["reports"][VICTIM][1]["status"] == "graded"


def test_a_submission_reaches_nothing_of_the_cluster(done: Done) -> None:
    """Neither the scheduler's port nor keys and tokens, in the environment, on the disk or of the worker above it."""
    assert through(done.thief) == {}
    assert blocked(done.thief) > 10
    for name in ("read the key", "environment", "connect the scheduler", "environ of the grader"):
        assert f"{name}\tblocked" in done.thief, name


def test_pictures_are_named_by_content_and_without_the_labels(done: Done) -> None:
    """A node has one folder for both workers, and no labels that are held out."""
    (parcel,) = [one for one in (done.cache / "parcels").iterdir() if not one.name.startswith(".")]
    assert sorted(one.stem for one in parcel.iterdir()) == [
        "held_out_images",
        "held_out_ready",
        "train_images",
        "train_labels",
        "train_ready",
    ]
