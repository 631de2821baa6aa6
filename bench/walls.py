"""What the walls cost: one warm capture with and without them, in turn, in one run.

    python bench/walls.py [--rounds N] [SUBMISSION]

For each rung of the ladder that this machine has: the median and the quickest of a whole capture job (a fork, the
walls, reading, building, running and exporting the network, and the end of the process) and of a job that does nothing,
and what the walls add. The bar: at most 60 ms more in the median of a warm capture.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from grader.sandbox import ladder  # noqa: E402 - the tests are no package
from grader.sandbox.forked import Zygote  # noqa: E402
from grader.sandbox.protocol import Limits  # noqa: E402
from grader.sandbox.walls.fence import NONE  # noqa: E402
from tests.walls.readable import holding, readable, standing_on, why_not  # noqa: E402

SUBMISSION = ROOT / "submissions" / "sequential.ipynb"
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


def start(open_: ExitStack) -> dict[str, Zygote]:
    """Return a warm process without walls, and one behind each rung that this machine has; they end with `open_`.

    Where root's Python is nobody else's to read, rung C gets the system's own over the same packages.
    """
    warm = {"none": Zygote(NONE)}
    python = open_.enter_context(readable())
    for letter in ladder.WALLED:
        if letter not in holding(python):
            print(f"rung {letter}: {why_not(letter)}")
            continue
        warm[letter] = Zygote(open_.enter_context(standing_on(letter, python)))
    for zygote in warm.values():
        open_.callback(zygote.stop)
    return warm


def measure(submission: Path, rounds: int) -> str:
    """Return the table; every round times every kind of job behind every rung, one after the other."""
    files = {submission.name: submission.read_bytes()}
    times: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as open_:
        warm = start(open_)
        for number in range(rounds + WARM_UP):
            for kind in KINDS:
                for name, zygote in warm.items():
                    spent = milliseconds(zygote, kind, files if kind == "capture" else {})
                    if number >= WARM_UP:
                        times.setdefault((name, kind), []).append(spent)
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
