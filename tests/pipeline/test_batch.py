"""A whole batch: repeatable, resumable, and one bad submission costs one row."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.conftest import ROOT, SUBMISSIONS, small_rubric

CHOSEN = ("house_style.ipynb", "functional.py", "two_files", "nn_dense.ipynb")

pytestmark = pytest.mark.slow


def grader(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    command = [sys.executable, "-m", "grader.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=400, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with four of the examples."""
    found = tmp_path_factory.mktemp("class")
    for name in CHOSEN:
        source = SUBMISSIONS / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, found / name)
    return found


def results(out: Path) -> dict[str, Any]:
    """Return what must be equal between two gradings: points, accuracies, losses and the answers themselves."""
    plain = json.loads((out / "report.json").read_text(encoding="utf-8"))
    with sqlite3.connect(out / "gradebook.sqlite") as book:
        answers = {bytes(row[0]) for row in book.execute("SELECT logits FROM trainings")}
    rows = {
        one["submission"]["id"]: (
            one["status"],
            one["points"],
            one["score"],
            one["training"] and [point["loss"] for point in one["training"]["curve"]],
            one["keys"],
        )
        for one in plain["reports"]
    }
    return {"rows": rows, "answers": answers}


def test_one_and_two_workers_give_the_same_bits(folder: Path, tmp_path: Path) -> None:
    """Graded twice with --fresh, by 1 and by 2 workers: points, accuracies, losses and answers are equal to the bit."""
    rubric = small_rubric(tmp_path)
    for workers in (1, 2):
        grader(
            "batch",
            str(folder),
            "--rubric",
            str(rubric),
            "--out",
            str(tmp_path / f"out{workers}"),
            "--workers",
            str(workers),
            "--fresh",
        )
    one, two = results(tmp_path / "out1"), results(tmp_path / "out2")
    assert one == two
    assert len(one["answers"]) == 3  # nn_dense is not trained


def test_same_command_does_nothing_again(folder: Path, tmp_path: Path) -> None:
    """The second run reuses every report; editing one submission grades that one again."""
    words = [
        "batch",
        str(folder),
        "--rubric",
        str(small_rubric(tmp_path)),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "2",
    ]
    grader(*words)
    before = results(tmp_path / "out")
    assert "4 of 4" in grader(*words).stdout
    assert results(tmp_path / "out") == before


def test_new_points_need_no_training(folder: Path, tmp_path: Path) -> None:
    """Changing the rubric's points scores the stored answers anew and trains nothing."""
    out = tmp_path / "out"
    words = ["batch", str(folder), "--only", "functional", "--out", str(out), "--workers", "1", "--rubric"]
    grader(*words, str(small_rubric(tmp_path)))
    first = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"][0]
    (tmp_path / "more").mkdir()
    dearer = small_rubric(tmp_path / "more", {"points = 4": "points = 8"})
    done = grader(*words, str(dearer))
    second = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"][0]
    assert second["keys"]["training"] == first["keys"]["training"]
    assert second["keys"]["score"] != first["keys"]["score"]
    assert second["points"] == first["points"] + 4
    assert ": training" not in done.stderr


def test_killed_batch_resumes(folder: Path, tmp_path: Path) -> None:
    """After a kill -9 in the middle, the same command ends with the results of an undisturbed run."""
    rubric = str(small_rubric(tmp_path))
    words = ["batch", str(folder), "--rubric", rubric, "--workers", "1", "--out"]
    grader(*words, str(tmp_path / "undisturbed"))
    process = subprocess.Popen(
        [sys.executable, "-m", "grader.cli", *words, str(tmp_path / "killed")],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[2/"):
            break
    process.kill()
    process.wait()
    process.stderr.close()
    grader(*words, str(tmp_path / "killed"))
    killed, undisturbed = results(tmp_path / "killed"), results(tmp_path / "undisturbed")
    assert killed == undisturbed


def test_ctrl_c_keeps_what_is_finished(folder: Path, tmp_path: Path) -> None:
    """Ctrl-C ends the batch with exit code 130, leaves no process behind and keeps finished reports."""
    rubric = str(small_rubric(tmp_path))
    words = [
        sys.executable,
        "-m",
        "grader.cli",
        "batch",
        str(folder),
        "--rubric",
        rubric,
        "--workers",
        "1",
        "--out",
        str(tmp_path / "out"),
    ]
    process = subprocess.Popen(
        words, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[1/"):
            break
    started = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - started < 30
    assert "the same command goes on" in errors
    assert len(json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))["reports"]) >= 1
    assert zygotes_of(process.pid) == []


def zygotes_of(session: int) -> list[str]:
    """Return command lines of processes that the run of that pid could have left."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[1])
            if parent in (1, session) and b"grader.sandbox.zygote" in (entry / "cmdline").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found


def test_a_crash_costs_one_row(tmp_path: Path) -> None:
    """A submission that kills itself is one row with its reason; the one beside it is graded."""
    found = tmp_path / "class"
    found.mkdir()
    shutil.copy(SUBMISSIONS / "functional.py", found / "good.py")
    (found / "leaves.py").write_text(
        "import os\nfrom torch import nn\nos._exit(0)\nC = os.getpid()\nmodel = nn.Sequential(nn.Linear(C, 2))\n"
    )
    (found / "crashes.py").write_text(
        "import ctypes\nfrom torch import nn\nC = ctypes.string_at(0)\nmodel = nn.Sequential(nn.Linear(len(C), 2))\n"
    )
    grader(
        "batch",
        str(found),
        "--rubric",
        str(small_rubric(tmp_path)),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "2",
    )
    rows = results(tmp_path / "out")["rows"]
    assert {name: row[0] for name, row in rows.items()} == {
        "good": "graded",
        "leaves": "student_fault",
        "crashes": "student_fault",
    }
