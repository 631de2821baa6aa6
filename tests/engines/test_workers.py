"""Dask's workers as seats: who gets which job, who is refused, what is brought to whom, and who is blamed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from grader import hardware
from grader.engines.node import run_job
from grader.engines.parcel import Parcel, Part
from grader.engines.seats import WorkerLostError
from grader.engines.workers import DaskExecutor
from grader.faults import EngineFault, OperatorFault
from tests.engines.scripted import Client, Sent

SETTINGS = {"isolation": "auto", "device": "cpu", "parcel": None}


def kind(processor: str) -> str:
    """Return the digest of a worker's hardware."""
    return hardware.digest({"torch": "2", "processor": processor})


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.fixture
def client() -> Client:
    """Return a client whose scheduler has no worker yet."""
    return Client()


@pytest.fixture
def said() -> list[str]:
    """Return what the person at the terminal hears."""
    return []


@pytest.fixture
def engine(client: Client, said: list[str]) -> Iterator[DaskExecutor]:
    """Return the engine on that client."""
    found = DaskExecutor(client, "cpu", said.append, lambda: None)
    yield found
    found.shutdown(wait=True, cancel_futures=True)


def job(name: str, hardware_of: str = "") -> dict[str, Any]:
    """Return a job."""
    return {
        "version": 1,
        "key": name,
        "kind": "training",
        "order": {"id": name},
        "settings": {},
        "hardware": hardware_of,
    }


def handed(engine: DaskExecutor, *names: str, of: str = "") -> list[Future[Any]]:
    """Submit jobs."""
    return [engine.submit(run_job, job(name, of)) for name in names]


def sent(client: Client, count: int) -> list[Sent]:
    """Wait until so many jobs were sent to workers, and return them."""
    until(lambda: len(client.sent) == count)
    time.sleep(0.02)
    assert len(client.sent) == count
    return client.sent


def test_one_job_a_worker(engine: DaskExecutor, client: Client) -> None:
    """A worker has one at a time, in the order in which they came; the next comes with the answer."""
    for name in "ab":
        client.comes(name, "n1")
    assert len(engine.begin(SETTINGS, None)) == 2
    futures = handed(engine, "j1", "j2", "j3")
    assert [one.job["key"] for one in sent(client, 2)] == ["j1", "j2"]
    client.sent[1].answers(result={"n": 2})
    assert futures[1].result(5)["result"] == {"n": 2}
    assert sent(client, 3)[2].address == client.sent[1].address


def test_a_death_is_blamed_on_the_job_that_ran(engine: DaskExecutor, client: Client) -> None:
    """The one that waited goes to the other worker, and so does whatever is sent again."""
    for name in "ab":
        client.comes(name, "n1")
    engine.begin(SETTINGS, None)
    futures = handed(engine, "j1", "j2", "j3")
    first = sent(client, 2)[0]
    client.goes("a")
    with pytest.raises(WorkerLostError, match="died or was taken away") as raised:
        futures[0].result(5)
    assert raised.value.worker == "worker a on n1"
    client.sent[1].answers(result={})
    assert sent(client, 3)[2].address != first.address
    assert not futures[2].done()


def test_dask_may_notice_before_the_scheduler_tells(engine: DaskExecutor, client: Client) -> None:
    """A worker whose task failed gets no other job before it has said again who it is."""
    client.comes("a", "n1")
    engine.begin(SETTINGS, None)
    futures = handed(engine, "j1", "j2")
    del client.workers["tls://n1/a"]
    sent(client, 1)[0].dies()
    with pytest.raises(WorkerLostError, match="KilledWorker"):
        futures[0].result(5)
    time.sleep(0.05)
    assert len(client.sent) == 1
    client.comes("a", "n2")
    assert sent(client, 2)[1].job["key"] == "j2"


def test_a_late_worker_is_used(engine: DaskExecutor, client: Client) -> None:
    """Adding machines is all that it takes."""
    client.comes("a", "n1")
    engine.begin(SETTINGS, None)
    handed(engine, "j1", "j2")
    sent(client, 1)
    client.comes("b", "n2")
    assert sent(client, 2)[1].address == "tls://n2/b"
    assert engine.slots() == 2


def test_trainings_run_on_the_hardware_that_their_keys_name(engine: DaskExecutor, client: Client) -> None:
    """One that waits for its kind lets others pass; captures run anywhere."""
    client.comes("a", "n1", processor="one")
    client.comes("b", "n2", processor="two")
    engine.begin(SETTINGS, None)
    engine.use(frozenset({kind("one"), kind("two")}))
    handed(engine, "j1", "j2", of=kind("two"))
    handed(engine, "j3")
    handed(engine, "j4", of=kind("one"))
    assert [(one.job["key"], one.address[-1]) for one in sent(client, 2)] == [("j1", "b"), ("j3", "a")]
    client.sent[1].answers(result={})
    assert (sent(client, 3)[2].job["key"], client.sent[2].address[-1]) == ("j4", "a")


def test_other_hardware_is_refused_once(engine: DaskExecutor, client: Client, said: list[str]) -> None:
    """Without --mixed, whether it is there at the beginning or comes later; one line for all of a kind."""
    client.comes("a", "n1")
    client.comes("b", "n2", processor="two")
    assert len(engine.begin(SETTINGS, None)) == 2
    engine.use(frozenset({kind("one")}))
    client.comes("c", "n2", processor="two")
    handed(engine, "j1", "j2")
    assert [one.address[-1] for one in sent(client, 1)] == ["a"]
    assert len(said) == 1
    assert said[0].startswith("Worker b on n2 is not used: it is two")
    assert "--mixed" in said[0]


@pytest.mark.parametrize(
    ("more", "why"), [({"threads": 4}, "--nthreads 1"), ({"torch": "2.0.1"}, "has torch 2.0.1, and here it is")]
)
def test_refused(engine: DaskExecutor, client: Client, said: list[str], more: dict[str, Any], why: str) -> None:
    """A worker with several threads or another torch; where there is no other, the batch ends in one line."""
    client.comes("a", "n1", **more)
    with pytest.raises(OperatorFault, match="No worker can grade"):
        engine.begin(SETTINGS, None)
    assert why in said[0]


def test_builds_of_one_version_are_one(engine: DaskExecutor, client: Client) -> None:
    """A head without a GPU and a node with one have other builds of the same torch."""
    torch = client.comes.__globals__["versions"]()["torch"].partition("+")[0]
    client.comes("a", "n1", torch=f"{torch}+cu130")
    assert len(engine.begin(SETTINGS, None)) == 1


def test_pictures_come_once_a_node(engine: DaskExecutor, client: Client, said: list[str], tmp_path: Path) -> None:
    """One of a node's workers is sent them; the others begin when they are there."""
    (tmp_path / "train_images.npy").write_bytes(b"pictures")
    parcel = Parcel("d" * 64, (Part("train_images", "0", 8),), str(tmp_path))
    for name, host in (("a", "n1"), ("b", "n1"), ("c", "n2")):
        client.comes(name, host, holds=False)
    begun: list[Any] = []
    import threading

    thread = threading.Thread(target=lambda: begun.append(engine.begin(SETTINGS, parcel)))
    thread.start()
    for kind_of in ("take", "seal"):
        for one in sent(client, 2):
            assert one.job["kind"] == kind_of
        assert {one.address[6:8] for one in client.sent} == {"n1", "n2"}
        several, client.sent[:] = list(client.sent), []
        for one in several:
            one.answers(result={})
    thread.join(10)
    assert len(begun[0]) == 3
    client.comes("d", "n2", holds=False)  # it looked before they were there
    until(lambda: engine.slots() == 4)
    assert client.sent == []
    assert [line.split(" ")[5].rstrip(",") for line in said] == ["n1", "n2"]


def test_a_node_that_lost_its_pictures(engine: DaskExecutor, client: Client, tmp_path: Path) -> None:
    """They are brought again, and the job is told to try again."""
    (tmp_path / "train_images.npy").write_bytes(b"pictures")
    parcel = Parcel("d" * 64, (Part("train_images", "0", 8),), str(tmp_path))
    client.comes("a", "n1")
    engine.begin(SETTINGS, parcel)
    futures = handed(engine, "j1")
    sent(client, 1)[0].answers(ended="missing", node="n1")
    assert futures[0].result(5)["ended"] == "missing"
    assert sent(client, 2)[1].job["kind"] == "take"


def test_gpus_by_resources(client: Client, said: list[str]) -> None:
    """Who names no GPU trains on the processor, also where it sees one."""
    engine = DaskExecutor(client, "auto", said.append, lambda: None)
    client.comes("a", "n1", resources={"GPU": 1.0})
    client.comes("b", "n1")
    engine.begin({**SETTINGS, "device": "auto"}, None)
    handed(engine, "j1", "j2")
    devices = {one.address[-1]: one.job["settings"]["device"] for one in sent(client, 2)}
    engine.shutdown()
    assert devices == {"a": "auto", "b": "cpu"}


def test_a_scheduler_that_goes(engine: DaskExecutor, client: Client) -> None:
    """The run ends, and nobody is blamed: neither what runs, nor what waits, nor what comes later."""
    client.comes("a", "n1")
    engine.begin(SETTINGS, None)
    futures = handed(engine, "j1", "j2")
    sent(client, 1)
    client.status = "closed"
    client.tells("remove-worker")
    futures += handed(engine, "j3")
    for one in futures:
        with pytest.raises(EngineFault, match="The scheduler is gone"):
            one.result(5)
