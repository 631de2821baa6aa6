"""What the walls cost: one warm capture with and without them, in turn, in one run.

    python bench/walls.py [--rounds N] [SUBMISSION]

For each rung of the ladder that this machine has: the median and the quickest of a whole capture job (a fork, the
walls, reading, building, running and exporting the network, and the end of the process) and of a job that does nothing,
and what the walls add. The bar: at most 60 ms more in the median of a warm capture.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from grader.faults import GraderFault
from grader.sandbox import ladder
from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Limits
from grader.sandbox.walls import trials
from grader.sandbox.walls.fence import NONE, NoSuchWallError, fence

ROOT = Path(__file__).parents[1]
BAR = 60.0
LIMITS = Limits(wall_seconds=60, cpu_seconds=60, memory_megabytes=4096)
ARGUMENTS = {
    "shape": [3, 32, 32],
    "classes": 10,
    "batch": 64,
    "entry": "",
    "build_seconds": 20.0,
    "file_bytes": 2**24,
    "code_characters": 10**7,
}


def milliseconds(zygote: Zygote, kind: str, files: dict[str, bytes]) -> float:
    """Time one job."""
    arguments = ARGUMENTS if kind == "capture" else {"device": "cpu"}
    started = time.perf_counter()
    done = zygote.run(kind, arguments, files, LIMITS)
    spent = (time.perf_counter() - started) * 1000
    assert done.stopped is None, (done.stopped, done.trouble, done.output)
    return spent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("submission", nargs="?", type=Path, default=ROOT / "submissions" / "sequential.ipynb")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    files = {options.submission.name: options.submission.read_bytes()}
    warm = {"none": Zygote(NONE)}
    for letter in ladder.WALLED:
        try:
            ladder.prove(fence(letter))
        except (NoSuchWallError, trials.SetUpError, GraderFault) as error:
            print(f"rung {letter} is not to be had here: {error}")
            continue
        warm[letter] = Zygote(fence(letter))
    times: dict[tuple[str, str], list[float]] = {}
    for number in range(options.rounds + 3):
        for name, zygote in warm.items():
            for kind in ("capture", "describe"):
                spent = milliseconds(zygote, kind, files if kind == "capture" else {})
                if number >= 3:
                    times.setdefault((name, kind), []).append(spent)
    for zygote in warm.values():
        zygote.stop()
    print(f"{options.submission.name}, {options.rounds} rounds, milliseconds: median (quickest)")
    print("walls    capture            adds     nothing            adds")
    for name in warm:
        cells = []
        for kind in ("capture", "describe"):
            mine, bare = times[name, kind], times["none", kind]
            added = statistics.median(mine) - statistics.median(bare)
            cells.append(f"{statistics.median(mine):7.1f} ({min(mine):6.1f})  {added:+7.1f}")
        print(f"{name:5}  {'  '.join(cells)}")
    worst = max(
        (statistics.median(times[name, "capture"]) - statistics.median(times["none", "capture"]) for name in warm),
        default=0.0,
    )
    print(f"The walls add at most {worst:.1f} ms; the bar is {BAR:g} ms: {'held' if worst <= BAR else 'MISSED'}")


if __name__ == "__main__":
    main()
