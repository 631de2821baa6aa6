"""How criteria hang together: order, dependencies, the grader's own faults, a human's marks."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import grader.criteria
from grader.criteria import CRITERIA, DEFINITIONS, Criterion, Evidence, Verdict, judge, registry
from grader.records import Break, Outcome, Status
from grader.scoring import points_sum, status_of

from .samples import CONV, FLATTEN, GOOD, POOL, RELU, automatic, broken, changed, course, findings, names, rubric

if TYPE_CHECKING:
    from grader.rubric import Rule


def test_full_points() -> None:
    """A sound network earns all 30 points and passes every criterion."""
    found = judge(course(), GOOD)
    total = points_sum(found)
    assert (total.points, total.max_points, total.human_points, total.human_max) == (30, 30, None, 20)
    assert all(one.outcome is Outcome.PASSED for one in found if not one.evidence.get("human"))
    assert all(not one.help for one in found)


def test_order_is_the_rubrics() -> None:
    """Findings come in the rubric's order, a human's marks last."""
    found = names(judge(course(), GOOD))
    assert found == [*course().criteria, *course().human]


def test_human_marks_are_pending() -> None:
    """What a human marks is pending, without points, and brings its guide."""
    found = findings(GOOD)["shapes"]
    assert (found.outcome, found.points, found.max_points) == (Outcome.PENDING, None, 5)
    assert "in_features" in found.evidence["guide"]


def test_broken_build_skips_everything() -> None:
    """After a build that broke everything is skipped because of it, also what requires it only through others."""
    broke = Break("build", "NameError", "name 'x' is not defined")
    evidence = Evidence(10, (3, 32, 32), broke=broke, trained=True)
    found = findings(evidence)
    others = [found[name] for name in CRITERIA if name != "built"]
    assert found["built"].points == 0
    assert {one.outcome for one in others} == {Outcome.SKIPPED}
    assert {one.points for one in others} == {0.0}
    assert all('"The model can be built"' in one.rationale for one in others)
    assert all(one.evidence["because"] == "built" for one in others)
    assert status_of(evidence, list(found.values())) is Status.STUDENT_FAULT


def test_break_in_forward_keeps_eleven_points() -> None:
    """A wrong in_features keeps 11 points; what needs the answer is skipped because of it."""
    evidence = broken(CONV, RELU, POOL, FLATTEN)
    assert automatic(evidence) == 11
    found = findings(evidence)
    for name in ("training_step", "used", "repeatable", "memorises", "accuracy"):
        assert found[name].evidence["because"] == "output"


def test_no_training_step_skips_accuracy() -> None:
    """A network that cannot be trained is not asked for its accuracy."""
    found = findings(changed(step="no weight is reached"))
    assert found["accuracy"].outcome is Outcome.SKIPPED
    assert '"One training step changes the weights"' in found["accuracy"].rationale
    assert found["repeatable"].outcome is Outcome.PASSED


def test_error_in_a_criterion(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in a criterion is the grader's: points stay empty, nothing else is skipped, the text is kept."""

    def explode(evidence: Evidence, rule: Rule) -> Verdict:
        raise ZeroDivisionError("oh no")

    faulty = {**CRITERIA, "output": Criterion("output", DEFINITIONS["output"], explode, "")}
    monkeypatch.setattr(registry, "CRITERIA", faulty)
    found = findings(GOOD)
    assert (found["output"].outcome, found["output"].points) == (Outcome.ERROR, None)
    assert found["output"].evidence["error"] == "ZeroDivisionError: oh no"
    assert found["accuracy"].points == 6
    assert status_of(GOOD, list(found.values())) is Status.GRADER_FAULT


def test_unseen_is_a_humans() -> None:
    """What the grader could not look at is a human's to judge; no points are lost or given."""
    evidence = Evidence(10, (3, 32, 32), unseen="Only a link to a notebook was handed in.")
    found = judge(course(), evidence)
    assert {one.outcome for one in found} == {Outcome.PENDING}
    assert all(one.points is None for one in found)
    assert "Only a link" in found[0].rationale
    assert status_of(evidence, found) is Status.NEEDS_HUMAN


def test_requirement_that_is_not_in_the_rubric() -> None:
    """A criterion that the rubric leaves out is still required, and not shown."""
    found = judge(rubric("[criteria.convolution]\npoints = 4"), Evidence(10, (3, 32, 32), stopped="wall-limit"))
    assert names(found) == ["convolution"]
    assert found[0].outcome is Outcome.SKIPPED


def test_requirement_that_the_rubric_lifts() -> None:
    """The rubric may lift a requirement."""
    one = rubric("[criteria.repeatable]\npoints = 1\nrequires = []\n[criteria.output]\npoints = 3")
    found = judge(one, changed(trials=tuple(replace(t, shape=(3,)) for t in changed().examination.trials)))  # type: ignore[union-attr]
    assert [(f.criterion, f.points) for f in found] == [("repeatable", 1), ("output", 0)]


def test_pass_at_title_and_points_are_the_rubrics() -> None:
    """Points scale with the rubric's, and pass_at and title are its own."""
    one = rubric('[criteria.activations]\npoints = 10\npass_at = 5\ntitle = "There is a ReLU"')
    (found,) = judge(one, changed(pooled_pairs=(("conv1", "fc1"),)))
    assert (found.title, found.points, found.outcome) == ("There is a ReLU", 5, Outcome.PASSED)


@pytest.mark.parametrize("name", sorted(CRITERIA))
def test_every_criterion_says_what_it_is(name: str) -> None:
    """Every criterion has a title that can be true, a docstring for the documentation, and known requirements."""
    one = CRITERIA[name]
    assert one.meaning.startswith("Judge ")
    assert len(one.definition.title.split()) > 3
    assert not one.definition.title.endswith(".")
    assert set(one.definition.requires) <= set(CRITERIA)


def test_no_torch() -> None:
    """Nothing that judges imports torch."""
    folder = Path(grader.criteria.__file__).parents[1]
    files = [file for name in ("criteria", "diagnosis", "scoring", "rubric") for file in folder.glob(f"{name}/*.py")]
    assert len(files) > 20
    imported: set[Any] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").split(".")[0])
    assert "torch" not in imported
