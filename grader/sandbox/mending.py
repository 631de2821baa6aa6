"""Apply a fix for the what-if: to the text before it is planned for, or to the network after it was built.

The parent orders it, from words of ours and from what an earlier run of the same submission said. It is data here as
well: text to be replaced in the student's text, and numbers for layers of torch's own classes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from grader.records import Fix
from grader.source.reading.cells import Cell
from grader.source.reading.notebook import Source

MOST_NUMBERS = 60_000_000
"""Of a layer that gets another size; a larger one is over every budget."""

_MOST_CHANGES = 5


@dataclass(frozen=True, slots=True)
class Change:
    """A fix with the place of the line that it changes.

    Attributes:
        fix: what changes.
        file: path of the file whose line changes, with its cell and line; None for another change.
    """

    fix: Fix
    file: str | None = None
    cell: int | None = None
    line: int | None = None


def changes_from(plain: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """Read the changes of an order."""
    return tuple(
        Change(Fix(**one["fix"]), one["file"], one["cell"], one["line"]) for one in list(plain)[:_MOST_CHANGES]
    )


def mended_text(source: Source, changes: Iterable[Change]) -> Source:
    """Return the source with its words, lines and imports changed."""
    for change in changes:
        if change.fix.change == "import":
            cells = source.cells
            first = replace(cells[0], text=f"{change.fix.new}; {cells[0].text}") if cells else None
            source = source if first is None else replace(source, cells=(first, *cells[1:]))
        elif change.fix.change in ("word", "line"):
            modules = {name: _each(cells, change) for name, cells in source.modules.items()}
            source = replace(source, cells=_each(source.cells, change), modules=modules)
    return source


def _each(cells: tuple[Cell, ...], change: Change) -> tuple[Cell, ...]:
    return tuple(replace(cell, text=_changed(cell, change)) for cell in cells)


def _changed(cell: Cell, change: Change) -> str:
    old, new = change.fix.old, change.fix.new
    if change.fix.change == "word":
        return re.sub(rf"(?<![\w.]){re.escape(old)}\b", lambda found: new, cell.text)
    lines = cell.text.split("\n")
    here = (cell.file, cell.number) == (change.file, change.cell)
    if here and change.line is not None and 0 < change.line <= len(lines):
        lines[change.line - 1] = lines[change.line - 1].replace(old, new, 1)
    return "\n".join(lines)


def mend(model: nn.Module, changes: Iterable[Change]) -> None:
    """Give the layers of a model the sizes that the changes ask for; what does not fit is left as it is."""
    for change in changes:
        layer = dict(model.named_modules()).get(change.fix.layer)
        if change.fix.change == "setting" and layer is not None and layer is not model:
            _set(model, layer, change.fix)


def _set(model: nn.Module, layer: nn.Module, fix: Fix) -> None:
    value = fix.value or 0
    pool = isinstance(layer, nn.MaxPool2d | nn.AvgPool2d)
    if isinstance(layer, nn.Linear) and fix.setting in ("in_features", "flatten"):
        _weight(layer, (layer.out_features, value))
        layer.in_features = value
        if fix.setting == "flatten":
            layer.register_forward_pre_hook(lambda module, given: (given[0].flatten(1), *given[1:]))
    elif isinstance(layer, nn.Conv2d) and fix.setting == "in_channels" and value % layer.groups == 0:
        _weight(layer, (layer.out_channels, value // layer.groups, *layer.kernel_size))
        layer.in_channels = value
    elif isinstance(layer, nn.Conv2d) and fix.setting == "kernel_size":
        _weight(layer, (layer.out_channels, layer.in_channels // layer.groups, value, value))
        layer.kernel_size = (value, value)
    elif isinstance(layer, nn.MaxPool2d | nn.AvgPool2d) and fix.setting == "kernel_size":
        layer.kernel_size = layer.stride = value
    elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and fix.setting == "num_features":
        kept = (layer.eps, layer.momentum, layer.affine, layer.track_running_stats)
        _replace(model, fix.layer, type(layer)(min(value, MOST_NUMBERS), *kept))
    elif isinstance(layer, nn.Flatten) and fix.setting == "start_dim":
        layer.start_dim = value
    elif isinstance(layer, nn.Softmax | nn.LogSoftmax) and fix.setting == "dim":
        layer.dim = value
    elif pool and fix.setting == "out":
        _replace(model, fix.layer, nn.Identity())


def _replace(model: nn.Module, name: str, layer: nn.Module) -> None:
    owner, _, last = name.rpartition(".")
    setattr(model.get_submodule(owner), last, layer)


def _weight(layer: nn.Linear | nn.Conv2d, shape: tuple[int, ...]) -> None:
    """Draw the layer's weights anew in that shape, as its class does."""
    if 0 < math.prod(shape) <= MOST_NUMBERS:
        layer.weight = nn.Parameter(torch.empty(shape, dtype=layer.weight.dtype))
        layer.reset_parameters()
