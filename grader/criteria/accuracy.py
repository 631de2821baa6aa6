"""How well it recognises pictures that it has not seen, measured against the reference solution."""

from __future__ import annotations

from grader.criteria.evidence import Evidence, Verdict, criterion
from grader.criteria.learning import NOT_TRAINED, training_of
from grader.faults import GraderFault
from grader.interpolation import CHANCE_MARGIN, chance_line, interpolate
from grader.rubric import Parameter, Rule
from grader.wording import percent

_REQUIRES = ("built", "output", "budget", "training_step")
_CHANCE = Parameter(CHANCE_MARGIN, 1, 10, "accuracy that earns nothing, as a multiple of a pure guess")


@criterion(
    "The network recognises pictures that it has not seen",
    requires=_REQUIRES,
    pass_share=0.5,
    parameters={"chance": _CHANCE},
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
    low, upper = score.interval
    chance, target = chance_line(evidence.classes, rule.number("chance")), score.reference.target
    if target <= chance:
        raise GraderFault(f"the reference's line {target:.3f} does not lie above chance {chance:.3f}")
    share = interpolate(upper, chance, target)
    rationale = (
        f"After training it recognises {percent(score.accuracy)} of {score.n:,} pictures that it has not seen; with "
        f"95 % certainty {percent(low)} to {percent(upper)}. The points run from {percent(chance)} (little better than "
        f"guessing) to {percent(target)} (the reference), and the upper end counts: {rule.points:g} x ({upper:.3f} - "
        f"{chance:.3f}) / ({target:.3f} - {chance:.3f}) = {_worth(upper, chance, target, rule.points)}."
    )
    numbers = {"accuracy": score.accuracy, "interval": [low, upper], "n": score.n, "chance": chance, "target": target}
    return Verdict(share, rationale, "", numbers)


def _answers_otherwise(evidence: Evidence) -> bool:
    """Tell whether the network answered, but never with one score per class."""
    trials = evidence.examination.trials if evidence.examination else ()
    shapes = [trial.shape for trial in trials if trial.shape is not None]
    return bool(shapes) and all(shape[1:] != (evidence.classes,) for shape in shapes)


def _worth(upper: float, chance: float, target: float, points: float) -> str:
    """Write the points and, where the formula leaves 0 to the maximum, that they stop there."""
    raw, earned = (upper - chance) / (target - chance), interpolate(upper, chance, target)
    return f"{points * raw:.2f}" + ("" if raw == earned else f", which counts as {points * earned:g}")
