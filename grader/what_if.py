"""What a network that stopped would do with its error mended: the capture once more, with the fix in it.

It earns no points. Only `grader check` asks for it; a batch grades what was handed in.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from grader.claims import examination_from, read_claim
from grader.diagnosis import Explanation, Scene, explain_scene
from grader.faults import GraderFault
from grader.measuring import measured
from grader.orders import Assignment, capture_order, prepare, wants_training
from grader.pipeline import Run, trained
from grader.records import Break, Examination, Fix, Layer, Report, Submission, WhatIf, Where
from grader.work import Plain, run_capture

ROUNDS = 3
"""Errors that are mended one after the other; a network with more is better mended by its student."""


@dataclass(frozen=True, slots=True)
class _Mended:
    """What came of a capture with some fixes in it.

    Attributes:
        fixes: those that moved something.
        captured: what the engine returned.
        examination: of the mended network; None where nothing could be captured.
        broke: where it stops now; None where it does not.
    """

    fixes: tuple[Fix, ...]
    captured: Plain
    examination: Examination | None
    broke: Break | None


def with_what_if(report: Report, submission: Submission, assignment: Assignment, run: Run) -> Report:
    """Add to a report what its network would do with the printed fix; the same report where there is no fix.

    A failure of the grader's own leaves it out.
    """
    if report.broke is None or report.what_if is not None:
        return report
    try:
        mended = _mended(report, submission, assignment, run)
        return report if mended is None else replace(report, what_if=_said(mended, submission, assignment, run))
    except GraderFault:
        return report


def _mended(report: Report, submission: Submission, assignment: Assignment, run: Run) -> _Mended | None:
    """Apply the fix, and the fix for what then stops it, as long as each moves something."""
    order = capture_order(prepare(submission, assignment), assignment, capture=True, explain=False)
    broke, layers = report.broke, report.layers
    found: _Mended | None = None
    changes: list[Plain] = []
    for _ in range(ROUNDS):
        said = _explained(broke, layers, assignment)
        if order is None or said is None or said.fix is None or broke is None:
            break
        place = {"file": broke.where.file, "cell": broke.where.cell, "line": broke.where.line}
        changes.append({"fix": asdict(said.fix), **place})
        captured = run(run_capture, {**order, "capture": {**order["capture"], "changes": changes}})["captured"]
        claim = read_claim(captured["claim"])
        if captured["stopped"] is not None or claim.outcome not in ("captured", "broke") or claim.broke == broke:
            break
        examination = examination_from(captured["examination"])
        broke, layers = claim.broke, examination.layers if examination is not None else ()
        found = _Mended((*(found.fixes if found else ()), said.fix), captured, examination, broke)
    return found


def _explained(broke: Break | None, layers: tuple[Layer, ...], assignment: Assignment) -> Explanation | None:
    if broke is None:
        return None
    return explain_scene(Scene(broke, layers, assignment.rubric.input.classes, assignment.rubric.input.shape))


def _said(mended: _Mended, submission: Submission, assignment: Assignment, run: Run) -> WhatIf:
    """Return what the report says of it, with the accuracy where networks are trained."""
    examination = mended.examination
    layers = examination.layers if examination is not None else ()
    if mended.broke is not None or examination is None or not examination.complete:
        next_one = _explained(mended.broke, layers, assignment) or Explanation("E00", "")
        where = mended.broke.where if mended.broke is not None else Where()
        return WhatIf(mended.fixes, False, layers, next_one.code, next_one.cause, next_one.help, where)
    accuracy = _accuracy(mended.captured, submission, assignment, run)
    return WhatIf(mended.fixes, True, layers, parameters=examination.parameters, accuracy=accuracy)


def _accuracy(captured: Plain, submission: Submission, assignment: Assignment, run: Run) -> float | None:
    """Train the mended network once and return its accuracy; None where nothing is trained."""
    if not wants_training(captured["examination"], assignment):
        return None
    _, score = measured((trained(submission.id, captured, assignment.turns[0], run),), assignment)
    return score.accuracy if score is not None else None
