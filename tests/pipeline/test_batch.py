"""A whole batch: repeatable, resumable, and one bad submission costs one row."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipeline.conftest import ROOT, SUBMISSIONS, small_rubric
from tests.pipeline.contents import contents
from tests.pipeline.runs import grader, results, write_class
from tests.stress import stress

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with four of the examples."""
    return write_class(tmp_path_factory.mktemp("class"))


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
    """The second run says in one line that nothing changed, and so it is; the pages have notebook and pictures."""
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
    students = tmp_path / "out" / "students"
    assert "cell 2" in (students / "nn_dense.html").read_text(encoding="utf-8").partition('srcdoc="')[2]
    assert "<iframe" not in (students / "functional.html").read_text(encoding="utf-8")
    pages = [(students / f"functional{ending}").read_text(encoding="utf-8") for ending in (".html", ".student.html")]
    assert [page.count('alt="a training picture of the class') for page in pages] == [24, 24]
    again = grader(*words)
    assert again.stdout.startswith("Nothing changed: all 4 submissions are as in run 1")
    assert len(again.stdout.splitlines()) == 1
    assert results(tmp_path / "out") == before
    (folder / "functional.py").rename(tmp_path / "functional.py")
    less = grader(*words)
    (tmp_path / "functional.py").rename(folder / "functional.py")
    assert "1 submission graded before" in less.stderr
    assert "no longer holds: functional." in less.stderr
    assert set(results(tmp_path / "out")["rows"]) == set(before["rows"]) - {"functional"}
    assert not (students / "functional.html").exists()


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
    assert "0 to train" in done.stderr


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


HEAVY = """
from torch import nn
from tests.stress import stress
model = nn.Sequential(
    nn.Conv2d(3, 256, 3, padding=1), nn.ReLU(), nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(256 * 16 * 16, 10),
)
"""
"""A network within the budget whose 60 steps take minutes."""


@stress
def test_ctrl_c_twice_stops_at_once(tmp_path: Path) -> None:
    """The first Ctrl-C says that what runs is finished first; the second ends that too, and keeps what is finished."""
    found = tmp_path / "class"
    found.mkdir()
    (found / "heavy.py").write_text(HEAVY)
    shutil.copy(SUBMISSIONS / "nn_dense.ipynb", found)
    words = ["batch", str(found), "--workers", "1", "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        [sys.executable, "-m", "grader.cli", *words, "--rubric", str(small_rubric(tmp_path))],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "1 to train" in line:
            break
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    for line in process.stderr:
        if "finished first" in line:
            break
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - started < 15
    assert "the same command goes on" in errors
    assert set(results(tmp_path / "out")["rows"]) == {"nn_dense"}
    assert zygotes_of(process.pid) == []


def test_a_full_disk_keeps_what_is_finished(folder: Path, tmp_path: Path) -> None:
    """When nothing more can be written, one line says so; with room again, the same command ends as undisturbed."""
    rubric = str(small_rubric(tmp_path))
    words = ["batch", str(folder), "--rubric", rubric, "--workers", "1", "--out"]
    grader(*words, str(tmp_path / "undisturbed"))
    command = [sys.executable, "-m", "grader.cli", *words, str(tmp_path / "full")]
    room = (tmp_path / "undisturbed" / "gradebook.sqlite").stat().st_size // 2
    limit = f"import resource, os, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{limit}; os.execv(sys.argv[1], sys.argv[1:])", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "The disk is full or failed" in done.stderr.splitlines()[-1]
    assert "the same command" in done.stderr.splitlines()[-1]
    grader(*words, str(tmp_path / "full"))
    assert contents(tmp_path / "full") == contents(tmp_path / "undisturbed")


JUMPING = """import itertools, runpy, sys, time
real, calls = time.time, itertools.count()
time.time = lambda: real() + (0, 3e7, -3e7, 86400)[next(calls) % 4]
sys.argv = ["grader", *sys.argv[1:]]
runpy.run_module("grader.cli", run_name="__main__")"""


@stress
def test_a_clock_that_jumps_loses_nothing(folder: Path, tmp_path: Path) -> None:
    """Months forward and back at every look: the gradebook is as without, is taken over, and is graded afresh."""
    rubric = str(small_rubric(tmp_path))
    words = ["batch", str(folder), "--rubric", rubric, "--workers", "2", "--out"]
    grader(*words, str(tmp_path / "undisturbed"))
    jumped = [sys.executable, "-c", JUMPING, *words, str(tmp_path / "jumped")]
    for more in ([], ["--fresh"]):
        done = subprocess.run([*jumped, *more], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        assert "Nothing changed" not in done.stdout
        assert results(tmp_path / "jumped") == results(tmp_path / "undisturbed")
    again = grader(*words, str(tmp_path / "jumped"))
    assert again.stdout.startswith("Nothing changed")


@pytest.mark.parametrize("out", ["/proc/self/results", "{folder}/functional.py"])
def test_results_that_cannot_be_written_are_one_line(out: str, folder: Path, tmp_path: Path) -> None:
    """Before anything is graded it is said that a folder cannot be made, and why."""
    place = out.format(folder=folder)
    words = ["batch", str(folder), "--rubric", str(small_rubric(tmp_path)), "--out", place]
    done = grader(*words, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"grader: --out {place} cannot be made (")


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


def test_a_rubric_that_trains_nothing(tmp_path: Path) -> None:
    """Where no criterion looks at a training nobody is trained, no reference either; a rescore has nothing to judge."""
    folder, out = tmp_path / "class", tmp_path / "out"
    folder.mkdir()
    shutil.copy(SUBMISSIONS / "functional.py", folder)
    grader("batch", str(folder), "--rubric", "structure_only", "--out", str(out), "--workers", "1")
    (report,) = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    assert (report["status"], report["points"], report["training"], report["score"]) == ("graded", 20, None, None)
    told = grader("rescore", str(out), check=False)
    assert told.returncode == 2
    assert "Nothing is trained under this rubric" in told.stderr
