"""What needs nothing to be done takes one row, and no point is lost by that."""

from __future__ import annotations

from dataclasses import replace

from grader.records import Outcome
from grader.report.folding import folded

from . import samples

FULL = samples.PASSED
BAD = samples.failed(samples.OUTPUT, "7 were expected, 10 came.", "Write 7.")


def test_what_passed_is_one_row_beside_a_failure() -> None:
    """A failure stands in full; what passed is counted with its points, where the first of it stood."""
    rows = folded((*FULL[:4], BAD, *FULL[5:]))
    assert [one.title for one in rows] == ["6 checks passed", BAD.title]
    assert (rows[0].points, rows[0].max_points) == (27, 27)
    assert rows[1] is BAD


def test_without_a_failure_every_pass_is_named() -> None:
    """Whoever passed everything sees what it was."""
    assert folded(FULL) == FULL


def test_a_pass_with_points_missing_keeps_its_reason() -> None:
    """Points that are missing are explained in a row of their own."""
    nearly = replace(samples.ACCURACY, points=9.5, rationale="Half a point is missing.")
    assert nearly in folded((*FULL[:4], BAD, nearly))


def test_what_nobody_judged_is_one_row_with_its_reason() -> None:
    """Skipped checks and a human's marks are one row each; the first reason is kept."""
    marks = tuple(replace(samples.EXPLANATION, criterion=f"mark{one}") for one in range(4))
    skipped, human = folded((*samples.skipped(FULL[:5]), *marks))
    assert (skipped.title, skipped.outcome, skipped.rationale) == (
        "5 checks not judged",
        Outcome.SKIPPED,
        samples.NOT_RUN,
    )
    assert (human.title, human.points, human.max_points) == ("4 checks marked by a human", None, 80)
    assert human.evidence == samples.EXPLANATION.evidence


def test_a_few_stay() -> None:
    """Two rows of one kind are no longer than one that counts them."""
    assert folded((BAD, *FULL[:2], *samples.skipped(FULL[2:4]))) == (BAD, *FULL[:2], *samples.skipped(FULL[2:4]))
