"""Two kinds of hardware in one gradebook: whole networks on one of them, each held to its own reference."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader.fleet import Placing, levelled
from grader.orders import Assignment
from grader.records import Reference
from grader.rubric import load
from grader.scoring import Standard
from tests.engines.batches import OTHER
from tests.pipeline.conftest import SUBMISSIONS, small_rubric
from tests.pipeline.contents import contents
from tests.pipeline.runs import grader
from tests.stress import stress


def on(processor: str, target: float, folder: Path) -> Assignment:
    """Return an assignment on hardware whose reference asks for this much."""
    from grader.criteria import DEFINITIONS

    data: Any = SimpleNamespace(content_hash="pictures")
    standard = Standard(Reference((0.8, 0.9), target + 0.1, 0.05, target))
    rubric = load(small_rubric(folder), DEFINITIONS)
    return Assignment(rubric, data, standard, "cpu", {"torch": "2"}, {"processor": processor})


def placing(folder: Path, rates: tuple[float, float], *there: str) -> Placing:
    """Return what places networks on two kinds; trainings with these keys are there."""
    shelf: Any = SimpleNamespace(
        since=0.0, gradebook=SimpleNamespace(find_training=lambda key, since: key if key in there else None)
    )
    return Placing((on("one", 0.7, folder), on("two", 0.6, folder)), rates, shelf)


def network(name: str, flops: float = 100.0) -> dict[str, Any]:
    """Return what is known of a captured network."""
    return {"graph": name, "examination": {"flops": flops}}


def test_who_has_the_least_to_do(tmp_path: Path) -> None:
    """A kind that is three times as fast gets three of four; identical networks are one."""
    several = placing(tmp_path, (3.0, 1.0))
    places = [several.place(network(str(number))).fingerprint["processor"] for number in range(8)]
    assert places.count("one") == 6
    assert several.place(network("7")).fingerprint["processor"] == places[7]


def test_a_network_goes_on_where_it_began(tmp_path: Path) -> None:
    """Another seed of it was trained on the slower kind before the run was stopped."""
    from grader.orders import training_key

    key = training_key("n", on("two", 0.6, tmp_path).turns[0])
    assert placing(tmp_path, (9.0, 1.0), key).place(network("n")).fingerprint["processor"] == "two"


def test_thresholds_carry_the_tolerance(tmp_path: Path) -> None:
    """The lowest target counts for all; mean, deviation and answers stay each kind's own."""
    first, second = levelled([on("one", 0.7, tmp_path), on("two", 0.6, tmp_path)])
    assert first.reference is not None
    assert second.reference is not None
    assert (first.reference.reference.target, second.reference.reference.target) == (0.6, 0.6)
    assert first.reference.reference.mean == pytest.approx(0.8)
    alone = on("one", 0.7, tmp_path)
    assert levelled([alone]) == (alone,)


@stress
@pytest.mark.slow
def test_a_class_on_two_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --mixed one worker is refused; with it each report names its own hardware and reference; rescoring keeps it."""
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "cache"))
    folder, rubric = tmp_path / "class", small_rubric(tmp_path, {"steps = 60": "steps = 30"})
    folder.mkdir()
    for name in ("functional.py", "sequential.ipynb", "house_style.ipynb", "no_pooling.py"):
        shutil.copy(SUBMISSIONS / name, folder / name)
    words = ["batch", str(folder), "--rubric", str(rubric), "--workers", "2"]
    words += ["--engine", "tests.engines.batches:two_kinds"]
    alone = grader(*words, "--out", str(tmp_path / "alone"))
    assert "is not used: it is" in alone.stderr
    said = grader(*words, "--mixed", "--out", str(tmp_path / "mixed"))
    assert "is not used" not in said.stderr
    reports = json.loads((tmp_path / "mixed" / "report.json").read_text(encoding="utf-8"))["reports"]
    trained = {one["submission"]["id"]: one["training"]["hardware"]["processor"] for one in reports}
    held = {one["submission"]["id"]: one["score"]["reference"]["hardware"]["processor"] for one in reports}
    assert trained == held
    assert len(set(trained.values())) == 2
    assert OTHER in trained.values()
    assert len({one["score"]["reference"]["target"] for one in reports}) == 1
    assert all(any("more than one machine" in note for note in one["notes"]) for one in reports)
    before = contents(tmp_path / "mixed")
    grader(*words, "--mixed", "--out", str(tmp_path / "mixed"))
    assert contents(tmp_path / "mixed") == before
    grader("rescore", str(tmp_path / "mixed"))
    after = contents(tmp_path / "mixed")
    assert {name: report["points"] for name, (_, report) in after["reports"].items()} == {
        name: report["points"] for name, (_, report) in before["reports"].items()
    }
