"""Breaks written by hand, for a batch of 7 pictures of 3 x 32 x 32."""

from __future__ import annotations

from grader.diagnosis import Explanation, explain
from grader.records import Break, Examination, Layer, Role, Shape, Where

SHAPE = (3, 32, 32)
WHERE = Where("a.ipynb", 3, 7)


def layer(role: Role, name: str, inputs: Shape, outputs: Shape) -> Layer:
    """Return a layer that ran."""
    return Layer(role, name, name, WHERE, inputs, outputs, {}, 0, 0, True)


CONV = layer(Role.CONV, "conv1", SHAPE, (32, 30, 30))
POOL = layer(Role.POOL, "pool1", (32, 30, 30), (32, 15, 15))
FLATTEN = layer(Role.FLATTEN, "flatten", (32, 15, 15), (7200,))


def forward(
    message: str,
    *inputs: Shape,
    kind: str = "RuntimeError",
    name: str | None = None,
    source: str = "",
    ran: tuple[Layer, ...] = (),
) -> Explanation:
    """Explain a break in forward after some layers."""
    broke = Break("forward", kind, message, WHERE, source, name, inputs)
    return explain(broke, Examination(False, ran, 0, 0, 0, 0) if ran else None, 10, SHAPE)


def build(kind: str, message: str, source: str = "") -> Explanation:
    """Explain a break while the model was built."""
    return explain(Break("build", kind, message, WHERE, source), None, 10, SHAPE)
