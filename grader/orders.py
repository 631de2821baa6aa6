"""What has to be done for a submission: read it once, name the work by its keys, write the orders for an engine.

Keys say what work depends on. *capture*: the bytes of the code, the format, torch's version and parts of the rubric.
*training*: the captured graph, recipe, data and hardware; without the hardware it is the *content*. *score*: answers,
labels, criteria, reference and explanation (`grader.pipeline`). The package's own version is in none of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from grader import hardware, submissions
from grader.faults import StudentFault
from grader.records import Submission
from grader.rubric import Rubric
from grader.sandbox.protocol import Limits
from grader.scoring import Standard
from grader.work import EXPLANATION_FORMAT, FORMAT, RENDERING_FORMAT, Plain, trainable

if TYPE_CHECKING:
    from grader.data.store import StoredSplit

CAPTURE_PARTS = ("input", "extract", "budget", "limits")
"""Tables of the rubric that a capture and its examination depend on."""

BY_HEART_ENOUGH = 0.9
"""Share of a few pictures from which on a network counts as able to learn by heart, unless a rubric asks for more."""

NEWER: Mapping[str, Any] = {
    "weights": "submitted",
    "flips": False,
    "crops": 0,
    "tf32": False,
    "autocast": "off",
}
"""Settings of a recipe that came later, as they were before: what was trained before there was a choice counts too."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What every submission of a run is graded by.

    Attributes:
        rubric: the rubric.
        data: the pictures; None when nothing is trained.
        reference: what networks are held to; None when nothing is trained, or for the reference itself.
        device: `auto`, `cpu`, `cuda` or `mps`.
        versions: of the grader, torch and Python.
        fingerprint: of the hardware that trains; empty when nothing is trained.
        seed: of building and training, on top of the recipe's.
        mixed: sentences on the hardware of this gradebook, when it holds results of more than one.
        isolation: what stands between submissions and this machine, as reports say it.
        turn: which of the recipe's several trainings this is, from 0; its seed is so much higher.
        corrections: held-out pictures, by position, whose label was found to be another one.
    """

    rubric: Rubric
    data: StoredSplit | None
    reference: Standard | None
    device: str
    versions: Mapping[str, str]
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    mixed: tuple[str, ...] = ()
    isolation: Mapping[str, Any] = field(default_factory=dict)
    turn: int = 0
    corrections: Mapping[int, int] = field(default_factory=dict)

    @property
    def turns(self) -> tuple[Assignment, ...]:
        """Return the same for each of the trainings that the rubric asks for."""
        return tuple(replace(self, turn=turn) for turn in range(self.rubric.recipe.seeds))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A submission that was read.

    Attributes:
        capture_key: what its capture depends on; where nothing can be captured, what its report depends on.
        documents_key: what reading its documents depends on; empty when it has none.
        files: bytes of code, and of saved weights that it may load, by path.
        documents: bytes of the explanation's files by path.
        notes: sentences for the report, on files that were left out.
        fault: why it cannot be read; None when it can.
        unseen: why a human has to look, when nothing in it can be graded (a link alone); else empty.
    """

    submission: Submission
    capture_key: str
    documents_key: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    documents: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    fault: StudentFault | None = None
    unseen: str = ""

    @property
    def captures(self) -> bool:
        """Tell whether there is code to capture."""
        return self.fault is None and not self.unseen


def prepare(submission: Submission, assignment: Assignment) -> Prepared:
    """Read the submission, each file once, and name its work."""
    limits = assignment.rubric.limits
    raw = int(limits.notebook_megabytes * 2**20)
    try:
        handed = submissions.read(submission, submissions.Bounds(raw, 2 * raw))
    except StudentFault as fault:
        return Prepared(submission, _digest(["unread", str(fault), FORMAT]), fault=fault)
    files = {**handed.code, **handed.weights}
    problem = submission.problem
    unseen = f"{problem.what} {problem.fix}".strip() if problem is not None else ""
    return Prepared(
        submission,
        _digest(["unseen", unseen, FORMAT]) if unseen else capture_key(files, assignment),
        _digest([EXPLANATION_FORMAT], handed.documents) if handed.documents else "",
        files,
        handed.documents,
        handed.notes,
        None,
        unseen,
    )


def capture_key(files: Mapping[str, bytes], assignment: Assignment) -> str:
    """Return what a capture depends on: the bytes, the format, torch's version and parts of the rubric."""
    settings = [
        FORMAT,
        assignment.versions["torch"],
        assignment.rubric.recipe.batch,
        assignment.seed,
        assignment.rubric.content_hash(CAPTURE_PARTS),
    ]
    return _digest(settings, files)


def rendering_key(capture: str) -> str:
    """Return what the layout of a submission's notebooks depends on: their bytes, which its capture depends on too."""
    return _digest(["rendering", RENDERING_FORMAT, capture])


def training_key(graph: str, assignment: Assignment) -> str:
    """Return what decides a training's bits: graph, recipe, data, hardware."""
    return _training_key(training_content(graph, assignment), assignment)


def training_keys(graph: str, assignment: Assignment) -> tuple[str, ...]:
    """Return all keys under which a training will do: its own first, then that of one which learnt by heart as well."""
    if assignment.data is None or memorises(assignment):
        return (training_key(graph, assignment),)
    richer = _content(graph, assignment, memorise=BY_HEART_ENOUGH)
    return training_key(graph, assignment), _training_key(richer, assignment)


def training_content(graph: str, assignment: Assignment) -> str:
    """Return what decides a training besides the hardware; empty when nothing is trained."""
    return _content(graph, assignment, memorise=memorises(assignment))


def memorises(assignment: Assignment) -> float:
    """Return the share of a few pictures that this training's network is to learn by heart; 0 where it need not.

    That changes no bit of the training. Whoever asks for less than the usual share has it tried all the same, so that
    a rubric with other points takes over what is there.
    """
    rule = assignment.rubric.criteria.get("memorises")
    if rule is None or assignment.turn:
        return 0.0
    return max(BY_HEART_ENOUGH, float(rule.parameters.get("at", 0.0)))


def _training_key(content: str, assignment: Assignment) -> str:
    return _digest(["training", content, dict(assignment.fingerprint)])


def _content(graph: str, assignment: Assignment, *, memorise: float) -> str:
    if assignment.data is None:
        return ""
    usual = memorise > 0 if memorise <= BY_HEART_ENOUGH else memorise
    return _digest(["content", graph, chosen_recipe(assignment), usual, assignment.data.content_hash])


def capture_order(
    prepared: Prepared, assignment: Assignment, *, capture: bool, explain: bool, render: bool = False
) -> Plain | None:
    """Return the order of a `grader.work.run_capture`; None when nothing of it is wanted."""
    wants_capture = capture and prepared.captures
    wants_explanation = explain and bool(prepared.documents)
    notebooks = {path: blob for path, blob in prepared.files.items() if path.lower().endswith(".ipynb")}
    wants_layout = render and prepared.captures and bool(notebooks)
    if not wants_capture and not wants_explanation and not wants_layout:
        return None
    rubric = assignment.rubric
    return {
        "id": prepared.submission.id,
        "files": dict(prepared.files) if wants_capture else None,
        "documents": dict(prepared.documents) if wants_explanation else None,
        "notebooks": notebooks if wants_layout else None,
        "capture": _capture_arguments(assignment),
        "examine": _examine_arguments(rubric),
        "limits": Limits(
            rubric.limits.capture_seconds, int(rubric.limits.cpu_seconds), rubric.limits.memory_megabytes
        ).to_json(),
    }


def wants_training(examination: Plain | None, assignment: Assignment) -> bool:
    """Tell whether this run trains a network with that examination."""
    return assignment.data is not None and trainable(examination)


def training_order(submission: str, captured: Plain, document: bytes, tensors: bytes, assignment: Assignment) -> Plain:
    """Return the order of a `grader.work.run_training`."""
    return {
        "id": submission,
        "key": training_key(captured["graph"], assignment),
        "document": document,
        "tensors": tensors,
        "train": _train_arguments(assignment, captured["examination"]["meaning"]),
        "files": _train_files(assignment),
        "limits": _train_limits(assignment.rubric, assignment.device).to_json(),
        "hardware": hardware.digest(assignment.fingerprint),
        "cost": float(captured["examination"]["flops"]),
    }


def _capture_arguments(assignment: Assignment) -> Plain:
    rubric = assignment.rubric
    return {
        "shape": list(rubric.input.shape),
        "classes": rubric.input.classes,
        "batch": rubric.recipe.batch,
        "entry": rubric.extract.entry,
        "repairs": rubric.extract.repairs,
        "build_seconds": rubric.limits.build_seconds,
        "file_bytes": int(rubric.limits.notebook_megabytes * 2**20),
        "code_characters": int(rubric.limits.source_megabytes * 2**20),
        "seed": assignment.seed,
    }


def _examine_arguments(rubric: Rubric) -> Plain:
    return {
        "shape": list(rubric.input.shape),
        "classes": rubric.input.classes,
        "batch": rubric.recipe.batch,
        "budget": rubric.budget.model_dump(),
    }


def recipe_of(assignment: Assignment) -> Plain:
    """Return the settings of one training: how many there are decides the bits of none."""
    recipe = assignment.rubric.recipe
    return {**recipe.model_dump(exclude={"seeds"}), "seed": recipe.seed + assignment.seed + assignment.turn}


def chosen_recipe(assignment: Assignment) -> Plain:
    """Return the settings of one training without those that are as they were before there was a choice."""
    return {key: value for key, value in recipe_of(assignment).items() if NEWER.get(key) != value}


def _train_arguments(assignment: Assignment, meaning: str) -> Plain:
    return {
        "recipe": recipe_of(assignment),
        "device": assignment.device,
        "memorise": memorises(assignment),
        "meaning": meaning,
    }


def _train_files(assignment: Assignment) -> dict[str, str]:
    """Return what a trainer is given to read: everything but the held-out labels."""
    data = assignment.data
    assert data is not None
    return {
        "train_images": str(data.train_images),
        "train_labels": str(data.train_labels),
        "held_out_images": str(data.held_out_images),
        **{name: str(path) for name, path in data.ready().items()},
    }


def _train_limits(rubric: Rubric, device: str) -> Limits:
    seconds = rubric.limits.training_seconds
    # CUDA reserves address space far beyond what it uses, so the memory limit is for the processor alone.
    memory = rubric.limits.memory_megabytes if device == "cpu" else 0
    return Limits(seconds, int(seconds), memory)


def _digest(settings: list[Any], files: Mapping[str, bytes] | None = None) -> str:
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for name in sorted(files or {}):
        for part in (name.encode("utf-8", "surrogatepass"), (files or {})[name]):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()
