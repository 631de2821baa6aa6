"""What becomes of export's calls before they are written down: sizes by name, calls that nobody needs, other names."""

from __future__ import annotations

import math
import operator
from typing import Any

import torch
from torch import fx

from grader.graph import operators

SIZE_NAMES: dict[Any, str] = {
    operator.add: "size.add",
    operator.sub: "size.sub",
    operator.mul: "size.mul",
    operator.floordiv: "size.floordiv",
    operator.truediv: "size.truediv",
    operator.mod: "size.mod",
    operator.pow: "size.pow",
    operator.neg: "size.neg",
    operator.getitem: "getitem",
    math.floor: "size.floor",
    math.ceil: "size.ceil",
    math.trunc: "size.int",
    torch._sym_sqrt: "size.sqrt",  # type: ignore[attr-defined]
    torch.sym_max: "size.max",
    torch.sym_min: "size.min",
    torch.sym_float: "size.float",
    torch.sym_int: "size.int",
    max: "size.max",
    min: "size.min",
}
"""Arithmetic on sizes, by the name that a document has for it."""

_FILLS = {
    "aten.index_put.default": "aten.masked_fill.Tensor",
    "aten.index_put_.default": "aten.masked_fill_.Tensor",
}


def is_mask(index: Any) -> bool:
    """Tell whether an index picks by truth: its result is as long as there are true values."""
    value = index.meta.get("val") if isinstance(index, fx.Node) else None
    return isinstance(value, torch.Tensor) and value.dtype in (torch.bool, torch.uint8)


def fills(name: str, node: fx.Node) -> str:
    """Return the operator that fills under a mask, where `x[x < 0] = 0` arrives as one that puts; else nothing."""
    operator_name = _FILLS.get(name, "")
    if not operator_name or len(node.args) != 3 or len(node.args[1]) != 1:  # type: ignore[arg-type]
        return ""
    whole, (index,), value = (node.args[0], node.args[1], node.args[2])  # type: ignore[misc]
    shapes = [one.meta["val"].shape if isinstance(one, fx.Node) else None for one in (whole, index, value)]
    fits = is_mask(index) and shapes[2] is not None and len(shapes[2]) == 0 and shapes[0] == shapes[1]
    return operator_name if fits else ""


def idle(graph: fx.Graph) -> set[fx.Node]:
    """Return the calls that cannot be replayed and that nothing needs: `print(x.mean().item())` leaves an `item`."""
    found: set[fx.Node] = set()
    for node in reversed(graph.nodes):
        target: Any = node.target
        if node.op != "call_function" or not all(user in found for user in node.users):
            continue
        pure = isinstance(target, torch._ops.OpOverload) and not target._schema.is_mutable
        if (pure and str(target) not in operators.TABLE) or (node.users and (pure or target in SIZE_NAMES)):
            found.add(node)
        elif not isinstance(target, (torch._ops.OpOverload, torch._ops.HigherOrderOperator)):
            found.add(node)  # a comparison of sizes, made for a message
    return found


def drop_after_answer(graph: fx.Graph) -> None:
    """Take out every call that comes after the one that gives the answer."""
    answer = next(iter(graph.output_node().all_input_nodes), None)
    for node in reversed(list(graph.nodes)):
        if node is answer or node.op == "placeholder":
            return
        if node.op != "output":
            graph.erase_node(node)
