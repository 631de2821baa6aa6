"""What each tensor of the table is to the network, read from the places where operators take it; names never decide.

A tensor may be read in several places, directly or through views of it (`weight.t()`), by several graphs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from grader.graph import operators, roles
from grader.graph.document import Document, Graph, Node
from grader.graph.flow import Flow, flow
from grader.graph.replay import slots_of


class Part(StrEnum):
    """What a tensor is to the operator that takes it."""

    WEIGHT = "weight"
    """Of a convolution, a transposed one or a dense layer."""
    BIAS = "bias"
    """Of one of these."""
    PACKED = "packed"
    """The three projections into `nn.MultiheadAttention`, in one weight."""
    MATRIX = "matrix"
    """What rows are multiplied by in the student's own code: `x @ weight`."""
    SCALE = "scale"
    SHIFT = "shift"
    """Weight and bias of a normalisation; a bias that starts at nothing."""
    MEAN = "mean"
    VARIANCE = "variance"
    """Running statistics of a normalisation."""
    COUNTER = "counter"
    """A whole number that is changed in place: the batches that a normalisation has seen."""
    RECURRENT = "recurrent"
    SLOPE = "slope"
    """Of a PReLU."""
    EMBEDDING = "embedding"
    MAGNITUDE = "magnitude"
    """The lengths of weight normalisation."""
    OTHER = "other"


_LAYER = {"weight": Part.WEIGHT, "bias": Part.BIAS}
_NORM = {"weight": Part.SCALE, "bias": Part.SHIFT, "running_mean": Part.MEAN, "running_var": Part.VARIANCE}
_RECURRENT = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
_ROLLED = {"params": Part.RECURRENT}
_CELL = dict.fromkeys(("w_ih", "w_hh", "b_ih", "b_hh"), Part.RECURRENT)
_PRODUCT = dict.fromkeys(("self", "mat1", "mat2", "other"), Part.MATRIX)
PARTS: dict[str, dict[str, Part]] = {
    **dict.fromkeys(roles.CONV | {"linear", "bilinear"}, _LAYER),
    **dict.fromkeys(roles.NORM, _NORM),
    **dict.fromkeys(_RECURRENT, _ROLLED),
    **dict.fromkeys((f"{one}_cell" for one in _RECURRENT), _CELL),
    **dict.fromkeys(("mm", "matmul", "addmm"), _PRODUCT),
    "prelu": {"weight": Part.SLOPE},
    "embedding": {"weight": Part.EMBEDDING},
    "_weight_norm": {"g": Part.MAGNITUDE},
}
"""Operator -> name of a place in its schema -> what a tensor is there."""

LAYERS = frozenset(
    {
        Part.WEIGHT, Part.BIAS, Part.PACKED, Part.MATRIX, Part.SCALE, Part.SHIFT, Part.RECURRENT, Part.SLOPE,
        Part.MAGNITUDE,
    }
)  # fmt: skip
"""Parts of layers that work on what arrives. An embedding is looked up and not among them."""

STATISTICS = frozenset({Part.MEAN, Part.VARIANCE})

VIEWS = frozenset(
    {
        "t", "transpose", "permute", "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "expand",
        "contiguous", "clone", "alias", "detach", "to", "_to_copy", "lift_fresh", "lift_fresh_copy", "lift", "select",
        "slice", "chunk", "split", "split_with_sizes", "getitem", "swapaxes", "movedim", "_unsafe_view", "numpy_T",
        "mT", "_weight_norm",
    }
)  # fmt: skip
"""Operators whose result is still their first argument, laid out in another way."""

CUTS = frozenset({"detach", "argmax", "argmin", "one_hot", "eq", "ne", "lt", "le", "gt", "ge", "sign", "round"})
"""Operators behind which no gradient arrives."""

_ATTENTION = frozenset({"bmm", "baddbmm", "scaled_dot_product_attention"})
_SIZES = frozenset({"sym_size", "sym_numel"})
_IN_PLACE = frozenset({"aten.add_.Tensor", "aten.add_.Scalar"})

RENEWED = 0.01
"""Smallest momentum at which 500 steps leave nothing of a statistic that was handed in."""


@dataclass(frozen=True, slots=True)
class Use:
    """One place in which a graph takes a tensor of the table.

    Attributes:
        tensor: position in the table.
        part: what it is there.
        node: which call takes it.
        fan: by how many inputs torch.nn scales first values there; 0 where it does not.
        fed: whether the call depends on the pictures.
        other: the tensor whose magnitude this one is; None elsewhere.
    """

    tensor: int
    part: Part
    node: int
    fan: int = 0
    fed: bool = True
    other: int | None = None


def uses(document: Document, graph: Graph, traced: Flow | None = None) -> tuple[Use, ...]:
    """Return every use of a tensor in `graph`, in order of execution; `traced` is the graph's flow."""
    traced = traced or flow(document, graph)
    return tuple(_Reader(document, graph, traced).read())


class _Reader:
    """Follow the tensors of the table through views to the places where they are taken."""

    def __init__(self, document: Document, graph: Graph, traced: Flow) -> None:
        self.document, self.graph, self.traced = document, graph, traced
        self.first = 1 + len(document.tensors)
        self.roots = list(range(self.first + len(graph.nodes)))  # slot -> the slot that it is a view of
        self.chunks: set[int] = set()
        """Slots that hold a part of a tensor that was cut into pieces."""
        self.unpacked = {
            slots_of(node.arguments)[0]
            for node in graph.nodes
            if roles.base(node.operator) == "unflatten" and _splits_in_three(node)
        }

    def read(self) -> Iterator[Use]:
        """Yield the uses."""
        for index, node in enumerate(self.graph.nodes):
            name = roles.base(node.operator)
            slots = slots_of(node.arguments)
            passed = slots[0] if name in VIEWS and slots else None
            for place, slot in _places(node):
                if 0 < self.roots[slot] < self.first and slot != passed and name not in _SIZES:
                    yield self.use(index, node, place, slot)
            if passed is not None:
                self.roots[self.first + index] = self.roots[passed]
                if name in ("chunk", "split", "split_with_sizes") or passed in self.chunks:
                    self.chunks.add(self.first + index)
        if 0 < self.roots[self.graph.output] < self.first:
            yield Use(self.roots[self.graph.output] - 1, Part.OTHER, len(self.graph.nodes), fed=False)

    def use(self, index: int, node: Node, place: str, slot: int) -> Use:
        """Say what the tensor behind `slot` is at `place` of `node`."""
        tensor = self.roots[slot] - 1
        name = roles.base(node.operator)
        part = PARTS.get(name, {}).get(place, Part.OTHER)
        fan, other = 0, None
        match part:
            case Part.WEIGHT:
                fan = self.fan(name, tensor)
                if slot in self.chunks or self.first + index in self.unpacked:
                    part = Part.PACKED
            case Part.BIAS:
                fan = self.fan(name, self.beside(node, "weight"))
                if self.attends(index, node):
                    part = Part.SHIFT
            case Part.RECURRENT:
                shape = self.shape(self.beside(node, "params" if "params" in PARTS[name] else "w_ih"))
                fan = next(iter(shape), 0) // _RECURRENT[name.removesuffix("_cell")]
            case Part.MAGNITUDE:
                other = self.beside(node, "v")
            case Part.OTHER if node.operator in _IN_PLACE and place == "self" and self.counts(tensor):
                part = Part.COUNTER
        return Use(tensor, part, index, fan, index in self.traced.from_input, other)

    def fan(self, name: str, tensor: int | None) -> int:
        """Return how many inputs a weight joins in one output, as torch.nn counts them; 0 without a weight."""
        shape = self.shape(tensor)
        return shape[1] if name == "bilinear" and shape else math.prod(shape[1:]) if len(shape) > 1 else 0

    def shape(self, tensor: int | None) -> tuple[int, ...]:
        """Return the shape of a tensor of the table; empty where there is none."""
        return () if tensor is None else self.document.tensors[tensor].shape

    def beside(self, node: Node, place: str) -> int | None:
        """Return the tensor of the table that stands at `place` of the same call; None where none does."""
        for other, slot in _places(node):
            if other == place and 0 < self.roots[slot] < self.first:
                return self.roots[slot] - 1
        return None

    def attends(self, index: int, node: Node) -> bool:
        """Tell whether a dense layer stands at a border of attention, where torch.nn has its bias start at nothing."""
        root = self.roots[slots_of(node.arguments)[0]]
        before = roles.base(self.graph.nodes[root - self.first].operator) if root >= self.first else ""
        return before in _ATTENTION or self.first + index in self.unpacked

    def counts(self, tensor: int) -> bool:
        """Tell whether a tensor is one whole number."""
        one = self.document.tensors[tensor]
        dtype = operators.DTYPES[one.dtype]
        return math.prod(one.shape) == 1 and not dtype.is_floating_point and not dtype.is_complex


def _places(node: Node) -> Iterator[tuple[str, int]]:
    """Yield every slot that a call takes, with the name of its place in the schema."""
    overload = operators.TABLE.get(node.operator)
    names = [place.name for place in overload._schema.arguments] if overload is not None else []
    for index, given in enumerate(node.arguments):
        for slot in slots_of([given]):
            yield (names[index] if index < len(names) else "", slot)


def _splits_in_three(node: Node) -> bool:
    """Tell whether an axis becomes (3, …): queries, keys and values of `nn.MultiheadAttention`."""
    if len(node.arguments) < 3 or node.arguments[2].tag != "l":
        return False
    sizes = node.arguments[2].value
    return len(sizes) == 2 and sizes[0].tag == "i" and sizes[0].value == 3


def renews(node: Node) -> bool:
    """Tell whether a normalisation takes its statistics from the batch and keeps enough of each to forget the first."""
    if len(node.arguments) < 7:
        return False
    from_batch, momentum = node.arguments[5:7]
    return from_batch.tag == "b" and from_batch.value and momentum.tag in "fi" and RENEWED <= momentum.value <= 1


def reached(graph: Graph, traced: Flow) -> frozenset[int]:
    """Return the tensors from which the answer of `graph` can be followed by a gradient."""
    needed = {before for index in traced.to_output for before in traced.before[index]}
    todo = [index for index in traced.to_output if index not in needed]
    seen: set[int] = set()
    found: set[int] = set()
    while todo:
        index = todo.pop()
        if index in seen or roles.base(graph.nodes[index].operator) in CUTS:
            continue
        seen.add(index)
        found.update(traced.reads[index])
        todo.extend(traced.before[index])
    return frozenset(found)
