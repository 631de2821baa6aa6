"""The share of the points between chance and the reference; the criterion and the scoring both stand on it."""

from __future__ import annotations

CHANCE_MARGIN = 1.5
"""Accuracy earns nothing up to this many times a pure guess: 0.15 of 1 for ten classes."""


def chance_line(classes: int, margin: float = CHANCE_MARGIN) -> float:
    """Return the accuracy that earns nothing: `margin` times a pure guess among `classes`."""
    return margin / classes


def interpolate(upper: float, chance: float, target: float) -> float:
    """Return the share of the points between chance (0) and the reference's line (1), never a cliff.

    `upper` is the upper end of the accuracy's interval: the student gets the benefit of the doubt.

    Raises:
        ValueError: the reference is no better than chance, so there is nothing to interpolate between.
    """
    if target <= chance:
        raise ValueError(f"the reference's line {target:.3f} does not lie above chance {chance:.3f}")
    return min(max((upper - chance) / (target - chance), 0.0), 1.0)
