"""What six networks earn for their accuracy, over five seeds of the recipe.

python bench/fairness.py FOLDER [--out FOLDER]

FOLDER holds pictures in a layout that the grader knows, such as the course's. Bars: a softmax at the end of the
reference costs no more than seeds do; a network of dense layers alone lies visibly below the reference.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradings

FORWARD_ENDS = "return self.dense(x)"
SEQUENTIAL = "from torch import nn\n\nmodel = nn.Sequential({layers})\n"

OTHERS = {
    "dense only": "nn.Flatten(), nn.Linear(3072, 512), nn.ReLU(), nn.Linear(512, 10)",
    "linear": "nn.Flatten(), nn.Linear(3072, 10)",
    "bottleneck of 2 channels of 4x4": (
        "nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Conv2d(16, 2, 3, padding=1), nn.ReLU(),"
        " nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32, 10)"
    ),
    "very wide": (
        "nn.Conv2d(3, 64, 5, stride=2, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4096, 1024),"
        " nn.ReLU(), nn.Linear(1024, 10)"
    ),
}
"""Layers of the networks that stand beside the reference."""

REFERENCE, SOFTMAX = "reference", "reference with softmax"


def sources() -> dict[str, str]:
    """Return the module of each network; raise RuntimeError where the reference no longer ends as it did."""
    solution = (gradings.ROOT / "reference" / "solution.py").read_text(encoding="utf-8")
    if solution.count(FORWARD_ENDS) != 1:
        raise RuntimeError(f"the reference no longer ends in {FORWARD_ENDS!r}; give this bench its new ending")
    ending = solution.replace(FORWARD_ENDS, "return nn.Softmax(1)(self.dense(x))")
    plain = {name: SEQUENTIAL.format(layers=layers) for name, layers in OTHERS.items()}
    return {REFERENCE: solution, SOFTMAX: ending, **plain}


def measure(data: Path, place: Path) -> list[dict[str, dict[str, Any]]]:
    """Grade all networks once for each seed; return the reports of each grading by network."""
    named = {name.replace(" ", "_"): source for name, source in sources().items()}
    submissions = gradings.written(place / "networks", named)
    found = []
    for seed in gradings.SEEDS:
        rubric = gradings.copied(place / f"{seed}.toml", {"seed": seed})
        reports = gradings.graded(submissions, rubric, place / f"seed_{seed}", data)
        found.append({name.replace("_", " "): one for name, one in reports.items()})
    return found


def table(found: Sequence[dict[str, dict[str, Any]]]) -> str:
    """Return a Markdown table and two sentences on the bars."""
    rows = [
        "| network | parameters | accuracy | deviation | accuracy points | deviation |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in (REFERENCE, SOFTMAX, *OTHERS):
        accuracies = [one[name]["score"]["accuracy"] for one in found]
        points = [gradings.accuracy_points(one[name]) for one in found]
        rows.append(
            f"| {name} | {found[0][name]['model']['parameters']:,} | {statistics.fmean(accuracies):.3f}"
            f" | {statistics.stdev(accuracies):.3f} | {statistics.fmean(points):.2f} | {statistics.stdev(points):.2f} |"
        )
    lines = ", ".join(f"{one[REFERENCE]['score']['reference']['target']:.3f}" for one in found)
    return "\n".join([*rows, "", f"Accuracy that earns full points, seed by seed: {lines}. {_softmax(found)}"])


def _softmax(found: Sequence[dict[str, dict[str, Any]]]) -> str:
    """Say how far a softmax moves accuracy and points, seed by seed."""
    accuracies = [one[SOFTMAX]["score"]["accuracy"] - one[REFERENCE]["score"]["accuracy"] for one in found]
    points = [gradings.accuracy_points(one[SOFTMAX]) - gradings.accuracy_points(one[REFERENCE]) for one in found]
    error = statistics.stdev(accuracies) / math.sqrt(len(accuracies))
    return (
        f"The softmax moves accuracy by {statistics.fmean(accuracies):+.4f} on average (standard error {error:.4f}, at"
        f" most {max(map(abs, accuracies)):.4f} for one seed) and points by {statistics.fmean(points):+.2f}."
    )


def main() -> None:
    """Measure and print; keep the gradings where --out says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of pictures")
    parser.add_argument("--out", type=Path, help="keep the gradings here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = options.out if options.out is not None else Path(name)
        place.mkdir(parents=True, exist_ok=True)
        print(table(measure(options.data.resolve(), place.resolve())))


if __name__ == "__main__":
    main()
