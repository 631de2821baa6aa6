"""The three drills of CONTRIBUTING.md work: what stands there is put into a copy of the repository, and its tests pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, blocks

pytestmark = pytest.mark.slow

TITLED = [one for one in blocks(ROOT / "CONTRIBUTING.md") if one.language == "python" and one.title]


def test_the_drills_work(tmp_path: Path) -> None:
    """A criterion, an export and an engine are one function or file each, and their tests pass."""
    for name in ("grader", "tests", "rubrics", "reference"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "golden"))
    for one in TITLED:
        file = tmp_path / one.title
        file.parent.mkdir(exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(f"\n\n{one.text}")
    tests = [one.title for one in TITLED if one.title.startswith("tests/")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(tests) == 3


def test_a_drill_is_short() -> None:
    """What is added besides tests fits a screen each."""
    added = [one for one in TITLED if one.title.startswith("grader/")]
    assert [one.text.count("\n") for one in added] == sorted(one.text.count("\n") for one in added)
    assert all(one.text.count("\n") < 40 for one in added)
