"""What the head makes of an engine whose workers die, dawdle and break: scripted engines, no processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from typing import Any

import pytest

from grader.engines import remote
from grader.engines.node import VERSION
from grader.engines.remote import Nothing, Remote
from grader.engines.seam import Address, Asked
from grader.faults import EngineFault, GraderFault, OperatorFault, QuarantineFault
from grader.work import run_capture, run_training

ORDER = {"id": "ana", "files": {"a.py": b"x"}, "limits": {"wall_seconds": 1}}
HERE = {"rung": "A"}


class Died(Exception):
    """A worker went."""

    def __init__(self, worker: str) -> None:
        super().__init__("killed")
        self.worker = worker


class Scripted(Executor):
    """An engine whose jobs end when a test says so."""

    def __init__(self, slots: int = 2) -> None:
        self.copies: list[tuple[dict[str, Any], Future[Any]]] = []
        self._slots, self.gone = slots, False

    def begin(self, settings: dict[str, Any], parcel: object) -> list[dict[str, Any]]:
        return [{"ended": "done", "node": "n", "isolation": HERE, "result": {"fingerprint": {"torch": "2"}}}]

    def use(self, kinds: frozenset[str]) -> None:
        """Use whatever there is."""

    def slots(self) -> int:
        return self._slots

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.gone:
            raise ConnectionError("closed")
        future: Future[Any] = Future()
        self.copies.append((args[0], future))
        return future

    def begins(self, number: int = -1) -> Future[Any]:
        """Let a copy run."""
        future = self.copies[number][1]
        assert future.set_running_or_notify_cancel()
        return future

    def answers(self, number: int = -1, **more: Any) -> None:
        """Let a copy end."""
        job, future = self.copies[number]
        whole = {"key": job["key"], "node": "n, process 1", "seconds": 1.0, "isolation": HERE, "ended": "done", **more}
        future.set_result(whole)


@pytest.fixture
def engine() -> Scripted:
    """Return an engine of two slots."""
    return Scripted()


@pytest.fixture
def clock() -> list[float]:
    """Return what the head's clock says."""
    return [0.0]


@pytest.fixture
def head(engine: Scripted, clock: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    """Return a head that looks around often."""
    monkeypatch.setattr(remote, "_TICK", 0.005)
    found = Remote(engine, Asked(2, "cpu", "auto", Address(), print), lambda *_: None, lambda: clock[0])
    found.begin(None)
    yield found
    found.shutdown(wait=True, cancel_futures=True)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_job_is_plain_and_keyed(head: Remote, engine: Scripted) -> None:
    """A capture is named by all that is in it, a training by its own key, and no path of the head travels."""
    head.submit(run_capture, ORDER)
    head.submit(run_capture, dict(ORDER))
    head.submit(run_training, {**ORDER, "key": "t1", "files": {"train_images": "/head/x.npy"}, "hardware": "h"})
    first, second, third = (job for job, _ in engine.copies)
    assert first == second
    assert (first["kind"], first["version"], first["hardware"]) == ("capture", VERSION, "")
    assert (third["key"], third["hardware"], third["order"]["files"]) == ("t1", "h", {})


def test_a_lost_worker_costs_nothing(head: Remote, engine: Scripted) -> None:
    """The job is run again, and its answer counts."""
    future = head.submit(run_capture, ORDER)
    engine.begins().set_exception(Died("w1"))
    assert not future.done()
    engine.begins()
    engine.answers(result={"captured": 1})
    assert future.result(1) == {"captured": 1}
    assert head.events == {"lost": 1}


def test_three_workers_are_enough(head: Remote, engine: Scripted) -> None:
    """A job that took three workers with it is put aside, with who they were; others go on."""
    poison, other = head.submit(run_capture, ORDER), head.submit(run_capture, {**ORDER, "id": "bo"})
    for number, worker in ((0, "w1"), (2, "w2"), (3, "w1 again")):
        engine.begins(number).set_exception(Died(worker))
    with pytest.raises(QuarantineFault, match=r"3 times and never ended: lost with w1, w1 again and w2\. Last of all"):
        poison.result(1)
    engine.begins(1)
    engine.answers(1, result={})
    assert other.result(1) == {}
    assert len(engine.copies) == 4


@pytest.mark.parametrize(
    ("fault", "kind"), [("GraderFault", GraderFault), ("OperatorFault", OperatorFault), ("StorageFault", GraderFault)]
)
def test_what_is_not_infrastructure_is_not_tried_again(
    head: Remote, engine: Scripted, fault: str, kind: type[Exception]
) -> None:
    """A fault of the grader's on a node is what it is here; a node's full disk does not end the run."""
    future = head.submit(run_capture, ORDER)
    engine.begins()
    engine.answers(ended="fault", fault=[fault, "What.", "Why.", "Fix."])
    with pytest.raises(kind, match=r"What\. Why\. Fix\.") as raised:
        future.result(1)
    assert type(raised.value) is kind
    assert len(engine.copies) == 1


@pytest.mark.parametrize(
    "answer", [{"ended": "crashed", "fault": ["OSError", "no space", "", ""]}, {"ended": "missing"}]
)
def test_a_broken_node(head: Remote, engine: Scripted, answer: dict[str, Any]) -> None:
    """Its trouble is not the job's: another copy is sent."""
    future = head.submit(run_capture, ORDER)
    engine.begins()
    engine.answers(**answer)
    engine.begins()
    engine.answers(result={})
    assert future.result(1) == {}


def test_a_straggler_is_copied_once_a_slot_is_idle(head: Remote, engine: Scripted, clock: list[float]) -> None:
    """Not while others fill the slots; then the first answer counts, whichever copy gives it."""
    for number in range(5):
        head.submit(run_capture, {**ORDER, "id": str(number)})
        engine.begins()
        engine.answers(result={})
    slow, other = head.submit(run_capture, ORDER), head.submit(run_capture, {**ORDER, "id": "bo"})
    engine.begins(5)
    engine.begins(6)
    until(lambda: all(one is not None for task in head._running for one in task.copies.values()))
    clock[0] = 25.0
    time.sleep(0.05)
    assert len(engine.copies) == 7
    engine.answers(6, result={})
    other.result(1)
    until(lambda: len(engine.copies) == 8)
    assert engine.copies[7][0] == engine.copies[5][0]
    engine.begins(7)
    engine.answers(7, result={"by": "the copy"})
    assert slow.result(1) == {"by": "the copy"}
    engine.answers(5, result={"by": "the first"})
    assert slow.result(1) == {"by": "the copy"}
    assert head.events["copied"] == 1


def test_a_copy_that_dies_leaves_the_first(head: Remote, engine: Scripted, clock: list[float]) -> None:
    """Nothing is sent as long as one of them runs."""
    for number in range(5):
        head.submit(run_capture, {**ORDER, "id": str(number)})
        engine.begins()
        engine.answers(result={})
    slow = head.submit(run_capture, ORDER)
    engine.begins()
    until(lambda: all(one is not None for task in head._running for one in task.copies.values()))
    clock[0] = 25.0
    until(lambda: len(engine.copies) == 7)
    engine.begins().set_exception(Died("w2"))
    assert len(engine.copies) == 7
    engine.answers(5, result={"by": "the first"})
    assert slow.result(1) == {"by": "the first"}


def test_a_job_nobody_hears_of(head: Remote, engine: Scripted, clock: list[float]) -> None:
    """Long after its own deadlines a job is taken for lost."""
    future = head.submit(run_capture, ORDER)
    engine.begins()
    until(lambda: all(one is not None for task in head._running for one in task.copies.values()))
    clock[0] = 10_000.0
    until(lambda: len(engine.copies) == 2)
    engine.begins()
    engine.answers(result={})
    assert future.result(1) == {}


def test_what_has_not_begun_can_be_taken_back(head: Remote, engine: Scripted) -> None:
    """As Ctrl-C does; what runs is waited for."""
    runs, waits = head.submit(run_capture, ORDER), head.submit(run_capture, {**ORDER, "id": "bo"})
    engine.begins(0)
    assert not runs.cancel()
    assert waits.cancel()
    assert engine.copies[1][1].cancelled()
    with pytest.raises(CancelledError):
        waits.result(1)
    engine.answers(0, result={})
    assert runs.result(1) == {}
    assert not runs.cancel()


def test_an_engine_that_is_gone_ends_the_run(head: Remote, engine: Scripted) -> None:
    """Nobody is blamed for it."""
    engine.gone = True
    with pytest.raises(EngineFault, match="The same command goes on"):
        head.submit(Nothing, ORDER).result(1)


def test_a_node_that_is_not_like_the_others(head: Remote, engine: Scripted) -> None:
    """What stands around a capture there is said, and not where it is as everywhere."""
    futures = [head.submit(run_capture, {**ORDER, "id": one}) for one in "ab"]
    for number, rung in enumerate("AC"):
        engine.begins(number)
        engine.answers(number, result={"captured": None}, isolation={"rung": rung})
    assert [one.result(1) for one in futures] == [
        {"captured": None},
        {"captured": None, "isolation": {"rung": "C"}},
    ]
