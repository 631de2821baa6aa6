"""Which rung is taken: what a canary finds to hold, and nothing else."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader import cli
from grader.faults import GraderFault, OperatorFault, WallsFault
from grader.sandbox import ladder
from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Limits
from grader.sandbox.walls import fence as fences
from grader.sandbox.walls import landlock, trials
from grader.sandbox.walls.fence import NONE, Fence, NoSuchWallError, fence
from tests.pipeline.conftest import SUBMISSIONS, small_rubric


@pytest.fixture(scope="module")
def open_field() -> Iterator[Zygote]:
    """Return a warm process without walls."""
    bare = Zygote(NONE, bare=True)
    yield bare
    bare.stop()


def test_a_canary_can_fail(open_field: Zygote) -> None:
    """Where nothing stands, the canary says so: all but limits, descriptors and a user's own rights lets it through."""
    seen = trials.attempt(open_field)
    blocked = {name for name, status in seen.items() if status == "blocked"}
    assert set(seen) == set(trials.NAMES)
    assert "not verified" not in seen.values()
    of_the_user = {"become another user", "change its own programs", "start many threads"}
    assert blocked - of_the_user == {
        "find open descriptors of others",
        "use more memory than its limit",
        "fill the disk",
        "print without end",
        "stay after its time",
        "use more processor time than its limit",
    }


def test_the_rung_of_this_machine() -> None:
    """The rung that is taken blocked everything that it has to, and the report says each attempt."""
    found = ladder.standing()
    assert found.holds, found.refused
    assert set(found.tried) == set(trials.NAMES)
    through = {name for name, status in found.tried.items() if status != "blocked"}
    assert through <= ladder.RUNGS[found.rung].open
    said = found.isolation()
    assert json.loads(json.dumps(said)) == said
    assert said["rung"] == found.rung
    assert said["missing"]
    assert any("seccomp" in one for one in said["active"])


def climbing(monkeypatch: pytest.MonkeyPatch, stops: dict[str, Any]) -> list[str]:
    """Let each rung's canary answer as `stops` say; return where the letters of the tried ones will be."""
    tried: list[str] = []

    def prove(behind: Fence) -> tuple[tuple[str, ...], dict[str, str]]:
        tried.append(behind.rung)
        answer = stops[behind.rung]
        if isinstance(answer, Exception):
            raise answer
        return ("walls",), {name: "not blocked" if name in answer else "blocked" for name in trials.NAMES}

    monkeypatch.setattr(ladder, "prove", prove)
    monkeypatch.setattr(ladder, "fence", lambda letter, **_device: Fence(letter))
    return tried


def test_the_highest_that_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rung that cannot be put up, and one that lets a canary through, are passed by, with the reason."""
    stops = {"A": trials.SetUpError("unshare: not permitted"), "B": {"write a file"}, "C": {"see that a file exists"}}
    tried = climbing(monkeypatch, stops)
    found = ladder.standing()
    assert (found.rung, tried) == ("C", ["A", "B", "C"])
    assert "not permitted" in found.refused["A"]
    assert "write a file" in found.refused["B"]


def test_what_is_not_verified_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt that nothing is known about counts as one that got through."""
    climbing(monkeypatch, {"A": set(), "B": set(), "C": set()})
    unknown = dict.fromkeys(trials.NAMES, "not verified")
    monkeypatch.setattr(ladder, "prove", lambda behind: (("walls",), unknown))
    assert not ladder.standing().holds


def test_a_canary_that_did_not_come_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent once more; a rung that is taken because the one above could not be verified is not remembered."""
    climbing(monkeypatch, {"A": set(), "B": set(), "C": set()})
    answers = iter(["not verified", "blocked"])

    def prove(behind: Fence) -> tuple[tuple[str, ...], dict[str, str]]:
        return ("walls",), dict.fromkeys(trials.NAMES, next(answers))

    monkeypatch.setattr(ladder, "prove", prove)
    assert ladder.standing(fresh=True).rung == "A"
    answers = iter(["not verified", "not verified", "blocked", "blocked"])
    assert ladder.standing(fresh=True).rung == "B"
    answers = iter(["blocked"])
    assert ladder.standing().rung == "A"


def test_it_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found holds for this boot, user and version; `fresh`, another boot or another program tries again."""
    tried = climbing(monkeypatch, {"A": set(), "B": set(), "C": set()})
    for _ in range(3):
        assert ladder.standing().holds
    assert tried == ["A"]
    ladder.standing(fresh=True)
    assert tried == ["A", "A"]
    monkeypatch.setattr(ladder, "bubblewrap", lambda: None)
    ladder.standing()
    assert tried == ["A", "A", "A"]
    monkeypatch.setattr(ladder, "_own_code", lambda: "another version")
    ladder.standing()
    assert len(tried) == 4


def test_a_wall_that_was_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A remembered rung whose parts are gone is tried again, and not believed."""
    climbing(monkeypatch, {"A": set(), "B": set(), "C": set()})
    assert ladder.standing().holds

    def gone(letter: str, *, accelerator: bool) -> Fence:
        raise NoSuchWallError("bubblewrap is not installed")

    monkeypatch.setattr(ladder, "fence", gone)
    assert ladder.standing().refused == dict.fromkeys(ladder.WALLED, "bubblewrap is not installed")


def test_parts_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without bubblewrap there is neither A nor B, without Landlock none at all; each says what to do."""
    monkeypatch.setattr(fences, "bubblewrap", lambda: None)
    with pytest.raises(NoSuchWallError, match="apt install bubblewrap"):
        fence("A")
    assert fence("C").bubblewrap is None
    monkeypatch.setattr(landlock, "version", lambda: 0)
    with pytest.raises(NoSuchWallError, match="Landlock"):
        fence("C")


NOWHERE = {letter: NoSuchWallError("Landlock is switched off.") for letter in ladder.WALLED}


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run the command line in this process; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["grader", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(str(ended.value.code or 0))


def test_a_batch_does_not_start_without_walls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says why, and the two ways on with their risks; nothing was written and no worker started."""
    climbing(monkeypatch, NOWHERE)
    out = tmp_path / "out"
    code = run(monkeypatch, "batch", str(SUBMISSIONS), "--rubric", str(small_rubric(tmp_path)), "--out", str(out))
    said = capsys.readouterr().err
    assert code == 2
    assert "nothing was started" in said.splitlines()[0]
    assert "Landlock is switched off" in said.splitlines()[0]
    assert "Containerfile" in said
    assert "--isolation none" in said
    assert said.count("The risk:") == 2
    assert not out.exists()


def test_ones_own_work_is_checked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no walls hold, `check` runs and says plainly that there were none."""
    climbing(monkeypatch, NOWHERE)
    code = run(monkeypatch, "check", str(SUBMISSIONS / "sequential.ipynb"))
    said = " ".join(capsys.readouterr().out.split())
    assert code in (0, 1)
    assert "No walls" in said
    assert "limits alone" in said


def test_a_rung_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rung asked for by name is tried, and refused by name when it does not hold; `none` is what it says."""
    climbing(monkeypatch, {**NOWHERE, "C": {"see that a file exists"}})
    assert ladder.demanded("C", "cpu").rung == "C"
    with pytest.raises(OperatorFault, match="--isolation A does not hold"):
        ladder.demanded("A", "cpu")
    climbing(monkeypatch, {**NOWHERE, "C": {"write a file"}})
    with pytest.raises(OperatorFault, match="--isolation C does not hold"):
        ladder.demanded("C", "cpu")
    assert ladder.demanded("none", "cpu").isolation()["rung"] == "E"
    with pytest.raises(WallsFault):
        ladder.demanded("auto", "cpu")


def test_walls_that_fail_later() -> None:
    """A child whose walls cannot be put up runs no job; that is a failure of ours and says why."""
    found = ladder.standing()
    assert found.holds
    worker = Zygote(found.fence, bare=True)
    try:
        limits = Limits(memory_megabytes=256)
        done = worker.run("no such job", {}, {}, limits)
        assert done.stopped == "infra-error"
        assert "no such job" in done.trouble
        assert worker.run("canary", {"attempt": "trace"}, {}, limits).stopped == "forbidden-syscall"
    finally:
        worker.stop()


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    """Where the program that puts up the outer walls cannot be started, that is said as such."""
    found = ladder.standing()
    nothing = Fence(found.rung, found.fence.walls, str(tmp_path / "bwrap"))
    with pytest.raises(GraderFault, match="cannot be started"):
        Zygote(nothing, bare=True)
