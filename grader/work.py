"""What an engine runs for one submission: first a capture, then a training. Plain values in, plain values out.

Everything expensive and nothing secret is here: no held-out labels, no points, no thresholds. A job is a function of
its dictionary and needs no gradebook; the parent orders only what was not done before. The engine provides a slot: a
warm worker and somewhere to say how far the job is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from grader.faults import GraderFault, OperatorFault
from grader.records import Meaning
from grader.sandbox.launch import Done, Worker
from grader.sandbox.outcome import Listen
from grader.sandbox.protocol import Kind, Limits

FORMAT = 7
"""Of captures and examinations; part of their key, so that a change of meaning is never mixed up."""

EXPLANATION_FORMAT = 1
"""Of what is read from documents; part of their key."""

RENDERING_FORMAT = 1
"""Of notebooks that were laid out for the pages; part of their key."""

KILLED = ("infra-error", "killed-sig9")
"""How a job ends that somebody killed, alone or with the process above it."""

TRIES = 2
"""How often such a job is run."""

Plain = dict[str, Any]


class Slot(Protocol):
    """One place in which jobs run, one after the other."""

    @property
    def worker(self) -> Worker:
        """Return the slot's warm worker."""

    def tell(self, stage: str, done: int = 0, total: int = 0) -> None:
        """Say which stage the job is in, and how far."""


@dataclass(frozen=True, slots=True)
class CaptureOrder:
    """A job that reads and captures.

    Attributes:
        id: the submission's, for the display.
        files: bytes of code by path; None when the capture is not wanted.
        documents: bytes of the explanation's files by path; None when they are not to be read.
        notebooks: bytes of notebooks by path; None when they are not to be laid out.
        capture: arguments of the capture job.
        examine: arguments of the examination, its probe left out.
        limits: of each of these, as `Limits.to_json` gives them.
    """

    id: str
    files: Mapping[str, bytes] | None
    documents: Mapping[str, bytes] | None
    notebooks: Mapping[str, bytes] | None
    capture: Plain
    examine: Plain
    limits: Plain


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """A job that trains a captured graph.

    Attributes:
        id: the submission's, for the display.
        key: what the training is kept under.
        document: the captured graphs.
        tensors: their tensors, as safetensors.
        train: arguments of the training.
        files: paths of the pictures and their labels, which are opened for the trainer.
        limits: of the training, as `Limits.to_json` gives them.
        hardware: digest of the fingerprint that it has to run on, for an engine with several kinds of machines.
        cost: FLOPs of the network, for one picture; 0 where nobody asks how long it takes.
    """

    id: str
    key: str
    document: bytes
    tensors: bytes
    train: Plain
    files: Mapping[str, str]
    limits: Plain
    hardware: str = ""
    cost: float = 0.0


def run_capture(order: Plain, slot: Slot) -> Plain:
    """Capture and examine the code, read the documents, lay out the notebooks: what `order` asks for.

    Returns `captured` and `explained`, None for what was not asked, and `rendered` where that was asked. Raises
    GraderFault when the grader failed, never for the submission's sake.
    """
    job = CaptureOrder(**order)
    found = {
        "captured": None if job.files is None else _capture(job, job.files, slot),
        "explained": None if job.documents is None else _explain(job, job.documents, slot),
    }
    return found if job.notebooks is None else {**found, "rendered": _render(job, job.notebooks, slot)}


def run_training(order: Plain, slot: Slot) -> Plain:
    """Train the captured graph; return its answers to the held-out pictures with the curve.

    Raises GraderFault when the training did not come to its end.
    """
    job = TrainingOrder(**order)
    steps = job.train["recipe"]["steps"]
    slot.tell("training", 0, steps)
    blobs = {"document": job.document, "tensors": job.tensors}
    files = {name: Path(path) for name, path in job.files.items()}
    done = _run(slot, "train", job.train, blobs, job.limits, _follow(slot, steps), files)
    answer = _ours(done, "trained")
    if answer["outcome"] != "trained":
        raise GraderFault("The captured graph could not be trained.", answer["reason"])
    return {
        "key": job.key,
        "curve": answer["curve"],
        "seconds": answer["seconds"],
        "memorised": answer["memorised"],
        "start": answer["start"],
        "shape": answer["shape"],
        "fingerprint": answer["fingerprint"],
        "recipe": job.train["recipe"],
        "wall": done.wall_seconds,
        "logits": done.frames[Kind.LOGITS],
        "samples": answer["samples"],
    }


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


def trainable(examination: Plain | None) -> bool:
    """Tell whether training makes sense: whole, within budget, a step works, and one row of scores or one a picture.

    Batches are as large as the recipe's, so a network that squeezes a single picture, or works for the recipe's batch
    alone, is trained as well.
    """
    if examination is None or not examination["complete"] or examination["over_budget"]:
        return False
    trials = [one for one in examination["trials"] if one["batch"] > 1 and one["shape"] is not None]
    if trials:
        # (N, K), or (N,) where one number is enough
        allowed = ({2}, {1}) if Meaning(examination["meaning"]).is_single else ({2},)
        rows = {len(one["shape"]) for one in trials} in allowed
    else:
        path = [one for one in examination["layers"] if one["on_path"]]
        rows = bool(examination["trials"] and path) and len(path[-1]["outputs"]) <= 1
    return rows and examination["step"] is None


def graph_digest(document: bytes, tensors: bytes) -> str:
    """Return a digest of what a captured graph computes; `none` where nothing was captured.

    Names and places play no part: a comment more moves the student's lines and leaves the network as it was.
    """
    if not document:
        return "none"
    digest = hashlib.sha256()
    for part in (_nameless(document), tensors):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def trained_digest(graph: str, meaning: Meaning) -> str:
    """Return a digest of what is trained of a graph: its own, unless the grader looks through the last map."""
    return hashlib.sha256(f"{graph} {meaning}".encode()).hexdigest() if meaning.is_looked_through else graph


def _nameless(document: bytes) -> bytes:
    """Return a document without files, lines and names; as it is where it is no document."""
    try:
        plain = json.loads(document)
        plain.pop("files")
        plain["tensors"] = [row[1:] for row in plain["tensors"]]
        for graph in plain["graphs"]:
            graph["nodes"] = [node[:2] for node in graph["nodes"]]
        return json.dumps(plain, sort_keys=True).encode()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return document


def _run(
    slot: Slot,
    kind: str,
    arguments: Plain,
    blobs: Mapping[str, bytes],
    limits: Plain,
    listen: Listen | None = None,
    files: Mapping[str, Path] | None = None,
) -> Done:
    """Run a job, and once more where it was killed, which the kernel does for want of memory.

    What kills itself is killed twice.
    """
    for _ in range(TRIES):
        done = slot.worker.run(kind, arguments, blobs, Limits(**limits), listen, files)
        if done.stopped not in KILLED or done.trouble:
            break
    return done


def _capture(job: CaptureOrder, files: Mapping[str, bytes], slot: Slot) -> Plain:
    """Let the sandbox build and capture the model, then examine the graph in a process of our own."""
    slot.tell("capture")
    started = time.monotonic()
    done = _run(slot, "capture", job.capture, files, job.limits)
    if done.trouble:
        raise GraderFault("The walls could not be put up.", done.trouble, "grader doctor --fresh says more.")
    claim = done.result()
    document, tensors = done.frames.get(Kind.DOCUMENT, b""), done.frames.get(Kind.TENSORS, b"")
    found: Plain = {
        "stopped": "killed-supervisor" if done.stopped == "infra-error" else done.stopped,
        "output": _ends(done.output, 4000),
        "facts": _object(done.frames.get(Kind.FACTS, b"{}")),
        "claim": claim,
        "document": document,
        "tensors": tensors,
        "graph": graph_digest(document, tensors),
        "examination": None,
        "rejected": "",
    }
    if done.stopped is None and document:
        _examine(job, found, slot)
    found["seconds"] = time.monotonic() - started
    return found


def _ends(text: str, most: int) -> str:
    """Return the beginning and the end of a text, as much of it as is kept."""
    return text if len(text) <= most else f"{text[: most // 2]}\n[…]\n{text[-most // 2 :]}"


def _object(blob: bytes) -> Plain:
    try:
        found = json.loads(blob)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _examine(job: CaptureOrder, found: Plain, slot: Slot) -> None:
    slot.tell("examine")
    blobs = {"document": found["document"], "tensors": found["tensors"]}
    done = _run(slot, "examine", {**job.examine, "probe": found["claim"].get("probe")}, blobs, job.limits)
    answer = _ours(done, "examined")
    if answer["outcome"] == "examined":
        found["examination"] = answer["examination"]
        found["graph"] = trained_digest(found["graph"], Meaning(answer["examination"]["meaning"]))
    else:
        found["rejected"] = answer["reason"]


def _explain(job: CaptureOrder, documents: Mapping[str, bytes], slot: Slot) -> Plain:
    """Read the documents beside the notebook; their bytes are a stranger's, so what comes back is a claim."""
    slot.tell("explanation")
    done = _run(slot, "explain", {}, documents, job.limits)
    return {"stopped": done.stopped, "answer": done.result()}


def _render(job: CaptureOrder, notebooks: Mapping[str, bytes], slot: Slot) -> Plain:
    """Lay out notebooks for the pages; like documents, they are a stranger's bytes and what comes back is a claim."""
    slot.tell("layout")
    done = _run(slot, "render", {}, notebooks, job.limits)
    return {"stopped": done.stopped, "answer": done.result()}


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
