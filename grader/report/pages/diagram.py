"""The network as a picture: a box for each map, as large as the map, with the layer that makes it underneath."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grader.records import Role
from grader.report.html_parts import escaped
from grader.report.plain import inert_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.records import Layer, Report, Shape

_STEP = 118  # pixels from one box to the next
_LARGEST = 72  # pixels of the picture's longer side
_FLOOR = 100  # where boxes stand
_HEIGHT = 208
_LINE = 15
_MOST = 32  # boxes; longer networks lose their middle
_LETTERS = 16  # of a line under a box
_MAP_AXES = 3  # (C, H, W)
_BESIDE = (Role.ACTIVATION, Role.DROPOUT, Role.NORM)
"""Layers that change no shape and stand in one line under the box before them."""


@dataclass(frozen=True, slots=True)
class _Box:
    """One map on the way and what made it.

    Attributes:
        shape: of the map; empty for the layer that stops.
        lines: what stands under it.
        beside: what follows without changing its shape.
        stops: whether the network stopped here.
    """

    shape: Shape
    lines: tuple[str, ...]
    beside: tuple[str, ...] = field(default=())
    stops: bool = False


def diagram(report: Report) -> str:
    """Draw the layers on the way to the scores, in the order in which they run; nothing where none ran."""
    boxes = _boxes(report)
    if len(boxes) < 2:
        return ""
    left_out = max(0, len(boxes) - _MOST)
    if left_out:
        half = _MOST // 2
        boxes = [*boxes[:half], _Box((), ("…", f"{left_out} more")), *boxes[-half:]]
    largest = max((max(one.shape[-2:]) for one in boxes if len(one.shape) == _MAP_AXES), default=1)
    drawn = "".join(_draw(index, box, largest) for index, box in enumerate(boxes))
    width = _STEP * len(boxes) + 12
    said = "; ".join(", ".join((*one.lines, *one.beside)) for one in boxes)
    return (
        '<div class="wide diagram" role="region" tabindex="0" aria-label="The network, drawn">'
        f'<svg viewBox="0 0 {width} {_HEIGHT}" width="{width}" height="{_HEIGHT}" role="img">'
        f"<title>The network, layer by layer</title><desc>{_flat(said)}</desc>{drawn}</svg></div>"
        f"{_aside(report.layers)}"
    )


def _boxes(report: Report) -> list[_Box]:
    path = [layer for layer in report.layers if layer.on_path]
    if not path:
        return []
    boxes = [_Box(path[0].inputs, ("picture", _size(path[0].inputs)))]
    for layer in path:
        if layer.role in _BESIDE and layer.inputs == layer.outputs and layer.outputs == boxes[-1].shape:
            boxes[-1] = replace(boxes[-1], beside=(*boxes[-1].beside, _short(layer)))
        else:
            boxes.append(_Box(layer.outputs, tuple(filter(None, _lines(layer)))))
    broke = report.broke
    if broke is not None and broke.stage == "forward":
        name = broke.layer or broke.kind
        boxes.append(_Box((), (inert_line(name, _LETTERS), "stops here", inert_line(str(broke.where), 24)), stops=True))
    return boxes


def _lines(layer: Layer) -> tuple[str, ...]:
    kernel = layer.settings.get("kernel_size")
    sides = kernel if isinstance(kernel, list | tuple) else [kernel] * 2
    window = f" {'×'.join(map(str, sides))}" if kernel and layer.role in (Role.CONV, Role.POOL) else ""
    return (
        inert_line(layer.name, _LETTERS),
        inert_line(f"{layer.role}{window}", _LETTERS),
        _size(layer.outputs),
        f"{layer.parameters:,} param." if layer.parameters else "",
        inert_line(str(layer.where), 24),
    )


def _draw(index: int, box: _Box, largest: int) -> str:
    middle = 6 + _STEP * index + _STEP / 2
    parts = []
    if index:
        y = _FLOOR - 22
        start = middle - _STEP + 46
        parts.append(f'<path class="axis" d="M{start:.0f} {y}h22m-5 -4l5 4l-5 4"/>')
    if box.stops:
        parts.append(f'<rect class="stops" x="{middle - 22:.0f}" y="{_FLOOR - 44}" width="44" height="44"/>')
        parts.append(f'<text class="stop" x="{middle:.0f}" y="{_FLOOR - 16}" text-anchor="middle">✗</text>')
    elif len(box.shape) == _MAP_AXES:
        parts += _sheets(box.shape, middle, largest)
    elif box.shape:
        height = min(_LARGEST, 14 + 8 * math.log2(max(math.prod(box.shape), 1)))
        parts.append(
            f'<rect class="map" x="{middle - 4:.1f}" y="{_FLOOR - height:.1f}" width="8" height="{height:.1f}"/>'
        )
    lines = [*box.lines, *([f"+ {', '.join(box.beside)}"] if box.beside else [])]
    for row, line in enumerate(lines):
        kind = "stop" if box.stops and row < 2 else "name" if row == 0 else "" if row == 2 else "faint"
        parts.append(
            f'<text class="{kind}" x="{middle:.0f}" y="{_FLOOR + 18 + _LINE * row}" text-anchor="middle">'
            f"{_flat(inert_line(line, 24))}</text>"
        )
    return f"<g>{''.join(parts)}</g>"


def _sheets(shape: Shape, middle: float, largest: int) -> list[str]:
    """Draw a map as a stack of sheets, more of them for more channels; sides follow the root of the map's."""
    channels, *sides = shape
    height, width = (max(4.0, _LARGEST * math.sqrt(side / largest)) for side in sides)
    count = min(5, 1 + int(math.log2(max(channels, 1)) / 1.5))
    return [
        f'<rect class="map" x="{middle - width / 2 + 3 * depth - 1.5 * count:.1f}" '
        f'y="{_FLOOR - height - 3 * depth:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
        for depth in reversed(range(count))
    ]


def _aside(layers: Sequence[Layer]) -> str:
    unused = [one for one in layers if not one.on_path]
    if not unused:
        return ""
    names = ", ".join(inert_line(f"{one.name} ({one.where})", 80) for one in unused[:10])
    return f'<p class="dim">Called, and not on the way to the scores: {_flat(names)}.</p>'


def _short(layer: Layer) -> str:
    return layer.op.replace("_", " ") if layer.role is not Role.NORM else "norm"


def _size(shape: Shape) -> str:
    return "×".join(map(str, shape))


def _flat(text: str) -> str:
    """Return text for SVG: escaped, and on one line."""
    return escaped(inert_line(text, 4000))
