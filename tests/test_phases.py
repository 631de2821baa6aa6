"""How jobs are handed to an engine: few ahead, none where there is none yet, and all of them to their end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from grader.phases import Job, Night


def night(workers: int) -> Night:
    """Return a night of which only the handing out is used."""
    nothing: Any = None
    return Night(nothing, nothing, ThreadPoolExecutor(workers), nothing, nothing, 1, workers)


def test_a_free_slot_begins_what_is_known_while_another_still_works() -> None:
    """The last of the first kind ends only after one of the second kind has: were they apart, nothing would end."""
    second_began, done = threading.Event(), list[str]()

    def job(name: str) -> Job:
        def work(_order: dict[str, Any]) -> dict[str, Any]:
            if name == "training":
                second_began.set()
            if name == "slow capture":
                assert second_began.wait(20)
            return {}

        def finish(future: Future[Any]) -> None:
            assert future.result() == {}
            done.append(name)

        return work, {"id": name}, finish

    def jobs() -> Iterator[Job | None]:
        yield job("capture")
        yield job("slow capture")
        while "capture" not in done:
            yield None
        yield job("training")
        while "slow capture" not in done:
            yield None
        yield job("last training")

    night(2).each(jobs())
    assert sorted(done[:3]) == ["capture", "slow capture", "training"]
    assert done[3] == "last training"


def test_few_are_ordered_ahead() -> None:
    """An engine holds as many as it runs and two more, so that the bytes of a large class are not all in memory."""
    ordered, most = 0, 0
    gate = threading.Semaphore(0)

    def work(_order: dict[str, Any]) -> dict[str, Any]:
        assert gate.acquire(timeout=20)
        return {}

    def finish(_future: Future[Any]) -> None:
        nonlocal ordered
        ordered -= 1

    def jobs() -> Iterator[Job | None]:
        nonlocal ordered, most
        for number in range(12):
            ordered += 1
            most = max(most, ordered)
            gate.release()
            yield work, {"id": str(number)}, finish

    night(2).each(jobs())
    assert ordered == 0
    assert most <= 4
