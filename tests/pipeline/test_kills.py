"""kill -9 at random moments: the same command ends with the gradebook of an undisturbed run.

Killed are the main process, a warm process or a job (a capture, an examination, a training), in turn.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.pipeline.conftest import ROOT, SUBMISSIONS, small_rubric
from tests.pipeline.contents import contents
from tests.stress import stress

KILLS = 50
VICTIMS = ("main", "warm", "job")
CHOSEN = ("house_style.ipynb", "functional.py", "sequential.ipynb", "two_files", "nn_dense.ipynb", "no_pooling.py")

pytestmark = pytest.mark.slow


def command(folder: Path, rubric: Path, out: Path) -> list[str]:
    """Return the words of one batch."""
    words = ["batch", str(folder), "--rubric", str(rubric), "--out", str(out), "--workers", "2"]
    return [sys.executable, "-m", "grader.cli", *words]


def run(words: list[str]) -> float:
    """Run a batch to its end; return the seconds that it took."""
    started = time.monotonic()
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - started


def below(root: int) -> dict[int, int]:
    """Return every process below `root` with the number of its parent, the nearest first."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(entry.name)] = int((entry / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()[1])
    found: dict[int, int] = {}
    todo = [root]
    while todo:
        parent = todo.pop(0)
        children = [child for child, above in parents.items() if above == parent and child not in found]
        found.update(dict.fromkeys(children, parent))
        todo += children
    return found


def victims(root: int, kind: str) -> list[int]:
    """Return the processes of a batch that are of a kind: jobs have none below them, warm processes may have."""
    there = below(root)
    if kind == "main":
        return [root]
    leaves = [one for one in there if one not in there.values()]
    return [one for one in there if (one in leaves) == (kind == "job")]


@stress
def test_killed_at_random_moments(tmp_path: Path) -> None:
    """Reports, captures, trainings and answers are those of the undisturbed run, each saved once; times aside."""
    folder = tmp_path / "class"
    folder.mkdir()
    for name in CHOSEN:
        source = SUBMISSIONS / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    (folder / "cut.ipynb").write_bytes((SUBMISSIONS / "sequential.ipynb").read_bytes()[:900])
    rubric = small_rubric(tmp_path)
    run(command(folder, rubric, tmp_path / "first"))  # measures the reference and the hardware, which are remembered
    length = run(command(folder, rubric, tmp_path / "undisturbed"))
    expected = contents(tmp_path / "undisturbed")
    assert len(expected["reports"]) == len(CHOSEN) + 1
    seed = int(os.environ.get("GRADER_SEED", random.SystemRandom().randrange(10**6)))
    moments = random.Random(seed)
    killed: Counter[str] = Counter()
    for number in range(KILLS):
        kind, out = VICTIMS[number % len(VICTIMS)], tmp_path / f"killed{number}"
        words = command(folder, rubric, out)
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        moment = moments.uniform(0.1, 0.9) * length
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        if process.poll() is None and (several := victims(process.pid, kind)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(moments.choice(several), signal.SIGKILL)
                killed[kind] += 1
        process.wait(400)
        run(words)
        assert contents(out) == expected, f"kill {number}, of {kind}, after {moment:.2f} s, seed {seed}"
        shutil.rmtree(out)
    print(f"killed: {dict(killed)}, seed {seed}")  # noqa: T201 - how many met their mark
    assert all(killed[kind] > KILLS / len(VICTIMS) / 2 for kind in VICTIMS), killed


@stress
def test_two_batches_on_one_gradebook(tmp_path: Path) -> None:
    """Both end well, at the same time or one after the other, with the reports, captures and trainings of one alone."""
    folder = tmp_path / "class"
    folder.mkdir()
    for name in CHOSEN[:3]:
        shutil.copy(SUBMISSIONS / name, folder / name)
    rubric = small_rubric(tmp_path)
    run(command(folder, rubric, tmp_path / "alone"))
    words = command(folder, rubric, tmp_path / "shared")
    several = [
        subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for one in several:
        _, errors = one.communicate(timeout=400)
        assert one.returncode == 0, errors
    run(words)
    shared, alone = contents(tmp_path / "shared"), contents(tmp_path / "alone")
    for found in (shared, alone):  # who came second may have saved the same report once more
        found["reports"] = {name: report for name, (_, report) in found["reports"].items()}
    assert shared == alone
