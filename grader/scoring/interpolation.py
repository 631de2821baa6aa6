"""The share of the points between chance and the reference; the criterion and the scoring both stand on it."""

from __future__ import annotations

from dataclasses import dataclass

from grader.scoring.significance import wilson_share, wilson_upper

CHANCE_MARGIN = 1.5
"""Accuracy earns nothing up to this many times a pure guess: 0.15 of 1 for ten classes."""

STEP = 0.03
"""So much accuracy, which is about what the seed of one training moves …"""
MOST_FOR_STEP = 0.1
"""… moves at most this share of the points."""

_ROUNDS = 100  # of a fixed point that every round brings at least a fifth nearer; see `slope`


def chance_line(classes: int, margin: float = CHANCE_MARGIN) -> float:
    """Return the accuracy that earns nothing: `margin` times a pure guess among `classes`."""
    return margin / classes


@dataclass(frozen=True, slots=True)
class Slope:
    """Where points begin and end, in upper ends of intervals.

    Attributes:
        start: earns nothing, and neither does anything below it.
        target: earns all; the reference's mean minus two deviations.
        chance: where points were to begin; `start` lies lower where they would otherwise climb too fast.
    """

    start: float
    target: float
    chance: float

    def share(self, upper: float) -> float:
        """Return the share of the points (0 to 1) for the upper end of an accuracy's interval."""
        return min(max(self.unbounded(upper), 0.0), 1.0)

    def unbounded(self, upper: float) -> float:
        """Return what the formula gives before it is held between 0 and 1."""
        return (upper - self.start) / (self.target - self.start)


def slope(chance: float, target: float, n: int) -> Slope:
    """Return the line of points from chance to the reference, for accuracies measured on `n` pictures.

    The upper end of the interval counts, so the student gets the benefit of the doubt. Three points of accuracy never
    move more than a tenth of the points: where chance and reference lie too near each other for that (few classes, or a
    reference that hardly learns), the line begins lower than chance.

    Raises:
        ValueError: the reference is no better than chance, so there is nothing to interpolate between.
    """
    if target <= chance:
        raise ValueError(f"the reference's line {target:.3f} does not lie above chance {chance:.3f}")
    start = chance
    for _ in range(_ROUNDS):
        start = min(start, target - _climb(start, n) / MOST_FOR_STEP)
    return Slope(start, target, chance)


def _climb(start: float, n: int) -> float:
    """Return how far one `STEP` of accuracy moves the upper end at most, from where that end is at `start`."""
    lowest = wilson_share(start, n)
    return wilson_upper(lowest + STEP, n) - wilson_upper(lowest, n)
