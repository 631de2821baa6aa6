"""The head's side of the seam: jobs go to an engine, and whatever happens to its machines is made good here.

Infrastructure that fails is tried again, and nothing else is. A job that takes three workers with it is quarantined.
Where slots are idle, a job that takes far longer than it should gets a second copy, and the first answer counts.
"""

from __future__ import annotations

import gc
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from grader import events, hardware
from grader.engines.node import NOTHING, VERSION, WORK, run_job
from grader.engines.parcel import Parcel
from grader.engines.seam import Asked
from grader.engines.stragglers import Pace
from grader.engines.wire import pack
from grader.faults import EngineFault, GraderError, GraderFault, OperatorFault, QuarantineFault
from grader.sandbox.forked import START_SECONDS
from grader.wording import counted, listed
from grader.work import TRIES, Plain

LOSSES = 3
"""Workers that a job may take with it before it is quarantined."""

_TICK = 0.25  # seconds between two looks at what runs
_PARTS = 4  # jobs of the sandbox in a capture at most: capture, examination, documents, layout
_SHOWN = 64  # slots that the display has room for

_KINDS = {function: kind for kind, function in WORK.items()}

Tell = Callable[[int, str, str, int, int], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """Machines whose trainings come to the same bits.

    Attributes:
        fingerprint: of their hardware.
        slots: how many jobs run on them at a time.
        where: a node of that kind.
    """

    fingerprint: dict[str, Any]
    slots: int
    where: str

    @property
    def digest(self) -> str:
        """Return the short name of the hardware."""
        return hardware.digest(self.fingerprint)


@dataclass(frozen=True, slots=True)
class Machines:
    """What an engine runs on.

    Attributes:
        kinds: of hardware, the most slots first.
        isolation: what stands around submissions on the first node, as reports say it.
    """

    kinds: tuple[Kind, ...]
    isolation: dict[str, Any]


@runtime_checkable
class Roster(Protocol):
    """An engine that knows each of its workers, as `dask` does."""

    def begin(self, settings: Plain, parcel: Parcel | None) -> Sequence[Plain]:
        """Wait for workers; return the answers of those that are ready."""

    def use(self, kinds: frozenset[str]) -> None:
        """Give jobs to workers of these kinds of hardware alone, now and later."""

    def slots(self) -> int:
        """Return how many jobs can run at a time now."""


class Nothing:
    """What a job that does nothing is submitted as."""


@dataclass(slots=True, eq=False)
class _Task:
    """A job on its way: the future that was given out, and its copies on the engine with the moment each began."""

    name: str
    job: Plain
    cost: float
    patience: float
    ticket: Future[Any] = field(default_factory=Future)
    copies: dict[Future[Any], float | None] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    slot: int | None = None

    @property
    def kind(self) -> str:
        return str(self.job["kind"])


class _Ticket(Future[Any]):
    """The future of a job, which can be cancelled as long as the engine has not begun it."""

    def __init__(self, withdraw: Callable[[], bool]) -> None:
        super().__init__()
        self._withdraw = withdraw

    def cancel(self) -> bool:
        """Take the job back; tell whether that was so."""
        return not self.done() and self._withdraw() and super().cancel()


class Remote(Executor):
    """Run functions of `grader.work` on an engine."""

    def __init__(self, inner: Executor, asked: Asked, tell: Tell, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the engine, and who hears what runs."""
        self._inner, self._asked, self._tell, self._clock = inner, asked, tell, clock
        self._settings: Plain = {"isolation": asked.isolation, "device": asked.device, "parcel": None}
        self._isolation: Plain = {}
        self._lock = threading.RLock()
        self._running: set[_Task] = set()
        self._pace = Pace()
        self.events: Counter[str] = Counter()
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._watching, name="engine-watch", daemon=True)
        self._watch.start()

    def begin(self, parcel: Parcel | None) -> Machines:
        """Tell the engine which pictures there are, and ask its workers who they are.

        Raises:
            OperatorFault: no worker can grade.
        """
        self._settings["parcel"] = None if parcel is None else parcel.to_json()
        if isinstance(self._inner, Roster):
            answers = self._inner.begin(dict(self._settings), parcel)
        else:
            answers = [self._inner.submit(run_job, self._job("greet", {"id": "nodes"})).result()]
        there: dict[str, list[Plain]] = {}
        for answer in answers:
            if answer["ended"] != "done":
                raise _fault(answer)
            there.setdefault(hardware.digest(answer["result"]["fingerprint"]), []).append(answer)
        kinds = [Kind(one[0]["result"]["fingerprint"], len(one), one[0]["node"]) for one in there.values()]
        self._isolation = answers[0]["isolation"]
        # What was made until now stays to the end: full collections then look at jobs alone, and come often.
        gc.collect()
        gc.freeze()
        return Machines(tuple(sorted(kinds, key=lambda one: (-one.slots, one.digest))), self._isolation)

    def use(self, kinds: Sequence[Kind]) -> None:
        """Give jobs to machines of these kinds alone."""
        if isinstance(self._inner, Roster):
            self._inner.use(frozenset(one.digest for one in kinds))

    def slots(self) -> int:
        """Return how many jobs can run at a time now."""
        return self._inner.slots() if isinstance(self._inner, Roster) else self._asked.slots

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Send `submit(function, order)` to a worker, where `function` is one of `grader.work` or `Nothing`."""
        if kwargs or len(args) != 1:
            raise TypeError("a job is one dictionary")
        order = args[0]
        kind = NOTHING if function is Nothing else _KINDS[function]
        task = _Task(str(order["id"]), self._job(kind, order), float(order.get("cost", 0)), _patience(order))
        task.ticket = _Ticket(lambda: self._withdraw(task))
        with self._lock:
            self._running.add(task)
        self._send(task)
        return task.ticket

    def _job(self, kind: str, order: Plain) -> Plain:
        key = order.get("key") or hashlib.sha256(pack(order)).hexdigest()
        if kind == "training":
            order = {**order, "files": {}}
        return {
            "version": VERSION,
            "key": key,
            "kind": kind,
            "order": order,
            "settings": dict(self._settings),
            "hardware": order.get("hardware", ""),
        }

    def _send(self, task: _Task) -> None:
        """Submit one more copy of a job."""
        try:
            copy = self._inner.submit(run_job, task.job)
        except Exception as error:  # noqa: BLE001 - an engine that takes no jobs is gone
            self._settle(task, EngineFault("The engine takes no more jobs.", str(error), _GOES_ON))
            return
        with self._lock:
            task.copies[copy] = None
        copy.add_done_callback(lambda future: self._ended(task, future))

    def _withdraw(self, task: _Task) -> bool:
        """Take back a job that has not begun; tell whether that was so."""
        with self._lock:
            copies = list(task.copies)
            if not all(one.cancel() for one in copies):
                return False
            self._running.discard(task)
            return True

    def _ended(self, task: _Task, copy: Future[Any]) -> None:
        with self._lock:
            began = task.copies.pop(copy, None)
            if task.ticket.done() or copy.cancelled():
                return
        error = copy.exception()
        if error is None:
            self._answered(task, copy.result(), began)
        elif isinstance(error, GraderError):
            self._settle(task, error)
        else:
            who = str(getattr(error, "worker", "") or "a worker")
            self._lost(task, who, f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)

    def _answered(self, task: _Task, answer: Plain, began: float | None) -> None:
        self._show(task)
        ended = answer["ended"]
        if ended in ("crashed", "missing"):
            what = "the pictures are not there" if ended == "missing" else ": ".join(answer["fault"][:2])
            self._lost(task, answer["node"], what)
            return
        if ended == "fault":
            self._settle(task, _fault(answer))
            return
        seconds = answer["seconds"]
        self._pace.ended(task.kind, task.cost, seconds)
        slot = None if task.slot is None else task.slot + 1
        events.tell("ran", submission=task.name, stage=task.kind, seconds=seconds, slot=slot)
        result = answer["result"]
        if task.kind == "capture" and answer["isolation"] != self._isolation:
            result = {**result, "isolation": answer["isolation"]}
        self._settle(task, None, result)

    def _lost(self, task: _Task, who: str, why: str) -> None:
        """Try again what a worker did not bring to its end; a job that did it to several is quarantined."""
        with self._lock:
            task.lost.append(who)
            self.events["lost"] += 1
            if task.copies:
                return
            count = len(task.lost)
        events.tell("lost", f"with {who}: {why}", submission=task.name, stage=task.kind)
        if count < LOSSES:
            self._send(task)
            return
        self.events["quarantined"] += 1
        names = listed(sorted(set(task.lost)))
        said = f"Its {task.kind} was begun {counted(count, 'time')} and never ended: lost with {names}."
        self._settle(
            task, QuarantineFault(said, f"Last of all: {why}.", "--only with its id and --fresh try it again.")
        )

    def _settle(self, task: _Task, error: BaseException | None, result: Any = None) -> None:
        with self._lock:
            self._running.discard(task)
            copies = list(task.copies)
            ticket = task.ticket
            if ticket.done() or not (ticket.running() or ticket.set_running_or_notify_cancel()):
                return
        for one in copies:
            one.cancel()
        if error is None:
            ticket.set_result(result)
        else:
            ticket.set_exception(error)

    def _watching(self) -> None:
        while not self._closing.wait(_TICK):
            with self._lock:
                tasks = list(self._running)
            now = self._clock()
            for task in tasks:
                self._look_at(task, now, len(tasks))

    def _look_at(self, task: _Task, now: float, jobs: int) -> None:
        """See whether a job began, takes too long, or was lost without a word."""
        with self._lock:
            for copy, began in task.copies.items():
                if began is None and copy.running():
                    task.copies[copy] = now
            begun = [began for began in task.copies.values() if began is not None]
        if not begun:
            return
        self._show(task)
        if now - min(begun) > task.patience:
            self._give_up(task, now)
            return
        idle = len(task.copies) == 1 and jobs < self.slots()
        if idle and self._pace.is_straggler(task.kind, task.cost, now - begun[0]):
            self.events["copied"] += 1
            events.tell("copied", "it takes much longer than expected", submission=task.name, stage=task.kind)
            self._send(task)

    def _give_up(self, task: _Task, now: float) -> None:
        """Count copies as lost that are long past their own deadlines."""
        with self._lock:
            late = [one for one, began in task.copies.items() if began is not None and now - began > task.patience]
            for one in late:
                del task.copies[one]
        for _ in late:
            self._lost(task, "a worker", f"nothing was heard for {task.patience:.0f} seconds")

    def _show(self, task: _Task) -> None:
        """Tell once where a job runs."""
        with self._lock:
            if task.slot is not None:
                return
            taken = {one.slot for one in self._running}
            task.slot = next(number for number in range(len(taken) + 1) if number not in taken)
        if task.slot < _SHOWN:
            self._tell(task.slot, task.name, task.kind, 0, 0)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the engine; with `cancel_futures`, without waiting for what runs."""
        self._closing.set()
        self._inner.shutdown(wait=wait, cancel_futures=cancel_futures)
        if cancel_futures:
            with self._lock:
                tasks = list(self._running)
            for task in tasks:
                self._settle(task, GraderFault("The run was stopped."))
        if wait:
            self._watch.join()


_OPERATORS = ("DataFault", "MissingPackageFault", "OperatorFault", "WallsFault")

_GOES_ON = "The same command goes on from what was finished."


def _fault(answer: Plain) -> GraderError:
    """Return what went wrong on a node as the exception that it was there; a node's full disk is not the head's."""
    if answer["ended"] == "crashed":
        return GraderFault(f"{answer['node']}: {': '.join(answer['fault'][:2])}.")
    name, *sentences = answer["fault"]
    return OperatorFault(*sentences) if name in _OPERATORS else GraderFault(*sentences)


def _patience(order: Plain) -> float:
    """Return the seconds after which a job that is bounded on its node must have ended there."""
    wall = float(order.get("limits", {}).get("wall_seconds", 60))
    return 2 * START_SECONDS + TRIES * _PARTS * wall
