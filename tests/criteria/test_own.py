"""Criteria of an instructor's own: what they are given, what may come back, and that those in the docs work unchanged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.criteria import DEFINITIONS, judge, model_graph
from grader.own import ModelGraph, failed, not_judged, partly, passed
from grader.records import Finding, Outcome, Role
from grader.rubric import Rubric, load
from tests.criteria import samples

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples" / "own_criteria.toml"
HEAD = 'version = 1\ntitle = "A test"\n[criteria.mine]\ncheck = "own.py:mine"\npoints = 4\n'


def rubric(folder: Path, body: str, more: str = "") -> Rubric:
    """Return a rubric whose criterion `mine` is a function with that body."""
    (folder / "own.py").write_text(f'def mine(graph, params):\n    """It is mine."""\n    {body}\n', encoding="utf-8")
    path = folder / "rubric.toml"
    path.write_text(HEAD + more, encoding="utf-8")
    return load(path, DEFINITIONS)


def mine(folder: Path, body: str, more: str = "") -> Finding:
    """Return what that criterion finds about the good network."""
    (found,) = judge(rubric(folder, body, more), samples.GOOD)
    return found


def test_the_examples_of_the_docs() -> None:
    """The three of the docs pass a network that is as they ask, and say with numbers where one is not."""
    own = load(EXAMPLES, DEFINITIONS)
    found = {one.criterion: one for one in judge(own, samples.GOOD)}
    assert found["small_kernels"].outcome is Outcome.PASSED
    large = found["few_parameters"]
    assert (large.outcome, large.points, large.max_points) == (Outcome.FAILED, 0.78, 3)
    assert large.rationale == (
        "At most 60,000 numbers were to be learnt; these are 231,562, 230,464 of them in fc1 (cell 3, line 12)."
    )
    dropout = found["dropout_before_dense"]
    assert (dropout.title, dropout.outcome) == ("There is dropout before the answer", Outcome.FAILED)
    wide = replace(samples.CONV, settings={"kernel_size": [7, 7]})
    again = {one.criterion: one for one in judge(own, samples.with_layers(wide, *samples.LAYERS[1:]))}
    assert again["small_kernels"].help == "Set the kernel_size of conv1 to 5."
    assert again["small_kernels"].title == "No kernel is larger than the course allows"


def test_the_docs_show_that_file() -> None:
    """Each function of the file, and the rubric that names it, stands in the docs as it is."""
    page = (DOCS / "own_criteria.md").read_text(encoding="utf-8")
    functions = EXAMPLES.with_suffix(".py").read_text(encoding="utf-8").split("\n\n\n")[1:]
    assert len(functions) == 3
    assert all(one.strip() in page for one in functions)
    tables = EXAMPLES.read_text(encoding="utf-8").split("\n\n")
    assert all(one.strip() in page for one in tables if "check =" in one)


def test_what_it_is_given(tmp_path: Path) -> None:
    """The network as it ran, and the criterion's own keys, of any kind."""
    body = (
        'from grader.own import passed; return passed(f"{graph.classes} {len(graph.layers)} {graph.accuracy} {params}")'
    )
    found = mine(tmp_path, body, 'most = 5\nwords = ["a", "b"]\n')
    assert (found.outcome, found.points, found.title) == (Outcome.PASSED, 4, "It is mine")
    assert found.rationale == "10 7 0.7 {'most': 5, 'words': ['a', 'b']}"


@pytest.mark.parametrize(
    ("answer", "outcome", "points"),
    [
        ('passed("yes")', Outcome.PASSED, 4),
        ('failed("no", "Do it.")', Outcome.FAILED, 0),
        ('partly(0.25, "some")', Outcome.FAILED, 1),
        ('not_judged("cannot say")', Outcome.SKIPPED, 0),
    ],
)
def test_answers(tmp_path: Path, answer: str, outcome: Outcome, points: float) -> None:
    """A share of the rubric's points is earned; what cannot be judged is skipped."""
    found = mine(tmp_path, f"from grader.own import failed, not_judged, partly, passed; return {answer}")
    assert (found.outcome, found.points, found.max_points) == (outcome, points, 4)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return 1 / 0", "own.py, line 3: ZeroDivisionError: division by zero"),
        ("return True", "own.py:mine returned bool; a criterion returns a Finding, as grader.own.passed does"),
        ("pass", "own.py:mine returned NoneType"),
        ("from grader.own import partly; return partly(3, '')", "a share lies between 0 and 1, and 3 does not"),
        (
            "from dataclasses import replace; from grader.own import passed; return replace(passed(''), points=9.0)",
            "own.py:mine gives 9 of 1 points",
        ),
    ],
)
def test_a_criterion_that_fails(tmp_path: Path, body: str, said: str) -> None:
    """Its own failure costs nobody points, and the instructor reads the line of their file."""
    found = mine(tmp_path, body)
    assert (found.outcome, found.points) == (Outcome.ERROR, None)
    assert said in found.rationale
    assert "no points are lost" in found.rationale


def test_a_network_that_does_not_run(tmp_path: Path) -> None:
    """There is no network to give it: it is skipped, because of what failed."""
    own = rubric(tmp_path, "raise AssertionError")
    (found,) = judge(own, samples.broken(samples.CONV))
    assert (found.outcome, found.evidence["because"]) == (Outcome.SKIPPED, "output")
    (alone,) = judge(rubric(tmp_path, "raise AssertionError", "requires = []\n"), samples.broken(samples.CONV))
    assert (alone.outcome, alone.rationale) == (
        Outcome.SKIPPED,
        "Not judged, because the network did not run to its end.",
    )
    assert model_graph(samples.broken(samples.CONV)) is None


def test_its_code_is_part_of_what_points_depend_on(tmp_path: Path) -> None:
    """An edited function is judged anew, a rubric without one keeps its digest."""
    first = rubric(tmp_path, "return None").content_hash(("criteria",))
    assert rubric(tmp_path, "return None").content_hash(("criteria",)) == first
    assert rubric(tmp_path, "return 1").content_hash(("criteria",)) != first
    assert rubric(tmp_path, "return 1").content_hash(("recipe",)) == samples.course().content_hash(("recipe",))


def test_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package offers criteria under a name."""
    info = tmp_path / "pictures_course-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pictures-course\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[cnn_grader.criteria]\nwide = pictures_course:wide\n", encoding="utf-8")
    code = 'from grader.own import passed\n\n\ndef wide(graph, params):\n    """It is wide."""\n    return passed("wide")\n'
    (tmp_path / "pictures_course.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "rubric.toml"
    path.write_text(HEAD.replace("own.py:mine", "wide"), encoding="utf-8")
    (found,) = judge(load(path, DEFINITIONS), samples.GOOD)
    assert (found.title, found.rationale) == ("It is wide", "wide")


def test_layers_on_the_way() -> None:
    """Layers are picked by what they are for, by role or by its word; those beside the way are left out."""
    beside = replace(samples.POOL, on_path=False)
    graph = model_graph(samples.with_layers(samples.CONV, beside, samples.SCORES))
    assert isinstance(graph, ModelGraph)
    assert graph.on_path() == [samples.CONV, samples.SCORES]
    assert graph.on_path("conv", Role.POOL) == [samples.CONV]


def test_helpers_by_themselves() -> None:
    """A criterion can be tested without a rubric: findings compare by what they say."""
    answers: list[Any] = [passed("a"), failed("b", "c"), partly(0.5, "d"), not_judged("e")]
    assert [one.points for one in answers] == [1, 0, 0.5, None]
    assert [one.outcome.value for one in answers] == ["passed", "failed", "failed", "skipped"]
    with pytest.raises(ValueError, match="between 0 and 1"):
        partly(1.5, "")
