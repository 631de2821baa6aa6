"""What `grader check --train` shows while it trains, and what it cannot know."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from grader.report.terminal_training import begun, indication, working


def line(done: int, total: int) -> str:
    """Return the line that a terminal shows."""
    console = Console(file=StringIO(), width=80, color_system=None, force_terminal=True, legacy_windows=False)
    console.print(working("ada", "training", done, total), end="")
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().strip()


def test_a_training_has_a_bar() -> None:
    """The bar grows with the steps, and their number stands beside it, in one line."""
    half, whole = line(250, 500), line(500, 500)
    assert "step 250 of 500" in half
    assert 0 < half.count("━") <= whole.count("━") == 32
    assert len(half.splitlines()) == 1


def test_other_stages_have_a_word() -> None:
    """Where nothing is counted, the stage alone is shown."""
    assert line(0, 0) == "ada: training"


def test_who_reads_no_terminal_gets_one_sentence() -> None:
    """What begins is said with its length."""
    assert begun("ada", "training", 500) == "ada: training, 500 steps."


def test_the_score_is_called_an_indication() -> None:
    """It is said how many pictures it was measured on, whose they are, and that the course keeps others."""
    said = indication(1000, "the generated patterns")
    assert said.startswith("The score is an indication, not your mark.")
    assert "1,000 pictures of the generated patterns" in said
    assert "Your course keeps other pictures" in said
