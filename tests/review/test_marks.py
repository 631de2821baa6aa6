"""Marks as arithmetic: which counts, what undo takes, and what a report comes to with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.marking import passing_of
from grader.records import Mark, Outcome, Status
from grader.report.exports.entitled import Blank, earned
from grader.scoring.marks import (
    LOOKED,
    comments_for,
    marked,
    orphans,
    report_seen,
    seen_of,
    standing,
    steps,
    verdict_seen,
)
from tests.report import samples

from . import made

SEEN = "text code"


def mark(number: int, criterion: str = "architecture", points: float | None = 3.0, **other: object) -> Mark:
    """Return a mark of Anna's on Ada's submission."""
    plain = Mark(number, made.NOON, "10001", criterion, points, "", "Anna", SEEN)
    return replace(plain, **other)  # type: ignore[arg-type]


def undo(number: int, of: int, who: str = "Anna") -> Mark:
    """Return an entry that takes another back."""
    return Mark(number, made.NOON, "10001", "architecture", None, "", who, "", of)


def test_the_newest_that_nobody_took_back_counts() -> None:
    """Undo brings the one before to the surface, redo the newer one again, to any depth."""
    first, second = mark(1), mark(2, points=5.0)
    assert standing([first, second])["architecture"] == second
    assert standing([first, second, undo(3, 2)])["architecture"] == first
    assert standing([first, second, undo(3, 2), undo(4, 3)])["architecture"] == second
    assert standing([first, second, undo(3, 2), undo(4, 3), undo(5, 4)])["architecture"] == first
    assert standing([first, undo(2, 1)]) == {}


def test_undo_and_redo_go_step_by_step() -> None:
    """Two steps back and two again; a new mark in between ends what could be given again."""
    marks = [mark(1), mark(2, "shapes")]
    for number, (back, again) in enumerate([(2, None), (1, 3), (None, 4)], 3):
        assert (steps(marks, "Anna").undo, steps(marks, "Anna").redo) == (back, again)
        if back is not None:
            marks.append(undo(number, back))
    marks.append(undo(5, 4))
    assert (steps(marks, "Anna").undo, steps(marks, "Anna").redo) == (5, 3)
    marks.append(mark(6))
    assert steps(marks, "Anna").redo is None
    assert steps(marks, "Anna").undo == 6


def test_nobody_takes_back_what_another_gave() -> None:
    """Undo of one marker passes over the entries of the others."""
    marks = [mark(1), mark(2, who="Ben")]
    assert steps(marks, "Anna").undo == 1
    assert steps(marks, "Cleo") == steps([], "Anna")


def test_no_mark_leaves_the_report_alone() -> None:
    """It is the very same object."""
    report = made.ada()
    assert marked(report, [], SEEN, {}) is report
    assert marked(report, [mark(1), undo(2, 1)], SEEN, {}) is report


def test_human_points_are_there_when_all_are_given() -> None:
    """Half of the points pass; the comment is what a student reads, and the sum waits for the last mark."""
    one = marked(made.ada(), [mark(1, comment="Clear.")], SEEN, {})
    found = next(finding for finding in one.findings if finding.criterion == "architecture")
    assert (found.outcome, found.points, found.rationale) == (Outcome.PASSED, 3.0, "Clear.")
    assert (found.evidence["marked_by"], found.evidence["marked_at"]) == ("Anna", made.NOON)
    assert one.human_points is None
    assert earned(one, automatic_only=False).blank is Blank.MARKS
    both = marked(made.ada(), [mark(1), mark(2, "shapes", 2.0)], SEEN, {})
    assert both.human_points == 5
    assert both.findings[-1].outcome is Outcome.FAILED
    assert earned(both, automatic_only=False).points == 35


def test_an_override_keeps_the_machines_value() -> None:
    """Points are summed anew, `pass_at` decides, and the evidence holds what the machine had found."""
    passing = passing_of(made.RUBRIC)
    assert passing == {"runs": 4, "accuracy": 4}
    given = mark(1, "accuracy", 4.0, comment="Its labels were shuffled.", seen=verdict_seen(samples.ACCURACY))
    report = marked(made.ada(), [given], SEEN, passing)
    found = next(finding for finding in report.findings if finding.criterion == "accuracy")
    assert (found.outcome, found.points, report.points) == (Outcome.PASSED, 4, 24)
    assert (found.evidence["machine_points"], found.evidence["machine_outcome"]) == (10, "passed")
    assert found.rationale == "A human gives 4 of 10 points, the grader gave 10: Its labels were shuffled."
    assert "changed" not in found.evidence
    assert marked(made.ada(), [replace(given, points=None)], SEEN, passing).points == 30


def test_a_check_without_points_takes_none() -> None:
    """A mark that was given before the rubric took the points away changes nothing and breaks nothing."""
    bare = replace(samples.CONV, points=0.0, max_points=0.0, evidence={"share": 1.0})
    report = replace(made.ada(), findings=(bare, made.ARCHITECTURE))
    assert marked(report, [mark(1, "conv", 0.0)], SEEN, {}).findings == report.findings


def test_late_points_are_taken_of_all_that_is_earned() -> None:
    """A tenth of the machine's points and a human's, where the rubric takes from all."""
    late = made.everybody()[1]
    report = marked(late, [mark(1, points=5.0), mark(2, "shapes", 5.0)], SEEN, {})
    assert (earned(report, automatic_only=False).points, earned(report, automatic_only=False).taken) == (36, 4)


@pytest.mark.parametrize(("seen", "word"), [("text code", ""), ("other code", "text"), ("text other", "code")])
def test_what_changed_since_is_said(seen: str, word: str) -> None:
    """The mark counts all the same."""
    report = marked(made.ada(), [mark(1, points=5.0)], seen, {})
    found = next(finding for finding in report.findings if finding.criterion == "architecture")
    assert (found.points, found.evidence.get("changed", "")) == (5, word)


def test_another_verdict_is_a_change_and_other_words_are_not() -> None:
    """A verdict is its outcome and points; an upgrade that words it otherwise flags nothing."""
    given = mark(1, "accuracy", 4.0, seen=verdict_seen(samples.ACCURACY))
    worded = tuple(replace(one, rationale="Other words.") for one in made.ada().findings)
    other = tuple(replace(one, points=2.0) if one.criterion == "accuracy" else one for one in worded)
    for findings, word in ((worded, ""), (other, "verdict")):
        report = marked(replace(made.ada(), findings=findings), [given], SEEN, {})
        found = next(one for one in report.findings if one.criterion == "accuracy")
        assert found.evidence.get("changed", "") == word


def test_what_a_marker_sees_is_text_and_code_however_spaced() -> None:
    """Spaces and places do not count; either of the two texts does, on its own."""
    handed = made.captured().meta["facts"]
    passage, source = handed["explanation"][0], handed["source"][0]
    from grader.records import Passage, SourceText

    one = seen_of([Passage(**passage)], [SourceText(**source)])
    assert one == seen_of([Passage("text cell 9", 3, f"  {passage['text']}\n")], [SourceText("b.py", None, made.CODE)])
    text, code = one.split(" ")
    assert seen_of([Passage("", 1, "Other.")], [SourceText(**source)]).split(" ")[1] == code
    assert seen_of([Passage(**passage)], []).split(" ")[0] == text


def test_a_human_decides_what_the_machine_could_not() -> None:
    """It takes points for each open check and a look; a look at something else, or one taken back, does not count."""
    report = made.link()
    look = mark(3, LOOKED, 1.0, seen=report_seen(report))
    marks = [mark(1, "runs", 4.0, comment="x"), mark(2, "conv", 0.0, comment="x")]
    assert marked(report, [look], SEEN, {}).status is Status.NEEDS_HUMAN
    assert marked(report, marks, SEEN, {}).status is Status.NEEDS_HUMAN
    assert marked(report, [*marks, replace(look, seen="other")], SEEN, {}).status is Status.NEEDS_HUMAN
    done = marked(report, [*marks, look, mark(4), mark(5, "shapes")], SEEN, {})
    assert (done.status, done.points, done.human_points) == (Status.GRADED, 4, 6)
    assert earned(done, automatic_only=False).points == 10


def test_a_mark_outlives_its_criterion() -> None:
    """It is kept and said, and counts for nothing."""
    assert [one.criterion for one in orphans(made.ada(), [mark(1, "gone"), mark(2)])] == ["gone"]
    assert marked(made.ada(), [mark(1, "gone")], SEEN, {}).points == 30


def test_comments_come_again_the_most_used_first() -> None:
    """Those that count somewhere, each once."""
    marks = [mark(1, comment="A"), mark(2, comment="B", submission="x"), mark(3, comment="B", submission="y")]
    assert comments_for("architecture", [*marks, mark(4, comment="C", submission="z"), undo(5, 4)]) == ("B", "A", "C")
    assert comments_for("shapes", marks) == ()
