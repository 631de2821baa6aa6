"""`grader pack github`: what is written, what is refused, and the workflow's steps run as they are written."""

from __future__ import annotations

import base64
import json
import re
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from grader.faults import OperatorFault
from grader.packing.github import GithubOptions, made, run_github
from tests.packs.conftest import ROOT, Machine
from tests.packs.runner import Ended, commands
from tests.stress import stress

RUBRIC = ROOT / "rubrics" / "structure_only.toml"
SECRET = "ghs_aTokenOfTheRunner"
HOSTILE = r"""
import os
import torch
from torch import nn
token = os.environ.get("GITHUB_TOKEN", "no token")
for line in ("::error title=pwned::pwned", "##[error]pwned", "::set-output name=points::99", "::stop-commands::pwned"):
    print(line)
for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"):
    try:
        with open(os.environ[name], "a") as stream:
            stream.write("points=99\nPWNED=1\n")
    except Exception:
        pass
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.add_module("x\n::error title=pwned::pwned\n##[error]pwned", nn.Conv2d(3, 8, 3))
    def forward(self, x):
        x = list(self.children())[0](x)
        raise RuntimeError(f"\n::error title=pwned::{token}\n%0A::error::pwned\r::error::pwned <script>x</script>")
net = Net()
"""


def pushed(machine: Machine, name: str, **files: str) -> Path:
    """Return a student's repository that was made of what the command writes; files: name -> path or text."""
    repository = machine.folder / name
    options = GithubOptions(RUBRIC, repository, wheel=machine.wheel)
    assert run_github(options, Console(quiet=True)) == 0
    for file, source in files.items():
        shutil.copy(ROOT / "submissions" / source, repository / file)
    return repository


def result_of(ended: Ended) -> dict[str, object]:
    """Return the step's result as Classroom's reporter decodes it."""
    found: dict[str, object] = json.loads(base64.b64decode(ended.outputs["grader"]["result"]))
    return found


@stress
@pytest.mark.slow
def test_a_failing_repository(machine: Machine) -> None:
    """The job fails; an error stands at the line of the file in which the network stops; the points are Classroom's."""
    repository = pushed(machine, "ada", **{"cnn.ipynb": "wrong_in_features.ipynb"})
    ended = machine.runner().workflow(repository)
    assert ended.codes == {"Install the grader": 0, "Check": 1}, ended.log
    first = ended.marks("error")[0]
    assert first.properties["file"] == "cnn.ipynb"
    line = (repository / "cnn.ipynb").read_text().splitlines()[int(first.properties["line"]) - 1]
    assert "x = self.relu(self.dense1(x))" in line
    assert "Set in_features of dense1 to 128." in first.message
    assert "dense1" in ended.summary
    notices = {one.properties["title"]: one.message for one in ended.marks("notice")}
    found = result_of(ended)
    tests = found["tests"]
    assert isinstance(tests, list)
    assert json.loads(notices["Autograding report"]) == {
        "totalPoints": sum(one["score"] for one in tests),
        "maxPoints": found["max_score"],
    }
    assert (found["version"], found["status"], found["max_score"]) == (1, "fail", 20)


@stress
@pytest.mark.slow
def test_a_passing_repository(machine: Machine) -> None:
    """The job passes, with all points and no error."""
    ended = machine.runner().workflow(pushed(machine, "bob", **{"net.py": "functional.py"}))
    assert ended.codes == {"Install the grader": 0, "Check": 0}, ended.log
    assert not ended.marks("error")
    assert ended.outputs["grader"]["points"] == ended.outputs["grader"]["max-points"] == "20"
    assert result_of(ended)["status"] == "pass"


@stress
@pytest.mark.slow
def test_a_hostile_repository(machine: Machine) -> None:
    """What it prints, names or raises is no command, it finds no token, and it changes none of the runner's files."""
    repository = pushed(machine, "eve")
    name = "a,line=1::error title=pwned::pwned.py"
    (repository / name).write_text(HOSTILE)
    ended = machine.runner(GITHUB_TOKEN=SECRET).workflow(repository)
    assert ended.codes["Check"] == 1, ended.log
    assert {one.name for one in ended.said} == {"error", "notice"}
    assert {one.properties["title"].partition(":")[0] for one in ended.said} == {
        "The network stops here",
        "Not so yet",
        "Autograding complete",
        "Autograding report",
    }
    assert all(one.properties["file"] == name for one in ended.marks("error"))
    assert SECRET not in ended.log + ended.summary + json.dumps(result_of(ended))
    assert ended.changed == ""
    assert set(ended.outputs["grader"]) == {"result", "points", "max-points"}
    assert ended.outputs["grader"]["points"] != "99"
    assert "<script" not in re.sub(r"`[^`]+`", "", ended.summary)  # in code nothing acts
    assert "PWNED" not in ended.summary


@stress
@pytest.mark.slow
def test_the_action(machine: Machine) -> None:
    """`action.yml` installs the grader from its own checkout, and has the same outputs."""
    copy = machine.folder / "action"
    ours = ("action.yml", "constraints.txt", "pyproject.toml", "README.md", "LICENSE", "grader", "rubrics", "reference")
    for one in ours:
        place = shutil.copytree if (ROOT / one).is_dir() else shutil.copy
        copy.mkdir(exist_ok=True)
        place(ROOT / one, copy / one)
    repository = machine.folder / "fay"
    repository.mkdir()
    shutil.copy(ROOT / "submissions" / "no_pooling.py", repository / "net.py")
    given = {"submission": "net.py", "rubric": "structure_only"}
    ended = machine.runner().action(copy / "action.yml", repository, given)
    assert ended.codes == {"Install the grader": 0, "Check": 1}, ended.log
    assert ended.outputs[""]["points"] == "17"
    error = ended.marks("error")[0].properties
    assert (error["file"], error["line"]) == ("net.py", "33")


def test_what_is_written(tmp_path: Path) -> None:
    """The workflow, a course file that students' own checks find, the rubric and the versions; no solution, no data."""
    files = made(GithubOptions(RUBRIC, tmp_path))
    assert set(files) == {
        ".github/workflows/grade.yml",
        "grader.toml",
        ".github/grader/rubric.toml",
        ".github/grader/constraints.txt",
    }
    pins = files[".github/grader/constraints.txt"].decode()
    assert "\ntorch==" in pins
    assert "+" not in pins
    assert "cnn-grader" not in pins


def test_held_out_data_is_refused(tmp_path: Path) -> None:
    """The private number, and pictures of which a share is held out; nothing is written."""
    text = (ROOT / "rubrics" / "first_cnn.toml").read_text(encoding="utf-8")
    private, folder = tmp_path / "private.toml", tmp_path / "folder.toml"
    private.write_text(text.replace("held_out_seed = 2 ", "held_out_seed = 77 "), encoding="utf-8")
    folder.write_text(text.replace('source = "patterns"', 'source = "pictures"'), encoding="utf-8")
    out = tmp_path / "out"
    with pytest.raises(OperatorFault, match="held_out_seed, the private number"):
        run_github(GithubOptions(private, out), Console(quiet=True))
    with pytest.raises(OperatorFault, match="a share of which is held out"):
        run_github(GithubOptions(folder, out, train=True), Console(quiet=True))
    assert not out.exists()
    assert made(GithubOptions(folder, out))  # without a training no picture is needed


def test_functions_of_ones_own_come_along(tmp_path: Path) -> None:
    """A file beside the rubric is packed; one that lies elsewhere is refused, as it would be missing there."""
    rubric = tmp_path / "mine.toml"
    (tmp_path / "mine.py").write_text('def small(graph, params):\n    """It is small."""\n')
    rubric.write_text('version = 1\ntitle = "x"\n[criteria.small]\npoints = 1\ncheck = "mine.py:small"\n')
    assert b"def small" in made(GithubOptions(rubric, tmp_path))[".github/grader/mine.py"]
    inner = tmp_path / "inner" / "mine.toml"
    inner.parent.mkdir()
    inner.write_text(rubric.read_text().replace("mine.py", "../mine.py"))
    with pytest.raises(OperatorFault, match="does not lie beside the rubric"):
        made(GithubOptions(inner, tmp_path))


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """A file that differs stops it unless it is told; what is the same already is no reason."""
    options = GithubOptions(RUBRIC, tmp_path)
    assert run_github(options, Console(quiet=True)) == 0
    assert run_github(options, Console(quiet=True)) == 0
    (tmp_path / "grader.toml").write_text("title = 'mine'")
    with pytest.raises(OperatorFault, match=r"grader.toml in .* is there already"):
        run_github(options, Console(quiet=True))


@pytest.mark.parametrize("path", ["$(id)", "a;b", "/etc", "-x", "a\nb", "${{ secrets.X }}"])
def test_a_submission_is_a_plain_path(path: str, tmp_path: Path) -> None:
    """Nothing that a shell or GitHub would read as more than a path gets into the workflow."""
    with pytest.raises(OperatorFault, match="no plain path"):
        made(GithubOptions(RUBRIC, tmp_path, submission=path))


def test_the_runner_of_these_tests_obeys_as_github_does() -> None:
    """Spaces before a command and `##[` in the middle of a line count; between stop and token nothing does."""
    log = "a\n  ::error file=a%2Cb,line=3::x%0Ay\nb ##[warning]w\n::stop-commands::t\n::error::no\n::t::\n::notice::n"
    assert [(one.name, one.message) for one in commands(log)] == [("error", "x\ny"), ("warning", "w"), ("notice", "n")]
    assert commands(log)[0].properties == {"file": "a,b", "line": "3"}
