"""Do the layers come in the usual order: convolution, pooling, flatten, dense.

Layers are known in the order in which they ran, not by what feeds what. So a place counts as wrong only where the
shapes chain from one layer to the next; a gate (squeeze and excitation), a spatial transformer, attention and
branches side by side break that chain and cost nothing. A layer that is missing is priced by its own criterion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from grader.criteria.evidence import Evidence, Verdict, criterion
from grader.records import Layer, Role
from grader.rubric import Rule
from grader.wording import named, size, spatial

_KEEPS = frozenset({Role.ACTIVATION, Role.NORM, Role.DROPOUT})
_GRIDS = (Role.CONV, Role.POOL)
_RESHAPES = frozenset("view reshape _unsafe_view unflatten unsqueeze squeeze permute transpose contiguous pad".split())
_EXPECTED = "The layers were to come as convolution, pooling, flatten, dense"


@dataclass(frozen=True, slots=True)
class _Early:
    """A flatten whose row a convolution or pooling works on; `learnt` tells whether a dense layer lies between."""

    flatten: Layer
    grid: Layer
    learnt: bool


@criterion("The layers come in the usual order", requires=("built", "convolution"))
def order(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge the order on the path: a flatten before a convolution or pooling, or after the last dense, costs half."""
    del rule
    path = [layer for layer in evidence.layers if layer.on_path]
    first = next((at for at, layer in enumerate(path) if layer.role is Role.CONV), None)
    if first is None:
        rationale = "Not judged, because no convolution is on the way to the scores."
        return Verdict(None, rationale, evidence={"because": "convolution"})
    early, late = _early(path), _late(path, evidence.classes)
    if early is not None:
        return _too_early(early, path, begins=path.index(early.flatten) < first)
    if late is not None:
        return _too_late(*late)
    if not evidence.complete:
        rationale = "Not judged, because the network stopped before its last layer."
        return Verdict(None, rationale, evidence={"because": "output"})
    shown = _landmarks(path, first)
    places = ", ".join(map(named, shown))
    found = f"The layers come in the usual order: {places}.{_pool_first(path[:first])}"
    return Verdict(1, found, "", {"order": [f"{layer.role} {layer.name}" for layer in shown]})


def _early(path: Sequence[Layer]) -> _Early | None:
    """Return the first flatten of a map whose row is worked on as a map again."""
    for at, layer in enumerate(path):
        if layer.role is not Role.FLATTEN or math.prod(spatial(layer.inputs)) == 1:
            continue  # one number per channel: the row of a gate
        found = _worked_on(path, at)
        if found is not None:
            return found
    return None


def _worked_on(path: Sequence[Layer], at: int) -> _Early | None:
    """Follow the row of the flatten at `at` to a convolution or pooling; None where it does not lead to one."""
    flatten, shape, learnt = path[at], path[at].outputs, False
    for layer in path[at + 1 :]:
        if layer.inputs != shape:
            return None
        if layer.role in _GRIDS:
            same = layer.inputs == flatten.inputs and not learnt  # x.flatten(1).view(-1, 3, 32, 32) changes nothing
            pixel = len(layer.inputs) > 1 and math.prod(spatial(layer.inputs)) == 1  # a dense layer as convolution
            return None if same or pixel else _Early(flatten, layer, learnt)
        if layer.role not in _KEEPS and layer.role is not Role.DENSE and layer.op not in _RESHAPES:
            return None
        learnt = learnt or layer.role is Role.DENSE
        shape = layer.outputs
    return None


def _late(path: Sequence[Layer], classes: int) -> tuple[Layer, Layer] | None:
    """Return the last dense layer and the flatten of what it makes of maps; None where no such flatten follows."""
    last = next((at for at in range(len(path) - 1, -1, -1) if path[at].role is Role.DENSE), None)
    if last is None or math.prod(path[last].inputs[:-1]) == 1:
        return None
    shape = path[last].outputs
    for layer in path[last + 1 :]:
        if layer.inputs != shape:
            return None
        if layer.role is Role.FLATTEN:
            return None if layer.outputs == (classes,) else (path[last], layer)
        if layer.role not in _KEEPS:
            return None
        shape = layer.outputs
    return None


def _too_early(early: _Early, path: Sequence[Layer], *, begins: bool) -> Verdict:
    """Say which flatten comes too early; nothing is left of the points where the network begins with a dense row."""
    last = next(layer for layer in reversed(path) if layer.role in _GRIDS)
    found = (
        f"{_EXPECTED}. {named(early.flatten)} lays {size(early.flatten.inputs)} out as {size(early.flatten.outputs)}, "
        f"and {named(early.grid)} comes after it and works on {size(early.grid.inputs)} made of that row."
    )
    help_text = f"Move {early.flatten.name} behind {last.name}, the last convolution or pooling."
    numbers = {"flatten": early.flatten.name, "before": early.grid.name, "input": list(early.grid.inputs)}
    return Verdict(0 if begins and early.learnt else 1 / 2, found, help_text, numbers)


def _too_late(dense: Layer, flatten: Layer) -> Verdict:
    found = (
        f"{_EXPECTED}. {named(dense)} works on {size(dense.inputs)}, and {named(flatten)} lays the numbers out in one "
        "row only after that."
    )
    total = math.prod(dense.inputs)
    help_text = f"Put nn.Flatten() before {dense.name} and set its in_features to {total} ({size(dense.inputs)})."
    return Verdict(1 / 2, found, help_text, {"dense": dense.name, "flatten": flatten.name})


def _landmarks(path: Sequence[Layer], first: int) -> list[Layer]:
    """Return the first convolution, the first pooling after it, the last dense layer and the last flatten before it."""
    pool = next((layer for layer in path[first:] if layer.role is Role.POOL), None)
    dense = next((at for at in range(len(path) - 1, first, -1) if path[at].role is Role.DENSE), len(path))
    flatten = next((layer for layer in reversed(path[first:dense]) if layer.role is Role.FLATTEN), None)
    return [layer for layer in (path[first], pool, flatten, *path[dense : dense + 1]) if layer is not None]


def _pool_first(before: Sequence[Layer]) -> str:
    """Advise against a pooling that stands before every convolution; it costs nothing."""
    pool = next((layer for layer in before if layer.role is Role.POOL), None)
    if pool is None:
        return ""
    return f" ({named(pool)} comes before the first convolution and drops pixels unseen; this costs nothing.)"
