"""The catalogue of attacks against the real thing: every rung that this machine has, and a whole class of attackers.

`make test` tries one attack of every row and every forbidden system call behind the highest rung, and grades a class of
attackers with four honest students in it; GRADER_STRESS=1 tries everything behind every rung.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.engines.local import LocalExecutor
from grader.sandbox.outcome import Done
from grader.sandbox.walls import canary, landlock, trials
from grader.sandbox.walls import view as views
from tests.attacks.catalogue import ATTACKS, NOT_APPLICABLE, ROWS, TRAPS, Attack
from tests.attacks.catalogue.attack import RUNGS
from tests.attacks.catalogue.field import MARKER, ROOT, Field, Ground, ground, hand_in
from tests.attacks.catalogue.traps import WORKING
from tests.pipeline.conftest import small_rubric
from tests.pipeline.runs import CHOSEN, write_class
from tests.stress import STRESS
from tests.walls.readable import standing_on, why_not

WAITING = ("row59a", "row61a")
"""Attacks that wait for a limit and are tried every time."""


def _chosen() -> list[str]:
    """Return the attacks that are tried every time."""
    first = {one.row: name for name, one in reversed(ATTACKS.items())}
    return [
        name
        for name, one in ATTACKS.items()
        if STRESS
        or name in WAITING
        or (not one.waits and (first[one.row] == name or one.stopped == "forbidden-syscall"))
    ]


CHOSEN_ATTACKS = _chosen()


@pytest.fixture(scope="module")
def place() -> Iterator[Ground]:
    """Lay out what attacks reach for."""
    with ground() as one:
        yield one


@pytest.fixture(scope="module", params=RUNGS)
def field(request: pytest.FixtureRequest, place: Ground, rungs: tuple[str, ...], python: str | None) -> Iterator[Field]:
    """Start a warm process behind each rung that there is; all attacks on it are run by the same one."""
    if request.param not in rungs:
        pytest.skip(why_not(request.param))
    if not STRESS and request.param != rungs[0]:
        pytest.skip("stress: only the highest rung is tried every time")
    with standing_on(request.param, python) as behind:
        one = Field(behind, place)
        yield one
        one.stop()


def test_bubblewrap_is_used_where_it_is(rungs: tuple[str, ...]) -> None:
    """Where bubblewrap is installed, the highest rung is among those that are tried."""
    if shutil.which("bwrap"):
        assert "A" in rungs


def test_every_row_is_tried_or_says_why_not() -> None:
    """Rows 1 to 97 have an attack or a reason; the traps have tests that exist."""
    tried = {one.row for one in ATTACKS.values()}
    assert tried | set(NOT_APPLICABLE) == set(ROWS)
    assert not tried & set(NOT_APPLICABLE)
    assert {ATTACKS[name].row for name in CHOSEN_ATTACKS} == (tried if STRESS else tried - {60, 62, 64})
    assert [one.row for one in TRAPS] == list(range(98, 106))
    for trap in TRAPS:
        for test in trap.tests:
            file, _, name = test.partition("::")
            assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), test


@pytest.mark.parametrize("name", CHOSEN_ATTACKS)
def test_contained(field: Field, name: str) -> None:
    """The attack ends with its word, gets nothing, changes nothing and leaves nothing."""
    field.contain(ATTACKS[name], name)


def test_what_works_behind_walls(field: Field) -> None:
    """Honest code lists and reads the folders of packages, trains, uses threads and an event loop as anywhere."""
    field.contain(WORKING)


def test_what_a_rung_promises_stands(field: Field) -> None:
    """A child has put up everything that its rung is named after."""
    done = field.honest(again=True).done
    assert done is not None
    walls = field.zygote.fence.walls
    assert walls is not None
    assert ("users, processes, mounts and IPC of its own" in done.active) == walls.namespaces
    assert ("mount view and network of its own" in done.active) == walls.mounts
    assert {"no capabilities", "seccomp"} <= set(done.active)


def test_one_thread_behind_walls(field: Field) -> None:
    """The warm process and its bubblewrap have one thread each: a fork takes only the one that forks along."""
    field.zygote.ready()
    assert [len(list(Path(f"/proc/{one}/task").iterdir())) for one in field.processes()] == [1] * len(field.processes())


def test_the_field_survived(field: Field) -> None:
    """After everything an honest submission is graded as before everything."""
    first = field.honest()
    again = field.honest(again=True)
    assert again.report.to_json()["findings"] == first.report.to_json()["findings"]


def _words(out: Path) -> dict[str, dict[str, Any]]:
    plain = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return {one["submission"]["id"]: one for one in plain["reports"]}


def _graded(out: Path, folder: Path, rubric: Path, cache: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    words = ["batch", str(folder), "--rubric", str(rubric), "--out", str(out), "--workers", "2", "--device", "cpu"]
    done = subprocess.run(
        [sys.executable, "-m", "grader.cli", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "GRADER_CACHE": str(cache)},
        timeout=550,
        check=False,
    )
    assert (out / "report.json").exists(), done.stderr[-2000:]
    assert MARKER not in done.stdout + done.stderr
    return done.returncode, _words(out)


def _in_a_class(name: str, attack: Attack) -> bool:
    """Tell whether an attack is one of a class: it leaves its neighbours' names alone and needs no room of its own."""
    return attack.between is None and attack.row not in (83, 91, 93, 94, 95, 96, 90) and name != "row84c"


@pytest.mark.slow
def test_a_class_of_attackers(place: Ground, tmp_path: Path) -> None:
    """Four honest students among attackers get what they get alone, and every attacker their word; nothing is left."""
    rubric = small_rubric(
        tmp_path,
        {
            "capture_seconds = 60": "capture_seconds = 25",
            "build_seconds = 20": "build_seconds = 60",
            "cpu_seconds = 60": "cpu_seconds = 4",
            "memory_megabytes = 4096": "memory_megabytes = 1024",
        },
    )
    (tmp_path / "alone").mkdir()
    (tmp_path / "class").mkdir()
    write_class(tmp_path / "alone")
    write_class(tmp_path / "class")
    names = [name for name in CHOSEN_ATTACKS if _in_a_class(name, ATTACKS[name])]
    if not STRESS:  # those that are captured whole take a second each: every twelfth will do
        names = [name for name in names if ATTACKS[name].stopped is not None or ATTACKS[name].row % 12 == 3]
    for name in names:
        hand_in(ATTACKS[name], name, tmp_path / "class", place)
    before = place.state()
    _, alone = _graded(tmp_path / "out-alone", tmp_path / "alone", rubric, tmp_path / "cache")
    code, found = _graded(tmp_path / "out", tmp_path / "class", rubric, tmp_path / "cache")
    assert place.state() == before
    honest = {Path(name).stem for name in CHOSEN}
    assert set(found) == {*names, *honest}
    for one in honest:
        assert {key: found[one][key] for key in ("status", "points", "layers", "findings", "score", "stopped")} == {
            key: alone[one][key] for key in ("status", "points", "layers", "findings", "score", "stopped")
        }
    wrong = {}
    for name in names:
        rung = found[name]["isolation"]["rung"]
        wanted = (ATTACKS[name].word(rung), str(ATTACKS[name].ending(rung)))
        if (found[name]["stopped"], found[name]["status"]) != wanted:
            wrong[name] = (ATTACKS[name].title, found[name]["stopped"], found[name]["status"], found[name]["notes"])
    assert not wrong, wrong
    assert code == 0
    assert MARKER not in (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    assert not [one for one in (tmp_path / "out" / "logs").iterdir() if MARKER.encode() in one.read_bytes()]
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "alone",
        "cache",
        "class",
        "out",
        "out-alone",
        "small.toml",
    ]
    assert not _of_this_class(str(tmp_path))


def _of_this_class(text: str) -> list[str]:
    """Return the command lines of processes that have to do with this batch."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = one.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line and one.parent.name != str(os.getpid()):
            found.append(line)
    return found


def test_a_slot_starts_and_runs_in_one_thread() -> None:
    """A warm process ends with the thread that started it, so a slot starts and uses it in a thread that lives on."""
    threads: list[int] = []

    class Quiet:
        def stop(self) -> None:
            threads.append(threading.get_ident())

        interrupt = stop

    def start() -> Any:
        threads.append(threading.get_ident())
        return Quiet()

    def job(order: dict[str, Any], slot: Any) -> dict[str, Any]:
        assert slot.worker is not None
        threads.append(threading.get_ident())
        return {}

    executor = LocalExecutor(1, start, lambda *stage: None)
    for _ in range(2):
        executor.submit(job, {"id": "x"}).result()
    executor.shutdown()
    assert len(threads) >= 3
    assert len(set(threads[:3])) == 1
    assert threads[0] != threading.get_ident()


def test_every_folder_above_a_bind_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bubblewrap makes the parents of a bind for the first user alone: each is named before anything is bound."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    seen = views.view(accelerator=False)
    line = views.behind("bwrap", seen, ["true"])
    first = line.index("--ro-bind-try")
    made = {line[at + 1] for at, word in enumerate(line) if word == "--dir" and at < first}
    bound = [line[at + 2] for at, word in enumerate(line) if word == "--ro-bind-try"]
    for one in bound:
        above = [str(folder) for folder in Path(one).parents if str(folder) != "/"]
        assert all(folder in made or any(f"{folder}/".startswith(f"{other}/") for other in bound) for folder in above)


def test_a_kernel_that_claims_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel refuses what its version promises, less is asked for, and the version is what is in force."""
    asked: list[int] = []

    def call(name: str, number: int, attribute: bytes, size: Any, flags: int) -> int:
        asked.append(size.value)
        if size.value > 16:
            raise OSError(22, name)
        return 7

    monkeypatch.setattr(landlock, "_call", call)
    assert landlock._ruleset(1, 6) == (7, 5)
    assert asked == [24, 16]


@pytest.mark.parametrize(
    ("lines", "stopped", "expected"),
    [
        ("read a file of this user's\tblocked\n", None, canary.UNKNOWN),
        ("start a program\tblocked\n", None, canary.BLOCKED),
        ("".join(f"{one}\tblocked\n" for one in trials.SMALL[:-1]), "exited-without-result", canary.OPEN),
        ("", "exited-without-result", canary.UNKNOWN),
    ],
)
def test_a_canary_says_what_it_saw(lines: str, stopped: str | None, expected: str) -> None:
    """A line that is missing is not verified; only a canary whose place was taken by the program was let through."""

    class Worker:
        def run(self, kind: str, arguments: Any, blobs: Any, limits: Any) -> Done:
            small = arguments["attempt"] == "small"
            return Done({}, stopped if small else "killed-sig11", lines if small else "", 0.1, 0.1)

    assert trials.attempt(Worker())["start a program"] == expected
