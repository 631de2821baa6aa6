"""The examples in `submissions/` get the verdicts that `EXPECTED.toml` states."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from grader import bundled, submissions
from grader.criteria import DEFINITIONS
from grader.engines.local import LocalExecutor
from grader.gathering import Work
from grader.orders import Assignment, capture_order, prepare
from grader.pipeline import conclude
from grader.records import Outcome, Report
from grader.rubric import load
from grader.sandbox.launch import worker
from grader.versions import versions
from grader.work import run_capture
from tests.pipeline.conftest import SUBMISSIONS

EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((SUBMISSIONS / "EXPECTED.toml").read_text(encoding="utf-8"))
SHOWN = ("conv", "pool", "flatten", "dense")


@pytest.fixture(scope="module")
def reports() -> Iterator[dict[str, Report]]:
    """Grade every example without training, two at a time."""
    assignment = Assignment(load(bundled.course_rubric(), DEFINITIONS), None, None, "cpu", versions())
    executor = LocalExecutor(2, worker, lambda *stage: None)
    try:
        prepared = [prepare(one, assignment) for one in submissions.discover(SUBMISSIONS).submissions]
        orders = [capture_order(one, assignment, capture=True, explain=True) for one in prepared]
        futures = [order and executor.submit(run_capture, order) for order in orders]
        works = [Work(**future.result()) if future else Work() for future in futures]
        yield {one.submission.id: conclude(one, assignment, work) for one, work in zip(prepared, works, strict=True)}
    finally:
        executor.shutdown()


def test_every_example_has_an_expectation(reports: dict[str, Report]) -> None:
    """`EXPECTED.toml` and the folder name the same submissions."""
    assert set(reports) == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_status_and_failures(reports: dict[str, Report], name: str) -> None:
    """Status, failed criteria and the word for how it was stopped are those that a careful human gives."""
    report, expected = reports[name], EXPECTED[name]
    failed = {one.criterion for one in report.findings if one.outcome is Outcome.FAILED}
    assert str(report.status) == expected["status"]
    assert failed == set(expected["failed"])
    if "stopped" in expected:
        assert report.stopped in expected["stopped"]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_model_and_layers(reports: dict[str, Report], name: str) -> None:
    """The model is the one that a human would grade, and its layers carry the student's own names, in order."""
    report, expected = reports[name], EXPECTED[name]
    model = report.model
    assert (model and model.name, model and model.how) == (expected.get("model"), expected.get("how"))
    shown = [f"{one.role} {one.name}" for one in report.layers if one.role in SHOWN and one.on_path]
    assert shown == expected["layers"]
    if "parameters" in expected:
        assert model is not None
        assert model.parameters == expected["parameters"]


@pytest.mark.parametrize("name", sorted(name for name, one in EXPECTED.items() if "message" in one))
def test_message_names_the_fix(reports: dict[str, Report], name: str) -> None:
    """What the student reads contains the number or name to type."""
    texts = [f"{one.rationale} {one.help}" for one in reports[name].findings if one.outcome is Outcome.FAILED]
    assert any(EXPECTED[name]["message"] in text for text in texts), texts


@pytest.mark.parametrize("name", sorted(name for name, one in EXPECTED.items() if not one["failed"]))
def test_following_the_lesson_costs_nothing(reports: dict[str, Report], name: str) -> None:
    """Softmax at the end, turned pictures, `.cuda()` and training cells keep every point that needs no training."""
    lost = [
        one.criterion
        for one in reports[name].findings
        if one.points is not None and one.points < one.max_points and one.outcome is not Outcome.SKIPPED
    ]
    assert lost == []
