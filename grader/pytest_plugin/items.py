"""The tests of a submission: one for each criterion and mark of the rubric, known before anything is captured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from grader.faults import GraderError, GraderFault
from grader.pytest_plugin.grading import Graded, Grading
from grader.pytest_plugin.handed import Handed
from grader.records import Finding, Outcome, Report
from grader.report.plain import inert


class CriterionFailedError(Exception):
    """A criterion that failed; its text is what the student reads."""


class SubmissionCollector(pytest.Collector):
    """A submission: no file for pytest, which would run a `conftest.py` beside it."""

    handed: Handed
    grading: Grading
    findings: Sequence[Finding]

    @classmethod
    def of(cls, session: pytest.Session, handed: Handed, grading: Grading, findings: Sequence[Finding]) -> Self:
        """Return the collector of a submission, with the findings that are to be made."""
        found = cls.from_parent(session, name=handed.name, path=handed.path, nodeid=handed.name)
        found.handed, found.grading, found.findings = handed, grading, findings
        if session.config.pluginmanager.hasplugin("xdist"):
            found.add_marker(pytest.mark.xdist_group(handed.group))
        return found

    def collect(self) -> Iterator[CriterionItem]:
        """Yield a test for each criterion, in the order of the rubric."""
        for blank in self.findings:
            yield CriterionItem.of(self, blank)


class CriterionItem(pytest.Item):
    """One criterion of one submission; its name is the criterion's title, its id ends in the criterion's own."""

    criterion: str
    graded: Graded
    _finding: Finding

    @classmethod
    def of(cls, parent: SubmissionCollector, blank: Finding) -> Self:
        """Return the test of a criterion."""
        nodeid = f"{parent.nodeid}::{blank.criterion}"
        found = cls.from_parent(parent, name=inert(blank.title), nodeid=nodeid)
        found.criterion = blank.criterion
        found.graded = parent.grading.graded(parent.handed)
        found.extra_keyword_matches |= {blank.criterion, parent.handed.submission.id}
        return found

    def setup(self) -> None:
        """Capture the submission with its first test; raise GraderFault where the grader failed, which is an error."""
        self._finding = found = self.graded.finding(self.criterion)
        self.user_properties += properties(found, self.graded.name)
        if found.outcome is Outcome.ERROR:
            raise GraderFault(failure_text(found, self.graded.report))

    def runtest(self) -> None:
        """Pass, fail or skip as the criterion did."""
        found = self._finding
        if found.outcome is Outcome.FAILED:
            raise CriterionFailedError(failure_text(found, self.graded.report))
        if found.outcome is not Outcome.PASSED:
            pytest.skip(skip_reason(found))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where it stands and the title, which is the headline of a failure."""
        return self.path, 0, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what the student reads and nothing of ours; a fault that nobody foresaw keeps its traceback."""
        if isinstance(excinfo.value, (CriterionFailedError, GraderError)):
            return inert(str(excinfo.value))
        return super().repr_failure(excinfo, style)


def properties(found: Finding, submission: str) -> list[tuple[str, object]]:
    """Return what is reported beside the outcome; no `points` where none are given yet."""
    points = [] if found.points is None else [("points", found.points)]
    return [
        ("submission", submission),
        ("criterion", found.criterion),
        ("title", inert(found.title)),
        ("outcome", str(found.outcome)),
        *points,
        ("max_points", found.max_points),
    ]


def skip_reason(found: Finding) -> str:
    """Return why a criterion was not judged; one that waits says that word first."""
    word = f"{found.outcome}: " if found.outcome is Outcome.PENDING else ""
    option = " (Here the option is --submission-train.)" if found.evidence.get("because") == "training" else ""
    return inert(f"{word}{found.rationale}{option}")


def failure_text(found: Finding, report: Report) -> str:
    """Return title and points, what was expected and found, the one thing to do, and where."""
    points = "no points lost" if found.points is None else f"{found.points:g} of {found.max_points:g} points"
    lines = [f"{found.title}: {points}", found.rationale]
    if found.help:
        lines.append(f"→ {found.help}")
    if "error" in found.evidence:
        lines.append(str(found.evidence["error"]))
    place = where(report)
    if place and not any(place in one for one in lines):
        lines.append(place)
    return "\n".join(lines)


def where(report: Report) -> str:
    """Say in which line a network stopped, else in which it was found; empty where that is not known."""
    if report.broke is not None and str(report.broke.where):
        return f"stops in {report.broke.where}"
    if report.model is not None and str(report.model.where):
        return f"{report.model.name} is in {report.model.where}"
    return ""
