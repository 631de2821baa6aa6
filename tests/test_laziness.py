"""What commands import: help comes at once, and torch is never in the process that holds the results."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BAR_SECONDS = 0.25
"""How much longer `grader --help` may take than `python -c pass`."""

PROBE = """
import sys
from grader import start
sys.argv = ["grader", *sys.argv[1:]]
try:
    start.main()
except SystemExit:
    pass
print(*(one for one in ("torch", "numpy", "pydantic", "rich", "IPython", "matplotlib") if one in sys.modules))
"""


def imported(*words: str) -> set[str]:
    """Return which heavy packages a command imports in its own process."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.splitlines()[-1].split())


def test_help_imports_nothing_heavy() -> None:
    """`grader --help` needs typer alone."""
    assert imported("--help") == set()


@pytest.mark.parametrize("words", [("check", "--help"), ("batch", "--help"), ("rubric", "--help"), ("data", "--help")])
def test_the_help_of_a_command(words: tuple[str, ...]) -> None:
    """Typer reads a command's options with pydantic; nothing else is imported."""
    assert imported(*words) <= {"pydantic"}


@pytest.mark.slow
@pytest.mark.parametrize("words", [("rubric", "check", "rubrics/first_cnn.toml"), ("doctor", "--json")])
def test_no_torch_in_a_parent(words: tuple[str, ...]) -> None:
    """Reading a rubric and trying the walls take no torch; `tests/pipeline/test_cli.py` holds `check` to it."""
    assert not {"torch", "IPython", "matplotlib"} & imported(*words)


def test_help_comes_at_once() -> None:
    """The quickest of nine runs is within the bar of the quickest `python -c pass`; `bench/help.py` has the medians."""
    nothing, program = [sys.executable, "-c", "pass"], [sys.executable, "-m", "grader.start", "--help"]
    pairs = [(_seconds(nothing), _seconds(program)) for _ in range(9)]
    empty, full = (min(one[index] for one in pairs) for index in (0, 1))
    assert full - empty <= BAR_SECONDS


def _seconds(words: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
