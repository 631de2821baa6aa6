"""How long the trainings that are left will take, reckoned from those that are finished.

A training costs `overhead + per_flop * FLOPs` seconds. Both are fitted to the seconds that trainings took, never to
the clock on the wall: a laptop that slept for an hour changes nothing.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ROUNDS = 5  # of taking weight away from outliers
_FEW = 5  # trainings; with fewer, nobody can say which is an outlier
_GROSS = 3.0  # typical relative deviations; what is further off counts less
_LEAST_DEVIATION = 0.02  # relative; below it trainings agree, and calling one an outlier would be unfair
_ANCHOR = 1.0  # trainings that the known overhead counts for; it decides only where all have about the same FLOPs
_EPSILON = 1e-12
_HOUR = 60  # minutes


@dataclass(frozen=True, slots=True)
class Measured:
    """One finished training: its FLOPs (any unit, the same for all) and the seconds that it took."""

    flops: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Running:
    """A training that runs: its FLOPs and the share of it that is done, 0 to 1."""

    flops: float
    fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class Speed:
    """What a training costs here.

    Attributes:
        overhead: seconds that every training costs, however small.
        per_flop: seconds for each FLOP.
    """

    overhead: float
    per_flop: float

    def seconds(self, flops: float) -> float:
        """Return how long a training of so many FLOPs takes."""
        return self.overhead + self.per_flop * flops


def fit(measured: Sequence[Measured], stored: Speed | None = None) -> Speed | None:
    """Fit the speed to finished trainings, by weighted least squares in which nothing is negative.

    Long trainings may be off by more seconds than short ones, and outliers count less. `stored` is the speed of an
    earlier run; it stands in while nothing is finished. None when nothing is known at all.
    """
    known = [one for one in measured if one.flops > 0 and one.seconds > 0]
    if not known:
        return stored
    overhead = stored.overhead if stored is not None else 0.0
    weights = [1 / one.seconds for one in known]
    speed = _least_squares(known, weights, overhead)
    for _ in range(_ROUNDS if len(known) >= _FEW else 0):
        off = [abs(one.seconds - speed.seconds(one.flops)) / one.seconds for one in known]
        bearable = _GROSS * max(median(off), _LEAST_DEVIATION)
        trusted = [weight * min(1.0, bearable / max(each, _EPSILON)) for weight, each in zip(weights, off, strict=True)]
        speed = _least_squares(known, trusted, overhead)
    return speed


def _least_squares(measured: Sequence[Measured], weights: Sequence[float], overhead: float) -> Speed:
    """Minimise the weighted squares; where a coefficient would be negative, it is zero and the other fits alone."""
    count = sum(weights)
    anchor = _ANCHOR * count / len(weights)  # a training of no FLOPs that took the overhead
    flops = sum(weight * one.flops for weight, one in zip(weights, measured, strict=True))
    squares = sum(weight * one.flops**2 for weight, one in zip(weights, measured, strict=True))
    seconds = sum(weight * one.seconds for weight, one in zip(weights, measured, strict=True)) + anchor * overhead
    products = sum(weight * one.flops * one.seconds for weight, one in zip(weights, measured, strict=True))
    count += anchor
    determinant = count * squares - flops * flops  # positive: the anchor's FLOPs differ from all others
    intercept = (squares * seconds - flops * products) / determinant
    slope = (count * products - flops * seconds) / determinant
    if intercept < 0:
        return Speed(0.0, products / squares)
    if slope < 0:
        return Speed(seconds / count, 0.0)
    return Speed(intercept, slope)


def seconds_left(
    speed: Speed | None, waiting: Iterable[float], running: Sequence[Running], workers: int
) -> float | None:
    """Return the seconds until the last training ends; None when the speed is not known.

    `waiting` are the FLOPs of trainings that have not begun, in any order: the longest is taken first. Each of
    the `workers` takes the next one as soon as it is free.
    """
    if speed is None:
        return None
    free = [speed.seconds(one.flops) * (1 - min(max(one.fraction, 0.0), 1.0)) for one in running]
    free += [0.0] * (workers - len(free))
    if not free:
        return None
    heapq.heapify(free)
    for flops in sorted(waiting, reverse=True):
        heapq.heapreplace(free, free[0] + speed.seconds(flops))
    return max(free)


def roughly(seconds: float) -> str:
    """Return `less than a minute`, `about 12 min` or `about 2 h 10 min`: no finer than anybody can know."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < _HOUR:
        return f"about {minutes} min"
    hours, rest = divmod(5 * round(minutes / 5), _HOUR)
    return f"about {hours} h {rest:02} min"
