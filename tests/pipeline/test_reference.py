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
from grader.measuring import held_out_labels
from grader.orders import Assignment, capture_order, prepare
from grader.reference import reference_for, remembered
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


def _future(result: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(result)
    return future


@pytest.mark.slow
def test_reference_is_trained_once(slot: LocalSlot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time, and after a new start, the result comes from the cache; another recipe is measured anew."""
    rubric = load(small_rubric(tmp_path), DEFINITIONS)
    data = datasets.stored(rubric, None)
    assignment = Assignment(rubric, data, None, "cpu", versions(), describe({"device": "cpu"}, slot))
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "cache"))
    jobs: list[str] = []

    def submit(function: Callable[..., Any], order: dict[str, Any]) -> Future[Any]:
        jobs.append(f"{function.__name__} {order['id']}")
        return _future(function(order, slot))

    told: list[str] = []
    first = reference_for(assignment, submit, told.append).reference
    assert sorted(jobs) == [f"run_{kind} reference, seed {seed}" for kind in ("capture", "training") for seed in (0, 1)]
    assert told == ["The reference solution is trained first, 2 times, as it was not measured here before."]
    assert reference_for(assignment, submit, told.append).reference == first
    known = remembered(assignment)
    assert known is not None
    assert known.reference == first
    assert (len(jobs), len(told)) == (4, 1)
    assert first.hardware == dict(assignment.fingerprint)
    assert [one.step for one in first.curve][-1] == rubric.recipe.steps
    elsewhere = ROOT / "tests" / ".." / "reference" / "solution.py"
    moved = rubric.model_copy(update={"reference": rubric.reference.model_copy(update={"solution": str(elsewhere)})})
    again = remembered(replace(assignment, rubric=moved))
    assert again is not None
    assert again.reference == first
    other = rubric.model_copy(update={"recipe": rubric.recipe.model_copy(update={"steps": 61})})
    assert remembered(replace(assignment, rubric=other)) is None
    reference_for(replace(assignment, rubric=other), submit, told.append)
    assert told[1:] == [
        "The reference solution is trained first, 2 times, as the recipe changed since it was measured."
    ]


@pytest.mark.slow
def test_corrected_labels_move_the_reference(slot: LocalSlot, tmp_path: Path) -> None:
    """Its answers are remembered, so another label changes its accuracy without any training."""
    rubric = load(small_rubric(tmp_path), DEFINITIONS)
    data = datasets.stored(rubric, None)
    assignment = Assignment(rubric, data, None, "cpu", versions(), describe({"device": "cpu"}, slot))
    done = lambda function, order: _future(function(order, slot))  # noqa: E731
    before = reference_for(assignment, done, lambda _sentence: None)
    assert before.answers is not None
    labels = held_out_labels(assignment)
    wrong = next(at for at, label in enumerate(labels) if before.answers[at] != label)
    corrected = replace(assignment, corrections={wrong: int(before.answers[wrong])})
    after = reference_for(corrected, lambda *_job: pytest.fail("it was trained again"), lambda _sentence: None)
    assert max(after.reference.accuracies) >= max(before.reference.accuracies)
    assert after.reference.accuracies != before.reference.accuracies


def test_missing_reference_is_the_operators_fault(tmp_path: Path) -> None:
    """A rubric whose solution is not there is said in one sentence."""
    path = small_rubric(tmp_path, {f'"{ROOT / "reference" / "solution.py"}"': '"gone.py"'})
    assignment = Assignment(load(path, DEFINITIONS), None, None, "cpu", versions())
    with pytest.raises(OperatorFault, match="does not exist"):
        remembered(replace(assignment, data=datasets.stored(assignment.rubric, None)))
