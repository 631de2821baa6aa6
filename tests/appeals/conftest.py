"""Goldens and gradebooks for the tests of appeals.

`pytest tests/report tests/appeals --refresh` writes the goldens anew; the option is that of the other reports.
"""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from grader.gradebook import Gradebook

from .story import tell

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that holds a text to the golden of that name."""
    refresh = bool(request.config.getoption("--refresh", default=False))

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if refresh:
            path.write_bytes(text.encode())
        assert path.is_file(), f"there is no {path}; run pytest tests/report tests/appeals with --refresh"
        assert text == path.read_bytes().decode()

    return check


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a batch's folder with the gradebook of the story."""
    ticks = iter(range(1_790_000_000, 1_800_000_000, 3600))
    with Gradebook.open(tmp_path / "gradebook.sqlite", lambda: float(next(ticks))) as gradebook:
        tell(gradebook)
    return tmp_path


@pytest.fixture
def screen() -> Callable[[int], Console]:
    """Return a function that makes a console of some width without colours; its file is a StringIO."""

    def make(width: int = 80) -> Console:
        return Console(file=StringIO(), width=width, height=24, color_system=None, force_terminal=False, _environ={})

    return make
