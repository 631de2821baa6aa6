"""What is said to GitHub and to editors: remarks, commands that nobody can forge, and Classroom's result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.records import Outcome, Place, Report, Status, Where
from grader.report.annotations import MOST, Annotation, Files, Level, annotated, as_lines
from grader.report.exports import classroom
from grader.report.workflow_commands import annotation_lines, command, unread
from tests.packs.runner import Said, commands
from tests.report import samples


def on_disk(report: Report, folder: Path) -> tuple[Report, Files]:
    """Return a report whose submission is one module in a folder, and its files."""
    path = folder / "net.py"
    path.write_text("x = 1\n" * 50)
    submission = replace(report.submission, files=("net.py",), places=(Place(str(path)),))
    return replace(report, submission=submission), Files(submission, folder)


@pytest.mark.parametrize("report", samples.all_samples(), ids=lambda one: one.submission.id[:20])
def test_every_report_can_be_told(report: Report, tmp_path: Path) -> None:
    """One line for each remark, at a line that is there, however hostile the names are."""
    report, files = on_disk(report, tmp_path)
    found = annotated(report, files)
    said = commands("\n".join(annotation_lines(found)))
    assert len(said) == len(found)
    assert {one.name for one in said} <= {"error", "warning"}
    assert all(int(one.properties.get("line", 1)) >= 1 for one in said)
    assert all("\n" not in one for one in as_lines(found, "net.py"))
    if report.status is Status.STUDENT_FAULT:
        assert any(one.level is Level.ERROR for one in found)


def test_what_stopped_is_said_once(tmp_path: Path) -> None:
    """One break fails several checks, and is one remark, at its line."""
    report, files = on_disk(samples.forward_break(), tmp_path)
    assert report.broke is not None
    report = replace(report, broke=replace(report.broke, where=Where("net.py", None, 17)))
    errors = [one for one in annotated(report, files) if one.level is Level.ERROR]
    assert (errors[0].path, errors[0].line, errors[0].title) == ("net.py", 17, "The network stops here")
    assert report.cause not in "".join(one.message for one in errors[1:])


def test_a_verdict_stands_where_it_says(tmp_path: Path) -> None:
    """The place that a verdict names in its words; a file that is not the submission's leads to the first line."""
    base, files = on_disk(samples.good(), tmp_path)
    for words, line in (("conv1 (net.py, line 33) shrinks it.", 33), ("x (/etc/passwd.py, line 3)", 1)):
        failed = samples.failed(base.findings[0], words)
        found = annotated(replace(base, findings=(failed,), model=None), files)
        assert [(one.path, one.line) for one in found if one.level is Level.ERROR] == [("net.py", line)]


def test_no_more_than_are_shown(tmp_path: Path) -> None:
    """GitHub shows ten errors of a step, so ten are said."""
    base, files = on_disk(samples.good(), tmp_path)
    failed = tuple(samples.failed(base.findings[0], f"it failed {number}.") for number in range(30))
    assert len([one for one in annotated(replace(base, findings=failed), files) if one.level is Level.ERROR]) == MOST


@given(st.text(), st.text(), st.text())
def test_nothing_forges_a_command(path: str, title: str, message: str) -> None:
    """Whatever is in a path, a title or a message, a runner obeys one command and reads the same text."""
    (line,) = annotation_lines([Annotation(Level.ERROR, path or "x", 3, title, message)])
    (said,) = commands(line)
    assert (said.name, said.properties["line"]) == ("error", "3")
    assert set(said.properties) == {"file", "line", "title"}


@given(
    st.lists(
        st.sampled_from(["::error::x", " ::warning::y", "##[error]z", "a ##[group]b", "::stop-commands::q", "::q::"])
    )
)
def test_a_report_in_the_log_commands_nothing(lines: list[str]) -> None:
    """Between the two commands around it nothing is obeyed, and afterwards commands are again."""
    log = unread("\n".join(lines), "a-token-nobody-knows") + "\n" + command("notice", "after")
    assert commands(log) == [Said("notice", {}, "after")]


def test_classrooms_result() -> None:
    """What the machine decided, added up as the reporter adds it up; marks of a human are not in it."""
    found = classroom.result(samples.good(), trains=True)
    assert found["version"] == 1
    assert {one["status"] for one in found["tests"]} <= {"pass", "fail", "error"}
    assert classroom.total(found) == sum(
        one.points or 0 for one in samples.good().findings if one.outcome is not Outcome.PENDING
    )
    without = classroom.result(samples.good(), trains=False)
    assert without["max_score"] < found["max_score"]


def test_a_fault_of_ours_is_no_lost_point() -> None:
    """Nothing is reported as points where the grader failed or a human has to look first."""
    for report in (samples.our_fault(), samples.only_a_link()):
        assert classroom.result(report, trains=True)["max_score"] == 0
    assert classroom.result(samples.our_fault(), trains=True)["status"] == "error"
