"""What stands in a failure, from records written by hand."""

from __future__ import annotations

from dataclasses import replace

from grader.records import Break, Finding, Keys, Model, Outcome, Report, Status, Submission, Where
from grader.report.verdicts import failure_text, properties, skip_reason, where

FAILED = Finding("pooling", "Maps shrink", Outcome.FAILED, 1.5, 3.0, "Nothing shrinks.", "Add a pool.")
REPORT = Report(
    status=Status.GRADED,
    submission=Submission("ada", "Ada", ("net.py",)),
    model=Model("Net", "class", Where("net.py", None, 7), 10, 20),
    layers=(),
    findings=(FAILED,),
    advice=(),
    training=None,
    score=None,
    points=1.5,
    max_points=3.0,
    human_points=None,
    human_max=0.0,
    stopped=None,
    isolation={},
    versions={},
    keys=Keys(),
)


def test_a_failure_has_title_reason_help_and_place() -> None:
    """Title with points, what was found, the one thing to do, and where the network is."""
    assert failure_text(FAILED, REPORT).splitlines() == [
        "Maps shrink: 1.5 of 3 points",
        "Nothing shrinks.",
        "→ Add a pool.",
        "Net is in net.py, line 7",
    ]


def test_a_failure_without_help_has_no_arrow() -> None:
    """Help is there only where the evidence points to it."""
    assert "→" not in failure_text(replace(FAILED, help=""), REPORT)


def test_where_it_stops_goes_before_where_it_is() -> None:
    """The line at which a network stops is the one to look at."""
    broke = replace(REPORT, broke=Break("forward", "RuntimeError", "shapes", Where(None, 3, 12)))
    assert where(broke) == "stops in cell 3, line 12"
    assert where(replace(REPORT, model=None)) == ""


def test_a_place_is_not_said_twice() -> None:
    """A rationale that names the line is enough."""
    found = replace(FAILED, rationale="Nothing shrinks (Net is in net.py, line 7).")
    assert failure_text(found, REPORT).count("line 7") == 1


def test_a_fault_says_what_it_was() -> None:
    """An error of the grader's keeps its reason, and takes no points."""
    found = replace(FAILED, outcome=Outcome.ERROR, points=None, evidence={"error": "KeyError: 'x'"})
    lines = failure_text(found, REPORT).splitlines()
    assert lines[0] == "Maps shrink: no points lost"
    assert "KeyError: 'x'" in lines


def test_skips_say_why() -> None:
    """A mark that waits says `pending`; what only a training shows names pytest's option for it."""
    pending = replace(FAILED, outcome=Outcome.PENDING, points=None, rationale="A human reads this.")
    assert skip_reason(pending) == "pending: A human reads this."
    untrained = replace(FAILED, outcome=Outcome.SKIPPED, rationale="Not trained.", evidence={"because": "training"})
    assert skip_reason(untrained) == "Not trained."
    assert skip_reason(untrained, "--submission-train") == "Not trained. (Here the option is --submission-train.)"


def test_points_that_are_not_given_yet_are_no_property() -> None:
    """A reader of the XML can tell 0 points from none."""
    assert ("points", 1.5) in properties(FAILED, "net.py")
    assert "points" not in dict(properties(replace(FAILED, points=None), "net.py"))


def test_nothing_that_a_stranger_wrote_acts() -> None:
    """A title with an escape sequence, from a rubric or a class's name, is shown and does nothing."""
    assert "\x1b" not in str(properties(replace(FAILED, title="\x1b[2J"), "net.py"))
    assert "\x1b" not in skip_reason(replace(FAILED, rationale="\x1b[2J"))
