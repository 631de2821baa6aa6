"""Which training is begun next: the longest first, identical networks once, and never two giants at a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader import memory
from grader.criteria import DEFINITIONS
from grader.data.store import StoredSplit
from grader.occupancy import Occupancy
from grader.orders import Assignment, Prepared
from grader.records import Submission
from grader.rubric import parse
from grader.waiting import Agenda, Member, Waiting

ASSIGNMENT = Assignment(
    parse('version = 1\ntitle = "A test"\n[criteria.memorises]\npoints = 1', "test.toml", DEFINITIONS),
    None,
    None,
    "cpu",
    {},
)


def member(name: str) -> Member:
    """Return a submission that waits."""
    return Member(Prepared(Submission(name, name, (f"{name}.py",)), f"capture of {name}"))


def agenda(room: int, **costs: tuple[float, int]) -> Agenda:
    """Return trainings by name, with cost and memory, each of a submission of that name."""
    found = Agenda(room)
    for name, (cost, needed) in costs.items():
        found.add(Waiting(name, ASSIGNMENT, cost, needed, name), member(name))
    return found


def taken(found: Agenda) -> str | None:
    """Return the key of what is begun next."""
    waiting = found.take()
    return waiting.key if waiting is not None else None


def test_the_longest_first() -> None:
    """By cost, whatever the order in which they were found, and whatever is found later."""
    found = agenda(100, short=(1, 1), long=(9, 1), middle=(5, 1))
    assert taken(found) == "long"
    found.add(Waiting("late", ASSIGNMENT, 7, 1, "late"), member("late"))
    assert [taken(found) for _ in range(4)] == ["late", "middle", "short", None]
    assert found.begun


def test_two_giants_do_not_meet() -> None:
    """While a giant runs those that fit beside it are begun; the next giant waits for the first."""
    found = Agenda(100)
    giants = [Waiting(f"giant {number}", ASSIGNMENT, 9 - number, 80, "") for number in range(2)]
    for one in (*giants, Waiting("small", ASSIGNMENT, 1, 15, ""), Waiting("other", ASSIGNMENT, 1, 15, "")):
        found.add(one, member(one.key))
    assert [taken(found) for _ in range(3)] == ["giant 0", "small", None]
    found.done(giants[0])
    assert [taken(found) for _ in range(3)] == ["giant 1", None, None]
    found.done(giants[1])
    assert taken(found) == "other"


def test_one_that_never_fits_runs_alone() -> None:
    """What is larger than the machine is begun when nothing else runs: its own limit ends it, not the batch."""
    found = agenda(10, huge=(9, 1000), small=(1, 1))
    assert [taken(found), taken(found)] == ["huge", None]


def test_a_busy_gpu_is_left_alone() -> None:
    """What fits into memory waits all the same while the GPU has neither time nor memory for it; the first does not."""
    found = Agenda(100, Occupancy(lambda: None, lambda: 0.0))
    for name in ("ada", "ben"):
        found.add(Waiting(name, ASSIGNMENT, 1, 1, name, 5), member(name))
    assert [taken(found), taken(found)] == ["ada", None]
    assert len(found.costs()) == 2


def test_identical_networks_wait_together() -> None:
    """Also while the training runs; after it whoever still needs it gets another one."""
    found = Agenda(100)
    first = Waiting("same", ASSIGNMENT, 1, 1, "")
    found.add(first, member("ada"))
    found.add(Waiting("same", ASSIGNMENT, 1, 1, ""), member("ben"))
    assert found.take() is first
    found.add(Waiting("same", ASSIGNMENT, 1, 1, ""), member("eve"))
    assert found.take() is None
    assert [one.prepared.submission.id for one in first.members] == ["ada", "ben", "eve"]
    assert found.costs() == {"ada": 1}
    found.done(first)
    found.add(Waiting("same", ASSIGNMENT, 1, 1, ""), member("zoe"))
    assert taken(found) == "same"


def examination(parameters: int, activation_bytes: int) -> dict[str, Any]:
    """Return what is asked of an examination."""
    return {"parameters": parameters, "activation_bytes": activation_bytes}


def test_memory_grows_with_weights_and_maps() -> None:
    """Weights count five times, maps twice for each picture of a batch; the rubric's limit is the most."""
    small = memory.of_training(examination(0, 0), ASSIGNMENT)
    assert memory.of_training(examination(1_000_000, 0), ASSIGNMENT) - small == 20_000_000
    assert memory.of_training(examination(0, 1_000_000), ASSIGNMENT) - small == 128_000_000
    limit = ASSIGNMENT.rubric.limits.memory_megabytes * 2**20
    assert memory.of_training(examination(10**10, 0), ASSIGNMENT) == limit


def test_a_gpu_holds_pictures_and_weights() -> None:
    """On a GPU the pictures lie there as well, and this machine's memory has CUDA's libraries alone."""
    pictures = StoredSplit(Path("nowhere"), "hash", ("a", "b"), (3, 32, 32), 300, 200)
    on_gpu = replace(ASSIGNMENT, data=pictures, fingerprint={"device": "cuda"})
    asked = examination(1_000_000, 1_000_000)
    assert memory.on_gpu(asked, on_gpu) == memory.CONTEXT + 500 * 3072 * 4 + 148_000_000
    assert memory.of_training(asked, on_gpu) == memory.ON_GPU
    assert memory.on_gpu(asked, ASSIGNMENT) == 0


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is free is what the system has, or what the group may still take where that is less."""
    system = tmp_path / "meminfo"
    system.write_text("MemTotal: 4000000 kB\nMemAvailable: 1000000 kB\n")
    monkeypatch.setattr(memory, "_SYSTEM", system)
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    assert memory.free_bytes() == int(0.8 * 1_024_000_000)
    (tmp_path / "memory.current").write_text("100\n")
    for limit, room in (("max\n", 1_024_000_000), ("500000100\n", 500_000_000), ("50\n", 0)):
        (tmp_path / "memory.max").write_text(limit)
        assert memory.free_bytes() == int(0.8 * room)
    system.unlink()
    (tmp_path / "memory.max").unlink()
    assert memory.free_bytes() > 2**26
