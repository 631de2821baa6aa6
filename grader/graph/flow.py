"""Data flow through a graph: which calls depend on which, in-place changes and views included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.graph import operators, roles
from grader.graph.document import Document, Graph, Node
from grader.graph.replay import slots_of


@dataclass(frozen=True, slots=True)
class Flow:
    """The dependencies of one graph.

    Attributes:
        before: for each node, the nodes whose results it needs.
        reads: for each node, the tensors of the table that it reads (positions).
        from_input: nodes that depend on the pictures.
        to_output: nodes that the answer depends on.
    """

    before: tuple[tuple[int, ...], ...]
    reads: tuple[tuple[int, ...], ...]
    from_input: frozenset[int]
    to_output: frozenset[int]

    @property
    def on_path(self) -> frozenset[int]:
        """Nodes on the way from the pictures to the answer."""
        return self.from_input & self.to_output


def flow(document: Document, graph: Graph) -> Flow:
    """Trace `graph`.

    A change in place reaches every later reader of the same memory: in `y = x.clone(); y[:, 0] = 0; return y`
    the assignment is on the way to the answer though its own result is never used.
    """
    first = 1 + len(document.tensors)
    memory = list(range(first + len(graph.nodes)))  # slot -> the slot whose memory it shares
    writer: dict[int, int] = {}  # memory -> the last node that changed it
    before: list[tuple[int, ...]] = []
    reads: list[tuple[int, ...]] = []
    for index, node in enumerate(graph.nodes):
        slots = slots_of(node.arguments)
        needed = {slot - first for slot in slots if slot >= first}
        needed |= {writer[memory[slot]] for slot in slots if memory[slot] in writer}
        before.append(tuple(sorted(needed)))
        reads.append(tuple(sorted({slot - 1 for slot in slots if 0 < slot < first})))
        written = _written(node.operator, node.arguments, memory)
        memory[first + index] = _memory_of(node, first + index, memory)
        for one in written:
            writer[one] = index
    touched = [0 in slots_of(node.arguments) for node in graph.nodes]
    from_input: set[int] = set()
    for index in range(len(graph.nodes)):
        if touched[index] or any(one in from_input for one in before[index]):
            from_input.add(index)
    last = [graph.output - first] if graph.output >= first else []
    if graph.output >= 0 and memory[graph.output] in writer:
        last.append(writer[memory[graph.output]])
    return Flow(tuple(before), tuple(reads), frozenset(from_input), _ancestors(last, before))


def _ancestors(start: Sequence[int], before: Sequence[Sequence[int]]) -> frozenset[int]:
    found: set[int] = set()
    todo = list(start)
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo.extend(before[one])
    return frozenset(found)


def _written(name: str, arguments: Sequence[object], memory: Sequence[int]) -> list[int]:
    """Return the memories that an operator changes in place, by its schema."""
    overload = operators.TABLE.get(name)
    if overload is None or not overload._schema.is_mutable:
        return []
    found: list[int] = []
    for place, given in zip(overload._schema.arguments, arguments, strict=False):
        if place.alias_info is not None and place.alias_info.is_write:
            found.extend(memory[slot] for slot in slots_of([given]))  # type: ignore[list-item]
    return found


MAY_SHARE = frozenset(
    {
        "dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "type_as", "lift", "meshgrid",
        "unsafe_chunk", "unsafe_split",
    }
)  # fmt: skip
"""Operators that may return their argument, or views of it, though their schema does not say so."""


def _memory_of(node: Node, slot: int, memory: Sequence[int]) -> int:
    """Return whose memory the result of `node` is: its own, that of `out`, or that of its first argument."""
    written = _written(node.operator, node.arguments, memory)
    slots = slots_of(node.arguments)
    if _shares_memory(node.operator) or roles.base(node.operator) in MAY_SHARE:
        return written[0] if written else memory[slots[0]] if slots else slot
    return slot


def _shares_memory(name: str) -> bool:
    """Tell whether a result is a view of the first argument, or that argument itself."""
    if name == "getitem":
        return True
    overload = operators.TABLE.get(name)
    returns = overload._schema.returns if overload is not None else []
    return bool(returns) and returns[0].alias_info is not None


def mutates_views(document: Document, graph: Graph) -> bool:
    """Tell whether memory is changed in place after a view of it was taken.

    Then `view` cannot become `reshape`, which may copy: in `v = x.view(n, -1); v.mul_(2); return x` the copy
    would be changed instead of `x`.
    """
    first = 1 + len(document.tensors)
    memory = list(range(first + len(graph.nodes)))
    viewed: set[int] = set()
    for index, node in enumerate(graph.nodes):
        slots = slots_of(node.arguments)
        if any(one in viewed for one in _written(node.operator, node.arguments, memory)):
            return True
        memory[first + index] = _memory_of(node, first + index, memory)
        if _shares_memory(node.operator) and slots:
            overload = operators.TABLE.get(node.operator)
            if overload is not None and not overload._schema.is_mutable:
                viewed.add(memory[slots[0]])
    return False
