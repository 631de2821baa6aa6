"""What engines returned becomes evidence: claims are read, ends are explained, doubts are named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from grader.claims import Claim, Facts, examination_from, read_explained
from grader.criteria import Evidence
from grader.diagnosis import Explanation, explain, explain_stopped, explain_uncapturable
from grader.gradebook.records import StoredTraining
from grader.orders import Assignment
from grader.records import Break, Examination, Model, Passage, Score, Training
from grader.rubric import Rubric
from grader.work import Plain

_NO_MEMORY = "can't allocate memory"
"""What torch says of it."""


@dataclass(frozen=True, slots=True)
class Work:
    """What engines did for a submission.

    Attributes:
        captured: the capture, its graph left out; None when there was nothing to capture.
        explained: what was read from its documents; None when there are none.
        training_key: what the first training is kept under; empty when there is none.
        trainings: all trainings of the network, in the order of their seeds.
    """

    captured: Plain | None = None
    explained: Plain | None = None
    training_key: str = ""
    trainings: tuple[StoredTraining, ...] = ()


def explanation_of(facts: Facts, work: Work) -> tuple[tuple[Passage, ...], tuple[str, ...]]:
    """Return the explanation's passages, in the notebook and beside it, and what could not be read."""
    if work.explained is None:
        return facts.explanation, ()
    if work.explained["stopped"] is not None:
        return facts.explanation, (
            f"The documents beside the notebook stopped their reader ({work.explained['stopped']}).",
        )
    found = read_explained(work.explained["answer"])
    return (*facts.explanation, *found.passages), found.problems


def gather(
    captured: Plain, claim: Claim, training: Training | None, score: Score | None, assignment: Assignment
) -> Evidence:
    """Return what criteria are to look at, the explanation left out."""
    rubric = assignment.rubric
    examination = examination_from(captured["examination"])
    stopped = captured["stopped"]
    unseen = ""
    if claim.broke is not None and claim.broke.kind == "NotHereError":
        unseen, examination = _not_here(claim.broke), None
    elif claim.outcome == "uncapturable" and _NO_MEMORY in claim.reason:
        stopped = stopped or "memory-limit"
    elif claim.outcome == "uncapturable":
        unseen = _uncapturable(claim)
    elif claim.outcome == "crashed":  # said after the student's code had begun, and therefore a claim
        unseen = "The capture of the model ended in an error."
    elif captured["rejected"]:
        unseen = f"The captured model cannot be replayed: {captured['rejected']}."
    elif stopped is None and (claim.outcome == "" or _half(claim, examination)):
        stopped = "malformed-result"
    broke = claim.broke if claim.outcome == "broke" and not unseen else None
    said = _explanation(broke, stopped, examination, rubric)
    return Evidence(
        classes=rubric.input.classes,
        shape=rubric.input.shape,
        examination=examination,
        broke=broke,
        repairs=claim.repairs,
        stopped=stopped or _stopped_by(broke),
        training=training,
        score=score,
        trained=assignment.data is not None,
        cause=said.cause if said else "",
        help=said.help if said else "",
        code=said.code if said else "",
        unseen=unseen,
    )


def _half(claim: Claim, examination: Examination | None) -> bool:
    """Tell whether a network is claimed to be captured and is not there, or not whole: nothing of ours says that."""
    return claim.outcome == "captured" and (examination is None or not examination.complete)


def _not_here(broke: Break) -> str:
    """Say what a network is made of that the grader's machine does not have; that is nobody's mistake."""
    place = f" ({broke.where})" if str(broke.where) else ""
    return f"{broke.message[:300]}{place}. A human looks at it; nothing is lost by that."


def _uncapturable(claim: Claim) -> str:
    """Say which line of a network that runs cannot be captured, and what to write in its place."""
    if claim.broke is None or claim.broke.stage != "capture":
        return f"The model runs, but it cannot be captured: {claim.reason.rstrip('.')}."
    said = explain_uncapturable(claim.broke)
    return f"{said.cause} {said.help}".strip()


def _stopped_by(broke: Break | None) -> str | None:
    """Return the outcome word for limits that the child noticed itself."""
    if broke is None:
        return None
    if broke.kind == "TimeoutError" and broke.message.startswith("still running"):
        return "wall-limit"
    exhausted = broke.kind in ("MemoryError", "TooLargeError") or _NO_MEMORY in broke.message
    return "memory-limit" if exhausted else None


def _explanation(broke: Break | None, stopped: str | None, examination: Any, rubric: Rubric) -> Explanation | None:
    if broke is not None:
        return explain(broke, examination, rubric.input.classes, rubric.input.shape)
    if stopped is None and examination is not None and examination.step:
        return _of_the_step(examination, rubric)
    if stopped is not None:
        limits = rubric.limits
        seconds = {"wall-limit": limits.capture_seconds, "cpu-limit": limits.cpu_seconds}.get(stopped)
        return explain_stopped(stopped, None, seconds)
    return None


def _of_the_step(examination: Examination, rubric: Rubric) -> Explanation | None:
    """Explain why a step of gradients fails where a batch of pictures gets through; None where it is not known."""
    kind, separator, message = (examination.step or "").partition(": ")
    raised = bool(separator) and kind.isidentifier()
    broke = Break("step", kind, message) if raised else Break("step", "", examination.step or "")
    said = explain(broke, examination, rubric.input.classes, rubric.input.shape)
    return said if said.code in _OF_A_STEP else None


_OF_A_STEP = ("E30", "E33", "E34")
"""Errors of a step of gradients that the network alone can make; others are the loss's."""


def doubts(evidence: Evidence) -> tuple[str, ...]:
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


def last_words(captured: Plain) -> tuple[str, ...]:
    """Return what a program that ended itself printed last, which mostly says why."""
    lines = [line.strip() for line in captured["output"].splitlines() if line.strip()]
    if captured["stopped"] != "exited-without-result" or not lines:
        return ()
    return (f"The last that the program printed: {lines[-1][:300]}",)


def model_of(claim: Claim, facts: Facts, evidence: Evidence) -> Model | None:
    """Return the model that was found, with its size where that is known."""
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
