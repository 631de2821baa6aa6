"""How much longer `grader --help` takes than `python -c pass`, in turn, in one run; and what it imports.

python bench/help.py [ROUNDS]

Bar: at most 0.25 s more, and no torch among the modules.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("grader")
COMMANDS = {
    "grader --help": ["--help"],
    "grader check --help": ["check", "--help"],
    "grader batch --help": ["batch", "--help"],
    "grader rubric calibrate --help": ["rubric", "calibrate", "--help"],
}
IMPORTED = """
import sys
from grader import start
sys.argv = ["grader", "--help"]
try:
    start.main()
except SystemExit:
    pass
heavy = [one for one in ("torch", "numpy", "pydantic", "rich", "IPython", "matplotlib") if one in sys.modules]
print(len(sys.modules), "modules;", "heavy ones:", ", ".join(heavy) or "none", file=sys.stderr)
"""


def seconds(words: list[str]) -> float:
    """Return how long a command takes."""
    started = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def measured(words: list[str], rounds: int) -> str:
    """Return one row: medians in turn with `python -c pass`, and the median of the differences pair by pair."""
    nothing = [sys.executable, "-c", "pass"]
    pairs = [(seconds(nothing), seconds([str(PROGRAM), *words])) for _ in range(rounds + 1)][1:]
    more = sorted(one - empty for empty, one in pairs)
    empty, full = (statistics.median(one[index] for one in pairs) for index in (0, 1))
    return f"{empty:.3f} | {full:.3f} | {statistics.median(more):.3f} (from {more[0]:.3f} to {more[-1]:.3f})"


def main(rounds: int) -> None:
    """Print a table for RESULTS.md."""
    print("| command | `python -c pass`, s | the command, s | more, pair by pair, s |\n| --- | --- | --- | --- |")
    for name, words in COMMANDS.items():
        print(f"| `{name}` | {measured(words, rounds)} |", flush=True)
    done = subprocess.run([sys.executable, "-c", IMPORTED], check=True, capture_output=True, text=True)
    print(f"\n`--help` imports {done.stderr.strip()}. Load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
