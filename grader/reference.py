"""The reference solution, trained like any submission over several seeds, and remembered by content."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader import scoring, submissions
from grader.datasets import cache_folder
from grader.faults import OperatorFault
from grader.gathering import Work
from grader.orders import (
    Assignment,
    Prepared,
    capture_key,
    capture_order,
    prepare,
    training_order,
    wants_training,
)
from grader.pipeline import conclude, stored_training
from grader.records import Reference, Report, Score, Submission
from grader.work import run_capture, run_training

VERSION = 2
"""Of what is remembered; part of its key. The solution counts by its content, not by where it lies."""

Submit = Callable[[Callable[..., Any], dict[str, Any]], Future[Any]]
"""Hand a function of `grader.work` and its order to an engine."""


def reference_for(assignment: Assignment, submit: Submit) -> Reference:
    """Return the reference's accuracy, from the cache where reference, data, recipe and hardware are the same.

    Raises:
        OperatorFault: the reference cannot be graded, or is no better than chance.
    """
    path = _solution(assignment)
    found = measured(assignment)
    if found is None:
        seeds = range(assignment.rubric.reference.seeds)
        known = _measure(submissions.single(path), assignment, seeds, submit)
        _write(_file(assignment, path), known)
        found = scoring.reference_target(known)
    chance = scoring.chance_line(assignment.rubric.input.classes)
    if found.target <= chance:
        raise OperatorFault(
            f"The reference solution reaches {found.mean:.3f}, which is no better than guessing.",
            fix="Choose another solution, more steps, or easier pictures.",
        )
    return found


def measured(assignment: Assignment) -> Reference | None:
    """Return what is remembered of the reference for exactly this assignment; None when nothing is."""
    known = _read(_file(assignment, _solution(assignment)), assignment.rubric.reference.seeds)
    return None if known is None else scoring.reference_target(known)


def _solution(assignment: Assignment) -> Path:
    path = assignment.rubric.resolve(assignment.rubric.reference.solution)
    if not path.exists():
        raise OperatorFault(f"The rubric's reference solution {path} does not exist.")
    return path


def _file(assignment: Assignment, path: Path) -> Path:
    return cache_folder() / "references" / f"{_key(assignment, path)}.json"


def _key(assignment: Assignment, path: Path) -> str:
    files = submissions.read(submissions.single(path), submissions.Bounds()).code
    data = assignment.data
    parts = [
        VERSION,
        capture_key(files, assignment),
        assignment.rubric.content_hash(("recipe",)),
        assignment.rubric.reference.seeds,
        data.content_hash if data is not None else "",
        dict(assignment.fingerprint),
        assignment.device,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _measure(solution: Submission, assignment: Assignment, seeds: range, submit: Submit) -> list[float]:
    """Train once for each seed; each is another initialisation and another order of the pictures."""
    several = [replace(assignment, seed=seed, reference=None) for seed in seeds]
    named = [replace(solution, id=f"reference, seed {seed}") for seed in seeds]
    captures = [_captured(one, solved, submit) for one, solved in zip(several, named, strict=True)]
    trainings: list[tuple[Assignment, Prepared, dict[str, Any], Future[Any] | None]] = []
    for one, (prepared, future) in zip(several, captures, strict=True):
        captured = future.result()["captured"]
        if not wants_training(captured["examination"], one):
            trainings.append((one, prepared, captured, None))
            continue
        order = training_order(prepared.submission.id, captured, captured["document"], captured["tensors"], one)
        order["train"]["memorise"] = False
        trainings.append((one, prepared, captured, submit(run_training, order)))
    return [_accuracy(_concluded(*training)) for training in trainings]


def _captured(assignment: Assignment, solution: Submission, submit: Submit) -> tuple[Prepared, Future[Any]]:
    prepared = prepare(solution, assignment)
    order = capture_order(prepared, assignment, capture=True, explain=False)
    if order is None:
        raise OperatorFault(f"The reference solution cannot be read: {prepared.fault or prepared.unseen}")
    return prepared, submit(run_capture, order)


def _concluded(
    assignment: Assignment, prepared: Prepared, captured: dict[str, Any], future: Future[Any] | None
) -> Report:
    if future is None:
        return conclude(prepared, assignment, Work(captured))
    stored = stored_training(future.result(), captured["graph"], assignment)
    return conclude(prepared, assignment, Work(captured, None, "", stored))


def _accuracy(report: Report) -> float:
    score: Score | None = report.score
    if score is None:
        reason = next((one.rationale for one in report.findings if one.outcome == "failed"), "it could not be trained")
        raise OperatorFault(f"The reference solution cannot be graded: {reason}")
    return score.accuracy


def _read(file: Path, seeds: int) -> list[float] | None:
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    found = plain.get("accuracies") if isinstance(plain, dict) else None
    fits = isinstance(found, list) and len(found) == seeds and all(isinstance(one, float) for one in found)
    return found if fits else None


def _write(file: Path, accuracies: list[float]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    summary = dataclasses.asdict(scoring.reference_target(accuracies))
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as stream:
        json.dump({"version": VERSION, **summary}, stream)
    Path(stream.name).replace(file)
