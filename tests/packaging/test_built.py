"""What is in the wheel and in the sdist, and that both are the same program."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tomllib
import zipfile
from email import message_from_string

import pytest

from tests.packaging.conftest import ROOT, Built

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {"cluster", "images", "report", "review", "similarity", "torch"}


def names(built: Built) -> set[str]:
    """Return the files of the wheel."""
    with zipfile.ZipFile(built.wheel) as wheel:
        return set(wheel.namelist())


def test_the_sdist_builds_the_same_wheel(built: Built) -> None:
    """To the last byte: whoever builds from the sdist gets what a checkout gives."""
    first, second = (hashlib.sha256(one.read_bytes()).hexdigest() for one in (built.wheel, built.direct))
    assert first == second


@pytest.mark.parametrize(
    "name",
    [
        "grader/py.typed",
        "grader/bundled_files/rubrics/first_cnn.toml",
        "grader/bundled_files/reference/solution.py",
        "grader/sandbox/walls/filters/private.x86_64.bpf",
        "grader/diagnosis/catalogue/loud.toml",
        "grader/report/pages/page.css",
        "grader/report/pages/page.js",
        "grader/packing/templates/workflow.yml",
        "grader/packing/templates/setup.sh",
        "grader/packing/templates/run_autograder",
        "grader/review/static/htmx.min.js",
        "grader/review/static/htmx.LICENSE",
        "grader/review/templates/sheet.html",
    ],
)
def test_the_wheel_brings_what_is_no_code(built: Built, name: str) -> None:
    """The types' marker, rubric, reference, filters and texts are in it."""
    assert name in names(built)


def test_the_wheel_holds_the_package_alone(built: Built) -> None:
    """No tests, no examples and nothing compiled: `grader` and its metadata."""
    tops = {one.partition("/")[0] for one in names(built)}
    assert tops == {"grader", f"cnn_grader-{PROJECT['version']}.dist-info"}
    assert not [one for one in names(built) if one.endswith(".pyc") or "/tests/" in one]


def test_every_module_is_in_the_wheel(built: Built) -> None:
    """No file of the package is lost on the way."""
    there = {str(one.relative_to(ROOT)) for one in (ROOT / "grader").rglob("*.py")}
    assert there <= names(built)


def test_the_sdist_is_what_git_does_not_ignore(built: Built) -> None:
    """It has the tests, the examples and the documents; nothing of it is ignored, and no environment, result or cache."""
    with tarfile.open(built.sdist) as archive:
        files = {one.name.partition("/")[2] for one in archive.getmembers() if one.isfile()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "constraints.txt", "Makefile", "rubrics/first_cnn.toml"} <= files
    assert {"docs/architecture.md", "tests/conftest.py", "submissions/functional.py", "reference/solution.py"} <= files
    made = files - {"PKG-INFO"}
    asked = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        input="\n".join(sorted(made)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 1, asked.stdout + asked.stderr


def test_the_metadata(built: Built) -> None:
    """The distribution's name is not the command's; every extra is declared and brings a package."""
    with zipfile.ZipFile(built.wheel) as wheel:
        folder = f"cnn_grader-{PROJECT['version']}.dist-info"
        said = message_from_string(wheel.read(f"{folder}/METADATA").decode())
        entries = wheel.read(f"{folder}/entry_points.txt").decode()
    assert said["Name"] == "cnn-grader"
    assert said["Requires-Python"] == PROJECT["requires-python"]
    assert "grader = grader.start:main" in entries
    asked = said.get_all("Requires-Dist", [])
    brought = {
        name: [one for one in asked if f"extra == '{name}'" in one] for name in said.get_all("Provides-Extra", [])
    }
    assert set(brought) >= EXTRAS
    assert all(brought[name] for name in EXTRAS)
