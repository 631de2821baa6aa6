"""`pytest tests/docs --refresh-docs` writes what commands print now into the pages; read the difference before you keep it."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--refresh-docs", action="store_true", help="write what is printed into README.md and docs/")
