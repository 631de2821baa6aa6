"""Goldens of exports; `pytest tests/report tests/exports --refresh` writes them anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from grader.cli import app
from grader.gradebook import Gradebook, Invocation
from grader.records import Report

GOLDEN = Path(__file__).parent / "golden"
RUBRIC = 'version = 1\ntitle = "First CNN, part 1"\n\n[criteria.conv]\npoints = 4\n'


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Return a function that holds a file to the golden of that name, byte by byte."""
    refresh = bool(request.config.getoption("--refresh", default=False))

    def check(name: str, content: bytes) -> None:
        path = GOLDEN / name
        if refresh:
            path.write_bytes(content)
        assert path.is_file(), f"there is no {path}; run pytest tests/report tests/exports with --refresh"
        assert content == path.read_bytes()

    return check


@pytest.fixture
def exported(tmp_path: Path) -> Callable[..., Result]:
    """Return a function that puts reports into a gradebook and runs `grader export` on it with more words."""

    def run(reports: Sequence[Report], *words: str) -> Result:
        folder = tmp_path / "results"
        if not folder.exists():
            with Gradebook.open(folder / "gradebook.sqlite", lambda: 1_790_000_000.0) as book:
                number = book.start_run(Invocation(("batch",), {}, RUBRIC, {"grader": "0.1.0"}, {"device": "cpu"}))
                for report in reports:
                    book.save_report(number, report)
        return CliRunner().invoke(app, ["export", str(folder), *words])

    return run
