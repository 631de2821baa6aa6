"""The node's side of the seam: `run_job`, which an engine calls in one of its processes.

A job names a function of a closed table; what it says is data. A process has one seat, which is made with the first
job: the warm worker behind its walls, held by a thread that lives as long as the process does.
"""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from grader.engines.local import LocalExecutor
from grader.engines.parcel import Pantry, Parcel
from grader.engines.wire import pack, unpack
from grader.faults import GraderError
from grader.folders import cache_folder
from grader.sandbox import ladder
from grader.sandbox.launch import worker
from grader.versions import versions
from grader.work import Plain, Slot, describe, run_capture, run_training

VERSION = 1
"""Of what head and nodes say to each other."""

WORK: dict[str, Callable[[Plain, Slot], Plain]] = {
    "capture": run_capture,
    "describe": describe,
    "training": run_training,
}
"""What runs in the seat, behind its walls."""

NOTHING = "nothing"
"""A job that does nothing, by which the seam itself is measured."""


class Seat:
    """One process's place: its walls, its warm worker, and where it keeps pictures."""

    def __init__(self, isolation: str, device: str) -> None:
        """Put up the walls that the head demands.

        Raises:
            OperatorFault: they do not hold on this machine.
        """
        self.asked = isolation, device
        self.standing = ladder.demanded(isolation, device)
        start = partial(worker, self.standing.fence, pages=True)
        self._executor = LocalExecutor(1, start, lambda *_: None, daemon=True)

    def run(self, kind: str, order: Plain) -> Plain:
        """Run a function of the table to its end."""
        future: Future[Plain] = self._executor.submit(WORK[kind], order)
        return future.result()

    def close(self) -> None:
        """End the worker."""
        self._executor.shutdown(wait=False, cancel_futures=True)


class _Process:
    """What a process of an engine has once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seat: Seat | None = None

    def seat_for(self, isolation: str, device: str) -> Seat:
        if self.seat is not None and self.seat.asked != (isolation, device):
            self.seat.close()
            self.seat = None
        if self.seat is None:
            self.seat = Seat(isolation, device)
        return self.seat


_PROCESS = _Process()
# The one thing in this package that is a process's own: an engine calls a function, and the warm worker outlives it.


def run_packed(job: bytes) -> bytes:
    """Do the same as `run_job` with packed dictionaries, for engines that would pickle them."""
    return pack(run_job(unpack(job)))


def run_job(job: Plain) -> Plain:
    """Run a job to its end; never raises, and says instead what went wrong.

    `job` holds `version`, `key`, `kind`, `order` and `settings` (`isolation`, `device`, `parcel`). The answer holds
    `key`, `ended` and what belongs to it:

    - `done`: `result`;
    - `fault`: `fault`, the name of the grader's own exception and its three sentences;
    - `missing`: the pictures are not on this node;
    - `crashed`: `fault` with the words of any other exception: the node's trouble, not the job's.

    All hold `seconds`, `node` and, once the walls stand, `isolation`.
    """
    started = time.monotonic()
    answer: Plain = {"key": job.get("key", ""), "node": f"{platform.node()}, process {os.getpid()}"}
    with _PROCESS.lock:
        try:
            answer.update(_ended(job))
        except GraderError as fault:
            answer.update(ended="fault", fault=[type(fault).__name__, fault.what, fault.why, fault.fix])
        except Exception as error:
            logging.getLogger(__name__).exception("a job of the seam")
            answer.update(ended="crashed", fault=[type(error).__name__, str(error)[:400], "", ""])
        if _PROCESS.seat is not None:
            answer["isolation"] = _PROCESS.seat.standing.isolation()
    answer["seconds"] = time.monotonic() - started
    return answer


def _ended(job: Plain) -> Plain:
    if job["version"] != VERSION:
        raise ValueError(f"the head speaks version {job['version']} of the seam, this node {VERSION}")
    kind, order, settings = job["kind"], job["order"], job["settings"]
    if kind == NOTHING:
        return {"ended": "done", "result": {}}
    parcel = Parcel.from_json(settings["parcel"]) if settings["parcel"] else None
    pantry = Pantry(cache_folder() / "parcels", f"{platform.node()}-{os.getpid()}")
    if kind == "take":
        assert parcel is not None
        pantry.take(parcel, order["name"], order["start"], order["piece"])
        return {"ended": "done", "result": {}}
    if kind == "seal":
        assert parcel is not None
        pantry.seal(parcel)
        return {"ended": "done", "result": {}}
    seat = _PROCESS.seat_for(settings["isolation"], settings["device"])
    if kind == "greet":
        return {"ended": "done", "result": _greeting(seat, order, settings["device"], parcel, pantry)}
    if kind == "training":
        assert parcel is not None
        files = pantry.files(parcel)
        if files is None and pantry.adopt(parcel):
            files = pantry.files(parcel)
        if files is None:
            return {"ended": "missing"}
        train = {**order["train"], "device": settings["device"]}
        order = {**order, "files": files, "train": train}
    return {"ended": "done", "result": seat.run(kind, order)}


def _greeting(seat: Seat, order: Plain, device: str, parcel: Parcel | None, pantry: Pantry) -> Plain:
    """Say what this node is: its hardware, the versions on it, and whether it has the pictures."""
    holds = parcel is None or pantry.files(parcel) is not None or pantry.adopt(parcel)
    return {
        "fingerprint": seat.run("describe", {"id": order["id"], "device": device}),
        "versions": versions(),
        "host": platform.node(),
        "cache": str(cache_folder()),
        "holds": holds,
    }
