"""`grader check` from cold against `python -c "import torch"`, in turn, in one run.

python bench/cold_check.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "submissions" / "house_style.ipynb"


def seconds(words: list[str]) -> float:
    """Return how long a command takes."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = time.perf_counter()
    subprocess.run(words, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def measure(rounds: int) -> list[tuple[float, float]]:
    """Return (import torch, grader check) for each round after one to warm the disk's cache."""
    torch = [sys.executable, "-c", "import torch"]
    check = [sys.executable, "-m", "grader.cli", "check", "--no-warm", str(NOTEBOOK)]
    found = [(seconds(torch), seconds(check)) for _ in range(rounds + 1)]
    return found[1:]


def summary(found: list[tuple[float, float]]) -> str:
    """Return one line with medians and the median of the ratios."""
    torch, check = (statistics.median(one[index] for one in found) for index in (0, 1))
    ratios = sorted(check / torch for torch, check in found)
    return (
        f"`import torch` {torch:.2f} s, `grader check` {check:.2f} s; ratio pair by pair: median"
        f" {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f}, {len(found)} rounds)"
    )


if __name__ == "__main__":
    print(summary(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 7)))
