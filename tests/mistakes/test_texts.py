"""`grader check --explain CODE`: a longer text for every code."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner

from grader.cli import app
from grader.diagnosis import SYMPTOMS
from grader.diagnosis.texts import nearest, texts
from grader.explaining import run_explain
from grader.faults import OperatorFault

FURTHER = ("E42", "E43", "E48", "E49", "E50", "E51", "E52")


def shown(code: str, width: int = 80) -> str:
    """Return what the command prints."""
    file = StringIO()
    assert run_explain(code, Console(file=file, width=width, color_system=None)) == 0
    return file.getvalue()


def test_every_code_has_a_text() -> None:
    """Each code that a student can be told has a longer text, and each text says all that it should."""
    known = texts()
    assert {one.code for one in SYMPTOMS} | {f"E{number:02}" for number in range(1, 54)} | set(FURTHER) <= set(known)
    for code, one in known.items():
        assert not one.title.endswith("."), code
        assert one.means.endswith("."), code
        assert one.seen.endswith("."), code
        assert one.before != one.after, code


@pytest.mark.parametrize("code", sorted(texts()))
def test_a_text_fits_a_screen(code: str) -> None:
    """A text is at most 80 columns wide and 24 lines high, its examples are not cut, and it is plain text."""
    lines = shown(code).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 24
    squeezed = " ".join(" ".join(lines).split())
    assert " ".join(texts()[code].after.split()) in squeezed


def test_lower_case_is_fine() -> None:
    """A code may be typed in small letters."""
    assert shown("e02") == shown("E02")


@pytest.mark.parametrize(("typed", "meant"), [("E2", "E02"), ("e7", "E07"), ("E99", "E53")])
def test_the_nearest_code(typed: str, meant: str) -> None:
    """A code that is none leads to the one that was probably meant."""
    assert nearest(typed, texts()) == meant
    with pytest.raises(OperatorFault, match=meant):
        run_explain(typed, Console(file=StringIO()))


def test_no_submission_is_needed() -> None:
    """`grader check --explain E02` needs nothing else, and leaves with 0."""
    done = CliRunner().invoke(app, ["check", "--explain", "E02"])
    assert done.exit_code == 0
    assert "in_features" in done.output
