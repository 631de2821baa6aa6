"""The tests of a submission: one for each criterion and mark of the rubric, known before anything is captured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from grader.faults import GraderError, GraderFault
from grader.pytest_plugin.grading import Graded, Grading
from grader.pytest_plugin.handed import Handed
from grader.records import Finding, Outcome
from grader.report.plain import inert
from grader.report.verdicts import failure_text, properties, skip_reason


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
            pytest.skip(skip_reason(found, "--submission-train"))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where it stands and the title, which is the headline of a failure."""
        return self.path, 0, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what the student reads and nothing of ours; a fault that nobody foresaw keeps its traceback."""
        if isinstance(excinfo.value, (CriterionFailedError, GraderError)):
            return inert(str(excinfo.value))
        return super().repr_failure(excinfo, style)
