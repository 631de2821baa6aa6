"""Grade the examples twice with --fresh, by 1 and by 2 workers, and compare everything that decides a grade.

python bench/determinism.py
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def graded(out: Path, workers: int) -> float:
    """Run the demo's batch into `out`; return its seconds."""
    words = ["batch", "submissions", "--rubric", "rubrics/first_cnn.toml", "--out", str(out), "--fresh"]
    started = time.perf_counter()
    command = [sys.executable, "-m", "grader.cli", *words, "--workers", str(workers)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def content(out: Path) -> tuple[dict[str, Any], set[tuple[str, bytes]]]:
    """Return reports without their times, and the answers to every held-out picture by training key."""
    reports = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    for one in reports:
        if one["training"]:
            del one["training"]["seconds"]
    with sqlite3.connect(out / "gradebook.sqlite") as book:
        answers = {(key, bytes(logits)) for key, logits in book.execute("SELECT key, logits FROM trainings")}
    return {one["submission"]["id"]: one for one in reports}, answers


def unexpected(reports: dict[str, Any]) -> list[str]:
    """Return the examples whose verdict is not the one that EXPECTED.toml states."""
    expected = tomllib.loads((ROOT / "submissions" / "EXPECTED.toml").read_text(encoding="utf-8"))
    found = []
    for name, one in reports.items():
        failed = {finding["criterion"] for finding in one["findings"] if finding["outcome"] == "failed"}
        if one["status"] != expected[name]["status"] or failed != set(expected[name]["failed"]):
            found.append(f"{name} ({one['status']}, failed {sorted(failed)})")
    return found


def measure() -> str:
    """Return a paragraph with what was equal."""
    with tempfile.TemporaryDirectory() as folder:
        one, two = Path(folder) / "one", Path(folder) / "two"
        times = graded(one, 1), graded(two, 2)
        first, second = content(one), content(two)
    differing = [name for name in first[0] if first[0][name] != second[0].get(name)]
    wrong = unexpected(second[0])
    return (
        f"{len(first[0])} examples, graded with --fresh by 1 worker ({times[0]:.0f} s) and by 2 ({times[1]:.0f} s):"
        f" reports that differ in anything but times: {differing or 'none'}; answers to the held-out pictures"
        f" ({len(first[1])} trainings) equal to the bit: {first[1] == second[1]}; verdicts other than"
        f" EXPECTED.toml's: {wrong or 'none'}."
    )


if __name__ == "__main__":
    print(measure())
