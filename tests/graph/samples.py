"""Small documents, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from grader.graph import operators, tensors
from grader.graph.document import Argument, Document, Graph, Node, TensorEntry
from grader.graph.flow import flow
from grader.graph.replay import Program
from grader.graph.survey import Survey, survey
from grader.records import Shape

CPU = torch.device("cpu")
SHAPE: Shape = (3, 8, 8)


def slot(index: int) -> Argument:
    """Refer to a slot."""
    return Argument("s", index)


def argument(value: Any) -> Argument:
    """Write a plain value, or a list of them, as export's encoder does."""
    match value:
        case Argument():
            return value
        case None:
            return Argument("n")
        case bool():
            return Argument("b", value)
        case int():
            return Argument("i", value)
        case float():
            return Argument("f", value)
        case list():
            return Argument("l", tuple(argument(one) for one in value))
        case torch.dtype():
            return Argument("t", operators.DTYPES.index(value))
        case str():
            return Argument("w", operators.WORDS.index(value))
        case _:
            raise TypeError(value)


def node(operator: str, *given: Any, label: str = "", line: int = 0) -> Node:
    """Call `operator`: `conv2d` stands for `aten.conv2d.default`, `size.add` and `getitem` for themselves."""
    own = operator if "." in operator else f"{operator}.default"
    name = operator if operator.startswith("size.") or operator == "getitem" else f"aten.{own}"
    return Node(name, tuple(argument(one) for one in given), (0 if line else -1, 0, line), label)


def parameter(name: str, *shape: int, role: str = "parameter", trainable: bool = True) -> TensorEntry:
    """Describe a float32 tensor in plain order."""
    return TensorEntry(name, role, shape, 0, trainable, tuple(range(len(shape))))


def document(
    entries: Sequence[TensorEntry],
    train: Sequence[Node],
    evaluation: Sequence[Node] | None = None,
    batch: int | None = None,
) -> Document:
    """Put graphs together; the answer is the last node's result, and evaluation is as training unless given."""
    graphs = []
    for mode, nodes in (("train", train), ("eval", train if evaluation is None else evaluation)):
        graphs.append(Graph(mode, batch, tuple(nodes), len(entries) + len(nodes)))
    return Document(("net.py",), tuple(entries), tuple(graphs), complete=True)


def values(described: Document, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Draw the tensors of a document."""
    generator = torch.Generator().manual_seed(seed)
    return tuple(
        (torch.randn(one.shape, generator=generator) * 0.1).requires_grad_(one.trainable) for one in described.tensors
    )


def blob(described: Document, seed: int = 0) -> bytes:
    """Return the tensors of a document as they travel."""
    return tensors.dump(values(described, seed))


def program(nodes: Sequence[Node], given: Sequence[torch.Tensor] = ()) -> Program:
    """Bind nodes over tensors; the answer is the last node's result."""
    graph = Graph("eval", None, tuple(nodes), len(given) + len(nodes))
    return Program(graph, given, CPU)


def surveyed(described: Document, shape: Shape = SHAPE, mode: str = "eval", batch: int = 2) -> Survey:
    """Survey one graph of a document."""
    graph = described.graph(mode, batch)
    assert graph is not None
    return survey(described, graph, shape, batch)


def path(described: Document) -> list[str]:
    """Return the operators on the way from the pictures to the answer, in evaluation."""
    graph = described.graph("eval", 2)
    assert graph is not None
    return [graph.nodes[index].operator.split(".")[1] for index in sorted(flow(described, graph).on_path)]


CNN = document(
    [
        parameter("conv.weight", 4, 3, 3, 3),
        parameter("conv.bias", 4),
        parameter("dense.weight", 5, 64),
        parameter("dense.bias", 5),
    ],
    [
        node("conv2d", slot(0), slot(1), slot(2), [1, 1], [1, 1], label="conv", line=7),
        node("relu", slot(5), label="relu", line=8),
        node("max_pool2d", slot(6), [2, 2], label="pool", line=9),
        node("flatten.using_ints", slot(7), 1, line=10),
        node("linear", slot(8), slot(3), slot(4), label="dense", line=11),
    ],
)
"""The smallest network of the course: 8x8 pictures, five classes."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A result (or a tensor, or the pictures) of a sketch whose slots are not settled yet."""

    kind: str
    index: int = 0


PICTURES = Reference("pictures")


class Sketch:
    """Write a network down call by call; slots are settled when it is finished."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.entries: list[TensorEntry] = []
        self.calls: list[tuple[str, tuple[Any, ...], str]] = []

    def tensor(self, name: str, *shape: int, role: str = "parameter") -> Reference:
        """Add a tensor to the table."""
        self.entries.append(parameter(name, *shape, role=role))
        return Reference("tensor", len(self.entries) - 1)

    def call(self, operator: str, *given: Any, label: str = "") -> Reference:
        """Add a call."""
        self.calls.append((operator, given, label))
        return Reference("result", len(self.calls) - 1)

    def conv(self, x: Reference, name: str, inputs: int, outputs: int, kernel: int = 3, groups: int = 1) -> Reference:
        """Convolve with `same` padding, without bias."""
        weight = self.tensor(f"{name}.weight", outputs, inputs // groups, kernel, kernel)
        pad = kernel // 2
        return self.call("conv2d", x, weight, None, [1, 1], [pad, pad], [1, 1], groups, label=name)

    def dense(self, x: Reference, name: str, inputs: int, outputs: int) -> Reference:
        """Multiply rows with a weight, without bias."""
        return self.call("linear", x, self.tensor(f"{name}.weight", outputs, inputs), None, label=name)

    def flat(self, x: Reference) -> Reference:
        """Turn maps into rows."""
        return self.call("flatten.using_ints", x, 1)

    def finish(self, answer: Reference | None = None) -> Document:
        """Settle the slots; the answer is the last result unless given."""
        first = 1 + len(self.entries)

        def settle(value: Any) -> Any:
            if isinstance(value, Reference):
                start = {"pictures": 0, "tensor": 1, "result": first}[value.kind]
                return slot(start + value.index)
            return [settle(one) for one in value] if isinstance(value, list) else value

        nodes = [node(name, *map(settle, given), label=label) for name, given, label in self.calls]
        described = document(self.entries, nodes)
        if answer is None:
            return described
        output = settle(answer).value
        return replace(described, graphs=tuple(replace(one, output=output) for one in described.graphs))
