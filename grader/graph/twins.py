"""One mode as the twin of the other: what it costs to trace with a free batch axis is paid once.

Most networks do the same in both modes but for a few literals (`dropout(x, 0.5, True)`). So the second mode is traced
with fixed sizes alone, which takes a third of the time, and compared with the first call by call: where nothing else
differs, it is the first one's graph with the second one's literals.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import torch
from torch import fx
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind

from grader.graph.operators import ASSERTIONS

_SIZES = (torch.SymInt, torch.SymFloat, torch.SymBool)


class _DifferentError(Exception):
    """The modes differ in more than literals, or in a way that is not looked into."""


def twin(free: ExportedProgram, sized: ExportedProgram) -> fx.Graph | None:
    """Return the graph of `free` as `sized` has it, another mode of the same model; None where it is another graph.

    free: captured with a free batch axis, whose example had as many pictures as that of `sized`.
    sized: captured with fixed sizes.

    A call of `free` may be left out where it only counts batches. The result refers to the inputs of `free`.
    """
    try:
        return _Comparison(free, sized).graph()
    except _DifferentError:
        return None


class _Comparison:
    def __init__(self, free: ExportedProgram, sized: ExportedProgram) -> None:
        self._free = free
        self._sized = iter(sized.graph.nodes)
        self._copies: dict[fx.Node, fx.Node] = {}
        """Calls of the free graph -> of the result."""
        self._partners = _inputs(free, sized)
        """Calls of the sized graph -> of the free one."""

    def graph(self) -> fx.Graph:
        """Return the result; raise where there is none."""
        found = fx.Graph()
        calls = _calls(self._sized)
        other = next(calls, None)
        for node in self._free.graph.nodes:
            if node.op == "output":
                if other is None or other.op != "output":
                    raise _DifferentError
                found.output(self._merged(node.args[0], other.args[0]))
                return found
            if node.op == "placeholder" or isinstance(node.meta.get("val"), _SIZES) or str(node.target) in ASSERTIONS:
                self._copies[node] = found.node_copy(node, self._copies.__getitem__)
                continue
            if other is not None and self._alike(node, other):
                self._copies[node] = self._copy(found, node, other)
                self._partners[other] = node
                other = next(calls, None)
            elif not _counts(node):
                raise _DifferentError
        raise _DifferentError

    def _alike(self, node: fx.Node, other: fx.Node) -> bool:
        if node.op != "call_function" or other.op != "call_function" or node.target is not other.target:
            return False
        plain = isinstance(node.target, torch._ops.OpOverload) or node.target is operator.getitem
        return plain and _sizes(node.meta.get("val")) == _sizes(other.meta.get("val"))

    def _copy(self, graph: fx.Graph, node: fx.Node, other: fx.Node) -> fx.Node:
        if len(node.args) != len(other.args) or node.kwargs.keys() != other.kwargs.keys():
            raise _DifferentError
        copy = graph.node_copy(node, self._copies.__getitem__)
        copy.args = tuple(self._merged(*pair) for pair in zip(node.args, other.args, strict=True))
        copy.kwargs = {name: self._merged(value, other.kwargs[name]) for name, value in node.kwargs.items()}
        copy.meta["stack_trace"] = other.meta.get("stack_trace")
        copy.meta["nn_module_stack"] = other.meta.get("nn_module_stack")
        return copy

    def _merged(self, mine: Any, other: Any) -> Any:
        """Return an argument of the result: a reference or a size of the free graph, a literal of the sized one."""
        if isinstance(mine, fx.Node):
            size = type(other) is int and _size(mine.meta.get("val")) == other
            if not size and (not isinstance(other, fx.Node) or self._partners.get(other) is not mine):
                raise _DifferentError
            return self._copies[mine]
        if isinstance(mine, (list, tuple)) and isinstance(other, (list, tuple)) and len(mine) == len(other):
            return type(mine)(self._merged(*pair) for pair in zip(mine, other, strict=True))
        if type(mine) is not type(other) or (type(mine) not in (bool, float) and mine != other):
            raise _DifferentError  # another integer may be a size that the sized graph does not show as one
        return other


def _inputs(free: ExportedProgram, sized: ExportedProgram) -> dict[fx.Node, fx.Node]:
    """Return the inputs of `sized` with those of `free`; raise where a constant of one is none of the other."""
    mine, others = _by_target(free), _by_target(sized)
    if mine.keys() != others.keys():
        raise _DifferentError
    for kind, target in mine:
        if kind == InputKind.CONSTANT_TENSOR and not _same(free.constants[target], sized.constants[target]):
            raise _DifferentError
    return {others[key]: node for key, node in mine.items()}


def _by_target(program: ExportedProgram) -> dict[tuple[InputKind, Any], fx.Node]:
    places = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    found = {(spec.kind, spec.target): places[spec.arg.name] for spec in program.graph_signature.input_specs}
    if len(found) != len(places):
        raise _DifferentError
    return found


def _same(one: Any, other: Any) -> bool:
    tensors = isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor)
    return tensors and one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def _calls(nodes: Iterator[fx.Node]) -> Iterator[fx.Node]:
    """Yield what is compared; raise where a value decides a size, as `int(x.max())` does."""
    for node in nodes:
        if isinstance(node.meta.get("val"), _SIZES):
            raise _DifferentError
        if node.op != "placeholder" and str(node.target) not in ASSERTIONS:
            yield node


def _counts(node: fx.Node) -> bool:
    """Tell whether a call only counts the batches that a normalisation has seen."""
    given = node.args[0] if node.args else None
    value = given.meta.get("val") if isinstance(given, fx.Node) and given.op == "placeholder" else None
    counter = isinstance(value, torch.Tensor) and value.dtype == torch.int64 and value.dim() == 0
    return counter and str(node.target) == "aten.add_.Tensor" and not node.users


def _sizes(value: Any) -> Any:
    """Return type and sizes of a result, or of each of several."""
    if isinstance(value, (list, tuple)):
        return [_sizes(one) for one in value]
    return (value.dtype, [_size(one) for one in value.shape]) if isinstance(value, torch.Tensor) else type(value)


def _size(value: Any) -> int | None:
    """Return a size of the example's; None where a value decides it."""
    if type(value) is int:
        return value
    hint = value.node.hint if isinstance(value, torch.SymInt) else None
    return hint if type(hint) is int else None
