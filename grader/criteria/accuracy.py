"""How well it recognises pictures that it has not seen, measured against the reference solution."""

from __future__ import annotations

import math
import statistics

from grader.criteria.evidence import Evidence, Verdict, criterion
from grader.criteria.learning import NOT_TRAINED, training_of
from grader.faults import GraderFault
from grader.records import Reference, Score
from grader.rubric import Parameter, Rule
from grader.scoring.interpolation import CHANCE_MARGIN, MOST_FOR_STEP, STEP, Slope, chance_line, slope
from grader.wording import counted, percent

_REQUIRES = ("built", "output", "budget", "training_step")
_CHANCE = Parameter(CHANCE_MARGIN, 1, 10, "accuracy that earns nothing, as a multiple of a pure guess")
_EXTRA = Parameter(
    0, 0, 1000, "points beyond the criterion's own for a network that surpasses the reference; 0 for none"
)
_EXTRA_OVER = Parameter(
    0.1, 0.01, 1, "accuracy above the reference's mean plus two deviations at which all extra points are earned"
)
_DEVIATIONS = 2
_OWN_SEEDS = 3
"""Trainings of a network from which its own deviation says more than the reference's."""
_MEDIAN = math.sqrt(math.pi / 2)
"""How much further a median strays than a mean of as many normal numbers."""


@criterion(
    "The network recognises pictures that it has not seen",
    requires=_REQUIRES,
    pass_share=0.5,
    parameters={"chance": _CHANCE, "extra": _EXTRA, "extra_over": _EXTRA_OVER},
)
def accuracy(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge the accuracy on held-out pictures: from chance to the reference's line, with the benefit of the doubt."""
    if training_of(evidence) is None:
        return NOT_TRAINED
    score = evidence.score
    if score is None and _answers_otherwise(evidence):
        rationale = f"Its answers cannot be compared with the labels, as they are not {evidence.classes} scores each."
        return Verdict(0, rationale)
    if score is None or score.reference is None:
        raise GraderFault("the trained network was not scored against the reference")
    chance, target = chance_line(evidence.classes, rule.number("chance")), score.reference.target
    if target <= chance:
        raise GraderFault(f"the reference's line {target:.3f} does not lie above chance {chance:.3f}")
    line = slope(chance, target, score.n)
    extra = _extra(score.accuracy, score.reference, rule)
    sentences = [_measured(score), _formula(line, score, rule.points), _inside_noise(line, score, rule.points)]
    if extra:
        sentences.append(
            f"It surpasses the reference's mean plus two deviations ({percent(_surpassed(score.reference))}), which "
            f"earns {extra:.2f} of {rule.number('extra'):g} extra points."
        )
    numbers = {
        "accuracy": score.accuracy,
        "interval": list(score.interval),
        "n": score.n,
        "start": line.start,
        "target": target,
        "noise": noise(score),
        "extra": extra,
    }
    share = line.share(score.interval[1]) + (extra / rule.points if rule.points else 0.0)
    return Verdict(share, " ".join(filter(None, sentences)), "", numbers)


def noise(score: Score) -> float:
    """Return how far another training of the same network may lie from this accuracy: two deviations of the seeds.

    It is the network's own deviation where it was trained often enough, else the reference's; the median of several
    trainings strays less than one of them.
    """
    assert score.reference is not None
    count = len(score.seeds)
    own = [one.accuracy for one in score.seeds]
    deviation = statistics.stdev(own) if count >= _OWN_SEEDS else score.reference.deviation
    return _DEVIATIONS * deviation * (_MEDIAN / math.sqrt(count) if count >= _OWN_SEEDS else 1.0)


def _measured(score: Score) -> str:
    low, upper = score.interval
    of = f" (the median of {counted(len(score.seeds), 'training')})" if len(score.seeds) > 1 else ""
    return (
        f"After training it recognises {percent(score.accuracy)} of {score.n:,} pictures that it has not seen{of}; "
        f"with 95 % certainty {percent(low)} to {percent(upper)}."
    )


def _formula(line: Slope, score: Score, points: float) -> str:
    """Write the points with the student's own numbers in the formula."""
    upper = score.interval[1]
    raw, earned = line.unbounded(upper), line.share(upper)
    stops = "" if raw == earned else f", which counts as {points * earned:g}"
    lower = ""
    if line.start < line.chance:
        lower = (
            f" They begin lower than {percent(line.chance)}, so that {100 * STEP:g} points of accuracy never move more "
            f"than {MOST_FOR_STEP:g} of them."
        )
    return (
        f"The points run from {percent(line.start)} (little better than guessing) to {percent(line.target)} (the "
        f"reference), and the upper end counts: {points:g} x ({upper:.3f} - {line.start:.3f}) / ({line.target:.3f} - "
        f"{line.start:.3f}) = {points * raw:.2f}{stops}.{lower}"
    )


def _inside_noise(line: Slope, score: Score, points: float) -> str:
    """Say whether the points that are missing could be the luck of one training; nothing where none are missing."""
    upper, strays = score.interval[1], noise(score)
    missing = points * (1 - line.share(upper))
    if missing <= 0 or strays == 0:
        return ""
    where = "inside" if upper + strays >= line.target else "outside"
    worth = points * strays / (line.target - line.start)
    return (
        f"Another training of the same network moves its accuracy by up to {100 * strays:.1f} points either way, which "
        f"is {worth:.2f} of these points; the {missing:.2f} that are missing lie {where} that noise."
    )


def _surpassed(reference: Reference) -> float:
    return reference.mean + _DEVIATIONS * reference.deviation


def _extra(reached: float, reference: Reference, rule: Rule) -> float:
    """Return extra points: none up to the reference's mean plus two deviations, then ever more, never in a leap.

    They climb no faster than the points of the criterion may, whatever the rubric asks for.
    """
    most = rule.number("extra")
    if not most or not rule.points:
        return 0.0
    over = max(rule.number("extra_over"), most / rule.points * STEP / MOST_FOR_STEP)
    return most * min(max((reached - _surpassed(reference)) / over, 0.0), 1.0)


def _answers_otherwise(evidence: Evidence) -> bool:
    """Tell whether the network answered, but never with one score per class."""
    trials = evidence.examination.trials if evidence.examination else ()
    shapes = [trial.shape for trial in trials if trial.shape is not None]
    return bool(shapes) and all(shape[1:] != (evidence.classes,) for shape in shapes)
