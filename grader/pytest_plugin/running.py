"""What pytest does otherwise while submissions are graded; nothing of it is there in any other run."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest

from grader.faults import OperatorFault
from grader.pytest_plugin.asked import Asked, absolute
from grader.pytest_plugin.grading import Grading
from grader.pytest_plugin.handed import handed_in, shown
from grader.pytest_plugin.items import CriterionItem, SubmissionCollector
from grader.pytest_plugin.junit import written_for


class Running:
    """The hooks of a run with submissions."""

    def __init__(self, config: pytest.Config, asked: Asked) -> None:
        """Read rubric and submissions.

        Raises:
            UsageError: the rubric is wrong, there is nothing to grade, or the walls asked for do not hold.
        """
        self._config, self._asked = config, asked
        self._collects = True
        self._chosen: list[tuple[str, str]] = []
        try:
            self._grading = Grading(asked)
            self._handed = handed_in(asked.paths, config.rootpath)
            if asked.isolation not in ("auto", "none"):
                self._grading.walls  # noqa: B018 - says at once that a rung does not hold
        except OperatorFault as fault:
            raise pytest.UsageError(str(fault)) from fault

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Keep ids of ours from pytest, which would import what is named, and tests that nobody named from this run."""
        config, named = self._config, self._asked.named
        given = config.args_source is pytest.Config.ArgsSource.ARGS
        if given:
            self._chosen = [self._id(one) for one in config.args if self._is_ours(one)]
            config.args = [one for one in config.args if not self._is_ours(one)]
        elif named:
            config.args = []
        self._collects = bool(self._chosen) or named or not given

    def _is_ours(self, argument: str) -> bool:
        path = absolute(self._config, argument.partition("::")[0])
        return any(path.is_relative_to(one) for one in self._asked.paths)

    def _id(self, argument: str) -> tuple[str, str]:
        """Return which submission and which criterion (empty: all) an argument names."""
        path, _, criterion = argument.partition("::")
        return shown(absolute(self._config, path), self._config.rootpath), criterion

    def parametrise(self, metafunc: pytest.Metafunc, *, trains: bool) -> None:
        """Run a test once for each submission; with `trains` their networks are kept for a training."""
        self._grading.keeps = self._grading.keeps or trains
        marked = self._config.pluginmanager.hasplugin("xdist")
        several = [
            pytest.param(
                partial(self._grading.graded, one),
                id=one.name,
                marks=[pytest.mark.xdist_group(one.group)] if marked else [],
            )
            for one in self._handed
        ]
        metafunc.parametrize("graded_submission", several, indirect=True, scope="session")

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add the submissions to what the session collects."""
        report = yield
        if isinstance(collector, pytest.Session) and self._collects and report.passed:
            report.result = [*report.result, *self._submissions(collector)]
        return report

    def _submissions(self, session: pytest.Session) -> list[SubmissionCollector]:
        """Return the submissions with the criteria that are wanted of each.

        Raises:
            UsageError: an id was given that is none.
        """
        findings = self._grading.blank()
        for name, criterion in self._chosen:
            found = [one for one in self._handed if _lies_in(one.name, name)]
            if not found or criterion not in ("", *(one.criterion for one in findings)):
                raise pytest.UsageError(f"not found: {name}{'::' if criterion else ''}{criterion}")
        several = []
        for one in self._handed:
            wanted = {criterion for name, criterion in self._chosen if _lies_in(one.name, name)}
            if wanted or not self._chosen:
                shown_of_it = [each for each in findings if not wanted or "" in wanted or each.criterion in wanted]
                several.append(SubmissionCollector.of(session, one, self._grading, shown_of_it))
        return several

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Keep pytest from importing what was handed in: no `test_*.py` of a submission is a test of this run."""
        found = collection_path.resolve()
        return True if any(found.is_relative_to(one) for one in self._asked.paths) else None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let a skip stand where the submission is, and not in a line of ours."""
        report = yield
        if isinstance(item, CriterionItem) and report.skipped and isinstance(report.longrepr, tuple):
            report.longrepr = (str(item.path), 1, report.longrepr[2])
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None]:
        """Write titles and points into the JUnit file, if one is written."""
        with written_for(self._config, report):
            return (yield)

    def pytest_sessionfinish(self) -> None:
        """End the worker."""
        self._grading.close()


def _lies_in(name: str, folder: str) -> bool:
    return folder in (".", name) or name.startswith(f"{folder}/")
