"""A learning curve as one line of bars."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.records import CurvePoint

_MOST_CELLS = 40  # columns of a curve
BARS = "▁▂▃▄▅▆▇█"
"""What a curve is drawn with."""
PLAIN_BARS = "_.-:=+*#"
"""The same where the output's encoding has only ASCII."""


def sparkline(curve: Sequence[CurvePoint], bars: str = BARS) -> str:
    """Draw losses as a line of bars, from the lowest to the highest; `!` where a loss is not a number.

    A long curve is drawn by the mean of neighbouring points, at most 40 columns wide.
    """
    losses = [one.loss for one in curve]
    width = min(len(losses), _MOST_CELLS)
    edges = [round(index * len(losses) / width) for index in range(width + 1)] if width else [0]
    cells = [sum(losses[low:high]) / (high - low) for low, high in pairwise(edges)]
    finite = [one for one in cells if math.isfinite(one)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    return "".join(_bar(one, low, high, bars) for one in cells)


def _bar(value: float, low: float, high: float, bars: str) -> str:
    if not math.isfinite(value):
        return "!"
    share = (value - low) / (high - low) if high > low else 0.0
    return bars[min(int(share * len(bars)), len(bars) - 1)]
