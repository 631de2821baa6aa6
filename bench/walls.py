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
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.faults import GraderFault
from grader.sandbox import ladder
from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Limits
from grader.sandbox.walls import trials
from grader.sandbox.walls.fence import NONE, NoSuchWallError, fence

SUBMISSION = Path(__file__).parents[1] / "submissions" / "sequential.ipynb"
BAR = 60.0
WARM_UP = 3
KINDS = ("capture", "describe")
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


def start() -> dict[str, Zygote]:
    """Return a warm process without walls, and one behind each rung that this machine has."""
    warm = {"none": Zygote(NONE)}
    for letter in ladder.WALLED:
        try:
            ladder.prove(fence(letter))
        except (NoSuchWallError, trials.SetUpError, GraderFault) as error:
            print(f"rung {letter} is not to be had here: {error}")
            continue
        warm[letter] = Zygote(fence(letter))
    return warm


def measure(submission: Path, rounds: int) -> str:
    """Return the table; every round times every kind of job behind every rung, one after the other."""
    files = {submission.name: submission.read_bytes()}
    warm = start()
    times: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds + WARM_UP):
        for kind in KINDS:
            for name, zygote in warm.items():
                spent = milliseconds(zygote, kind, files if kind == "capture" else {})
                if number >= WARM_UP:
                    times.setdefault((name, kind), []).append(spent)
    for zygote in warm.values():
        zygote.stop()
    lines = [
        f"{submission.name}, {rounds} rounds, milliseconds: median (quickest); added is the median, round by round.",
        "",
        "| walls | a capture | adds | a job that does nothing | adds |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in warm:
        cells = []
        for kind in KINDS:
            mine = times[name, kind]
            cells += [f"{statistics.median(mine):.1f} ({min(mine):.1f})", f"{added(times, name, kind):+.1f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    worst = max(added(times, name, "capture") for name in warm)
    said = "held" if worst <= BAR else "MISSED"
    return "\n".join(
        [*lines, "", f"The walls add at most {worst:.1f} ms to a capture; the bar of {BAR:g} ms is {said}."]
    )


def added(times: Mapping[tuple[str, str], Sequence[float]], name: str, kind: str) -> float:
    """Return the median of what walls add, each round against the job without walls in the same round."""
    pairs = zip(times[name, kind], times["none", kind], strict=True)
    return statistics.median(mine - bare for mine, bare in pairs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("submission", nargs="?", type=Path, default=SUBMISSION)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    print(measure(options.submission, options.rounds))


if __name__ == "__main__":
    main()
