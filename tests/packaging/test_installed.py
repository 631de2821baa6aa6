"""The wheel in a fresh environment, run from a folder outside the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, Installed
from tests.stress import stress

pytestmark = pytest.mark.slow

WHERE = """
import json, sys
import grader, grader.bundled
print(json.dumps([grader.__file__, str(grader.bundled.course_rubric()), sys.path]))
"""


def test_it_is_the_wheel_that_runs(installed: Installed) -> None:
    """Package and rubric lie in the fresh environment, and the repository is nowhere on the path."""
    package, rubric, path = json.loads(installed.run(installed.python, "-c", WHERE).stdout)
    inside = installed.folder.resolve()
    assert Path(package).resolve().is_relative_to(inside)
    assert Path(rubric).resolve().is_relative_to(inside)
    assert Path(rubric).is_file()
    assert not [one for one in path if one and Path(one).resolve() == ROOT]


def test_help(installed: Installed) -> None:
    """The command is there, and names its commands and its exit codes."""
    done = installed.grader("--help")
    assert done.returncode == 0, done.stderr
    assert "batch" in done.stdout
    assert "Exit codes" in done.stdout


def test_check(installed: Installed, example: Path) -> None:
    """`grader check` examines a copied example, behind the walls of this machine."""
    done = installed.grader("check", example / "wrong_in_features.ipynb", "--json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["status"] == "student_fault"
    assert report["broke"]["layer"] == "dense1"


@pytest.mark.parametrize("pictures", [pytest.param("few", id="few"), pytest.param("course", id="course", marks=stress)])
def test_batch(installed: Installed, example: Path, pictures: str) -> None:
    """`grader batch` grades a folder with the packaged rubric and reference: a gradebook, a table, a report each."""
    rubric, out = installed.elsewhere / f"{pictures}.toml", installed.elsewhere / f"results-{pictures}"
    rubric.write_text(_rubric(installed, few=pictures == "few"), encoding="utf-8")
    done = installed.grader("batch", example, "--rubric", rubric, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    reports = {one["submission"]["id"]: one for one in json.loads(done.stdout)["reports"]}
    assert {name: one["status"] for name, one in reports.items()} == {
        "house_style": "graded",
        "wrong_in_features": "student_fault",
    }
    assert reports["house_style"]["score"]["accuracy"] > 0.05
    assert (out / "gradebook.sqlite").is_file()


def _rubric(installed: Installed, *, few: bool) -> str:
    """Return the packaged rubric for a file elsewhere; with `few`, some pictures and some steps."""
    bundled = next(installed.folder.glob("lib/python*/site-packages/grader/bundled_files"))
    text = (bundled / "rubrics" / "first_cnn.toml").read_text(encoding="utf-8")
    changes = {'"../reference/solution.py"': f'"{bundled / "reference" / "solution.py"}"'}
    if few:
        changes |= {"steps = 500": "steps = 30", "train = 4000": "train = 320", "held_out = 1000": "held_out = 200"}
        changes |= {"seeds = 5": "seeds = 2"}
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text
