"""A large class of hostile and honest submissions, side by side: the batch ends, and nothing of a child is left.

`make test` has a class of attackers in `test_catalogue`; GRADER_STRESS=1 grades two hundred here.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from grader.sandbox.walls.view import OTHER_USER
from tests.attacks.catalogue import ATTACKS
from tests.attacks.catalogue.field import ROOT, Ground, ground, hand_in
from tests.attacks.test_catalogue import _in_a_class
from tests.pipeline.conftest import SUBMISSIONS, small_rubric
from tests.stress import STRESS

STUDENTS = 200
HONEST = ("functional.py", "sequential.ipynb", "house_style.ipynb", "settings.ipynb", "lazy_layers.ipynb")
QUICK = {
    "capture_seconds = 60": "capture_seconds = 15",
    "build_seconds = 20": "build_seconds = 60",
    "cpu_seconds = 60": "cpu_seconds = 6",
    "memory_megabytes = 4096": "memory_megabytes = 1024",
}


def left(folder: Path) -> dict[str, Any]:
    """Return what children could leave: processes, files where anybody may write, mounts, shared memory, semaphores."""
    owned = [one for one in Path("/proc").glob("[0-9]*/status") if _is_ours(one)]
    return {
        "processes": len(owned),
        "temporary": sorted(one.name for one in Path("/tmp").iterdir() if one.lstat().st_uid == OTHER_USER),
        "in the folder": sorted(one.name for one in folder.iterdir()),
        "mounts": sorted(Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()),
        "shared": sorted(one.name for one in Path("/dev/shm").iterdir()),
        "ipc": [Path("/proc/sysvipc", one).read_text(encoding="ascii") for one in ("shm", "sem", "msg")],
    }


def _is_ours(status: Path) -> bool:
    """Tell whether a process is a sandbox's: of its user, or with its program."""
    try:
        line = (status.parent / "cmdline").read_bytes()
        other = f"\nUid:\t{OTHER_USER}\t" in status.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return other or b"grader.sandbox" in line


def write_class(folder: Path, place: Ground) -> dict[str, str]:
    """Fill a folder with a class; return the name of the attack or of the honest submission by student."""
    chance = random.Random(4)
    attacks = [name for name, one in ATTACKS.items() if _in_a_class(name, one) and not one.waits]
    waiting = [name for name, one in ATTACKS.items() if _in_a_class(name, one) and one.waits]
    chosen = [*attacks, *chance.sample(waiting, min(4, len(waiting)))]
    chosen = (chosen * (1 + STUDENTS // len(chosen)))[: STUDENTS * 7 // 10]
    students = [*chosen, *(HONEST * STUDENTS)[: STUDENTS - len(chosen)]]
    chance.shuffle(students)
    found = {}
    for number, name in enumerate(students):
        student = f"student{number:03d}"
        found[student] = name
        if name in ATTACKS:
            hand_in(ATTACKS[name], student, folder, place)
        else:
            shutil.copy(SUBMISSIONS / name, folder / f"{student}{Path(name).suffix}")
    return found


@pytest.mark.slow
def test_two_hundred(tmp_path: Path, cache: Path) -> None:
    """The batch ends, honest students get the same points as each other, attackers their word, and nothing is left."""
    if not STRESS:
        pytest.skip("stress: two hundred submissions take minutes")
    rubric = small_rubric(tmp_path, QUICK)
    folder, out = tmp_path / "class", tmp_path / "out"
    folder.mkdir()
    (tmp_path / "temporary").mkdir()
    environment = {**os.environ, "GRADER_CACHE": str(cache), "TMPDIR": str(tmp_path / "temporary")}
    words = ["batch", str(folder), "--rubric", str(rubric), "--out", str(out), "--workers", "2", "--device", "cpu"]
    with ground() as place:
        students = write_class(folder, place)
        before, state = left(tmp_path), place.state()
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "grader.cli", *words],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment,
            check=False,
        )
        print(f"{len(students)} submissions in {time.monotonic() - started:.0f} s")  # noqa: T201 - for the record
        assert done.returncode == 0, done.stderr[-2000:]
        assert place.state() == state
    after = left(tmp_path)
    assert {**after, "in the folder": None} == {**before, "in the folder": None}
    assert set(after["in the folder"]) - set(before["in the folder"]) == {"out"}
    assert not list((tmp_path / "temporary").iterdir())
    reports = {one["submission"]["id"]: one for one in json.loads((out / "report.json").read_text())["reports"]}
    assert set(reports) == set(students)
    assert {one["isolation"]["rung"] for one in reports.values()} <= {"A", "B", "C"}
    points: dict[str, set[float]] = {}
    wrong = {}
    for student, name in students.items():
        report = reports[student]
        if name not in ATTACKS:
            points.setdefault(name, set()).add(report["points"])
            assert report["status"] == "graded", (student, name, report["notes"])
            continue
        attack, rung = ATTACKS[name], report["isolation"]["rung"]
        if (report["stopped"], report["status"]) != (attack.word(rung), str(attack.ending(rung))):
            wrong[student] = (name, attack.title, report["stopped"], report["status"], report["notes"])
    assert not wrong
    assert all(len(one) == 1 for one in points.values()), points
