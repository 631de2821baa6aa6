"""Small pictures as SVG: how points and accuracies are spread, and a learning curve beside the reference's.

They are drawn with classes of the page's style sheet, so that they follow light, dark and print.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

from grader.report.html_parts import escaped
from grader.wording import counted, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from grader.records import CurvePoint, Reference, Score

_WIDTH, _HEIGHT = 440, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 12, 14, 30
_BINS = 15
_MOST_POINTS = 400  # of a curve


def figure(title: str, said: str, inner: str, size: tuple[int, int] = (_WIDTH, _HEIGHT)) -> str:
    """Return a picture with its title, and with a sentence for whoever does not see it."""
    width, height = size
    named = escaped(f"{title}. {said}")
    return (
        f'<figure class="plain"><svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{named}">{inner}</svg></figure>'
    )


def histogram(points: Sequence[float], most: float) -> str:
    """Draw how many submissions have how many of `most` points; nothing where there are none."""
    if not points or most <= 0:
        return ""
    top = max(most, *points)
    counts = [0] * _BINS
    for one in points:
        counts[min(int(_BINS * max(one, 0) / top), _BINS - 1)] += 1
    width, tallest = (_WIDTH - _LEFT - _RIGHT) / _BINS, max(counts)
    bars = []
    for index, count in enumerate(counts):
        if count:
            height = (_HEIGHT - _TOP - _BOTTOM) * count / tallest
            x, y = _LEFT + index * width, _HEIGHT - _BOTTOM - height
            bars.append(
                f'<rect class="bar" x="{x + 1:.1f}" y="{y:.1f}" width="{width - 2:.1f}" height="{height:.1f}"/>'
                f'<text x="{x + width / 2:.1f}" y="{y - 3:.1f}" text-anchor="middle">{count}</text>'
            )
    ordered = sorted(points)
    said = f"{counted(len(points), 'submission')}, from {ordered[0]:g} to {ordered[-1]:g} of {most:g} points"
    return figure("Points", said, "".join(bars) + _axis(0, top, "points"))


def accuracies(scores: Sequence[Score]) -> str:
    """Draw each accuracy with its interval, the lowest on top, over the band of the reference; nothing for none."""
    if not scores:
        return ""
    ordered = sorted(scores, key=lambda score: score.accuracy)
    reference = next((score.reference for score in ordered if score.reference is not None), None)
    low = min(0.0, *(score.interval[0] for score in ordered))
    step = (_HEIGHT - _TOP - _BOTTOM) / len(ordered)
    radius = max(1.0, min(4.0, step / 2))
    parts = [] if reference is None else [_reference(reference, low)]
    for index, score in enumerate(ordered):
        y = _TOP + (index + 0.5) * step
        first, x, last = (_across(one, low, 1) for one in (score.interval[0], score.accuracy, score.interval[1]))
        parts.append(
            f'<path class="interval" d="M{first:.1f} {y:.1f}H{last:.1f}"/>'
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'
        )
    said = f"{counted(len(ordered), 'network')}, from {percent(ordered[0].accuracy)} to {percent(ordered[-1].accuracy)}"
    if reference is not None:
        said += f"; the reference reaches {percent(reference.mean)}, full points begin at {percent(reference.target)}"
    return figure("Accuracy", said, "".join(parts) + _axis(low, 1, "accuracy", as_share=True))


def learning_curve(curve: Sequence[CurvePoint], reference: Reference | None) -> str:
    """Draw the loss by step, over the band of the reference's seeds; nothing where no loss is a number."""
    points = [(one.step, one.loss) for one in _thinned(curve)]
    finite = [loss for _, loss in points if math.isfinite(loss)]
    if len(finite) < 2:
        return ""
    band = [] if reference is None else [one for one in reference.curve if math.isfinite(one.high)]
    top = max(*finite, *(one.high for one in band)) or 1.0
    last = max(points[-1][0], *(one.step for one in band), 1)
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(step: int, loss: float) -> str:
        return f"{_LEFT + width * step / last:.1f},{_TOP + height * (1 - max(loss, 0) / top):.1f}"

    inner = ""
    if band:
        edge = [place(one.step, one.high) for one in band] + [place(one.step, one.low) for one in reversed(band)]
        inner += f'<polygon class="band" points="{" ".join(edge)}"/>'
        inner += f'<polyline class="mean" points="{" ".join(place(one.step, one.mean) for one in band)}"/>'
    for is_finite, run in groupby(points, key=lambda one: math.isfinite(one[1])):
        if is_finite:
            inner += f'<polyline class="curve" points="{" ".join(place(*one) for one in run)}"/>'
    inner += (
        f'<text x="{_LEFT - 6}" y="{_TOP + 8}" text-anchor="end">{top:.2f}</text>'
        f'<text x="{_LEFT - 6}" y="{_HEIGHT - _BOTTOM}" text-anchor="end">0</text>'
    )
    said = f"the loss went from {finite[0]:.2f} to {finite[-1]:.2f} in {counted(last, 'step')}"
    if len(finite) < len(points):
        said += "; where the line is broken, the loss was not a number"
    return figure("Learning curve", said, inner + _axis(0, last, "steps"))


def share(part: float) -> str:
    """Draw a share as a bar; whoever does not see it has the number beside it."""
    width = 80 * min(max(part, 0), 1)
    return (
        '<svg class="share" viewBox="0 0 80 10" aria-hidden="true"><rect class="rest" width="80" height="10"/>'
        f'<rect class="bar" width="{width:.1f}" height="10"/></svg>'
    )


def _thinned(curve: Sequence[CurvePoint]) -> Iterable[CurvePoint]:
    """Return at most some hundred points, the last one always."""
    every = math.ceil(len(curve) / _MOST_POINTS) or 1
    return [*curve[:-1:every], *curve[-1:]]


def _reference(found: Reference, low: float) -> str:
    first, last = (_across(found.mean + side * 2 * found.deviation, low, 1) for side in (-1, 1))
    target = _across(found.target, low, 1)
    return (
        f'<rect class="band" x="{first:.1f}" y="{_TOP}" width="{max(last - first, 1):.1f}" '
        f'height="{_HEIGHT - _TOP - _BOTTOM}"/><path class="target" d="M{target:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>'
    )


def _across(value: float, low: float, high: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(max((value - low) / (high - low), 0), 1)


def _axis(low: float, high: float, word: str, *, as_share: bool = False) -> str:
    y = _HEIGHT - _BOTTOM
    marks = []
    for index in range(5):
        value = low + (high - low) * index / 4
        x, label = _across(value, low, high), f"{100 * value:.0f} %" if as_share else f"{value:.4g}"
        anchor = "middle" if index < 4 else "end"
        marks.append(f'<text class="faint" x="{x:.1f}" y="{y + 14}" text-anchor="{anchor}">{label}</text>')
    line = f'<path class="axis" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>'
    return line + "".join(marks) + f'<text class="faint" x="{_LEFT}" y="{_HEIGHT - 3}">{word}</text>'
