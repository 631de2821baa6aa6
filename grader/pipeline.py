"""One submission from its bytes to its report.

`grade` tells the story top to bottom: read, let an engine capture and train, score with the labels that only this
process holds, judge, report. A batch does the same in two phases (`grader.phases`) and ends in the same `conclude`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

from grader import scoring
from grader.advice import Observed, advise
from grader.claims import Facts, read_claim, read_facts, read_samples
from grader.criteria import Evidence, judge
from grader.faults import GraderFault
from grader.gathering import Work, doubts, explanation_of, gather, last_words, model_of
from grader.gradebook.records import StoredTraining
from grader.measuring import measured, scored_from
from grader.orders import (
    Assignment,
    Prepared,
    capture_order,
    prepare,
    training_content,
    training_key,
    training_order,
    wants_training,
)
from grader.records import (
    Break,
    CurvePoint,
    Finding,
    Keys,
    Outcome,
    Report,
    Status,
    Submission,
    Training,
)
from grader.remarks import remarks
from grader.work import Plain, run_capture, run_training

SCORE_PARTS = ("title", "input", "criteria", "human", "late")
"""Tables of the rubric that turn evidence into points."""

Run = Callable[[Callable[..., Plain], Plain], Plain]
"""Run a function of `grader.work` with an order in some slot of some engine."""


def grade(submission: Submission, assignment: Assignment, run: Run) -> Report:
    """Grade one submission; everything is done anew.

    Raises GraderFault when the grader itself failed.
    """
    prepared = prepare(submission, assignment)
    order = capture_order(prepared, assignment, capture=True, explain=True)
    if order is None:
        return conclude(prepared, assignment, Work())
    found = run(run_capture, order)
    captured = found["captured"]
    work = Work(captured, found["explained"])
    if captured is not None and wants_training(captured["examination"], assignment):
        work = with_trainings(work, submission.id, assignment, run)
    return conclude(prepared, assignment, work)


def with_trainings(work: Work, submission: str, assignment: Assignment, run: Run) -> Work:
    """Train a network that was captured, once for each turn; return the work with its trainings.

    Raises GraderFault when a training did not come to its end.
    """
    captured = work.captured
    assert captured is not None
    trainings = tuple(trained(submission, captured, turn, run) for turn in assignment.turns)
    return replace(work, training_key=training_key(captured["graph"], assignment), trainings=trainings)


def trained(submission: str, captured: Plain, turn: Assignment, run: Run) -> StoredTraining:
    """Train a network that was captured in one turn; raise GraderFault when it did not come to its end."""
    order = training_order(submission, captured, captured["document"], captured["tensors"], turn)
    return stored_training(run(run_training, order), captured["graph"], turn)


def conclude(prepared: Prepared, assignment: Assignment, work: Work) -> Report:
    """Score what engines returned, judge it and report.

    Raises GraderFault when the capture crashed in our own code.
    """
    if prepared.fault is not None or work.captured is None:
        return _unread(prepared, work, assignment)
    claim, facts = read_claim(work.captured["claim"]), read_facts(work.captured["facts"])
    if claim.outcome == "crashed" and not work.captured["facts"]:
        raise GraderFault("The capture crashed in the grader's own code.", claim.reason)
    training, score = measured(work.trainings, assignment)
    passages, problems = explanation_of(facts, work)
    evidence = replace(
        gather(work.captured, claim, training, score, assignment),
        explanation=passages,
        explanation_problems=problems,
    )
    findings = judge(assignment.rubric, evidence)
    return replace(
        _report(prepared.submission, assignment, findings),
        status=scoring.status_of(evidence, findings),
        model=model_of(claim, facts, evidence),
        layers=evidence.layers,
        advice=advise(_observed(evidence, facts), findings),
        training=training,
        score=score,
        stopped=evidence.stopped or ("student-error" if evidence.broke else None),
        broke=evidence.broke,
        code=evidence.code,
        cause=evidence.cause,
        help=evidence.help,
        keys=keys_of(prepared, assignment, work),
        notes=(
            *doubts(evidence),
            *remarks(evidence),
            *_further(facts.notes(), claim.broke),
            *claim.notes,
            *last_words(work.captured),
            *prepared.notes,
            *assignment.mixed,
        ),
    )


def _observed(evidence: Evidence, facts: Facts) -> Observed:
    """Return what advice is drawn from; none of it decides a point."""
    return Observed(
        classes=evidence.classes,
        shape=evidence.shape,
        examination=evidence.examination,
        practice=facts.practice,
        broke=evidence.broke,
        repairs=evidence.repairs,
        training=evidence.training,
    )


def _further(notes: tuple[str, ...], broke: Break | None) -> tuple[str, ...]:
    """Return the notes on the text that say more than what stopped the reading."""
    return tuple(one for one in notes if broke is None or broke.stage != "read" or broke.message not in one)


def keys_of(prepared: Prepared, assignment: Assignment, work: Work) -> Keys:
    """Return what the report of that work is made from."""
    late = assignment.rubric.late.per_day > 0
    settings = [
        # A rubric that takes nothing for being late has the keys of one from before there was such a table.
        assignment.rubric.content_hash(part for part in SCORE_PARTS if late or part != "late"),
        prepared.documents_key,
        list(prepared.notes),
        list(assignment.mixed),
        assignment.data is not None,
        *([prepared.submission.late, prepared.submission.handed_in] if late else []),
    ]
    digest = hashlib.sha256(json.dumps(settings).encode())
    for part in scored_from(work.trainings, assignment):
        digest.update(part)
    return Keys(prepared.capture_key, work.training_key, digest.hexdigest())


def stored_training(trained: Plain, graph: str, assignment: Assignment) -> StoredTraining:
    """Return what `run_training` returned as it is kept.

    Raises GraderFault when it was not trained on the hardware that its key says.
    """
    if trained["fingerprint"] != dict(assignment.fingerprint):
        raise GraderFault("The hardware is not what it was when this run began.", "Run the same command again.")
    recipe = trained["recipe"]
    training = Training(
        recipe,
        recipe["seed"],
        recipe["steps"],
        trained["seconds"],
        tuple(CurvePoint(**one) for one in trained["curve"]),
        trained["memorised"],
        trained["fingerprint"],
        **trained.get("start", {}),
    )
    samples = read_samples(trained.get("samples"))
    content = training_content(graph, assignment)
    return StoredTraining(training, tuple(trained["shape"]), trained["logits"], content, samples)


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
        isolation=dict(assignment.isolation),
        versions=dict(assignment.versions),
        keys=Keys(),
        lateness=scoring.lateness_of(submission, assignment.rubric.late),
    )


def _unread(prepared: Prepared, work: Work, assignment: Assignment) -> Report:
    """Report on what has no code that could be captured: it cannot be read, or a human has to ask for it."""
    fault = prepared.fault
    passages, problems = explanation_of(Facts(), work)
    evidence = Evidence(
        classes=assignment.rubric.input.classes,
        shape=assignment.rubric.input.shape,
        stopped="rejected-input" if fault is not None else None,
        trained=assignment.data is not None,
        cause=f"{fault.what} {fault.why}".strip() if fault is not None else "",
        help=fault.fix if fault is not None else "",
        unseen=prepared.unseen,
        explanation=passages,
        explanation_problems=problems,
    )
    return replace(
        _report(prepared.submission, assignment, judge(assignment.rubric, evidence)),
        status=Status.STUDENT_FAULT if fault is not None else Status.NEEDS_HUMAN,
        stopped=evidence.stopped,
        keys=keys_of(prepared, assignment, work),
        notes=(fault.what if fault is not None else prepared.unseen, *prepared.notes),
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
