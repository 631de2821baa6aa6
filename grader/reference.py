"""The reference solution, trained like any submission over several seeds, and remembered by content."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader import events, hardware, scoring, submissions
from grader.faults import OperatorFault
from grader.folders import cache_folder
from grader.gathering import Work
from grader.gradebook.records import StoredTraining
from grader.measuring import held_out_labels, logits_of
from grader.orders import (
    Assignment,
    Prepared,
    capture_key,
    capture_order,
    chosen_recipe,
    prepare,
    training_order,
    wants_training,
)
from grader.pipeline import conclude, stored_training
from grader.records import Submission
from grader.reference_store import Memory, Remembered
from grader.report.remaining import Speed
from grader.scoring import Standard
from grader.scoring.answers import chosen
from grader.scoring.interpolation import chance_line
from grader.work import describe, run_capture, run_training

Submit = Callable[[Callable[..., Any], dict[str, Any]], Future[Any]]
"""Hand a function of `grader.work` and its order to an engine."""


def reference_for(assignment: Assignment, submit: Submit, tell: Callable[[str], None]) -> Standard:
    """Return what networks are held to, remembered where reference, data, recipe and hardware are the same.

    `tell` hears in a sentence that the reference is trained, and why.

    Raises:
        OperatorFault: the reference cannot be graded, or is no better than chance.
    """
    found = remembered(assignment)
    if found is None:
        memory, seeds = memory_of(assignment), assignment.rubric.reference.seeds
        events.tell("reference", f"is trained, as {memory.why_not()}")
        tell(f"The reference solution is trained first, {seeds} times, as {memory.why_not()}.")
        submission = replace(submissions.single(solution(assignment)), id="reference")
        memory.keep(_to_remember(measure(submission, assignment, range(seeds), submit)))
        found = remembered(assignment)
        assert found is not None
    else:
        events.tell("reference", "reused; it is remembered for this recipe, pictures and hardware")
    chance, reference = chance_line(assignment.rubric.input.classes), found.reference
    if reference.target <= chance:
        raise OperatorFault(
            f"The reference solution reaches {reference.mean:.3f}, which is no better than guessing.",
            fix="Choose another solution, more steps, or easier pictures.",
        )
    return found


def remembered(assignment: Assignment) -> Standard | None:
    """Return what is remembered of the reference for exactly this assignment; None when nothing is."""
    assert assignment.data is not None
    known = memory_of(assignment).recall(assignment.rubric.reference.seeds, assignment.data.held_out_count)
    return None if known is None else known.standard(held_out_labels(assignment))


def speed(assignment: Assignment) -> Speed | None:
    """Return how fast this machine trains, going by the reference; None where that was not measured."""
    assert assignment.data is not None
    known = memory_of(assignment).recall(assignment.rubric.reference.seeds, assignment.data.held_out_count)
    if known is None or not known.flops or not known.seconds:
        return None
    return Speed(0.0, statistics.fmean(known.seconds) / known.flops)


def fingerprint_of(device: str, submit: Submit) -> dict[str, Any]:
    """Ask an engine for the fingerprint of the hardware that trains on `device`, and remember it.

    Raises:
        OperatorFault: that device is not there.
    """
    found: dict[str, Any] = submit(describe, {"id": "this machine", "device": device}).result()
    hardware.remember(cache_folder(), hardware.stamp(device), found)
    return found


def solution(assignment: Assignment) -> Path:
    """Return the reference solution's path.

    Raises:
        OperatorFault: there is none.
    """
    path = assignment.rubric.resolve(assignment.rubric.reference.solution)
    if not path.exists():
        raise OperatorFault(f"The rubric's reference solution {path} does not exist.")
    return path


@dataclass(frozen=True, slots=True)
class Measured:
    """A network's trainings over several seeds.

    Attributes:
        trainings: one for each seed.
        flops: of the network, for one picture, forward.
    """

    trainings: tuple[StoredTraining, ...]
    flops: float


def measure(submission: Submission, assignment: Assignment, seeds: Sequence[int], submit: Submit) -> Measured:
    """Capture and train a network once for each seed: each is another initialisation and another order of pictures.

    Raises:
        OperatorFault: it cannot be graded.
    """
    several = [replace(assignment, seed=seed, reference=None) for seed in seeds]
    named = [replace(submission, id=f"{submission.id}, seed {seed}") for seed in seeds]
    captures = [_captured(one, handed, submit) for one, handed in zip(several, named, strict=True)]
    flops = 0.0
    trainings: list[tuple[Assignment, str, Future[Any]]] = []
    for one, (prepared, future) in zip(several, captures, strict=True):
        captured = future.result()["captured"]
        if not wants_training(captured["examination"], one):
            raise OperatorFault(f"{submission.files[0]} cannot be graded: {_reason(prepared, one, captured)}")
        flops = float(captured["examination"]["flops"])
        order = training_order(prepared.submission.id, captured, captured["document"], captured["tensors"], one)
        order["train"]["memorise"] = 0.0
        trainings.append((one, captured["graph"], submit(run_training, order)))
    found = tuple(stored_training(future.result(), graph, one) for one, graph, future in trainings)
    classes = assignment.rubric.input.classes
    if any(one.shape[1:] != (classes,) for one in found):
        raise OperatorFault(f"{submission.files[0]} cannot be graded: it does not answer with {classes} scores.")
    return Measured(found, flops)


def memory_of(assignment: Assignment) -> Memory:
    """Return what is remembered of the reference for this assignment, or is to be."""
    path = solution(assignment)
    data, rubric = assignment.data, assignment.rubric
    files = submissions.read(submissions.single(path), submissions.Bounds()).code
    parts = {
        "the solution or how it is captured": capture_key(files, assignment),
        "the recipe": chosen_recipe(assignment),
        "the number of its seeds": rubric.reference.seeds,
        "the pictures": data.content_hash if data is not None else "",
        "the hardware or torch": dict(assignment.fingerprint),
        "the device": assignment.device,
    }
    return Memory(cache_folder() / "references", parts, path)


def _captured(assignment: Assignment, submission: Submission, submit: Submit) -> tuple[Prepared, Future[Any]]:
    prepared = prepare(submission, assignment)
    order = capture_order(prepared, assignment, capture=True, explain=False)
    if order is None:
        raise OperatorFault(f"{submission.files[0]} cannot be read: {prepared.fault or prepared.unseen}")
    return prepared, submit(run_capture, order)


def _reason(prepared: Prepared, assignment: Assignment, captured: dict[str, Any]) -> str:
    """Say why a network was not trained, as its student would be told."""
    findings = conclude(prepared, assignment, Work(captured)).findings
    return next((one.rationale for one in findings if one.outcome == "failed"), "it could not be trained.")


def _to_remember(measured: Measured) -> Remembered:
    trained = measured.trainings
    return Remembered(
        tuple(tuple(chosen(logits_of(one)).tolist()) for one in trained),
        scoring.band([one.training for one in trained]),
        trained[0].training.hardware,
        tuple(one.training.seconds for one in trained),
        measured.flops,
    )
