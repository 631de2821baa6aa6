"""The pages in `docs/reference/` say what the code says, and leave nothing without its meaning."""

from __future__ import annotations

import re

import pytest

from grader.criteria import CRITERIA
from grader.diagnosis.texts import texts
from tests.docs.reference import FOLDER, PAGES, main


def test_the_pages_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    """`make reference` would change nothing."""
    assert main([]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("name", ["command_line.md", "rubric.md", "report_json.md"])
def test_everything_has_a_meaning(name: str) -> None:
    """No row of a table ends in an empty cell."""
    empty = [line for line in PAGES[name]().splitlines() if re.search(r"\|  \|$", line)]
    assert empty == []


def test_nothing_is_left_out() -> None:
    """Every criterion and every code has a heading of its own."""
    criteria = (FOLDER / "criteria.md").read_text(encoding="utf-8")
    codes = (FOLDER / "codes.md").read_text(encoding="utf-8")
    assert all(f"\n## {name}\n" in criteria for name in CRITERIA)
    assert all(f"\n### {name}\n" in codes for name in texts())
