"""Dask's workers as seats: each has one job at a time and is asked who it is before the first.

Dask carries messages and says who comes and goes. Which worker gets which job is decided here, so that a worker's death
is blamed on one job exactly, and a training runs on the hardware that its key names.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from grader import hardware
from grader.engines.node import VERSION, run_packed
from grader.engines.parcel import Parcel
from grader.engines.seats import GPU, Job, Seat, WorkerLostError, fail, public
from grader.engines.wire import pack, unpack
from grader.faults import EngineFault, OperatorFault
from grader.versions import versions
from grader.work import Plain

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as Sent

_TICK = 2.0  # seconds between two looks at who is there, beside what the scheduler tells
_GATHERERS = 4  # threads that fetch answers
_PATIENCE = 120.0  # seconds for an answer that is ready
_SAME = ("grader", "torch")  # versions that head and workers must share


class DaskExecutor(Executor):
    """Run `run_job` on Dask's workers."""

    def __init__(
        self, client: Client, device: str, say: Callable[[str], None], close: Callable[[], None], wanted: int = 1
    ) -> None:
        """Take a connected client, and what closes it and everything that was started with it.

        `begin` waits for as many workers as are `wanted`.
        """
        self._client, self._device, self._say, self._close, self._wanted = client, device, say, close, wanted
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._seats: dict[str, Seat] = {}
        self._waiting: deque[Job] = deque()
        self._kinds: frozenset[str] | None = None
        self._settings: Plain = {}
        self._parcel: Parcel | None = None
        self._shipping: set[tuple[str, str]] = set()
        self._supplied: set[tuple[str, str]] = set()
        self._begun: Future[list[Plain]] | None = None
        self._refused: dict[str, str] = {}
        self._numbers = itertools.count()
        self._gatherers = ThreadPoolExecutor(_GATHERERS, thread_name_prefix="engine-answers")
        self._closing = False
        self._fault: EngineFault | None = None
        self._thread = threading.Thread(target=self._serve, name="engine-seats", daemon=True)

    def begin(self, settings: Plain, parcel: Parcel | None) -> Sequence[Plain]:
        """Wait for workers; return what those that are ready said of themselves."""
        self._settings, self._parcel, self._begun = settings, parcel, Future()
        self._client.subscribe_topic("all", self._heard)
        self._thread.start()
        return self._begun.result()

    def use(self, kinds: frozenset[str]) -> None:
        """Give jobs to workers of these kinds of hardware alone; others are refused, now and later."""
        done: Future[None] = Future()

        def settle() -> None:
            self._kinds = kinds
            for seat in self._seats.values():
                if seat.state in ("greeted", "ready") and seat.kind not in kinds:
                    self._refuse(seat, self._other_hardware(seat))
            done.set_result(None)

        self._calls.put(settle)
        done.result()

    def slots(self) -> int:
        """Return how many jobs can run at a time now."""
        return sum(one.state == "ready" for one in list(self._seats.values()))

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a job; `function` is `run_job`, which workers know by its name."""
        if self._closing:
            raise RuntimeError("the engine was closed")
        asked = Job(args[0])
        self._calls.put(lambda: self._queue(asked))
        return asked.future

    def names(self) -> dict[str, str]:
        """Return the keys of the jobs that run, by the node and process of the worker, for those who watch."""
        return {
            one.greeting["node"]: str(one.running.job["key"])
            for one in list(self._seats.values())
            if one.running is not None and one.greeting
        }

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the cluster; what was started with the client ends."""
        if self._closing:
            return
        self._closing = True
        self._calls.put(None)
        if self._thread.is_alive() and wait:
            self._thread.join()
        if self._begun is not None and self._client.status == "running":
            self._client.unsubscribe_topic("all")
        self._close()
        self._gatherers.shutdown(wait=wait, cancel_futures=True)
        if self._begun is not None and not self._begun.done():
            self._begun.set_exception(EngineFault("The engine was closed."))

    # From here on everything runs in one thread, which alone changes seats and the queue.

    def _serve(self) -> None:
        self._look_around()
        while True:
            try:
                call = self._calls.get(timeout=_TICK)
            except queue.Empty:
                call = self._look_around
            if call is None:
                return
            try:
                call()
            except Exception as error:  # noqa: BLE001 - whatever it is, the head has to hear of it
                self._end(error)
                return

    def _end(self, error: Exception) -> None:
        """Tell everybody that the engine is gone."""
        if self._closing:
            return
        fault = EngineFault(
            "The scheduler is gone.",
            f"{type(error).__name__}: {error}."[:300],
            "The same command goes on from what was finished.",
        )
        logging.getLogger(__name__).debug("the engine ended", exc_info=error)
        for seat in self._seats.values():
            if seat.running is not None:
                fail(seat.running, fault)
        for one in self._waiting:
            fail(one, fault)
        if self._begun is not None and not self._begun.done():
            self._begun.set_exception(fault)
        self._fault = fault
        while (call := self._calls.get()) is not None:
            with contextlib.suppress(Exception):  # of what is still to be done, only telling who asks matters
                call()

    async def _heard(self, event: tuple[float, Any]) -> None:
        """Look who is there when the scheduler says that somebody came or went."""
        said = event[1]
        if isinstance(said, dict) and said.get("action") in ("add-worker", "remove-worker"):
            self._calls.put(self._look_around)

    def _look_around(self) -> None:
        if self._client.status == "connecting":
            return  # it tries again for a while, and is closed where that was in vain
        if self._client.status != "running":
            raise ConnectionError(f"the connection is {self._client.status}")
        there = self._client.scheduler_info(n_workers=-1)["workers"]
        for address in [one for one in self._seats if one not in there]:
            self._gone(self._seats.pop(address))
        for address, about in there.items():
            if address not in self._seats:
                self._came(address, about)
        self._tell_begun()

    def _came(self, address: str, about: dict[str, Any]) -> None:
        drives = self._device == "cpu" or about["resources"].get(GPU, 0) >= 1
        device = self._device if drives or self._device == "mps" else "cpu"
        seat = self._seats[address] = Seat(address, str(about["name"]), str(about["host"]), device)
        if about["nthreads"] != 1:
            self._refuse(
                seat, f"has {about['nthreads']} threads: start it with --nthreads 1, one process for each slot"
            )
            return
        self._send(seat, "greet", {"id": str(seat)}, self._greeted)

    def _gone(self, seat: Seat, why: str = "it died or was taken away") -> None:
        if seat.pieces is not None:
            self._shipped(seat)
        if seat.sent is not None:
            seat.sent.cancel()
        if seat.running is not None:
            fail(seat.running, WorkerLostError(str(seat), why))
            seat.running = None

    def _greeted(self, seat: Seat, answer: Plain) -> None:
        if answer["ended"] != "done":
            self._refuse(seat, _failed(answer))
            return
        seat.greeting, result, own = answer, answer["result"], versions()
        other = [
            f"{one} {result['versions'][one]}" for one in _SAME if public(result["versions"][one]) != public(own[one])
        ]
        seat.kind = hardware.digest(result["fingerprint"])
        if other:
            self._refuse(
                seat, f"has {', '.join(other)}, and here it is {', '.join(f'{one} {own[one]}' for one in _SAME)}"
            )
        elif self._kinds is not None and seat.kind not in self._kinds:
            self._refuse(seat, self._other_hardware(seat))
        elif result["holds"] or seat.node in self._supplied:  # which it may be since it looked
            self._make_ready(seat)
        else:
            seat.state = "greeted"
            self._ship(seat)
        self._tell_begun()

    def _other_hardware(self, seat: Seat) -> str:
        there = hardware.sentence(seat.greeting["result"]["fingerprint"])
        return f"is {there}; other hardware than this gradebook's is used with --mixed, from the next run on"

    def _refuse(self, seat: Seat, why: str) -> None:
        seat.state = "refused"
        if seat.running is not None:  # it began before it was known which hardware counts
            return
        if why not in self._refused.values():  # said once for many workers of a kind
            self._say(f"W{str(seat)[1:]} is not used: it {why.rstrip('.')}.")
        self._refused[seat.address] = why
        self._tell_begun()

    def _tell_begun(self) -> None:
        """Answer `begin` once as many workers as are wanted have said who they are, or all that there are."""
        if self._begun is None or self._begun.done():
            return
        states = [one.state for one in self._seats.values()]
        settled = states.count("ready") + states.count("refused")
        if settled < max(1, self._wanted, len(states)):
            return
        ready = [one.greeting for one in self._seats.values() if one.state == "ready"]
        if ready:
            self._begun.set_result(ready)
        elif self._wanted > 0:
            self._begun.set_exception(
                OperatorFault("No worker can grade.", f"The first said that it {next(iter(self._refused.values()))}")
            )

    def _ship(self, seat: Seat) -> None:
        """Bring the pictures to a node by one of its workers; the others wait for that."""
        assert self._parcel is not None
        if seat.node in self._shipping:
            return
        self._shipping.add(seat.node)
        self._say(f"The pictures are brought to {seat.host}, once for all of its workers.")
        seat.pieces = self._parcel.pieces()
        self._next_piece(seat, {"ended": "done"})

    def _next_piece(self, seat: Seat, answer: Plain) -> None:
        assert seat.pieces is not None
        if answer["ended"] != "done":
            self._shipped(seat)
            self._refuse(seat, _failed(answer))
            return
        piece = next(seat.pieces, None)
        if piece is not None:
            self._send(seat, "take", piece, self._next_piece)
        else:
            self._send(seat, "seal", {}, self._sealed)

    def _sealed(self, seat: Seat, answer: Plain) -> None:
        self._shipped(seat)
        if answer["ended"] != "done":
            self._refuse(seat, _failed(answer))
            return
        self._supplied.add(seat.node)
        for one in list(self._seats.values()):
            if one.state == "greeted" and one.node == seat.node:
                self._make_ready(one)
        self._tell_begun()

    def _shipped(self, seat: Seat) -> None:
        seat.pieces = None
        self._shipping.discard(seat.node)
        for one in self._seats.values():
            if one is not seat and one.state == "greeted" and one.node == seat.node and one.sent is None:
                self._send(one, "greet", {"id": str(one)}, self._greeted)

    def _make_ready(self, seat: Seat) -> None:
        seat.state = "ready"
        self._match()

    def _queue(self, asked: Job) -> None:
        if self._fault is not None:
            fail(asked, self._fault)
            return
        self._waiting.append(asked)
        self._match()

    def _match(self) -> None:
        """Give the first jobs that wait to seats that are free."""
        for seat in self._seats.values():
            if not self._waiting:
                return
            if seat.state == "ready" and seat.running is None and seat.sent is None:
                self._begin_next(seat)

    def _begin_next(self, seat: Seat) -> None:
        while True:
            fits = (one for one in self._waiting if one.job["hardware"] in ("", seat.kind))
            asked = next(fits, None)
            if asked is None:
                return
            self._waiting.remove(asked)
            if asked.future.set_running_or_notify_cancel():
                seat.running = asked
                self._send(seat, asked.job["kind"], asked.job["order"], self._done, asked.job)
                return

    def _done(self, seat: Seat, answer: Plain) -> None:
        asked, seat.running = seat.running, None
        if answer["ended"] == "missing" and self._parcel is not None:
            # Somebody emptied the node's cache: it is brought again.
            seat.state = "greeted"
            self._supplied.discard(seat.node)
            self._ship(seat)
        if asked is not None and not asked.future.done():
            asked.future.set_result(answer)
        self._match()

    def _send(
        self, seat: Seat, kind: str, order: Plain, then: Callable[[Seat, Plain], None], job: Plain | None = None
    ) -> None:
        """Send a job to a worker; `then` gets the answer, in this thread."""
        settings = {**self._settings, "device": seat.device}
        whole = {**(job or {"version": VERSION, "key": "", "kind": kind, "order": order}), "settings": settings}
        sent: Sent = self._client.submit(
            run_packed,
            pack(whole),
            key=f"grader-{kind}-{next(self._numbers)}-{whole['key'][:16]}",
            workers=[seat.address],
            allow_other_workers=False,
            pure=False,
            retries=0,
        )
        seat.sent = sent
        sent.add_done_callback(lambda _: self._gatherers.submit(self._fetch, seat, sent, then))

    def _fetch(self, seat: Seat, sent: Sent, then: Callable[[Seat, Plain], None]) -> None:
        """Get an answer over, outside of the thread that changes seats."""
        answer: Plain | None
        try:
            answer, why = unpack(sent.result(timeout=_PATIENCE)), ""
        except BaseException as error:  # noqa: BLE001 - Dask raises what it likes, also CancelledError
            answer, why = None, f"{type(error).__name__}: {error}"[:300]
        if not self._closing:
            self._calls.put(lambda: self._arrived(seat, sent, then, answer, why))

    def _arrived(
        self, seat: Seat, sent: Sent, then: Callable[[Seat, Plain], None], answer: Plain | None, why: str
    ) -> None:
        sent.release()
        if seat.sent is not sent:
            return
        seat.sent = None
        if self._seats.get(seat.address) is not seat:
            return
        if answer is not None:
            then(seat, answer)
            return
        # Whether it lives is not known, so it gets no other job; if it does, it is asked again who it is.
        del self._seats[seat.address]
        self._gone(seat, why)
        self._look_around()


def _failed(answer: Plain) -> str:
    """Return why a worker is not used that could not do what it was asked."""
    return f"failed: {' '.join(one for one in answer['fault'][1:] if one)}"
