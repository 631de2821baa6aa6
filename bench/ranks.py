"""Whether the order of twelve networks depends on the seed: five gradings, rank correlation of every pair.

python bench/ranks.py FOLDER [--seeds 3] [--out FOLDER]

FOLDER holds pictures in a layout that the grader knows, such as the course's. Each network is handed in twice, under
two names. Bars: the two never differ in accuracy or points, and the least Kendall's tau-b of two gradings is 0.8.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import gradings
from designs import DESIGNS
from scipy.stats import kendalltau

SEEDS = 3
"""Trainings of every network in one grading; the median counts."""

LEAST_TAU = 0.8
ONE, OTHER = "one", "other"

Grading = Mapping[str, Mapping[str, Any]]
"""Reports by the id of the submission."""


def measure(data: Path, place: Path, seeds: int) -> list[Grading]:
    """Grade the twelve networks, each under two names, once for each of five seeds of the recipe."""
    twice = {f"{name}_{which}": source for name, source in DESIGNS.items() for which in (ONE, OTHER)}
    submissions = gradings.written(place / "networks", twice)
    found: list[Grading] = []
    for seed in gradings.SEEDS:
        # The line of full points moves no rank, so the reference is trained as seldom as a rubric allows.
        rubric = gradings.copied(place / f"{seed}.toml", {"seed": seed, "seeds": seeds}, reference_seeds=2)
        found.append(gradings.graded(submissions, rubric, place / f"seed_{seed}", data))
    return found


def accuracies(grading: Grading) -> list[float]:
    """Return the accuracy of each design, in the order of `DESIGNS`."""
    return [float(grading[f"{name}_{ONE}"]["score"]["accuracy"]) for name in DESIGNS]


def taus(found: Sequence[Grading]) -> list[float]:
    """Return Kendall's tau-b of accuracies for every pair of gradings (Kendall 1945, "Ties in ranking problems")."""
    return [float(kendalltau(accuracies(one), accuracies(two)).statistic) for one, two in combinations(found, 2)]


def differing(found: Sequence[Grading]) -> list[str]:
    """Return the designs whose two submissions differ in accuracy or points in a grading."""
    return [
        f"{name} (seed {seed})"
        for seed, grading in zip(gradings.SEEDS, found, strict=True)
        for name in DESIGNS
        if _judged(grading[f"{name}_{ONE}"]) != _judged(grading[f"{name}_{OTHER}"])
    ]


def _judged(report: Mapping[str, Any]) -> tuple[float, float, float]:
    return report["score"]["accuracy"], gradings.accuracy_points(report), report["points"]


def table(found: Sequence[Grading], seeds: int) -> str:
    """Return a Markdown table, the weakest network first, and a sentence for each bar."""
    heads = " | ".join(f"seed {seed}" for seed in gradings.SEEDS)
    rows = [f"| network | parameters | {heads} | mean | spread |", "| --- " * (len(found) + 4) + "|"]
    columns = zip(*map(accuracies, found), strict=True)
    for name, own in sorted(zip(DESIGNS, columns, strict=True), key=lambda pair: statistics.fmean(pair[1])):
        cells = " | ".join(f"{one:.3f}" for one in own)
        parameters = found[0][f"{name}_{ONE}"]["model"]["parameters"]
        rows.append(f"| {name} | {parameters:,} | {cells} | {statistics.fmean(own):.3f} | {max(own) - min(own):.3f} |")
    every = taus(found)
    compared = len(DESIGNS) * len(found)
    said = (
        f"Trainings a network: {seeds}. Kendall's tau-b over {len(every)} pairs of gradings: least {min(every):.3f},"
        f" mean {statistics.fmean(every):.3f} (bar: least {LEAST_TAU}). Of {compared} pairs of identical submissions,"
        f" these differ in accuracy or points: {', '.join(differing(found)) or 'none'}."
    )
    return "\n".join([*rows, "", said])


def main() -> int:
    """Measure and print; return 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of pictures")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="trainings of every network in one grading")
    parser.add_argument("--out", type=Path, help="keep the gradings here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = options.out if options.out is not None else Path(name)
        place.mkdir(parents=True, exist_ok=True)
        found = measure(options.data.resolve(), place.resolve(), options.seeds)
    print(table(found, options.seeds))
    return 1 if differing(found) or min(taus(found)) < LEAST_TAU else 0


if __name__ == "__main__":
    sys.exit(main())
