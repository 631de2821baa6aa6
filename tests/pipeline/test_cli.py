"""The command line: exit codes, JSON alone on standard output, one line for what is wrong with the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader import bundled
from grader.cli_rubric import rubric as rubric_commands
from tests.pipeline.conftest import ROOT, SUBMISSIONS


def grader(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "grader.cli", *words], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )


PROBE = """
import sys
sys.argv = ["grader", *{words!r}]
from grader.cli import main
try:
    main()
except SystemExit:
    pass
print("torch" in sys.modules)
"""


@pytest.mark.parametrize("words", [["--help"], ["check", str(SUBMISSIONS / "functional.py")]])
def test_no_torch_in_the_parent(words: list[str]) -> None:
    """Neither `grader --help` nor `grader check` imports torch in the process that holds the results."""
    code = PROBE.format(words=words)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False")


def test_check_prints_json_and_nothing_else() -> None:
    """`--json` prints one report of the fixed interface; a sound submission leaves with 0."""
    done = grader("check", str(SUBMISSIONS / "functional.py"), "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["version"] == 1
    assert report["status"] == "graded"
    assert {
        "submission",
        "model",
        "layers",
        "findings",
        "advice",
        "training",
        "score",
        "isolation",
        "versions",
        "keys",
    } <= set(report)
    assert set(report["layers"][0]) >= {"role", "op", "name", "line", "in", "out", "settings", "parameters", "on_path"}


def test_failed_criterion_is_exit_code_1() -> None:
    """A failed automatic criterion leaves with 1; pending and skipped ones do not count."""
    assert grader("check", str(SUBMISSIONS / "no_pooling.py")).returncode == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "nowhere.ipynb"), "nowhere.ipynb does not exist"),
        (("check", "README.md"), "README.md is not a notebook"),
        (("check", "submissions/functional.py", "--rubric", "none.toml"), "none.toml cannot be read"),
        (("check", "submissions/functional.py", "--input", "32x32"), "--input 32x32 is not a shape"),
        (("batch", "nowhere", "--rubric", "rubrics/first_cnn.toml", "--out", "results-x"), "nowhere does not exist"),
        (("batch", "rubrics", "--rubric", "rubrics/first_cnn.toml", "--out", "results-x"), "holds no notebook"),
        (
            ("batch", "submissions", "--rubric", "rubrics/first_cnn.toml", "--out", "results-x", "--only", "nobody"),
            "nobody",
        ),
    ],
)
def test_wrong_command_is_one_line_and_exit_code_2(words: tuple[str, ...], said: str) -> None:
    """What is wrong with the command, the rubric or the data is said in one line, without a traceback."""
    done = grader(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_other_shape_and_classes() -> None:
    """`--input` and `--classes` stand in for the rubric's."""
    done = grader("check", str(SUBMISSIONS / "functional.py"), "--classes", "7", "--json")
    output = next(one for one in json.loads(done.stdout)["findings"] if one["criterion"] == "output")
    assert output["outcome"] == "failed"
    assert "7" in output["rationale"]


def test_output_survives_a_narrow_encoding(tmp_path: Path) -> None:
    """A console that knows only cp1252 gets plainer characters, not a traceback."""
    environment = {
        "PYTHONIOENCODING": "cp1252",
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "GRADER_CACHE": str(tmp_path),
        "GRADER_WARM": "off",
    }
    done = subprocess.run(
        [sys.executable, "-m", "grader.cli", "check", str(SUBMISSIONS / "no_pooling.py")],
        capture_output=True,
        cwd=ROOT,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr.decode("cp1252")


def test_rubrics_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rubric that comes with the package is named without a path; a file of that name comes first."""
    monkeypatch.chdir(tmp_path)
    packaged = bundled.folder() / "rubrics" / "university.toml"
    assert bundled.rubric_at(Path("university")) == packaged
    assert bundled.rubric_at(Path("university.toml")) == Path("university.toml")
    assert bundled.rubric_at(Path("folder/university")) == Path("folder/university")
    assert bundled.rubric_at(Path("nobody")) == Path("nobody")
    Path("university").write_text("mine", encoding="utf-8")
    assert bundled.rubric_at(Path("university")) == Path("university")
    shown = CliRunner().invoke(rubric_commands, ["show", "structure_only", "--no-pager"])
    assert shown.exit_code == 0
    assert "Structure of a first convolutional network" in shown.stdout
