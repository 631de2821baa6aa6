"""How the picture shrinks on its way through a network, and the sum behind a side that surprises.

The formula is that of torch's `Conv2d` and `MaxPool2d`: a side of n becomes (n + 2p - k)/s + 1, rounded down, where
k is the kernel (with dilation d it covers d(k - 1) + 1), p the padding and s the stride.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.records import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from grader.records import Layer, Report, Shape

_MAP_AXES = 3  # (C, H, W)
_MOST_STEPS = 9  # shapes that are shown; longer ways lose their middle
_MOST_SURPRISES = 2


@dataclass(frozen=True, slots=True)
class Surprise:
    """One layer whose output is neither the side that came in nor half of it.

    Attributes:
        name: the student's name for the layer.
        axis: `height` or `width`, where only one of them changes in that way; empty where both do.
        before: the side that came in.
        after: the side that went out.
        formula: (n + 2p - k)/s + 1 with the layer's own numbers, up to the result.
    """

    name: str
    axis: str
    before: int
    after: int
    formula: str


def steps(report: Report) -> tuple[Shape | None, ...]:
    """Return the shapes of one picture on its way, each once, at most nine; None stands for those left out.

    Where a network has branches, the way is followed along the layers that go on from the shape before.
    """
    way: list[Shape] = []
    for layer in report.layers:
        if not layer.on_path or not layer.inputs:
            continue
        if not way or layer.inputs not in way:
            way.append(layer.inputs)  # the picture itself, or what branches were put together to
        if layer.inputs == way[-1] and layer.outputs != way[-1]:
            way.append(layer.outputs)
    if len(way) <= _MOST_STEPS:
        return tuple(way)
    half = _MOST_STEPS // 2
    return (*way[:half], None, *way[-half:])


def sides(report: Report) -> tuple[int, ...]:
    """Return the longer side of each map on the way, where it changes; empty where nothing shrinks."""
    found: list[int] = []
    for shape in filter(None, steps(report)):
        if len(shape) == _MAP_AXES and (not found or found[-1] != max(shape[1:])):
            found.append(max(shape[1:]))
    return tuple(found) if len(found) > 1 else ()


def surprises(report: Report) -> tuple[Surprise, ...]:
    """Return at most two layers whose side surprises, in their order.

    Where forward stopped, the last ones before that count most; else those that cut something off, then the first.
    """
    found = [one for layer in report.layers if layer.on_path for one in _surprise(layer)]
    if report.broke is not None and report.broke.stage == "forward":
        return tuple(found[-_MOST_SURPRISES:])
    first = sorted(range(len(found)), key=lambda index: ("rounded" not in found[index].formula, index))
    return tuple(found[index] for index in sorted(first[:_MOST_SURPRISES]))


def _surprise(layer: Layer) -> Iterator[Surprise]:
    """Yield the layer's surprise, where it has one and the formula gives what came out."""
    if layer.role not in (Role.CONV, Role.POOL) or len(layer.inputs) != _MAP_AXES or len(layer.outputs) != _MAP_AXES:
        return
    found = [
        (before, after, _formula(layer, axis, before, after))
        for axis, (before, after) in enumerate(zip(layer.inputs[1:], layer.outputs[1:], strict=True))
    ]
    odd = [axis for axis, (before, after, formula) in enumerate(found) if formula and after not in (before, before / 2)]
    if odd:
        before, after, formula = found[odd[0]]
        alike = len(set(found)) == 1
        yield Surprise(layer.name, "" if alike else ("height", "width")[odd[0]], before, after, formula)


def _formula(layer: Layer, axis: int, before: int, after: int) -> str:
    """Write (n + 2p - k)/s + 1 with numbers; empty where the layer's settings do not give `after`."""
    kernel, stride, padding, dilation = (
        _setting(layer.settings.get(key), axis, usual)
        for key, usual in (("kernel_size", 0), ("stride", 0), ("padding", 0), ("dilation", 1))
    )
    stride = stride or kernel
    if not kernel or not stride or layer.op.startswith("conv_transpose"):
        return ""
    reach = dilation * (kernel - 1) + 1
    exact = (before + 2 * padding - reach) / stride + 1
    up = layer.settings.get("ceil_mode") is True
    if (math.ceil if up else math.floor)(exact) != after:
        return ""
    pads = f" + 2·{padding}" if padding else ""
    divided = f"({before}{pads} - {reach})/{stride} + 1" if stride > 1 else f"{before}{pads} - {reach} + 1"
    return f"{divided} = {after}" if exact == after else f"{divided} = {exact:.4g}, rounded {'up' if up else 'down'}"


def _setting(value: object, axis: int, usual: int) -> int:
    """Return a setting of one axis; a single number stands for both."""
    values: Sequence[object] = value if isinstance(value, list | tuple) else (value,)
    chosen = values[min(axis, len(values) - 1)] if values else usual
    return chosen if isinstance(chosen, int) and not isinstance(chosen, bool) else usual
