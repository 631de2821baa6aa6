"""What `grader check` says a network would do with its error mended."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.cli import app
from grader.records import Report, report_from_json
from tests.mistakes.specimen import net
from tests.pipeline.conftest import small_rubric

pytestmark = pytest.mark.slow

ONE = net(
    "self.conv1 = nn.Conv2d(3, 8, 3)\nself.fc1 = nn.Linear(512, 16)\nself.fc2 = nn.Linear(16, 10)",
    "x = F.max_pool2d(F.relu(self.conv1(x)), 2)\nx = F.relu(self.fc1(x.flatten(1)))\nreturn self.fc2(x)",
)
TWO = ONE.replace("nn.Linear(16, 10)", "nn.Linear(32, 10)")
HOPELESS = ONE.replace("return self.fc2(x)", "return self.fc2(x) + labels")


def checked(folder: Path, text: str, *options: str) -> Report:
    """Check a module and return its report."""
    path = folder / "net.py"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(path), "--json", "--no-warm", *options])
    assert done.exit_code == 1, done.output
    return report_from_json(json.loads(done.stdout))


def test_one_fix_is_enough(tmp_path: Path) -> None:
    """With the printed number typed in, the rest works; the layers behind it are shown, and no point is given."""
    report = checked(tmp_path, ONE)
    found = report.what_if
    assert found is not None
    assert (found.works, [str(one) for one in found.fixes]) == (True, ["in_features=1800 of fc1"])
    assert [one.name for one in found.layers if one.role == "dense"] == ["fc1", "fc2"]
    assert found.parameters == 8 * 27 + 8 + 1800 * 16 + 16 + 16 * 10 + 10
    assert found.accuracy is None
    assert report.code == "E02"
    assert "output" in {one.criterion for one in report.findings if one.outcome == "failed"}


def test_one_error_behind_another(tmp_path: Path) -> None:
    """A second wrong number is mended as well, and both are named in their order."""
    found = checked(tmp_path, TWO).what_if
    assert found is not None
    assert [str(one) for one in found.fixes] == ["in_features=1800 of fc1", "in_features=16 of fc2"]
    assert found.works


def test_what_then_stops_it_is_said(tmp_path: Path) -> None:
    """Where another error waits that no number mends, its place and its cause are said."""
    found = checked(tmp_path, HOPELESS).what_if
    assert found is not None
    assert (found.works, found.code, found.where.line) == (False, "E17", 15)
    assert "labels" in found.cause


def test_the_screen_shows_what_would_follow(tmp_path: Path) -> None:
    """The failing line stays marked, and below it stand the layers that would follow, and that it earns no points."""
    path = tmp_path / "net.py"
    path.write_text(ONE, encoding="utf-8")
    screen = CliRunner().invoke(app, ["check", str(path), "--no-warm"]).stdout
    lines = [line.split() for line in screen.splitlines()]
    marks = [line[0] for line in lines if line[:1] in (["✗"], ["…"], ["dense"])]
    assert marks[1:5] == ["✗", "…", "dense", "dense"]
    assert "pictures get through to the end" in " ".join(screen.split())
    assert "This earns no points." in " ".join(screen.split())


def test_a_batch_does_not_ask(tmp_path: Path) -> None:
    """`grader batch` grades what was handed in, and says nothing of what it might have been."""
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "net.py").write_text(ONE, encoding="utf-8")
    out = tmp_path / "out"
    rubric = small_rubric(tmp_path)
    done = CliRunner().invoke(
        app, ["batch", str(tmp_path / "class"), "--rubric", str(rubric), "--out", str(out), "--isolation", "none"]
    )
    assert done.exit_code == 0, done.output
    (row,) = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    assert row["what_if"] is None
    assert row["code"] == "E02"


def test_train_says_what_it_would_have_come_to(tmp_path: Path) -> None:
    """With `--train` the mended network is trained once, and its accuracy is said beside no score of its own."""
    report = checked(tmp_path, ONE, "--train", "--rubric", str(small_rubric(tmp_path)))
    assert report.what_if is not None
    assert report.what_if.accuracy is not None
    assert 0 <= report.what_if.accuracy <= 1
    assert report.score is None


def test_the_json_is_read_back(tmp_path: Path) -> None:
    """A report with a what-if survives its JSON; one without, as older reports are, too."""
    report = checked(tmp_path, TWO)
    assert report_from_json(json.loads(json.dumps(report.to_json()))) == report
    older = replace(report, what_if=None).to_json()
    del older["what_if"], older["code"]
    assert report_from_json(older).what_if is None
