"""Replay a captured graph: bind a document to operators and tensors, then run it slot by slot.

No code is generated and no string of the document is evaluated: an operator is an entry of our own table, its
arguments are bound by position to its schema and checked against the schema's types. Where torch runs the
original module, the interpreter runs the same kernels in the same order, so the results are equal to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from grader.graph import hazards, operators
from grader.graph.document import Argument, Document, DocumentError, Graph, Node


@dataclass(frozen=True, slots=True)
class Slot:
    """A reference to the value of a slot."""

    index: int


@dataclass(frozen=True, slots=True)
class Step:
    """One call, bound: what to run, with what, where the result goes, which slots are free afterwards."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    slot: int
    free: tuple[int, ...]
    node: Node
    plain: bool
    """All arguments are constants or direct slots: the fast way to fill them in is enough."""


class Program:
    """A graph that can be run on a batch of pictures.

    The tensors of the table are shared between the programs of a document, so that training one trains the
    other.
    """

    def __init__(
        self, graph: Graph, tensors: Sequence[torch.Tensor], device: torch.device, reshape_views: bool = False
    ) -> None:
        """Bind `graph` to operators; raise DocumentError where an argument does not fit its schema."""
        self.graph = graph
        self.tensors = tensors
        self._first = 1 + len(tensors)
        last_use = _last_uses(graph, self._first)
        binder = _Binder(device, reshape_views, tensors)
        self.steps = tuple(
            binder.bind(node, self._first + index, tuple(last_use.get(index, ())))
            for index, node in enumerate(graph.nodes)
        )

    def __call__(self, pictures: torch.Tensor) -> Any:
        """Return the output for `pictures` (N, C, H, W)."""
        return self.run(pictures, None)

    def run(self, pictures: torch.Tensor, watch: Callable[[Step, Sequence[Any]], None] | None) -> Any:
        """Run all steps; `watch(step, values)` is called after each one, before slots are freed."""
        values: list[Any] = [pictures, *self.tensors, *([None] * len(self.steps))]
        for step in self.steps:
            if step.plain:
                arguments = [values[one.index] if type(one) is Slot else one for one in step.arguments]
                result = step.function(*arguments, **step.keywords)
            else:
                filled = [_fill(one, values) for one in step.arguments]
                result = step.function(*filled, **{key: _fill(one, values) for key, one in step.keywords.items()})
            values[step.slot] = result
            if watch is not None:
                watch(step, values)
            for slot in step.free:
                values[slot] = None
        return values[self.graph.output]


def _fill(argument: Any, values: Sequence[Any]) -> Any:
    if type(argument) is Slot:
        return values[argument.index]
    if type(argument) is list:
        return [_fill(one, values) for one in argument]
    return argument


def slots_of(arguments: Sequence[Argument]) -> list[int]:
    """Return every slot that `arguments` refer to, in order."""
    found: list[int] = []
    for one in arguments:
        if one.tag == "s":
            found.append(one.value)
        elif one.tag == "l":
            found.extend(slots_of(one.value))
    return found


def _last_uses(graph: Graph, first: int) -> dict[int, list[int]]:
    """Map a node's index to the slots that nobody needs after it; tensors of the table are never freed."""
    last: dict[int, int] = {}
    for index, node in enumerate(graph.nodes):
        last[first + index] = index
        for slot in slots_of(node.arguments):
            if slot >= first:
                last[slot] = index
    last.pop(graph.output, None)
    free: dict[int, list[int]] = {}
    for slot, index in last.items():
        free.setdefault(index, []).append(slot)
    return free


class _Binder:
    """Turn nodes into steps for one device."""

    def __init__(self, device: torch.device, reshape_views: bool, tensors: Sequence[torch.Tensor]) -> None:
        self.device = device
        self.reshape_views = reshape_views
        self.tensors = tensors

    def bind(self, node: Node, slot: int, free: tuple[int, ...]) -> Step:
        if node.operator in operators.SIZES:
            arguments = tuple(self.size(one) for one in node.arguments)
            function = _bounded(node.operator)
            return Step(function, arguments, {}, slot, free, node, plain=True)
        overload = operators.TABLE.get(node.operator)
        if overload is None:
            raise DocumentError(f"operator {node.operator[:80]!r} is not on the list")
        return self.call(node, overload, slot, free)

    def call(self, node: Node, overload: torch._ops.OpOverload, slot: int, free: tuple[int, ...]) -> Step:
        schema = overload._schema.arguments
        if len(node.arguments) > len(schema):
            raise DocumentError(f"{node.operator}: {len(node.arguments)} arguments for {len(schema)} places")
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        makes = all("Tensor" not in str(place.type) for place in schema)
        for index, place in enumerate(schema):
            given = node.arguments[index] if index < len(node.arguments) else Argument("d")
            if makes and str(place.type) == "Optional[Device]" and given.tag in "dn":
                value: Any = self.device  # left out it is the processor, with real memory in a run without values
            elif given.tag == "d":
                if not place.has_default_value():
                    raise DocumentError(f"{node.operator}: argument {index} is missing")
                value = place.default_value
            else:
                value = self.value(node.operator, place, given)
            if place.kwarg_only:
                keywords[place.name] = value
            else:
                positional.append(value)
        function: Callable[..., Any] = hazards.SAFER.get(node.operator, overload)
        if self.reshape_views and node.operator == "aten.view.default":
            function = torch.ops.aten.reshape.default
        check = hazards.CHECKS.get(node.operator)
        if check is not None:
            function = _checked(function, check)
        if node.operator in operators.UNINITIALISED:
            function = _cleared(overload)
        if node.operator in hazards.TURNING:
            function = _turning(overload, self.tensors)
        plain = all(type(one) is not list or not _has_slot(one) for one in (*positional, *keywords.values()))
        plain = plain and all(type(one) is not Slot for one in keywords.values())
        return Step(function, tuple(positional), keywords, slot, free, node, plain)

    def value(self, name: str, place: Any, given: Argument) -> Any:
        """Return the Python value of `given`, which must be of the schema's type for its place."""
        kind = str(place.type)
        inner = kind.removeprefix("Optional[").removesuffix("]") if kind.startswith("Optional[") else kind
        if given.tag == "n":
            if inner != kind or kind == "Optional[Generator]":
                return None
            raise DocumentError(f"{name}: {place.name} cannot be left out")
        if inner.startswith("List["):
            return self.items(name, place, inner.removeprefix("List[").removesuffix("]"), given)
        return self.single(name, place, inner, given)

    def items(self, name: str, place: Any, kind: str, given: Argument) -> Any:
        if given.tag == "i" and kind in ("int", "float"):
            return given.value
        if given.tag == "s" and kind in ("Tensor", "int"):
            return Slot(given.value)
        if given.tag != "l":
            raise DocumentError(f"{name}: {place.name} is not a list")
        optional = kind.startswith("Optional[")
        inner = kind.removeprefix("Optional[").removesuffix("]") if optional else kind
        return [None if optional and one.tag == "n" else self.single(name, place, inner, one) for one in given.value]

    def single(self, name: str, place: Any, kind: str, given: Argument) -> Any:
        tag, value = given.tag, given.value
        if kind == "int" and _is_literal(place.name):
            # A dtype, a layout and a memory format are integers to the schema, so its own word decides.
            match tag:
                case "t" if "dtype" in place.name:
                    return _literal(operators.DTYPES, value)
                case "m" if "memory_format" in place.name:
                    return _literal(operators.MEMORY_FORMATS, value)
                case "y" if place.name == "layout":
                    return _literal(operators.LAYOUTS, value)
                case _:
                    raise DocumentError(f"{name}: {place.name} cannot be what it is given ({tag})")
        if tag == "s" and kind in ("Tensor", "int", "number", "float", "bool"):
            return Slot(value)
        match kind, tag:
            case "Device", "c":
                return self.device
            case "int", "i":
                return value
            case "Tensor", "f" | "i" | "b":  # x * 0.9 is aten.mul.Tensor with a number for its tensor
                return value
            case "float", "f" | "i":
                return float(value)
            case "number", "f" | "i" | "b":
                return value
            case "bool", "b":
                return value
            case "str", "w":
                return _literal(operators.WORDS, value)
            case "str", "e" if name == "aten.einsum.default":
                return "".join(_literal(operators.EINSUM, one) for one in value)
            case _:
                raise DocumentError(f"{name}: {place.name} cannot be what it is given ({tag} for {kind})")

    def size(self, given: Argument) -> Any:
        if given.tag == "s":
            return Slot(given.value)
        if given.tag in "ifb":
            return given.value
        raise DocumentError("arithmetic on sizes takes numbers only")


def _is_literal(place: str) -> bool:
    """Tell whether a place of a schema takes an entry of one of our tables and no number of the document's."""
    return "dtype" in place or "memory_format" in place or place == "layout"


def _literal(table: Sequence[Any], index: int) -> Any:
    if index >= len(table):
        raise DocumentError("a literal beyond the end of its table")
    return table[index]


def _has_slot(items: list[Any]) -> bool:
    return any(type(one) is Slot or (type(one) is list and _has_slot(one)) for one in items)


def _checked(function: Callable[..., Any], check: Callable[..., None]) -> Callable[..., Any]:
    def call(*arguments: Any, **keywords: Any) -> Any:
        check(*arguments, **keywords)
        return function(*arguments, **keywords)

    return call


def _cleared(overload: torch._ops.OpOverload) -> Callable[..., Any]:
    def call(*arguments: Any, **keywords: Any) -> Any:
        return overload(*arguments, **keywords).zero_()

    return call


def _turning(overload: torch._ops.OpOverload, tensors: Sequence[torch.Tensor]) -> Callable[..., Any]:
    """Keep the tensors of the table as they are: whoever shares them, or gives them their values back, relies on it."""

    def call(x: Any, *arguments: Any) -> Any:
        if any(x is one for one in tensors):
            raise DocumentError("a tensor of the model is turned in place")
        return overload(x, *arguments)

    return call


def _bounded(name: str) -> Callable[..., Any]:
    """Keep arithmetic on sizes to numbers below 2**40: repeated squaring would fill the memory."""
    function = operators.SIZES[name]
    if name == "getitem":
        return _getitem

    def call(*numbers: Any) -> Any:
        if any(type(one) not in (int, float, bool) for one in numbers):
            raise DocumentError("arithmetic on sizes takes numbers only")
        if name == "size.pow" and (abs(numbers[1]) > 8 or abs(numbers[0]) > 2**20):
            raise DocumentError("a power of a size that is too large")
        result = function(*numbers)
        if isinstance(result, complex) or abs(result) > operators.SIZE_LIMIT:
            raise DocumentError("a size beyond 2**40")
        return result

    return call


def _getitem(items: Any, index: Any) -> Any:
    """Take one of several results of an operator; indexing a tensor is an operator of its own."""
    if not isinstance(items, (tuple, list)) or type(index) is not int:
        raise DocumentError("getitem takes one of several results")
    return items[index]


def programs(
    document: Document, tensors: Sequence[torch.Tensor], device: torch.device, batch: int, reshape_views: bool = False
) -> tuple[Program, Program]:
    """Return the training and the evaluation program for `batch` pictures, sharing `tensors`."""
    found = []
    for mode in ("train", "eval"):
        graph = document.graph(mode, batch)
        if graph is None:
            raise DocumentError(f"no {mode} graph for a batch of {batch}")
        found.append(Program(graph, tensors, device, reshape_views))
    return found[0], found[1]
