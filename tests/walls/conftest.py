"""Every test here remembers what it finds in a cache of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.walls.readable import holding, readable


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from the user's own cache."""
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def python() -> Iterator[str | None]:
    """Return an interpreter that everybody can read, where that is not this one."""
    with readable() as found:
        yield found


@pytest.fixture(scope="session")
def rungs(python: str | None) -> tuple[str, ...]:
    """Return the letters of the rungs that can be stood on here."""
    return holding(python)
