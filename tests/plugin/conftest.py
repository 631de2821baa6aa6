"""Runs of pytest inside of a test load this environment's plugins but hypothesis', which takes a second to report."""

from __future__ import annotations

import pytest

from grader.folders import CACHE_VARIABLE, cache_folder

WALLS = cache_folder()
"""Where this machine's walls are remembered; `pytester` gives its runs another home."""


@pytest.fixture(autouse=True)
def _no_hypothesis(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "pytester" in request.fixturenames:
        request.getfixturevalue("pytester")  # takes the variable away
        monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest")


@pytest.fixture
def walls_remembered(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs inside of the test know which walls hold; nothing is trained, so nothing else is kept there."""
    monkeypatch.setenv(CACHE_VARIABLE, str(WALLS))
