"""kill -9 of the grader at random moments: the same command ends with the gradebook of an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipeline.conftest import ROOT, SUBMISSIONS, small_rubric
from tests.pipeline.contents import contents
from tests.stress import stress

KILLS = 20
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
    killed = 0
    for number in range(KILLS):
        words = command(folder, rubric, tmp_path / f"killed{number}")
        process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        moment = moments.uniform(0.1, 0.9) * length
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            killed += 1
        process.send_signal(signal.SIGKILL)
        process.wait()
        run(words)
        assert contents(tmp_path / f"killed{number}") == expected, f"kill {number} after {moment:.2f} s, seed {seed}"
    assert killed, "every run ended before it could be killed"
