"""No call that the allow-list lets through ends the process of a trainer, hangs in it or answers with foreign memory.

`make test` makes 1,500 calls, GRADER_STRESS=1 makes 100,000. A call that ended its process is named by its number:
`python -m tests.attacks.calls NUMBER 1` makes it again. The calls are made where trainers stand: behind the walls.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

from grader.graph import operators, tensors
from grader.graph.document import dump
from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Channel, Limits
from tests.attacks import calls
from tests.attacks.conftest import JOBS, ROOT
from tests.attacks.forks import Ended, in_a_child
from tests.graph.samples import document, node, slot
from tests.stress import STRESS
from tests.walls.readable import standing_on

COUNT = 100_000 if STRESS else 1_500
CHUNK = 500
LIMITS = Limits(wall_seconds=600, cpu_seconds=600, memory_megabytes=2048)


@dataclass(frozen=True, slots=True)
class Crash:
    """A call that ended its process."""

    number: int
    signal: str
    operator: str


@dataclass(slots=True)
class Outcome:
    """How many calls were made, and how they ended."""

    ran: int = 0
    rejected: int = 0
    raised: Counter[str] = field(default_factory=Counter)
    differed: list[int] = field(default_factory=list)
    crashed: list[Crash] = field(default_factory=list)


Make = Callable[[int, int], Ended]
"""Make so many calls from a number on, in a process of their own."""


def in_a_fork(first: int, count: int) -> Ended:
    """Make calls in a fork of this process."""
    return in_a_child(calls.fuzz, {"first": first, "count": count})


def behind(walled: Zygote) -> Make:
    """Return what makes calls as a trainer does: a job of the warm process, behind its walls."""

    def make(first: int, count: int) -> Ended:
        done = walled.run("fuzz", {"first": first, "count": count}, {}, LIMITS)
        assert done.stopped != "infra-error", (done.trouble, done.output)
        lines = [line.split() for line in done.output.splitlines() if line.startswith("call ")]
        answer = done.result() if done.stopped is None else None
        assert answer is None or answer["outcome"] == "fuzzed", answer
        return Ended(answer, int(lines[-1][1]) if lines else None, done.stopped or "")

    return make


def run_calls(make: Make, first: int, count: int, chunk: int) -> Outcome:
    """Make calls `first` to `first + count - 1` in processes of `chunk` calls; go on after one that died."""
    outcome = Outcome()
    at, last = first, first + count
    while at < last:
        wanted = min(chunk, last - at)
        ended = make(at, wanted)
        found = ended.answer
        if found is not None:
            outcome.ran += found["ran"]
            outcome.rejected += found["rejected"]
            outcome.raised.update(found["raised"])
            outcome.differed.extend(found["differed"])
            at += wanted
            continue
        number = at if ended.reached is None else ended.reached
        outcome.crashed.append(Crash(number, ended.how, calls.make(number).operator))
        outcome.ran += number - at + 1
        at = number + 1
    return outcome


@pytest.fixture(scope="module")
def trainer(rungs: tuple[str, ...], python: str | None) -> Iterator[Zygote]:
    """Return a warm process on the highest rung, whose jobs stand where trainers do."""
    with standing_on(rungs[0], python, str(ROOT / "tests")) as fence:
        zygote = Zygote(fence, warm=False, jobs=JOBS)
        yield zygote
        zygote.stop()


def test_hostile_calls(trainer: Zygote) -> None:
    """No call ends its process, hangs or answers with memory that is not its own, over every operator of the list."""
    outcome = run_calls(behind(trainer), 0, COUNT, CHUNK)
    print(outcome)  # noqa: T201 - shown by pytest -s, for the record
    assert not outcome.crashed
    assert not outcome.differed
    assert outcome.ran == COUNT > len(calls.OPERATORS)
    assert outcome.rejected < 0.7 * COUNT, "hostile calls that are all refused before they run try nothing"
    assert outcome.raised.total() > 0.01 * COUNT


def test_a_crash_costs_itself(trainer: Zygote) -> None:
    """A job that crashes behind the walls is told by its word, and the same warm process takes the next one."""
    assert trainer._process is None or trainer._process.poll() is None
    done = trainer.run("fuzz", {"first": -1, "count": 1}, {}, LIMITS)
    assert done.stopped == "killed-sig11"
    assert behind(trainer)(0, 3).answer is not None


@pytest.mark.parametrize("name", [one for one in calls.OPERATORS if calls.short(one) in calls.FITTING])
@pytest.mark.filterwarnings("ignore")
def test_what_fits_runs(name: str) -> None:
    """The arguments that hostile calls begin with run as they are: what is spoilt was good."""
    assert calls.attempt(calls.fitting_call(name), 0) == "ran"


def test_every_fitting_call_is_one_of_the_list() -> None:
    """A row of the table of arguments names an operator that there is."""
    assert set(calls.FITTING) <= {calls.short(one) for one in calls.OPERATORS}


def test_a_call_is_its_number() -> None:
    """The same number is the same call, so that a crash can be looked at again."""
    for number in range(0, 900, 7):
        one, other = calls.make(number), calls.make(number)
        assert dump(one.document) == dump(other.document)
        assert tensors.dump(one.values) == tensors.dump(other.values)


def test_the_driver_goes_on_after_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that ended its process is named, and the calls after it are made."""

    def deadly(call: calls.Call, number: int) -> str:
        if number in (3, 8):
            os.kill(os.getpid(), signal.SIGSEGV)
        return "rejected" if number % 2 else "RuntimeError"

    monkeypatch.setattr(calls, "attempt", deadly)
    outcome = run_calls(in_a_fork, 0, 12, 5)
    assert outcome.crashed == [Crash(3, "SIGSEGV", calls.OPERATORS[3]), Crash(8, "SIGSEGV", calls.OPERATORS[8])]
    assert outcome.ran == 12


@pytest.mark.parametrize("behind", [True, False])
def test_the_guard_ends_a_process(behind: bool) -> None:
    """A byte beyond a guarded tensor cannot be read; its own bytes can."""

    def read(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Channel) -> None:
        tensor = calls.guarded(torch.arange(10.0), behind=behind)
        start = tensor.data_ptr()
        assert ctypes.string_at(start, 40) == torch.arange(10.0).numpy().tobytes()
        print("call 1", flush=True)  # noqa: T201 - the parent listens to it
        ctypes.string_at(start + 40 if behind else start - 1, 1)

    ended = in_a_child(read, {})
    assert (ended.reached, ended.how) == (1, "SIGSEGV")


def test_foreign_memory_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator that answers with memory as it found it is caught: `empty`, were it not cleared."""
    call = calls.Call("aten.new_empty.default", document([], [node("new_empty", slot(0), [100])]), ())
    assert calls.attempt(call, 0) == "ran"
    monkeypatch.setattr(operators, "UNINITIALISED", frozenset())
    assert calls.attempt(call, 0) == "differed"
