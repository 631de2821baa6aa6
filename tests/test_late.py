"""What being late costs: the policy, the LMS's times and marks, and where it is said."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from grader import submissions
from grader.comparison import Version, compare
from grader.criteria import DEFINITIONS
from grader.gathering import Work
from grader.gradebook import Entry, Invocation, Run
from grader.intake.gradescope import read_metadata
from grader.orders import Assignment, Prepared
from grader.pipeline import conclude, keys_of
from grader.records import Report, Submission, report_from_json
from grader.report.terminal_check import notes_block
from grader.rubric import Late, parse
from grader.scoring import lateness_of
from grader.scoring.late import late_policy
from tests.intake.classes import Student, blackboard, zipped
from tests.report import samples

DUE = "2026-11-20T23:59:00+01:00"
POLICY = Late(per_day=0.1, most=0.5, grace_minutes=15, deadline=DUE)
HEAD = 'version = 1\ntitle = "A test"\n[criteria.built]\npoints = 3\n'


def handed(when: str = "", *, late: bool = False) -> Submission:
    """Return a submission that came then, or has a mark."""
    return Submission("ada", "Ada", ("a.ipynb",), late=late, handed_in=when)


@pytest.mark.parametrize(
    ("when", "days", "share"),
    [
        ("2026-11-20T23:59:00+01:00", None, None),
        ("2026-11-21T00:14:00+01:00", None, None),  # the last second of grace
        ("2026-11-21T00:14:01+01:00", 1, 0.1),
        ("2026-11-20T23:00:00+00:00", None, None),  # one minute late, in another zone
        ("2026-11-20T18:30:00-05:00", 1, 0.1),
        ("2026-11-21T23:59:00", 1, 0.1),  # no zone: the deadline's
        ("2026-11-21T23:59:01", 2, 0.2),
        ("2026-12-24T00:00:00", 34, 0.5),
    ],
)
def test_times_are_held_to_the_deadline(when: str, days: int | None, share: float | None) -> None:
    """Each day begun counts, after the grace alone, in whatever zone, and never more than the most."""
    found = lateness_of(handed(when), POLICY)
    assert (found and found.days, found and found.share) == (days, share)


@pytest.mark.parametrize("deadline", ["", DUE])
def test_a_mark_without_a_time_is_one_day(deadline: str) -> None:
    """Canvas says that it was late and not by how much; the benefit of the doubt is one day."""
    found = lateness_of(handed(late=True), Late(per_day=0.1, deadline=deadline))
    assert found is not None
    assert (found.days, found.share) == (1, 0.1)
    assert "does not say by how much, which counts as one day: 10 % of all points are taken" in found.reason


def test_a_time_decides_over_a_mark() -> None:
    """A mark for another due date does not count where the deadline and the time are known."""
    assert lateness_of(handed("2026-11-20T20:00:00+01:00", late=True), POLICY) is None


@pytest.mark.parametrize("policy", [Late(), Late(deadline=DUE), Late(per_day=0.1, most=0)])
def test_nothing_is_taken_unless_the_rubric_says_so(policy: Late) -> None:
    """Without a share, lateness is only shown."""
    assert lateness_of(handed("2027-01-01T00:00:00+01:00", late=True), policy) is None
    assert late_policy(policy) == "Nothing is taken for being late; it is only shown."


def test_the_sentence_says_what_and_from_what() -> None:
    """It has the time, the deadline, the share, what it is of, and the rule."""
    found = lateness_of(handed("2026-11-26T03:19:00+01:00"), POLICY.model_copy(update={"applies_to": "automatic"}))
    assert found is not None
    assert found.reason == (
        "Handed in 5 days and 3 hours after the deadline of 2026-11-20 23:59 +0100, by the LMS's time: "
        "50 % of the automatic points are taken (10 % for each day begun, which is the most)."
    )
    assert found.taken(20, 10) == 10
    assert replace(found, applies_to="all").taken(20, 10) == 15


def test_the_policy_is_explained() -> None:
    """What `rubric show` says of it in words."""
    assert late_policy(POLICY) == (
        "Each day begun after the deadline takes 10 % of all points, at most 50 %; the first 15 minutes cost nothing. "
        "The LMS's time is held to the deadline; a mark without a time counts as one day."
    )


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-11-20 23:58:10.123456000 -08:00", "2026-11-20T23:58:10-08:00"),
        ("2026-11-20 23:58:10 UTC", "2026-11-20T23:58:10+00:00"),
        ("2026-11-20T23:58:10Z", "2026-11-20T23:58:10+00:00"),
        ("2026-11-20 23:58:10", ""),  # whose clock?
        ("yesterday", ""),
        ("[1, 2]", ""),
    ],
)
def test_gradescope_says_when(text: str, when: str) -> None:
    """Its times are read with their zone; anything else is no time, and no error."""
    table = f"submission_7:\n  :submitters:\n  - :name: Ada\n    :sid: S1\n  :created_at: {text}\n"
    assert read_metadata(table.encode())["submission_7"].handed_in == when


def test_blackboard_says_when_in_its_names(tmp_path: Path) -> None:
    """The time is the newest attempt's, and a name with no such day is no time."""
    students = (
        Student("1", "Ada", {"a.ipynb": b"{}"}, {"a.ipynb": b"{}"}, late=False),
        Student("2", "Bo", {"b.ipynb": b"{}"}, {}, late=False),
    )
    files = {
        name.replace("u2_attempt_2026-03", "u2_attempt_2026-13"): blob for name, blob in blackboard(students).items()
    }
    (tmp_path / "class.zip").write_bytes(zipped(files))
    found = {one.id: one.handed_in for one in submissions.discover(tmp_path / "class.zip").submissions}
    assert found == {"u1": "2026-03-02T10:00:00", "u2": ""}


def prepared(submission: Submission) -> Prepared:
    """Return a submission of which nothing is captured."""
    return Prepared(submission, "capture", "documents", unseen="Only a link was handed in.")


def assignment(late: str = "") -> Assignment:
    """Return an assignment with that table in its rubric."""
    return Assignment(parse(HEAD + late, "test.toml", DEFINITIONS), None, None, "cpu", {})


def test_a_report_carries_it_and_keeps_its_points() -> None:
    """Lateness stands beside the points, survives JSON, and older reports without it can be read."""
    submission = handed("2026-11-21T20:00:00+01:00")
    late = conclude(prepared(submission), assignment(f"[late]\nper_day = 0.1\ndeadline = {DUE}\n"), Work())
    plain = conclude(prepared(submission), assignment(), Work())
    assert late.lateness is not None
    assert plain.lateness is None
    assert (late.points, late.max_points) == (plain.points, plain.max_points)
    assert report_from_json(late.to_json()).lateness == late.lateness
    older = late.to_json()
    del older["lateness"], older["submission"]["handed_in"], older["submission"]["members"]
    assert report_from_json(older).lateness is None


def test_keys_change_with_the_policy_alone() -> None:
    """A rubric that takes nothing has the keys of one without the table; a policy, and another time, have others."""
    early, later = handed("2026-11-20T20:00:00+01:00"), handed("2026-11-22T20:00:00+01:00")
    nothing = assignment(f"[late]\ngrace_minutes = 5\ndeadline = {DUE}\n")
    policy = assignment(f"[late]\nper_day = 0.1\ndeadline = {DUE}\n")
    keys = [
        keys_of(prepared(one), rubric, Work()).score for rubric in (assignment(), nothing) for one in (early, later)
    ]
    assert len(set(keys)) == 1
    others = {keys_of(prepared(one), policy, Work()).score for one in (early, later)}
    assert len(others | set(keys)) == 3


def version(report: Report) -> Version:
    """Return a report of the first run."""
    run = Run(1, 0.0, None, Invocation((), {}, HEAD, {}, {}), "")
    return Version(Entry(1, 0.0, report), run)


def test_it_is_shown_and_compared() -> None:
    """The page of a report has the sentence, and a comparison says that it is new."""
    lateness = lateness_of(handed("2026-11-21T20:00:00+01:00"), POLICY)
    assert lateness is not None
    late = replace(samples.good(), lateness=lateness)
    file = StringIO()
    for block in notes_block(late):
        Console(file=file, width=300).print(block)
    assert lateness.reason in file.getvalue()
    found = compare(version(samples.good()), version(late))
    assert "lateness" in found.words
    assert found.notes == ((), (lateness.reason,))
