"""One submission from its bytes to its report.

`grade` tells the story top to bottom: read, look up what was done before, let an engine do the rest, score with
the labels that only this process holds, judge, report. `prepare` (in `grader.orders`) and `conclude` are its two
halves, for engines that do the middle somewhere else.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from grader import scoring
from grader.claims import Claim, Facts, examination_from, read_claim, read_facts
from grader.criteria import Evidence, judge
from grader.diagnosis import Explanation, explain, explain_stopped
from grader.faults import GraderFault
from grader.gradebook_records import StoredCapture, StoredTraining
from grader.orders import Assignment, Prepared, Shelf, prepare
from grader.records import (
    Break,
    CurvePoint,
    Finding,
    Keys,
    Model,
    Outcome,
    Report,
    Score,
    Status,
    Submission,
    Training,
)
from grader.rubric import Rubric
from grader.sandbox.confine import ISOLATION
from grader.work import Plain

SCORE_PARTS = ("title", "input", "criteria", "human")
"""Tables of the rubric that turn evidence into points."""


def grade(submission: Submission, assignment: Assignment, shelf: Shelf | None, run: Callable[[Plain], Plain]) -> Report:
    """Grade one submission; `run` is `grader.work.run_job` in some slot of some engine."""
    prepared = prepare(submission, assignment, shelf)
    if prepared.order is None:
        return conclude(prepared, assignment, None, None)
    return conclude(prepared, assignment, run(prepared.order), shelf)


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
