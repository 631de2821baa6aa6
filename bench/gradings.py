"""Grade a folder by a copy of the course's rubric in which some numbers of the recipe are others."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RUBRIC = ROOT / "rubrics" / "first_cnn.toml"
SEEDS = (1, 1001, 2001, 3001, 4001)
"""Seeds of five gradings, far enough apart that no training of one is a training of another."""


def copied(to: Path, recipe: Mapping[str, object], reference_seeds: int = 5) -> Path:
    """Write the course's rubric to `to` with these keys under [recipe], values as TOML has them; return `to`."""
    text = RUBRIC.read_text(encoding="utf-8")
    solution = json.dumps(str(ROOT / "reference" / "solution.py"))
    text = _with(text, "reference", {"solution": solution, "seeds": reference_seeds})
    to.write_text(_with(text, "recipe", recipe), encoding="utf-8")
    return to


def _with(text: str, table: str, values: Mapping[str, object]) -> str:
    """Return the file with these values at the head of a table, and without those that stood there."""
    before, header, rest = re.split(rf"^(\[{table}\].*\n)", text, maxsplit=1, flags=re.MULTILINE)
    own, *others = re.split(r"^(?=\[)", rest, maxsplit=1, flags=re.MULTILINE)
    for key in values:
        own = re.sub(rf"^{key} *=.*\n", "", own, flags=re.MULTILINE)
    added = "".join(f"{key} = {value}\n" for key, value in values.items())
    return "".join([before, header, added, own, *others])


def written(folder: Path, sources: Mapping[str, str]) -> Path:
    """Write each source as the submission of that name; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return folder


def graded(submissions: Path, rubric: Path, out: Path, data: Path | None) -> dict[str, dict[str, Any]]:
    """Grade with --fresh by one worker; return the reports by id.

    Raises:
        CalledProcessError: the batch did not finish.
        RuntimeError: a submission has no score.
    """
    words = ["batch", str(submissions), "--rubric", str(rubric), "--out", str(out), "--fresh", "--workers", "1"]
    words += ["--data", str(data)] if data is not None else []
    subprocess.run([sys.executable, "-m", "grader.cli", *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    reports = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    without = [one["submission"]["id"] for one in reports if one["score"] is None]
    if without:
        raise RuntimeError(f"without a score: {', '.join(without)}")
    return {one["submission"]["id"]: one for one in reports}


def accuracy_points(report: Mapping[str, Any]) -> float:
    """Return the points that a report gives for accuracy."""
    return next(float(one["points"]) for one in report["findings"] if one["criterion"] == "accuracy")
