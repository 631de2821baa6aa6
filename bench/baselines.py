"""Accuracy of the reference and of simple networks under the recipe, through the grader itself.

python bench/baselines.py                  # the embedded patterns
python bench/baselines.py FOLDER           # pictures in the course's layout (1.png …, y.csv)
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

NETWORKS = {
    "linear": "nn.Flatten(), nn.Linear(3072, 10)",
    "dense_small": "nn.Flatten(), nn.Linear(3072, 64), nn.ReLU(), nn.Linear(64, 10)",
    "dense_wide": "nn.Flatten(), nn.Linear(3072, 512), nn.ReLU(), nn.Linear(512, 10)",
    "dense_deep": (
        "nn.Flatten(), nn.Linear(3072, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(),"
        " nn.Linear(64, 10)"
    ),
    "one_convolution": (
        "nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(1024, 10)"
    ),
    "two_convolutions": (
        "nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),"
        " nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2048, 10)"
    ),
    "two_convolutions_softmax": (
        "nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),"
        " nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2048, 10), nn.Softmax(1)"
    ),
}
"""Layers of the networks that are compared, as a student would write them in a Sequential."""

MODULE = "from torch import nn\n\nmodel = nn.Sequential({layers})\n"


def measure(data: Path | None = None, rubric: Path | None = None) -> list[dict[str, Any]]:
    """Grade every network; return the reports."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "networks"
        folder.mkdir()
        for network, layers in NETWORKS.items():
            (folder / f"{network}.py").write_text(MODULE.format(layers=layers), encoding="utf-8")
        out = Path(name) / "out"
        chosen = rubric if rubric is not None else ROOT / "rubrics" / "first_cnn.toml"
        words = ["batch", str(folder), "--rubric", str(chosen), "--out", str(out)]
        words += ["--data", str(data)] if data is not None else []
        subprocess.run([sys.executable, "-m", "grader.cli", *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        reports: list[dict[str, Any]] = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    return reports


def table(reports: list[dict[str, Any]]) -> str:
    """Return a Markdown table, the reference first."""
    reference = reports[0]["score"]["reference"]
    seeds = ", ".join(f"{one:.3f}" for one in reference["accuracies"])
    spread = max(reference["accuracies"]) - min(reference["accuracies"])
    rows = [
        "| network | parameters | held-out accuracy | seconds of training |",
        "| --- | --- | --- | --- |",
        f"| reference (seeds {seeds}; spread {spread:.3f}) | | {reference['mean']:.3f} | |",
    ]
    rows += [
        f"| {one['submission']['id']} | {one['model']['parameters']:,} | {one['score']['accuracy']:.3f} |"
        f" {one['training']['seconds']:.1f} |"
        for one in sorted(reports, key=lambda one: -one["score"]["accuracy"])
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    print(table(measure(Path(sys.argv[1]) if len(sys.argv) > 1 else None)))
