"""One submission from its bytes to its report.

`grade` tells the story top to bottom: read, look up what was done before, let an engine do the rest, score with
the labels that only this process holds, judge, report. `prepare` and `conclude` are its two halves, for engines
that do the middle somewhere else.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from grader import scoring, submissions
from grader.claims import Claim, Facts, examination_from, read_claim, read_facts
from grader.criteria import Evidence, judge
from grader.diagnosis import Explanation, explain, explain_stopped
from grader.faults import GraderFault, StudentFault
from grader.gradebook_records import StoredCapture, StoredTraining
from grader.records import (
    Break,
    CurvePoint,
    Finding,
    Keys,
    Model,
    Outcome,
    Reference,
    Report,
    Score,
    Status,
    Submission,
    Training,
)
from grader.rubric import Rubric
from grader.sandbox.confine import ISOLATION
from grader.sandbox.protocol import Limits
from grader.work import FORMAT, Order, Plain

if TYPE_CHECKING:
    from grader.data.store import StoredSplit

CAPTURE_PARTS = ("input", "extract", "budget", "limits")
"""Tables of the rubric that a capture and its examination depend on."""

SCORE_PARTS = ("title", "input", "criteria", "human")
"""Tables of the rubric that turn evidence into points."""


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


def grade(submission: Submission, assignment: Assignment, shelf: Shelf | None, run: Callable[[Plain], Plain]) -> Report:
    """Grade one submission; `run` is `grader.work.run_job` in some slot of some engine."""
    prepared = prepare(submission, assignment, shelf)
    if prepared.order is None:
        return conclude(prepared, assignment, None, None)
    return conclude(prepared, assignment, run(prepared.order), shelf)


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
    from grader.work import training_key

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


def conclude(prepared: Prepared, assignment: Assignment, result: Plain | None, shelf: Shelf | None) -> Report:
    """Score what an engine returned, judge it and report; new work is kept on the shelf first."""
    if result is None:
        return _unread(prepared, assignment)
    captured, trained = result["captured"], result["trained"]
    if shelf is not None:
        _keep(shelf, prepared.capture_key, captured, trained, result["fresh"])
    claim, facts = read_claim(captured["claim"]), read_facts(captured["facts"])
    if claim.outcome == "crashed":
        raise GraderFault("The capture crashed in the grader's own code.", claim.reason)
    training, logits = _training(trained)
    score = _score(logits, assignment)
    evidence = _evidence(captured, claim, training, score, assignment)
    findings = judge(assignment.rubric, evidence)
    doubts = _doubts(evidence)
    keys = Keys(prepared.capture_key, trained["key"] if trained else "", _score_key(logits, assignment))
    return replace(
        _report(prepared.submission, assignment, findings),
        status=scoring.status_of(evidence, findings),
        model=_model(claim, facts, evidence),
        layers=evidence.layers,
        training=training,
        score=score,
        stopped=evidence.stopped or ("student-error" if evidence.broke else None),
        broke=evidence.broke,
        keys=keys,
        notes=(*doubts, *facts.notes(), *claim.notes),
    )


def _keep(shelf: Shelf, key: str, captured: Plain, trained: Plain | None, fresh: list[str]) -> None:
    if "capture" in fresh:
        plain = {name: value for name, value in captured.items() if name not in ("document", "tensors")}
        meta = {"captured": plain, "document_bytes": len(captured["document"])}
        shelf.save_capture(key, StoredCapture(captured["document"] + captured["tensors"], meta))
    if trained is not None and "training" in fresh:
        training, _ = _training(trained)
        assert training is not None
        shelf.save_training(trained["key"], StoredTraining(training, tuple(trained["shape"]), trained["logits"]))


def _training(trained: Plain | None) -> tuple[Training | None, npt.NDArray[np.float32] | None]:
    if trained is None:
        return None, None
    recipe = trained["recipe"]
    curve = tuple(CurvePoint(**one) for one in trained["curve"])
    training = Training(recipe, recipe["seed"], recipe["steps"], trained["seconds"], curve, trained["memorised"])
    logits = np.frombuffer(trained["logits"], dtype="<f4").reshape(trained["shape"])
    return training, logits


def _score(logits: npt.NDArray[np.float32] | None, assignment: Assignment) -> Score | None:
    """Score answers against the held-out labels, which no other process ever sees."""
    if logits is None or assignment.data is None:
        return None
    labels = np.load(assignment.data.held_out_labels)
    if logits.ndim != 2 or logits.shape[1] != assignment.rubric.input.classes:
        return None
    return scoring.accuracy(logits, labels).score(assignment.reference)


def _evidence(
    captured: Plain, claim: Claim, training: Training | None, score: Score | None, assignment: Assignment
) -> Evidence:
    rubric = assignment.rubric
    examination = examination_from(captured["examination"])
    stopped = captured["stopped"]
    unseen = ""
    if claim.outcome == "uncapturable":
        unseen = f"The model runs, but it cannot be captured: {claim.reason.rstrip('.')}."
    elif captured["rejected"]:
        unseen = f"The captured model cannot be replayed: {captured['rejected']}."
    elif claim.outcome == "" and stopped is None:
        stopped = "malformed-result"
    said = _explanation(claim.broke, stopped, examination, rubric)
    return Evidence(
        classes=rubric.input.classes,
        shape=rubric.input.shape,
        examination=examination,
        broke=claim.broke,
        repairs=claim.repairs,
        stopped=stopped or _stopped_by(claim.broke),
        training=training,
        score=score,
        trained=assignment.data is not None,
        cause=said.cause if said else "",
        help=said.help if said else "",
        unseen=unseen,
    )


def _stopped_by(broke: Break | None) -> str | None:
    """Return the outcome word for limits that the child noticed itself."""
    if broke is None:
        return None
    if broke.kind == "TimeoutError" and broke.message.startswith("still running"):
        return "wall-limit"
    return (
        "memory-limit"
        if broke.kind in ("MemoryError", "TooLargeError") or "can't allocate memory" in broke.message
        else None
    )


def _explanation(broke: Break | None, stopped: str | None, examination: Any, rubric: Rubric) -> Explanation | None:
    if broke is not None and broke.kind == "NoModel":
        return Explanation("E44", broke.message, "Make the model in the notebook: model = Net().")
    if broke is not None:
        return explain(broke, examination, rubric.input.classes, rubric.input.shape)
    if stopped is not None:
        limits = rubric.limits
        seconds = {"wall-limit": limits.capture_seconds, "cpu-limit": limits.cpu_seconds}.get(stopped)
        return explain_stopped(stopped, None, seconds)
    return None


def _doubts(evidence: Evidence) -> tuple[str, ...]:
    """Say why a human has to look, as far as the machine doubts."""
    found = []
    if evidence.unseen:
        found.append(evidence.unseen)
    examination = evidence.examination
    if examination is not None and examination.fidelity:
        found.append(f"The replay is not faithful to the original: {examination.fidelity}.")
    if examination is not None and examination.modes_agree:
        found.append(f"Training and evaluation differ: {examination.modes_agree}.")
    return tuple(found)


def _model(claim: Claim, facts: Facts, evidence: Evidence) -> Model | None:
    found = claim.model or facts.model
    if found is None:
        return None
    examination = evidence.examination
    whole = examination is not None and examination.complete
    return replace(
        found,
        parameters=examination.parameters if examination is not None else None,
        flops=examination.flops if examination is not None and whole else None,
        repairs=claim.repairs,
    )


def _score_key(logits: npt.NDArray[np.float32] | None, assignment: Assignment) -> str:
    digest = hashlib.sha256(assignment.rubric.content_hash(SCORE_PARTS).encode())
    if logits is not None and assignment.data is not None:
        digest.update(logits.tobytes())
        digest.update(np.load(assignment.data.held_out_labels).tobytes())
    if assignment.reference is not None:
        digest.update(json.dumps(dataclasses.asdict(assignment.reference), sort_keys=True).encode())
    return digest.hexdigest()


def _report(submission: Submission, assignment: Assignment, findings: tuple[Finding, ...]) -> Report:
    """Return a report that holds nothing yet but its findings and their sums."""
    sums = scoring.points_sum(findings)
    return Report(
        status=Status.GRADED,
        submission=submission,
        model=None,
        layers=(),
        findings=findings,
        advice=(),
        training=None,
        score=None,
        points=sums.points,
        max_points=sums.max_points,
        human_points=sums.human_points,
        human_max=sums.human_max,
        stopped=None,
        isolation=isolation(),
        versions=dict(assignment.versions),
        keys=Keys(),
    )


def isolation() -> dict[str, Any]:
    """Say what stands between student code and this machine, and what does not."""
    return {
        "rung": "process",
        "active": list(ISOLATION),
        "missing": [
            "no namespaces, no Landlock, no seccomp yet: student code can read this user's files and use the network"
        ],
    }


def _unread(prepared: Prepared, assignment: Assignment) -> Report:
    assert prepared.fault is not None
    fault = prepared.fault
    evidence = Evidence(
        classes=assignment.rubric.input.classes,
        shape=assignment.rubric.input.shape,
        stopped="rejected-input",
        trained=assignment.data is not None,
        cause=f"{fault.what} {fault.why}".strip(),
        help=fault.fix,
    )
    findings = judge(assignment.rubric, evidence)
    return replace(
        _report(prepared.submission, assignment, findings),
        status=Status.STUDENT_FAULT,
        stopped="rejected-input",
        notes=(fault.what,),
    )


def failed(submission: Submission, assignment: Assignment, fault: GraderFault) -> Report:
    """Return the report of a submission on which the grader itself failed: no points lost, none given."""
    blank = judge(
        assignment.rubric, Evidence(assignment.rubric.input.classes, assignment.rubric.input.shape, unseen=fault.what)
    )
    findings = tuple(
        one
        if one.evidence.get("human")
        else replace(one, outcome=Outcome.ERROR, points=None, rationale="The grader failed here; no points are lost.")
        for one in blank
    )
    return replace(_report(submission, assignment, findings), status=Status.GRADER_FAULT, notes=(str(fault),))
