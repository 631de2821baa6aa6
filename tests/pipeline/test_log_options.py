"""`-v` and `--log-json` of check, batch and rescore, before and after the command; exit codes as they are documented."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.pipeline.conftest import SUBMISSIONS, small_rubric
from tests.pipeline.runs import grader
from tests.stress import stress

pytestmark = pytest.mark.slow


def events_of(file: Path) -> list[dict[str, object]]:
    """Return what a file of events holds."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_check(tmp_path: Path) -> None:
    """Walls, stages with seconds and slot, and the points are said; standard output stays JSON alone."""
    file = tmp_path / "log"
    done = grader("-v", "check", "--json", str(SUBMISSIONS / "functional.py"), "--log-json", str(file))
    assert json.loads(done.stdout)["status"] == "graded"
    told = events_of(file)
    assert [(one["event"], one.get("stage")) for one in told] == [
        ("helper", None),
        ("walls", None),
        ("ran", "capture"),
        ("ran", "examine"),
        ("report", None),
    ]
    assert {one.get("submission") for one in told[2:]} == {"functional"}
    assert all(one["seconds"] > 0 and one["slot"] == 1 for one in told[2:4])  # type: ignore[operator]
    lines = done.stderr.splitlines()
    assert len(lines) == len(told)
    assert re.fullmatch(r"\d\d:\d\d:\d\d functional: ran capture, \d+\.\d\d s, slot 1", lines[2])


def test_check_of_what_cannot_be_logged() -> None:
    """A file that cannot be written is the command's fault, in one line."""
    done = grader("check", str(SUBMISSIONS / "functional.py"), "--log-json", "/nowhere/log", check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "--log-json /nowhere/log cannot be written" in done.stderr


@stress
def test_batch_twice_and_rescore(tmp_path: Path) -> None:
    """The first run says what ran, the second what was reused, and a rescoring what was judged again."""
    rubric, out = small_rubric(tmp_path), tmp_path / "out"
    found = tmp_path / "class"
    found.mkdir()
    (found / "ada.py").write_bytes((SUBMISSIONS / "functional.py").read_bytes())
    words = ("batch", str(found), "--rubric", str(rubric), "--out", str(out))
    logs = [tmp_path / name for name in ("first", "second", "third")]
    first = grader(*words, "-v", "--log-json", str(logs[0]))
    second = grader("--log-json", str(logs[1]), *words)
    grader("rescore", str(out), "--log-json", str(logs[2]))
    ran, reused, judged = (
        [(one["event"], one.get("stage", "")) for one in events_of(file) if one.get("submission") == "ada"]
        for file in logs
    )
    assert ran == [("ran", "capture"), ("ran", "examine"), ("ran", "training"), ("report", "")]
    assert reused == [("reused", "capture"), ("reused", "training"), ("report", "")]
    assert judged == [("reused", "capture"), ("reused", "training"), ("report", "")]
    assert " ada: ran training, " in first.stderr
    assert "ada: " not in second.stderr.replace("[1/1] ada:", "")
    assert [one["event"] for one in events_of(logs[0])].count("reference") == 1


SLOW = """
import time
from torch import nn
SIZE = 3072 if time.sleep(8) is None else 0
model = nn.Sequential(nn.Flatten(), nn.Linear(SIZE, 10))
"""


@stress
def test_a_training_begins_beside_the_last_capture(tmp_path: Path) -> None:
    """A slot that finds no capture left trains what is known; the longest of those that wait comes first."""
    found, file = tmp_path / "class", tmp_path / "log"
    found.mkdir()
    (found / "quick.py").write_bytes((SUBMISSIONS / "functional.py").read_bytes())
    (found / "slow.py").write_text(SLOW)
    words = ("batch", str(found), "--rubric", str(small_rubric(tmp_path)), "--out", str(tmp_path / "out"))
    done = grader(*words, "--workers", "2", "-v", "--log-json", str(file))
    told = [(one["event"], one.get("submission"), one.get("stage")) for one in events_of(file)]
    assert told.index(("ran", "quick", "training")) < told.index(("ran", "slow", "capture"))
    assert told.index(("ran", "slow", "capture")) < told.index(("ran", "slow", "training"))
    assert "captured 2 of 2; 2 to train (1 trained by now)" in done.stderr
