"""Fixtures for tests that an instructor writes: each such test runs once for each submission."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import pytest

from grader.faults import GraderError

if TYPE_CHECKING:
    from grader.own import ModelGraph
    from grader.pytest_plugin.grading import Graded, Trained
    from grader.records import Layer


Found = TypeVar("Found")


@pytest.fixture(scope="session")
def graded_submission(request: pytest.FixtureRequest) -> Graded:
    """Return the submission that the test is about, captured once; `report` is what `grader check` says of it."""
    found = getattr(request, "param", None)
    if found is None:
        pytest.skip("no submission was given: pytest --submission PATH, or `submissions` in pytest's configuration")
    graded: Graded = found()
    return graded


@pytest.fixture(scope="session")
def model_graph(graded_submission: Graded) -> ModelGraph:
    """Return the network as it was captured, a `grader.own.ModelGraph`; skips where it does not run."""
    graph = _said(graded_submission.graph)
    if graph is None:
        pytest.skip(f"{graded_submission.name} does not run: {graded_submission.why_not}")
    return graph


@pytest.fixture(scope="session")
def layers(model_graph: ModelGraph) -> tuple[Layer, ...]:
    """Return the layers that ran, in order, each with its shapes, settings and line."""
    return model_graph.layers


@pytest.fixture(scope="session")
def trained(graded_submission: Graded) -> Trained:
    """Return the network's training under the rubric's recipe, and its score; skips where it cannot be trained."""
    found = _said(graded_submission.trained)
    if found is None:
        pytest.skip(f"{graded_submission.name} cannot be trained: {graded_submission.why_not}")
    return found


def _said(ask: Callable[[], Found]) -> Found:
    """Return an answer; a fault of the grader's, or of the rubric's pictures, is shown in its own words."""
    try:
        return ask()
    except GraderError as fault:
        said = str(fault)
    pytest.fail(said, pytrace=False)
