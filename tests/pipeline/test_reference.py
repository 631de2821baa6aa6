"""The reference solution: the same network as notebook and as module, and remembered by content."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader import bundled, datasets, submissions
from grader.criteria import DEFINITIONS
from grader.engines.local import LocalSlot
from grader.faults import OperatorFault
from grader.orders import Assignment, capture_order, prepare
from grader.reference import measured, reference_for
from grader.rubric import load
from grader.sandbox.launch import worker
from grader.versions import versions
from grader.work import describe, run_capture
from tests.pipeline.conftest import ROOT, small_rubric


@pytest.fixture(scope="module")
def slot() -> Iterator[LocalSlot]:
    """Return a slot with a warm worker."""
    found = LocalSlot(0, worker, lambda *stage: None)
    yield found
    found.close()


def test_notebook_and_module_are_one_network(slot: LocalSlot) -> None:
    """Both files give the same operations and, seeded alike, the same weights to the bit."""
    assignment = Assignment(load(bundled.course_rubric(), DEFINITIONS), None, None, "cpu", versions())
    found = []
    for name in ("solution.py", "solution.ipynb"):
        prepared = prepare(submissions.single(ROOT / "reference" / name), assignment)
        order = capture_order(prepared, assignment, capture=True, explain=False)
        assert order is not None
        captured = run_capture(order, slot)["captured"]
        nodes = [[one[:2] for one in graph["nodes"]] for graph in json.loads(captured["document"])["graphs"]]
        found.append((nodes, captured["tensors"]))
    assert found[0] == found[1]


@pytest.mark.slow
def test_reference_is_trained_once(slot: LocalSlot, tmp_path: Path) -> None:
    """The second time, and after a new start, the result comes from the cache; another recipe is measured anew."""
    rubric = load(small_rubric(tmp_path), DEFINITIONS)
    data = datasets.stored(rubric, None)
    assignment = Assignment(rubric, data, None, "cpu", versions(), describe({"device": "cpu"}, slot))
    jobs: list[str] = []

    def submit(function: Callable[..., Any], order: dict[str, Any]) -> Future[Any]:
        jobs.append(f"{function.__name__} {order['id']}")
        future: Future[Any] = Future()
        future.set_result(function(order, slot))
        return future

    first = reference_for(assignment, submit)
    assert sorted(jobs) == [f"run_{kind} reference, seed {seed}" for kind in ("capture", "training") for seed in (0, 1)]
    assert reference_for(assignment, submit) == first == measured(assignment)
    assert len(jobs) == 4
    elsewhere = ROOT / "tests" / ".." / "reference" / "solution.py"
    moved = rubric.model_copy(update={"reference": rubric.reference.model_copy(update={"solution": str(elsewhere)})})
    assert measured(replace(assignment, rubric=moved)) == first
    other = rubric.model_copy(update={"recipe": rubric.recipe.model_copy(update={"steps": 61})})
    assert measured(replace(assignment, rubric=other)) is None


def test_missing_reference_is_the_operators_fault(tmp_path: Path) -> None:
    """A rubric whose solution is not there is said in one sentence."""
    path = small_rubric(tmp_path, {f'"{ROOT / "reference" / "solution.py"}"': '"gone.py"'})
    assignment = Assignment(load(path, DEFINITIONS), None, None, "cpu", versions())
    with pytest.raises(OperatorFault, match="does not exist"):
        measured(assignment)
