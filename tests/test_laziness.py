"""What commands import: help comes at once, and torch is never in the process that holds the results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_MODULES = 200
"""Of Python's, typer's and ours for `grader --help`; today there are 167, and `bench/help.py` measures how long it takes."""

PROBE = """
import sys
from grader import start
sys.argv = ["grader", *sys.argv[1:]]
try:
    start.main()
except SystemExit:
    pass
print(len(sys.modules))
print(*(one for one in ("torch", "numpy", "pydantic", "rich", "IPython", "matplotlib") if one in sys.modules))
"""


def imported(*words: str) -> set[str]:
    """Return which heavy packages a command imports in its own process."""
    return set(_ran(*words)[-1].split())


def _ran(*words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.splitlines()


def test_help_imports_nothing_heavy() -> None:
    """`grader --help` needs typer alone, and little else."""
    *_, modules, heavy = _ran("--help")
    assert heavy == ""
    assert int(modules) <= MOST_MODULES


@pytest.mark.parametrize("words", [("check", "--help"), ("batch", "--help"), ("rubric", "--help"), ("data", "--help")])
def test_the_help_of_a_command(words: tuple[str, ...]) -> None:
    """Typer reads a command's options with pydantic; nothing else is imported."""
    assert imported(*words) <= {"pydantic"}


@pytest.mark.slow
@pytest.mark.parametrize("words", [("rubric", "check", "rubrics/first_cnn.toml"), ("doctor", "--json")])
def test_no_torch_in_a_parent(words: tuple[str, ...]) -> None:
    """Reading a rubric and trying the walls take no torch; `tests/pipeline/test_cli.py` holds `check` to it."""
    assert not {"torch", "IPython", "matplotlib"} & imported(*words)
