"""Goldens: what the reports looked like when somebody last read them.

`pytest tests/report --refresh` writes them anew; read the difference before you keep it.
"""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes the goldens anew."""
    parser.addoption("--refresh", action="store_true", help="write tests/report/golden/* anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that holds a text to the golden of that name."""
    refresh = bool(request.config.getoption("--refresh", default=False))

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if refresh:
            path.write_bytes(text.encode())
        assert path.is_file(), f"there is no {path}; run pytest with --refresh"
        assert text == path.read_bytes().decode()

    return check


@pytest.fixture
def printed() -> Callable[..., str]:
    """Return a function that calls another with a console and returns what it printed, without colour."""

    def run(show: Callable[..., None], *arguments: object, width: int = 80) -> str:
        file = StringIO()
        show(Console(file=file, width=width, color_system=None, force_terminal=False), *arguments)
        return file.getvalue()

    return run
