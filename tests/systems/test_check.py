"""`grader check` where Linux is not: nothing of Unix alone is asked for, and every terminal can show the answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stress import stress
from tests.systems.elsewhere import LACKING, check

SUBMISSION = "submissions/wrong_in_features.ipynb"
pytestmark = pytest.mark.slow
every_system = pytest.mark.parametrize(
    "system", [pytest.param(one, marks=() if one == "win32" else stress) for one in sorted(LACKING)]
)


@every_system
def test_check_finds_the_same(system: str, tmp_path: Path) -> None:
    """Without fork, and on Windows without Unix's modules, the break, its layer and its number are found; no walls stand."""
    done = check(system, tmp_path, SUBMISSION, "--json")
    assert done.returncode == 1, done.stderr.decode()
    report = json.loads(done.stdout)
    assert report["broke"]["layer"] == "dense1"
    assert report["isolation"]["rung"] == "E"
    assert any(one["help"] == "Set in_features of dense1 to 128." for one in report["findings"])


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "cp1252", "COLUMNS": "80"},
        {"PYTHONIOENCODING": "cp1252", "COLUMNS": "40", "NO_COLOR": "1"},
        {"PYTHONIOENCODING": "utf-8", "COLUMNS": "40", "TERM": "dumb"},
    ],
    ids=["cp1252", "narrow", "dumb"],
)
@stress
def test_a_terminal_of_windows_shows_it(environment: dict[str, str], tmp_path: Path) -> None:
    """The encoding of a Windows console, no colours and 40 columns: every line fits, no escape is sent, the number is there."""
    done = check("win32", tmp_path, SUBMISSION, environment=environment)
    text = done.stdout.decode(environment["PYTHONIOENCODING"])
    assert done.returncode == 1, done.stderr.decode("cp1252")
    assert max(map(len, text.splitlines())) <= int(environment["COLUMNS"])
    assert "\x1b" not in text
    assert "in_features of dense1" in " ".join(text.split())
    assert "Traceback" not in done.stderr.decode("cp1252")


@stress
def test_a_loop_without_end_is_ended_on_windows(tmp_path: Path) -> None:
    """Without alarms the process is killed at its deadline, and the report says that time was over."""
    rubric = tmp_path / "short.toml"
    course = Path("rubrics/first_cnn.toml").read_text(encoding="utf-8")
    rubric.write_text(_with_limit(course), encoding="utf-8")
    done = check("win32", tmp_path, "submissions/endless_loop.py", "--rubric", str(rubric), "--json")
    report = json.loads(done.stdout)
    assert report["stopped"] == "wall-limit"


def _with_limit(course: str) -> str:
    lines = [line for line in course.splitlines() if not line.startswith(("capture_seconds", "build_seconds"))]
    index = lines.index(next(line for line in lines if line.startswith("[limits]")))
    return "\n".join([*lines[: index + 1], "capture_seconds = 20", "build_seconds = 10", *lines[index + 1 :]])
