"""Several trainings of every network: the median counts, all are shown, each is done once."""

from __future__ import annotations

import json
import shutil
import statistics
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.conftest import SUBMISSIONS, small_rubric
from tests.pipeline.runs import grader, results
from tests.stress import stress

pytestmark = pytest.mark.slow

SLOW = """
from torch import nn

model = nn.Sequential(
    nn.Conv2d(3, 96, 5, padding=2), nn.ReLU(), nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(),
    nn.Linear(16384, 10),
)
"""
"""Within the budget of operations, and many times as long to train as the reference."""


def test_the_median_of_three_counts(tmp_path: Path) -> None:
    """Three seeds are trained, the median one is the score and the curve; a copy shares them; nothing is done twice."""
    found, out = tmp_path / "class", tmp_path / "out"
    found.mkdir()
    for name in ("first", "second"):
        shutil.copy(SUBMISSIONS / "functional.py", found / f"{name}.py")
    shutil.copy(SUBMISSIONS / "house_style.ipynb", found / "third.ipynb")
    rubric = small_rubric(tmp_path, {"steps = 60": "steps = 20", "seeds = 1 ": "seeds = 3 "})
    words = ["batch", str(found), "--rubric", str(rubric), "--out", str(out), "--workers", "2"]
    done = grader(*words)
    assert "6 to train" in done.stderr
    reports = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    for one in reports:
        seeds = {row["seed"]: row["accuracy"] for row in one["score"]["seeds"]}
        assert sorted(seeds) == [1, 2, 3]
        assert one["score"]["accuracy"] == statistics.median(seeds.values())
        assert seeds[one["training"]["seed"]] == one["score"]["accuracy"]
        assert one["training"]["memorised"] is not None
    first, second, third = (one["score"] for one in reports)
    assert first == second != third
    logs = (out / "logs" / "first.log").read_text(encoding="utf-8") + (out / "logs" / "second.log").read_text("utf-8")
    assert [logs.count(f"training: seed {seed},") for seed in (1, 2, 3)] == [2, 2, 2]
    before = results(out)
    assert len(before["answers"]) == 6
    assert "Nothing changed" in grader(*words).stdout
    assert results(out) == before
    shown = grader("show", str(out), "first", "--no-pager").stdout
    assert "(seed 1)" in shown
    assert "median of 3 trainings" in shown


@stress
def test_one_training_that_fails_costs_nothing(tmp_path: Path) -> None:
    """Where the first of two trainings runs into its deadline, the report is one fault of the grader's, saved once."""
    found, out = tmp_path / "class", tmp_path / "out"
    found.mkdir()
    (found / "slow.py").write_text(SLOW, encoding="utf-8")
    rubric = small_rubric(
        tmp_path,
        {
            "steps = 60": "steps = 20",
            "seeds = 1 ": "seeds = 2 ",
            "training_seconds = 3600": "training_seconds = 8",
        },
    )
    done = grader("batch", str(found), "--rubric", str(rubric), "--out", str(out), "--workers", "1", check=False)
    assert done.returncode == 3
    report: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"][0]
    assert report["status"] == "grader_fault"
    assert {one["points"] for one in report["findings"]} == {None}
    history = json.loads(grader("history", str(out), "slow", "--json").stdout)["reports"]
    assert len(history) == 1


@stress
def test_the_luck_of_a_start_is_nobodys(tmp_path: Path) -> None:
    """One network under three seeds of its notebook is three captures and three trainings with the same answers."""
    found, out = tmp_path / "class", tmp_path / "out"
    found.mkdir()
    text = (SUBMISSIONS / "functional.py").read_text(encoding="utf-8")
    for seed in (1, 2, 3):
        (found / f"seed{seed}.py").write_text(f"import torch\n\ntorch.manual_seed({seed})\n{text}", encoding="utf-8")
    rubric = small_rubric(tmp_path, {"steps = 60": "steps = 20"})
    grader("batch", str(found), "--rubric", str(rubric), "--out", str(out), "--workers", "2")
    reports = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    assert len({one["keys"]["training"] for one in reports}) == 3
    assert len({json.dumps(one["score"]) for one in reports}) == 1
    assert len(results(out)["answers"]) == 1
