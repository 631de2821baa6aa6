"""Turn what `torch.export` captured into a document; runs in the sandbox, beside the student's code.

Tensors are shared by storage: tied weights and shared modules arrive under several names and are kept once, and
the constants of the two modes may carry one name and differ, so names never decide.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx
from torch.export.graph_signature import InputKind

from grader.graph import operators
from grader.graph.calls import SIZE_NAMES, fills, idle, is_mask
from grader.graph.document import INTEGER_LIMIT, TO_THE_END, Argument, Graph, Node, TensorEntry
from grader.graph.tensors import entry

Place = tuple[int, int, int]
"""(file, cell or 0, line or 0), as the document packs it."""

Locate = Callable[[str], Place]
"""From a frame's file name and line in export's stack trace to a place of the document."""


class UncapturableError(Exception):
    """The graph holds something that cannot be replayed; the text says what.

    `trace` is export's stack trace of the call, where it is one call's fault; `origin` what export itself raised.
    """

    def __init__(self, reason: str, origin: BaseException | None = None) -> None:
        """Say why."""
        super().__init__(reason)
        self.trace = ""
        self.origin = origin


@dataclass(slots=True)
class Table:
    """The tensors of one document, by storage.

    Attributes:
        names: id of a parameter or buffer -> (name, role), of the student's model.
    """

    names: Mapping[int, tuple[str, str]]
    entries: list[TensorEntry] = field(default_factory=list)
    tensors: list[torch.Tensor] = field(default_factory=list)
    _indices: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def index(self, tensor: torch.Tensor, fallback: str) -> int:
        """Return the position of `tensor`, entering it if its storage is new."""
        if type(tensor) not in (torch.Tensor, torch.nn.Parameter, torch.nn.Buffer):
            raise UncapturableError(f"a tensor of the kind {type(tensor).__name__}")
        if tensor.layout is not torch.strided or tensor.is_quantized:
            raise UncapturableError("a sparse or quantised tensor")
        if tensor.device.type != "cpu":
            raise UncapturableError(f"a tensor on the device {tensor.device.type}, without numbers here")
        if tensor.dtype not in operators.DTYPES:
            raise UncapturableError(f"a tensor of the type {tensor.dtype}")
        name, role = self.names.get(id(tensor), (fallback, "constant"))
        storage = tensor.untyped_storage().data_ptr() if tensor.numel() else -1 - len(self.entries)
        key = (storage, tensor.storage_offset(), tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype)
        if key not in self._indices:
            self._indices[key] = len(self.entries)
            self.entries.append(entry(name, role, tensor))
            self.tensors.append(tensor)
        return self._indices[key]


def model_names(model: torch.nn.Module) -> dict[int, tuple[str, str]]:
    """Map the id of every parameter and buffer of `model` to its first name and its role."""
    names: dict[int, tuple[str, str]] = {}
    for role, listed in (("parameter", model.named_parameters()), ("buffer", model.named_buffers())):
        for name, tensor in listed:
            names.setdefault(id(tensor), (name, role))
    return names


@dataclass(slots=True)
class _Pending:
    """A node on its way into the document; slots are given when the table is complete."""

    operator: str
    arguments: list[Any]
    place: tuple[int, int, int]
    label: str


class Encoder:
    """Encode exported programs into graphs over one table."""

    def __init__(self, table: Table, locate: Locate, built_at: Mapping[str, Place]) -> None:
        """Start an empty document over `table`.

        `built_at` maps the paths of layers whose call no line of the student's makes (those in a Sequential) to
        the place where they were made.
        """
        self.table, self.locate, self.built_at = table, locate, built_at
        self._graphs: list[tuple[str, int | None, list[_Pending], Any]] = []
        self.notes: list[str] = []

    def add(
        self, program: torch.export.ExportedProgram, mode: str, batch: int | None, graph: fx.Graph | None = None
    ) -> None:
        """Encode one mode; raise UncapturableError where it holds what cannot be replayed.

        `graph` is another one over the inputs of `program`, to be encoded instead of its own.
        """
        pending: list[_Pending] = []
        values: dict[fx.Node, Any] = {}
        specs = {spec.arg.name: spec for spec in program.graph_signature.input_specs}
        graph = program.graph if graph is None else graph
        for node in graph.nodes:
            if node.op == "placeholder":
                values[node] = self._placeholder(program, specs[node.name])
        output = self._walk(program.graph_module, graph, values, pending)
        if not isinstance(output, (tuple, list)) or len(output) != 1 or not isinstance(output[0], tuple):
            raise UncapturableError("the answer is not one tensor")
        self._graphs.append((mode, batch, pending, output[0]))

    def _placeholder(self, program: torch.export.ExportedProgram, spec: Any) -> tuple[str, int]:
        if spec.kind == InputKind.USER_INPUT:
            return ("input", 0)
        if spec.kind not in (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR):
            raise UncapturableError(f"an input of the kind {spec.kind.name}")
        found = program.state_dict.get(spec.target, program.constants.get(spec.target))
        if not isinstance(found, torch.Tensor):
            raise UncapturableError("an input that is not a tensor")
        return ("tensor", self.table.index(found, spec.target))

    def _walk(self, root: fx.GraphModule, graph: fx.Graph, values: dict[fx.Node, Any], pending: list[_Pending]) -> Any:
        """Append the calls of `graph` to `pending`; return its output in terms of references."""
        spare = idle(graph)
        for node in graph.nodes:
            if node.op == "get_attr":
                values[node] = getattr(root, node.target)
                if isinstance(values[node], torch.Tensor):
                    values[node] = ("tensor", self.table.index(values[node], str(node.target)))
            elif node.op == "call_function" and node not in spare:
                try:
                    self._call(node, values, pending)
                except UncapturableError as error:
                    error.trace = error.trace or node.meta.get("stack_trace") or ""
                    raise
            elif node.op == "output":
                return fx.node.map_arg(node.args[0], lambda one: values[one])
        raise UncapturableError("a graph without an answer")

    def _call(self, node: fx.Node, values: dict[fx.Node, Any], pending: list[_Pending]) -> None:
        target: Any = node.target
        name = str(target)
        if name in operators.ASSERTIONS:
            return
        if isinstance(target, torch._ops.HigherOrderOperator):
            values[node] = self._region(node, values, pending)
            return
        if target is operator.getitem and type(values.get(node.args[0])) is list:  # type: ignore[arg-type]
            values[node] = values[node.args[0]][node.args[1]]  # type: ignore[index]
            return
        if target in SIZE_NAMES:
            arguments = [self._value(one, values) for one in node.args]
            values[node] = self._append(pending, node, SIZE_NAMES[target], arguments)
            return
        if not isinstance(target, torch._ops.OpOverload) or name not in operators.TABLE:
            raise UncapturableError(f"the operation {name}")
        if name == "aten.index.Tensor" and any(is_mask(one) for one in node.args[1]):  # type: ignore[union-attr]
            raise UncapturableError("the operation masked_select")  # x[x > 0] is that by another name
        if filled := fills(name, node):
            arguments = [self._value(one, values) for one in (node.args[0], node.args[1][0], node.args[2])]  # type: ignore[index]
            values[node] = self._append(pending, node, filled, arguments)
            return
        values[node] = self._append(pending, node, name, self._bind(target, node, values))

    def _append(self, pending: list[_Pending], node: fx.Node, name: str, arguments: list[Any]) -> tuple[str, int]:
        label = self._label(node)
        place = self.built_at.get(label) or self.locate(node.meta.get("stack_trace") or "")
        pending.append(_Pending(name, arguments, place, label))
        return ("node", len(pending) - 1)

    def _label(self, node: fx.Node) -> str:
        stack = node.meta.get("nn_module_stack") or {}
        paths = [path for path, _ in stack.values()]
        return re.sub(r"@\d+", "", paths[-1])[:300] if paths else ""

    def _bind(self, target: torch._ops.OpOverload, node: fx.Node, values: dict[fx.Node, Any]) -> list[Any]:
        """Put positional and keyword arguments in the order of the schema."""
        bound: list[Any] = []
        for index, place in enumerate(target._schema.arguments):
            if place.name == "equation":
                letters = str(node.args[0])
                if any(letter not in operators.EINSUM for letter in letters):
                    raise UncapturableError("an einsum equation with ellipsis or unusual letters")
                bound.append(("e", [operators.EINSUM.index(letter) for letter in letters]))
            elif index < len(node.args) and not place.kwarg_only:
                bound.append(self._value(node.args[index], values))
            elif place.name in node.kwargs:
                bound.append(self._value(node.kwargs[place.name], values))
            else:
                bound.append(("d", None))
        while bound and bound[-1] == ("d", None):
            bound.pop()
        return bound

    def _value(self, given: Any, values: dict[fx.Node, Any]) -> Any:
        """Return a tagged value; references stay symbolic until the table is complete."""
        if isinstance(given, fx.Node):
            return values[given]
        if isinstance(given, (list, tuple)):
            return ("l", [self._value(one, values) for one in given])
        return _constant(given)

    def _region(self, node: fx.Node, values: dict[fx.Node, Any], pending: list[_Pending]) -> list[Any]:
        """Put the calls of a nested graph in line, its tensor inputs detached where it ran without gradients."""
        kind = str(node.target)
        arguments = list(node.args)
        if "set_grad_enabled" in kind:
            detach, (body, inputs) = not arguments[0], (arguments[1], arguments[2:])
        elif "autocast" in kind:
            detach, body, inputs = False, arguments[4], arguments[5:]
            self._note("autocast was left out: the network runs in float32")
        elif "checkpoint" in kind:
            detach, body, inputs = False, arguments[0], arguments[1:]
        else:
            raise UncapturableError(f"the operation {kind}")
        module = values[body]  # type: ignore[index]
        inner: dict[fx.Node, Any] = {}
        places = [one for one in module.graph.nodes if one.op == "placeholder"]
        for place, given in zip(places, inputs, strict=True):
            reference = self._value(given, values)
            tensor = isinstance(given, fx.Node) and isinstance(given.meta.get("val"), torch.Tensor)
            if detach and tensor:
                reference = self._append(pending, node, "aten.detach.default", [reference])
            inner[place] = reference
        result = self._walk(module, module.graph, inner, pending)
        return list(result) if isinstance(result, (list, tuple)) and not isinstance(result[0], str) else [result]

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def graphs(self) -> tuple[Graph, ...]:
        """Return the graphs with every reference turned into a slot."""
        first = 1 + len(self.table.entries)

        def slot(reference: tuple[str, Any]) -> int:
            kind, index = reference
            return 0 if kind == "input" else 1 + index if kind == "tensor" else first + index

        def settle(given: tuple[str, Any]) -> Argument:
            tag, value = given
            if tag in ("input", "tensor", "node"):
                return Argument("s", slot(given))
            return Argument("l", tuple(settle(one) for one in value)) if tag == "l" else Argument(tag, value)

        return tuple(
            Graph(
                mode,
                batch,
                tuple(
                    Node(one.operator, tuple(settle(a) for a in one.arguments), one.place, one.label) for one in pending
                ),
                slot(output),
            )
            for mode, batch, pending, output in self._graphs
        )


def _constant(given: Any) -> tuple[str, Any]:
    match given:
        case None:
            return ("n", None)
        case bool():
            return ("b", given)
        case int():
            if abs(given) > INTEGER_LIMIT and given != TO_THE_END:
                raise UncapturableError(f"the number {given}, larger than {INTEGER_LIMIT}")
            return ("i", given)
        case float():
            return ("f", given)
        case torch.dtype():
            return ("t", _position(operators.DTYPES, given))
        case torch.memory_format():
            return ("m", _position(operators.MEMORY_FORMATS, given))
        case torch.layout():
            return ("y", _position(operators.LAYOUTS, given))
        case torch.device():
            return ("c", None)
        case str():
            return ("w", _position(operators.WORDS, given))
        case _:
            raise UncapturableError(f"a constant of the kind {type(given).__name__}")


def _position(table: Sequence[Any], value: Any) -> int:
    if value not in table:
        raise UncapturableError(f"the setting {value!r}")
    return table.index(value)
