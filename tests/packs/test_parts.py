"""What packs are made of: the wheel, the versions, the memory of a container, and Gradescope's results."""

from __future__ import annotations

import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from grader.criteria import DEFINITIONS
from grader.faults import OperatorFault, RubricFault
from grader.packing import packed
from grader.packing.container import OURS, job_megabytes
from grader.packing.outcome import failed, results
from grader.packing.pins import constraints
from grader.packing.wheel import wheel
from grader.records import Outcome
from grader.rubric import Rubric, parse
from tests.packs.conftest import Machine
from tests.packs.container import held_to_the_specification
from tests.report import samples
from tests.stress import stress

WITHOUT_TRAINING = {"because": "training"}


def rubric(more: str = "") -> Rubric:
    """Return a rubric with a criterion, and what it says of Gradescope."""
    text = f'version = 1\ntitle = "x"\n{more}\n[criteria.convolution]\npoints = 4\n[criteria.accuracy]\npoints = 6\n'
    return parse(text, "x.toml", DEFINITIONS)


@stress
@pytest.mark.slow
def test_the_wheel_that_is_installed_is_made_again(machine: Machine, tmp_path: Path) -> None:
    """An installation packs the wheel that it came from: the same files, and pip takes it."""
    target = tmp_path / "there"
    pip = [str(machine.python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*pip, str(target), str(machine.wheel)], check=True, env=machine.environment)
    asked = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from grader.packing.wheel import wheel"
    )
    asked += "; name, blob = wheel(None); Path(sys.argv[2], name).write_bytes(blob)"
    subprocess.run([str(machine.python), "-c", asked, str(target), str(tmp_path)], check=True, env=machine.environment)
    (made,) = tmp_path.glob("*.whl")
    assert made.name == machine.wheel.name
    with zipfile.ZipFile(made) as ours, zipfile.ZipFile(machine.wheel) as theirs:
        assert set(ours.namelist()) == set(theirs.namelist())
        assert all(ours.read(one) == theirs.read(one) for one in ours.namelist() if not one.endswith("RECORD"))
    subprocess.run([*pip, str(tmp_path / "again"), str(made)], check=True, env=machine.environment)


def test_a_wheel_of_something_else(tmp_path: Path) -> None:
    """What is no wheel of the grader's is refused."""
    other = tmp_path / "cnn_grader-0.1.0-py3-none-any.whl"
    other.write_text("no archive")
    with pytest.raises(OperatorFault, match="no wheel of cnn-grader"):
        wheel(other)


def test_the_versions() -> None:
    """All that the grader needs to train, one version each, without what only tests need."""
    names = [line.partition("==")[0] for line in constraints().splitlines()]
    assert {"torch", "numpy", "pydantic", "typer", "nbconvert"} <= set(names)
    assert not {"pytest", "ruff", "starlette", "cnn-grader"} & set(names)
    assert names == sorted(set(names))


def test_the_memory_of_a_container(tmp_path: Path) -> None:
    """A job gets what the container leaves; without a limit, or a file that says one, the rubric's own counts."""
    file = tmp_path / "memory.max"
    file.write_text(f"{768 * 2**20}\n")
    assert job_megabytes((str(tmp_path / "no"), str(file))) == 768 - OURS
    file.write_text("max\n")
    assert job_megabytes((str(file),)) is None
    file.write_text(f"{2**63 - 4096}\n")
    assert job_megabytes((str(file),)) is None


def test_an_archive_of_another_version(tmp_path: Path) -> None:
    """It is not read; one of this version says what was packed."""
    (tmp_path / packed.MANIFEST).write_text(packed.Packed("course/rubric.toml", "reference/x.py").text())
    assert packed.read(tmp_path).trains
    (tmp_path / packed.MANIFEST).write_text('{"version": 2, "rubric": "x"}')
    with pytest.raises(ValueError, match="another version"):
        packed.read(tmp_path)


@pytest.mark.parametrize("report", samples.all_samples(), ids=lambda one: one.submission.id[:20])
def test_results_by_the_letter(report: object) -> None:
    """Every report makes a file that Gradescope takes, and so does a failure of ours."""
    assert hasattr(report, "findings")
    held_to_the_specification(results(report, rubric(), seconds=1.0))  # type: ignore[arg-type]
    held_to_the_specification(failed())


def test_what_is_not_measured_is_blank() -> None:
    """The rest keeps its points; what was not trained has none, not even a maximum, and says why."""
    report = samples.good()
    accuracy = replace(
        next(one for one in report.findings if one.criterion == "accuracy"),
        outcome=Outcome.SKIPPED,
        points=0.0,
        evidence=WITHOUT_TRAINING,
    )
    report = replace(report, findings=(*[one for one in report.findings if one.criterion != "accuracy"], accuracy))
    found = results(report, rubric(), seconds=1.0, unmeasured="Nothing was trained here.")
    test = next(one for one in found["tests"] if one["tags"] == ["accuracy"])
    assert not {"score", "max_score", "status"} & set(test)
    assert test["output"] == "Nothing was trained here."
    assert found["output"].startswith("Nothing was trained here.")
    assert "score" in found


def test_who_sees_what() -> None:
    """The rubric says it, by name or for all; what is seen later is told nowhere before, nor is a sum."""
    said = rubric('[gradescope]\nvisibility = "after_published"\nvisible = ["convolution"]')
    first, *others = samples.good().findings
    report = replace(samples.good(), findings=(replace(first, criterion="convolution"), *others))
    found = results(report, said, seconds=1.0)
    seen = {one["tags"][0]: one["visibility"] for one in found["tests"]}
    assert seen["convolution"] == "visible"
    assert seen["accuracy"] == "after_published"
    assert "Accuracy" not in found["output"]
    assert "points" not in found["output"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            '[gradescope]\nhidden = ["convolutoin"]',
            'gradescope.hidden names "convolutoin", which this rubric does not judge',
        ),
        ('[gradescope]\nhidden = ["accuracy"]\nvisible = ["accuracy"]', "once more"),
        ('[gradescope]\nvisibility = "later"', "gradescope.visibility"),
    ],
)
def test_a_mistake_in_the_table(more: str, words: str) -> None:
    """It names the key and what is wrong."""
    with pytest.raises(RubricFault, match=words):
        rubric(more)
