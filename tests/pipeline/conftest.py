"""A small rubric and its cache, shared by the tests that run the whole pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUBMISSIONS = ROOT / "submissions"

SMALL = {
    "train = 4000": "train = 640",
    "held_out = 1000": "held_out = 200",
    '"../reference/solution.py"': f'"{ROOT / "reference" / "solution.py"}"',
    "seeds = 5": "seeds = 2",
}
"""Replacements that make the course's rubric quick: few pictures, few seeds."""


def small_rubric(folder: Path, replacements: Mapping[str, str] | None = None) -> Path:
    """Write the course's rubric with few pictures and 60 steps into `folder`; return its path."""
    text = (ROOT / "rubrics" / "first_cnn.toml").read_text(encoding="utf-8")
    lines = ["steps = 60" if line.startswith("steps = ") else line for line in text.splitlines()]
    text = "\n".join(lines)
    for old, new in {**SMALL, **(replacements or {})}.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for pictures and the reference's results, shared by all tests of the session."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from the user's own cache."""
    monkeypatch.setenv("GRADER_CACHE", str(cache))
