"""The command line as a user runs it, on a class of four of the examples."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.pipeline.conftest import ROOT, SUBMISSIONS

CHOSEN = ("house_style.ipynb", "functional.py", "two_files", "nn_dense.ipynb")


def grader(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    command = [sys.executable, "-m", "grader.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=400, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def results(out: Path) -> dict[str, Any]:
    """Return what must be equal between two gradings: points, accuracies, losses and the answers themselves."""
    plain = json.loads((out / "report.json").read_text(encoding="utf-8"))
    with closing(sqlite3.connect(out / "gradebook.sqlite")) as book, book:
        answers = {bytes(row[0]) for row in book.execute("SELECT logits FROM trainings")}
    rows = {
        one["submission"]["id"]: (
            one["status"],
            one["points"],
            one["score"],
            one["training"] and [point["loss"] for point in one["training"]["curve"]],
            one["keys"],
        )
        for one in plain["reports"]
    }
    return {"rows": rows, "answers": answers}


def write_class(found: Path) -> Path:
    """Copy four of the examples into a folder."""
    for name in CHOSEN:
        source = SUBMISSIONS / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, found / name)
    return found
