"""Turn what three networks learnt into what a rubric should say, so that a convolutional network is told apart."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

from grader import scoring
from grader.calibration import Calibration, Setting, Trial, Untrained
from grader.criteria import DEFINITIONS
from grader.scoring.interpolation import chance_line
from grader.scoring.significance import wilson_upper
from grader.wording import percent

FEW_SEEDS = 4
"""Trainings of each network below which a deviation is a guess."""

_FIFTHS = 5
# Of the whole fall of the loss; see `Convergence`. On the generated pictures 250 steps end at 4 %, and 500 at 2 % with
# three points more of accuracy.
_STILL_FALLING = 0.03
_LINEAR_SHARE = 0.25  # of the points, beyond which a linear network earns too much
_CAPTURE_SECONDS = 1.0  # measured on a class of 180


@dataclass(frozen=True, slots=True)
class Separation:
    """Whether the recipe tells the reference from a network of dense layers.

    Attributes:
        verdict: `clear`: dense layers never earn all points; `narrow`: only the benefit of the doubt gives them all;
            `none`: what they reach at best earns all by itself; `unknown`: they were not trained.
        gap: the reference's line less what dense layers reach at best, in accuracy; None when unknown.
        deviations: how many (of both together) the means lie apart; None when unknown or all seeds agree.
    """

    verdict: str
    gap: float | None
    deviations: float | None


@dataclass(frozen=True, slots=True)
class Convergence:
    """Whether the reference has learnt what it will learn.

    Attributes:
        before: mean loss in the last fifth but one of the steps.
        last: mean loss in the last fifth.
        share: how much of the whole fall of the loss lies between the two. A rate that goes down to nothing lets the
            loss of a finished training fall a little as well, so that a small share counts as converged.
        converged: whether the share is small.
    """

    before: float
    last: float
    share: float
    converged: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """Numbers to write into the rubric, each with a reason where it is not what the rubric says already.

    Attributes:
        points: of the criterion.
        pass_at: points from which it counts as passed.
        chance: where points begin, as a multiple of a guess.
        steps: of the recipe; None to keep them.
        dense: what a network of dense layers earns at best by this proposal; None when unknown.
        reasons: sentences.
    """

    points: float
    pass_at: float
    chance: float
    steps: int | None
    dense: float | None
    reasons: tuple[str, ...]


def separation(found: Calibration) -> Separation:
    """Say whether the recipe tells the reference from a network of dense layers."""
    dense = found.dense
    if isinstance(dense, Untrained):
        return Separation("unknown", None, None)
    one, other = found.reference.spread, dense.spread
    together = math.hypot(one.deviation, other.deviation)
    apart = (one.mean - other.mean) / together if together else None
    verdict = "clear" if wilson_upper(dense.best, found.setting.held_out) < found.target else "narrow"
    return Separation(verdict if dense.best < found.target else "none", found.target - dense.best, apart)


def convergence(reference: Trial) -> Convergence:
    """Say whether the loss still falls in the last fifth of the steps, as the mean over the seeds."""
    curve = [one.mean for one in scoring.band(reference.trainings)]
    fifth = max(1, len(curve) // _FIFTHS)
    last, before = statistics.fmean(curve[-fifth:]), statistics.fmean(curve[-2 * fifth : -fifth] or curve)
    whole = curve[0] - last
    share = (before - last) / whole if whole > 0 else 1.0
    return Convergence(before, last, share, share < _STILL_FALLING)


def proposal(found: Calibration) -> Proposal:
    """Propose what the rubric should say, so that a network of dense layers does not pass where that is possible."""
    setting, reasons = found.setting, []
    chance = _chance(found)
    if chance != setting.chance:
        reasons.append(
            f"Points begin where the linear network ends, at {percent(chance_line(setting.classes, chance))}: that "
            "much can be learnt from single pixels."
        )
    dense, pass_at = None, setting.pass_at
    share = found.share(found.dense.best, chance) if isinstance(found.dense, Trial) else None
    if share is not None:
        dense = round(setting.points * share, 2)
        pass_at = _pass_at(setting, dense)
    if dense is not None and dense >= setting.points:
        reasons.append("No pass mark keeps the dense-only network out: at its best it earns all points.")
    elif pass_at != setting.pass_at:
        reasons.append(f"At {setting.pass_at:g} points the dense-only network could pass: it earns up to {dense:g}.")
    steps = None
    if not convergence(found.reference).converged:
        steps = 2 * setting.steps
        reasons.append("The reference has not learnt all it can; twice the steps cost twice the time. Calibrate again.")
    elif separation(found).verdict in ("narrow", "none"):
        reasons.append(
            "More steps will hardly help, as the reference has converged: take a reference that learns more, or "
            "pictures that need a convolution."
        )
    return Proposal(setting.points, pass_at, chance, steps, dense, tuple(reasons))


def _chance(found: Calibration) -> float:
    """Return where points should begin: higher than the rubric says where a linear network earns much, and it helps."""
    setting, linear = found.setting, found.linear
    if isinstance(linear, Untrained) or (found.share(linear.spread.mean) or 0) <= _LINEAR_SHARE:
        return setting.chance
    wanted = min(
        math.ceil(10 * linear.spread.mean * setting.classes) / 10, DEFINITIONS["accuracy"].parameters["chance"].high
    )
    share = found.share(linear.spread.mean, wanted)
    return wanted if wanted > setting.chance and share is not None and share <= _LINEAR_SHARE else setting.chance


def _pass_at(setting: Setting, dense: float) -> float:
    """Return a pass mark above what dense layers earn: the rubric's where it is, else the next round number."""
    if dense < setting.pass_at or dense >= setting.points:
        return setting.pass_at
    part = 2 if setting.points >= 4 else 10  # halves, or tenths where there are few points
    return min((math.floor(dense * part) + 1) / part, setting.points)


def class_seconds(found: Calibration) -> float:
    """Return how long a class takes from its first capture to its last training, the reference's seeds included.

    It is assumed that every network can be trained and costs what the reference costs.
    """
    setting = found.setting
    trainings = setting.students * setting.repeats + len(found.reference.accuracies)
    return (trainings * found.reference.seconds + setting.students * _CAPTURE_SECONDS) / setting.workers
