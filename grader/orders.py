"""The first half of a grading: read a submission, look up what was done before, order the rest.

Three keys say what work depends on. *capture*: the submission's bytes, the format, torch's version and parts of
the rubric. *training*: document, tensors, recipe, data and hardware (`grader.work.training_key`). *score*: answers,
labels, criteria and reference (`grader.pipeline`). The package's own version is in none of them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from grader import submissions
from grader.faults import StudentFault
from grader.gradebook_records import StoredCapture, StoredTraining
from grader.records import Reference, Submission
from grader.rubric import Rubric
from grader.sandbox.protocol import Limits
from grader.work import FORMAT, Order, Plain, training_key

if TYPE_CHECKING:
    from grader.data.store import StoredSplit

CAPTURE_PARTS = ("input", "extract", "budget", "limits")
"""Tables of the rubric that a capture and its examination depend on."""


class Shelf(Protocol):
    """Where finished work is kept under its key; a gradebook is one."""

    def find_capture(self, key: str) -> StoredCapture | None:
        """Return what was captured under this key."""

    def save_capture(self, key: str, capture: StoredCapture) -> bool:
        """Keep a capture."""

    def find_training(self, key: str) -> StoredTraining | None:
        """Return the training that ended under this key."""

    def save_training(self, key: str, stored: StoredTraining) -> None:
        """Keep a training."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What every submission of a run is graded by.

    Attributes:
        rubric: the rubric.
        data: the pictures; None when nothing is trained.
        reference: the reference's accuracy; None when nothing is trained, or for the reference itself.
        device: `auto`, `cpu`, `cuda` or `mps`.
        versions: of the grader, torch and Python.
        fingerprint: of the hardware that trains; empty when nothing is trained.
        seed: of building and training, on top of the recipe's.
    """

    rubric: Rubric
    data: StoredSplit | None
    reference: Reference | None
    device: str
    versions: Mapping[str, str]
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A submission that was read, with its order for an engine.

    Attributes:
        order: what an engine is to run; None when the submission could not even be read.
        fault: why it could not be read.
    """

    submission: Submission
    capture_key: str
    order: Plain | None
    fault: StudentFault | None = None


def prepare(submission: Submission, assignment: Assignment, shelf: Shelf | None) -> Prepared:
    """Read the submission and put together what an engine has to do; finished work comes along."""
    rubric = assignment.rubric
    limit = int(rubric.limits.notebook_megabytes * 2**20)
    try:
        files = submissions.read(submission, submissions.Bounds(limit, 2 * limit))
    except StudentFault as fault:
        return Prepared(submission, "", None, fault)
    key = capture_key(files, assignment)
    captured = _stored_capture(shelf, key)
    order = Order(
        id=submission.id,
        files=files if captured is None else {},
        capture=_capture_arguments(assignment, limit),
        capture_limits=_capture_limits(rubric).to_json(),
        examine=_examine_arguments(rubric),
        train=_train_arguments(assignment),
        train_limits=_train_limits(rubric, assignment.device).to_json(),
        recipe_key=_recipe_key(assignment),
        captured=captured,
        trained=_stored_training(shelf, captured, assignment),
    )
    return Prepared(submission, key, {one.name: getattr(order, one.name) for one in dataclasses.fields(order)})


def capture_key(files: Mapping[str, bytes], assignment: Assignment) -> str:
    """Return what a capture depends on: the bytes, the format, torch's version and parts of the rubric."""
    digest = hashlib.sha256()
    recipe = assignment.rubric.recipe
    settings = [
        FORMAT,
        assignment.versions["torch"],
        recipe.batch,
        assignment.seed,
        assignment.rubric.content_hash(CAPTURE_PARTS),
    ]
    digest.update(json.dumps(settings).encode())
    for name in sorted(files):
        for part in (name.encode("utf-8", "surrogateescape"), files[name]):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _capture_arguments(assignment: Assignment, limit: int) -> Plain:
    rubric = assignment.rubric
    return {
        "shape": list(rubric.input.shape),
        "classes": rubric.input.classes,
        "batch": rubric.recipe.batch,
        "entry": rubric.extract.entry,
        "build_seconds": rubric.limits.build_seconds,
        "file_bytes": limit,
        "code_characters": int(rubric.limits.source_megabytes * 2**20),
        "seed": assignment.seed,
    }


def _capture_limits(rubric: Rubric) -> Limits:
    limits = rubric.limits
    return Limits(limits.capture_seconds, int(limits.cpu_seconds), limits.memory_megabytes)


def _examine_arguments(rubric: Rubric) -> Plain:
    return {
        "shape": list(rubric.input.shape),
        "classes": rubric.input.classes,
        "batch": rubric.recipe.batch,
        "budget": rubric.budget.model_dump(),
    }


def _train_arguments(assignment: Assignment) -> Plain | None:
    data = assignment.data
    if data is None:
        return None
    recipe = assignment.rubric.recipe
    return {
        "train_images": str(data.train_images),
        "train_labels": str(data.train_labels),
        "held_out_images": str(data.held_out_images),
        "recipe": {**recipe.model_dump(), "seed": recipe.seed + assignment.seed},
        "device": assignment.device,
        "memorise": "memorises" in assignment.rubric.criteria,
    }


def _train_limits(rubric: Rubric, device: str) -> Limits:
    seconds = rubric.limits.training_seconds
    # CUDA reserves address space far beyond what it uses, so the memory limit is for the processor alone.
    memory = rubric.limits.memory_megabytes if device == "cpu" else 0
    return Limits(seconds, int(seconds), memory)


def _recipe_key(assignment: Assignment) -> str:
    """Return everything besides the graph that decides a training's bits."""
    arguments = _train_arguments(assignment)
    if arguments is None or assignment.data is None:
        return ""
    settings = {
        "recipe": arguments["recipe"],
        "memorise": arguments["memorise"],
        "data": assignment.data.content_hash,
        "fingerprint": dict(assignment.fingerprint),
    }
    return json.dumps(settings, sort_keys=True)


def _stored_capture(shelf: Shelf | None, key: str) -> Plain | None:
    stored = shelf.find_capture(key) if shelf is not None else None
    if stored is None:
        return None
    split = stored.meta["document_bytes"]
    return {**stored.meta["captured"], "document": stored.frames[:split], "tensors": stored.frames[split:]}


def _stored_training(shelf: Shelf | None, captured: Plain | None, assignment: Assignment) -> Plain | None:
    if shelf is None or captured is None or assignment.data is None:
        return None
    key = training_key(captured, _recipe_key(assignment))
    stored = shelf.find_training(key)
    if stored is None:
        return None
    return {
        "key": key,
        "curve": [dataclasses.asdict(one) for one in stored.training.curve],
        "seconds": stored.training.seconds,
        "memorised": stored.training.memorised,
        "shape": list(stored.shape),
        "recipe": stored.training.recipe,
        "logits": stored.logits,
    }
