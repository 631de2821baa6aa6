"""What an engine runs for one submission: capture, examine, train. Plain values in, plain values out.

Everything expensive and nothing secret is here: no held-out labels, no points, no thresholds. A job is
idempotent; what was done before under the same key comes along in it and is not done again. The engine provides
a slot: a warm worker and somewhere to say how far the job is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from grader.faults import GraderFault, OperatorFault
from grader.sandbox.launch import Done, Worker
from grader.sandbox.protocol import Kind, Limits

FORMAT = 1
"""Of captures and examinations; part of their key, so that a change of meaning is never mixed up."""

Plain = dict[str, Any]


class Slot(Protocol):
    """One place in which jobs run, one after the other."""

    @property
    def worker(self) -> Worker:
        """Return the slot's warm worker."""

    def tell(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Say which stage the job is in, and how far."""


@dataclass(frozen=True, slots=True)
class Order:
    """A job for an engine.

    Attributes:
        id: the submission's, for the display.
        files: bytes by path; empty when `captured` is there already.
        capture: arguments of the capture job.
        capture_limits: limits of the capture and of the examination, as `Limits.to_json` gives them.
        examine: arguments of the examination, its probe left out.
        train: arguments of the training; None when none is wanted.
        train_limits: limits of the training.
        recipe_key: what else than the graph decides a training's bits; see `training_key`.
        captured: an earlier capture under the same key.
        trained: an earlier training, with the key that it was stored under.
    """

    id: str
    files: Mapping[str, bytes]
    capture: Plain
    capture_limits: Plain
    examine: Plain
    train: Plain | None
    train_limits: Plain
    recipe_key: str
    captured: Plain | None = None
    trained: Plain | None = None


def run_job(order: Plain, slot: Slot) -> Plain:
    """Capture, examine and train as far as `order` asks and the submission allows.

    Returns the captured part (`captured`), the trained part (`trained`, None when there was no training) and
    what is new in each (`fresh`). Raises GraderFault when the grader failed, never for the submission's sake.
    """
    job = Order(**order)
    fresh: list[str] = []
    captured = job.captured
    if captured is None:
        captured = capture(job, slot)
        fresh.append("capture")
    if captured["examination"] is None or job.train is None or not trainable(captured["examination"]):
        return {"captured": captured, "trained": None, "fresh": fresh}
    key = training_key(captured, job.recipe_key)
    trained = job.trained
    if trained is None or trained["key"] != key:
        trained = {"key": key, **train(job, captured, slot)}
        fresh.append("training")
    return {"captured": captured, "trained": trained, "fresh": fresh}


def describe(order: Plain, slot: Slot) -> Plain:
    """Return the fingerprint of the hardware that trains in this slot.

    Raises:
        OperatorFault: the device that was asked for is not there.
    """
    slot.tell("starting")
    answer = _ours(
        slot.worker.run("describe", {"device": order["device"]}, {}, Limits(memory_megabytes=0)), "described"
    )
    if answer["outcome"] != "described":
        raise OperatorFault(f"--device {order['device']}: {answer['reason']}.")
    fingerprint: Plain = answer["fingerprint"]
    return fingerprint


def trainable(examination: Plain) -> bool:
    """Tell whether training makes sense: whole, within budget, a step works, and one row of scores a picture."""
    trials = examination["trials"]
    shapes = {len(one["shape"]) for one in trials if one["shape"] is not None}
    return bool(
        examination["complete"]
        and not examination["over_budget"]
        and examination["step"] is None
        and trials
        and shapes == {2}
    )


def training_key(captured: Plain, recipe_key: str) -> str:
    """Return what decides a training's bits: graph, tensors, recipe, data, hardware."""
    digest = hashlib.sha256()
    for part in (captured["document"], captured["tensors"], recipe_key.encode()):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def capture(job: Order, slot: Slot) -> Plain:
    """Let the sandbox build and capture the model, then examine the graph in a process of our own."""
    slot.tell("capture")
    done = slot.worker.run("capture", job.capture, job.files, Limits(**job.capture_limits))
    if done.stopped == "infra-error":
        done = slot.worker.run("capture", job.capture, job.files, Limits(**job.capture_limits))
    claim = done.result()
    if done.stopped == "infra-error":
        raise GraderFault("The sandbox died while this submission was captured.", done.output[-300:])
    found: Plain = {
        "stopped": done.stopped,
        "output": done.output[:4000],
        "seconds": done.wall_seconds,
        "facts": _object(done.frames.get(Kind.FACTS, b"{}")),
        "claim": claim,
        "document": done.frames.get(Kind.DOCUMENT, b""),
        "tensors": done.frames.get(Kind.TENSORS, b""),
        "examination": None,
        "rejected": "",
    }
    if done.stopped is None and found["document"]:
        _examine(job, found, slot)
    return found


def _object(blob: bytes) -> Plain:
    try:
        found = json.loads(blob)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _examine(job: Order, found: Plain, slot: Slot) -> None:
    slot.tell("examine")
    blobs = {"document": found["document"], "tensors": found["tensors"]}
    done = slot.worker.run(
        "examine", {**job.examine, "probe": found["claim"].get("probe")}, blobs, Limits(**job.capture_limits)
    )
    answer = _ours(done, "examined")
    if answer["outcome"] == "examined":
        found["examination"] = answer["examination"]
    else:
        found["rejected"] = answer["reason"]


def train(job: Order, captured: Plain, slot: Slot) -> Plain:
    """Train the captured graph; return the answers to the held-out pictures with the curve."""
    assert job.train is not None
    steps = job.train["recipe"]["steps"]
    slot.tell("training", 0, steps)
    arguments = {**job.train, "meaning": captured["examination"]["meaning"]}
    blobs = {"document": captured["document"], "tensors": captured["tensors"]}
    done = slot.worker.run("train", arguments, blobs, Limits(**job.train_limits), _follow(slot, steps))
    answer = _ours(done, "trained")
    if answer["outcome"] != "trained":
        raise GraderFault("The captured graph could not be trained.", answer["reason"])
    return {
        "curve": answer["curve"],
        "seconds": answer["seconds"],
        "memorised": answer["memorised"],
        "shape": answer["shape"],
        "fingerprint": answer["fingerprint"],
        "recipe": job.train["recipe"],
        "logits": done.frames[Kind.LOGITS],
    }


def _ours(done: Done, expected: str) -> Plain:
    """Return the answer of a process that ran our own code; raise GraderFault when it did not end well."""
    answer = done.result()
    if done.stopped is None and answer.get("outcome") in (expected, "rejected"):
        return answer
    trace = str(answer.get("trace", "")).strip().splitlines()
    reason = trace[-1] if trace else done.output.strip()[-300:]
    raise GraderFault(f"A process of the grader's ended badly ({done.stopped or 'crashed'}).", reason)


def _follow(slot: Slot, steps: int) -> Callable[[bytes], None]:
    """Return a listener for the trainer's lines `step 120 1.4142`."""

    def listen(chunk: bytes) -> None:
        for line in chunk.decode("ascii", "replace").splitlines():
            words = line.split()
            if len(words) == 3 and words[0] == "step" and words[1].isdigit():
                slot.tell("training", int(words[1]), steps)

    return listen
