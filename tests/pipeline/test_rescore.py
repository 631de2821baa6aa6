"""`grader rescore`: other points and corrected labels in seconds, from the gradebook alone."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.pipeline.conftest import small_rubric
from tests.pipeline.runs import grader, results, write_class
from tests.stress import stress

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """Return a folder with a rubric and the gradebook of four examples, whose submissions are gone."""
    place = tmp_path_factory.mktemp("graded")
    found = place / "class"
    found.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_CACHE", str(cache))
        words = ["batch", str(write_class(found)), "--rubric", str(small_rubric(place)), "--out", str(place / "out")]
        grader(*words, "--workers", "2")
    shutil.rmtree(found)
    return place


@pytest.fixture
def book(graded: Path, tmp_path: Path) -> Path:
    """Return a copy of that gradebook's folder, and the rubric beside it."""
    shutil.copytree(graded / "out", tmp_path / "out")
    shutil.copy(graded / "small.toml", tmp_path / "small.toml")
    return tmp_path / "out"


def rescored(out: Path, *words: str) -> dict[str, Any]:
    """Rescore with --json; return the document."""
    plain: dict[str, Any] = json.loads(grader("rescore", str(out), *words, "--json").stdout)
    return plain


def answers_of(out: Path) -> tuple[list[str], np.ndarray[Any, Any], dict[str, np.ndarray[Any, Any]]]:
    """Return class names, labels, and what each submission's network chose for every held-out picture."""
    with closing(sqlite3.connect(out / "gradebook.sqlite")) as opened, opened:
        split = json.loads(opened.execute("SELECT options FROM runs").fetchone()[0])["split"]
        rows = opened.execute(
            "SELECT submission, logits FROM reports JOIN trainings ON trainings.key = reports.training_key"
        )
        chosen = {name: np.frombuffer(logits, "<f4").reshape(-1, 10).argmax(1) for name, logits in rows}
    return split["classes"], np.load(Path(split["folder"]) / "held_out_labels.npy"), chosen


def test_other_points_without_training(book: Path, tmp_path: Path) -> None:
    """Another maximum for accuracy moves the points of everybody who earned some there, and nothing is trained."""
    before = results(book)
    other = tmp_path / "other.toml"
    text = (tmp_path / "small.toml").read_text(encoding="utf-8")
    other.write_text(text.replace("[criteria.accuracy]\npoints = 6", "[criteria.accuracy]\npoints = 12"), "utf-8")
    found = rescored(book, "--rubric", str(other))
    after = results(book)
    assert (found["trained"], after["answers"]) == (0, before["answers"])
    assert found["rubric"] == [{"what": "criteria.accuracy.points", "before": "6", "after": "12"}]
    assert {one["submission"]["id"] for one in found["changed"]} == set(
        before["rows"]
    )  # the most points of all changed
    for name, row in after["rows"].items():
        assert row[2] == before["rows"][name][2]  # the score
    grew = {name for name, row in after["rows"].items() if row[1] > before["rows"][name][1]}
    assert grew == {"house_style", "functional", "two_files"}
    history = json.loads(grader("history", str(book), "functional", "--json").stdout)["reports"]
    assert [one["id"] for one in history] == [1, 2]
    back = rescored(book, "--rubric", str(tmp_path / "small.toml"))
    assert len(back["changed"]) == 4
    assert {name: row[1] for name, row in results(book)["rows"].items()} == {
        name: row[1] for name, row in before["rows"].items()
    }


def test_ten_corrected_labels(book: Path, tmp_path: Path) -> None:
    """Ten corrected labels change exactly the numbers that they touch; the diff names them, and a batch keeps them."""
    names, labels, chosen = answers_of(book)
    corrected = labels.copy()
    corrected[:100:10] = (labels[:100:10] + 1) % 10
    table = tmp_path / "y.csv"
    rows = "".join(f"{at + 1},{names[label]}\n" for at, label in enumerate(corrected))  # the whole table, as handed out
    table.write_text(f"index,label\n{rows}", encoding="utf-8")
    before = results(book)
    found = rescored(book, "--labels", str(table))
    after = results(book)
    assert [one["picture"] for one in found["labels"]["changed"]] == [
        f"held-out picture {at}" for at in range(1, 101, 10)
    ]
    assert (found["trained"], after["answers"]) == (0, before["answers"])
    assert set(chosen) == {"house_style", "functional", "two_files"}
    for name, answers in chosen.items():
        assert after["rows"][name][2]["accuracy"] == float((answers == corrected).mean())
        assert after["rows"][name][3] == before["rows"][name][3]  # the learning curve
    assert after["rows"]["nn_dense"] == before["rows"]["nn_dense"]
    said = grader("diff", str(book), "functional", "--no-pager").stdout
    assert "corrected labels" in said
    again = rescored(book, "--labels", str(table))
    assert (again["changed"], again["unchanged"]) == ([], 4)


def test_corrections_count_in_the_next_batch(graded: Path, tmp_path: Path) -> None:
    """A late submission after a correction is graded with the corrected labels, and so is everybody else."""
    out, found = tmp_path / "out", tmp_path / "class"
    shutil.copytree(graded / "out", out)
    found.mkdir()
    write_class(found)
    names, labels, chosen = answers_of(out)
    table = tmp_path / "y.csv"
    wrong = next(at for at, label in enumerate(labels) if chosen["functional"][at] != label)
    table.write_text(f"index,label\n{wrong + 1},{names[chosen['functional'][wrong]]}\n", encoding="utf-8")
    rescored(out, "--labels", str(table))
    before = results(out)
    shutil.copy(found / "functional.py", found / "late.py")
    done = grader("batch", str(found), "--rubric", str(graded / "small.toml"), "--out", str(out), "--workers", "1")
    after = results(out)
    assert "corrected by `grader rescore` count here as well" in done.stderr
    assert {name: after["rows"][name] for name in before["rows"]} == before["rows"]
    assert after["rows"]["late"][2] == before["rows"]["functional"][2]


def test_only_what_is_missing_is_trained(book: Path, tmp_path: Path) -> None:
    """Two seeds take one more training of each network, which is said; without a criterion, nothing is missing."""
    text = (tmp_path / "small.toml").read_text(encoding="utf-8")
    start, end = text.index("[criteria.memorises]"), text.index("# ---- It has learnt")
    other = tmp_path / "other.toml"
    other.write_text(text[:start] + text[end:], encoding="utf-8")
    without = rescored(book, "--rubric", str(other))
    assert (without["trained"], len(without["changed"])) == (0, 4)
    rescored(book, "--rubric", str(tmp_path / "small.toml"))
    other.write_text(text.replace("seeds = 1 ", "seeds = 2 "), encoding="utf-8")
    before = results(book)
    done = grader("rescore", str(book), "--rubric", str(other), "--workers", "2")
    assert "3 trainings cannot be taken over: recipe.seeds of the rubric changed." in done.stderr
    assert "3 networks trained again" in done.stdout
    after = results(book)
    assert after["answers"] > before["answers"]
    for name in ("house_style", "functional", "two_files"):
        first, second = after["rows"][name][2]["seeds"]
        assert (first["seed"], second["seed"]) == (1, 2)
        assert first["accuracy"] == before["rows"][name][2]["accuracy"]
        assert after["rows"][name][2]["accuracy"] == max(first["accuracy"], second["accuracy"])
    assert rescored(book, "--rubric", str(tmp_path / "small.toml"))["trained"] == 0


def test_a_rubric_that_takes_a_batch(book: Path, tmp_path: Path) -> None:
    """Another budget takes another examination: refused in one line, and nothing changes."""
    before = results(book)
    other = tmp_path / "other.toml"
    text = (tmp_path / "small.toml").read_text(encoding="utf-8")
    other.write_text(text.replace("parameters = 50_000_000", "parameters = 1_000"), encoding="utf-8")
    done = grader("rescore", str(book), "--rubric", str(other), check=False)
    assert done.returncode == 2
    assert "[budget]" in done.stderr
    assert "grader batch" in done.stderr
    assert results(book) == before


@stress
def test_another_machine_rescores_and_does_not_train(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gradebook carries the reference's answers: an empty cache on other hardware is enough for other points."""
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "elsewhere"))
    text = (tmp_path / "small.toml").read_text(encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text(text.replace("[criteria.accuracy]\npoints = 6", "[criteria.accuracy]\npoints = 9"), "utf-8")
    assert rescored(book, "--rubric", str(other))["trained"] == 0
    with closing(sqlite3.connect(book / "gradebook.sqlite")) as opened, opened:
        for table in ("runs", "trainings"):
            opened.execute(f"UPDATE {table} SET fingerprint = json_set(fingerprint, '$.processor', 'Z80')")
    slower = tmp_path / "slower.toml"
    slower.write_text(text.replace("steps = 60", "steps = 61"), encoding="utf-8")
    refused = grader("rescore", str(book), "--rubric", str(slower), check=False)
    assert refused.returncode == 2
    assert "Z80" in refused.stderr


def test_no_gradebook(tmp_path: Path) -> None:
    """A folder without a gradebook is one line and exit code 2."""
    done = grader("rescore", str(tmp_path), check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no gradebook" in done.stderr
