"""Run a graph without values (`meta` tensors) to learn every shape, cost and name before anything is allocated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from grader.graph import operators, roles, weights
from grader.graph.document import Document, Graph, TensorEntry
from grader.graph.flow import Flow, flow
from grader.graph.replay import Program, Slot, Step
from grader.graph.tensors import on_meta
from grader.records import Carried, Layer, Role, Shape, Where

SETTINGS = {
    "kernel_size", "stride", "padding", "dilation", "groups", "p", "output_size", "ceil_mode", "dim", "start_dim",
}  # fmt: skip
"""Arguments of operators that the layer table shows."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of one node after a run without values.

    Attributes:
        index: its position among the nodes.
        name: the operator's own name.
        inputs: shape of its first tensor argument, batch axis left out.
        outputs: shape of its result, batch axis left out; empty when it is not a tensor.
        numbers: how many numbers its result holds for the whole batch, an empty axis counted as one.
        flops: for the whole batch, forward.
        settings: what `SETTINGS` names.
        data: how many of its tensor arguments are not the model's own.
    """

    index: int
    name: str
    inputs: Shape
    outputs: Shape
    numbers: int
    flops: int
    settings: dict[str, Any]
    data: int


@dataclass(frozen=True, slots=True)
class Survey:
    """A graph, surveyed at one batch size."""

    document: Document
    graph: Graph
    batch: int
    calls: tuple[Call, ...]
    flow: Flow
    answer: Shape
    """Shape of the output, batch axis included."""

    def role(self, index: int) -> Role:
        """Return the part that node `index` plays."""
        call = self.calls[index]
        return roles.role(call.name, call.inputs, call.outputs, weighted=bool(self.flow.reads[index]))

    def layer_name(self, index: int) -> str:
        """Return the student's name for node `index`: from its weight, else its module, else the operator."""
        node = self.graph.nodes[index]
        for tensor in self.flow.reads[index]:
            entry = self.document.tensors[tensor]
            if (
                entry.role != "constant"
                and "." in entry.name
                and not entry.name.endswith(("running_mean", "running_var"))
            ):
                return entry.name.rsplit(".", 1)[0]
        inside = any(other.label.startswith(f"{node.label}.") for other in self.graph.nodes)
        return node.label if node.label and not inside else self.calls[index].name


def survey(document: Document, graph: Graph, shape: Shape, batch: int) -> Survey:
    """Run `graph` on a batch of `batch` pictures of `shape` on the meta device.

    Raises whatever an operator raises when the shapes do not fit, and NotImplementedError where an operator
    does not run without values.
    """
    calls: list[Call] = []
    counter = FlopCounterMode(display=False)
    spent = 0
    first = 1 + len(document.tensors)

    def watch(step: Step, values: Sequence[Any]) -> None:
        nonlocal spent
        total = counter.get_total_flops()
        calls.append(_call(step, values, total - spent, first, batch))
        spent = total

    program = Program(graph, on_meta(document), torch.device("meta"))
    with torch.no_grad(), counter:
        answer = program.run(torch.empty((batch, *shape), device="meta"), watch)
    return Survey(document, graph, batch, tuple(calls), flow(document, graph), tuple(answer.shape))


def _call(step: Step, values: Sequence[Any], flops: int, first: int, batch: int) -> Call:
    result = values[step.slot]
    slots = [one.index for one in step.arguments if type(one) is Slot]
    for one in step.arguments:
        if type(one) is list:
            slots.extend(item.index for item in one if type(item) is Slot)
    tensors = [(slot, values[slot]) for slot in slots if isinstance(values[slot], torch.Tensor)]
    data = [value for slot, value in tensors if slot == 0 or slot >= first]
    shown = data[0] if data else tensors[0][1] if tensors else None
    name = roles.base(step.node.operator)
    return Call(
        index=step.slot - first,
        name=name,
        inputs=_without_batch(shown, batch),
        outputs=_without_batch(_first_tensor(result), batch),
        numbers=sum(_room(one) for one in _tensors(result)),
        flops=flops,
        settings=_settings(step, name, values),
        data=len(data),
    )


def _tensors(result: Any) -> list[torch.Tensor]:
    if isinstance(result, torch.Tensor):
        return [result]
    return [one for one in result if isinstance(one, torch.Tensor)] if isinstance(result, (tuple, list)) else []


def _room(tensor: torch.Tensor) -> int:
    """Return the numbers of a result, an empty axis counted as one: kernels walk along the others all the same."""
    return math.prod(max(size, 1) for size in tensor.shape)


def _first_tensor(result: Any) -> torch.Tensor | None:
    return next(iter(_tensors(result)), None)


def _without_batch(tensor: torch.Tensor | None, batch: int) -> Shape:
    """Leave the batch axis out; a result that has none (pictures cut together) keeps its whole shape."""
    if tensor is None:
        return ()
    sizes = tuple(tensor.shape)
    return sizes[1:] if sizes and sizes[0] == batch else sizes


def _settings(step: Step, name: str, values: Sequence[Any]) -> dict[str, Any]:
    schema = getattr(step.function, "_schema", None)
    found: dict[str, Any] = {}
    if schema is not None:
        positional = [place for place in schema.arguments if not place.kwarg_only]
        for place, given in zip(positional, step.arguments, strict=False):
            if place.name in SETTINGS and _is_plain(given):
                found[place.name] = list(given) if isinstance(given, (list, tuple)) else given
    if name in roles.CONV:
        weight = next((values[one.index] for one in step.arguments[1:2] if type(one) is Slot), None)
        if weight is not None:
            found["kernel_size"] = list(weight.shape[2:])
    if found.get("stride") == [] and "kernel_size" in found:
        found["stride"] = found["kernel_size"]  # a pool without a stride moves by its own size
    return found


def _is_plain(given: Any) -> bool:
    if isinstance(given, (list, tuple)):
        return all(isinstance(one, (int, float)) for one in given)
    return isinstance(given, (int, float, str))


def layers(surveyed: Survey) -> tuple[Layer, ...]:
    """Return the graph's layers in order of execution, plumbing left out."""
    counted: set[int] = set()
    found: list[Layer] = []
    on_path = surveyed.flow.on_path
    for call in surveyed.calls:
        used = [one for one in surveyed.flow.reads[call.index] if surveyed.document.tensors[one].role == "parameter"]
        fresh = [one for one in used if one not in counted]
        counted.update(fresh)
        if _is_plumbing(surveyed, call):
            continue
        found.append(
            Layer(
                role=surveyed.role(call.index),
                op=call.name,
                name=surveyed.layer_name(call.index),
                where=place(surveyed.document, surveyed.graph.nodes[call.index].place),
                inputs=call.inputs,
                outputs=call.outputs,
                settings=call.settings,
                parameters=sum(_size(surveyed.document.tensors[one].shape) for one in fresh),
                flops=call.flops // surveyed.batch,
                on_path=call.index in on_path,
            )
        )
    return tuple(found)


def _is_plumbing(surveyed: Survey, call: Call) -> bool:
    if call.name in roles.PLUMBING or surveyed.graph.nodes[call.index].operator.startswith("size.") or not call.outputs:
        return True
    # batch_norm counts its batches: add_(num_batches_tracked, 1)
    return call.data == 0 and call.name in ("add", "mul") and not call.inputs


def place(document: Document, packed: tuple[int, int, int]) -> Where:
    """Return a node's place in the submission."""
    file, cell, line = packed
    return Where(document.files[file] if file >= 0 else None, cell or None, line or None)


def _size(shape: Shape) -> int:
    total = 1
    for one in shape:
        total *= one
    return total


def parameter_count(document: Document) -> int:
    """Return the trainable numbers, each storage once."""
    return sum(_size(one.shape) for one in document.tensors if one.role == "parameter")


def constants(surveys: Sequence[Survey]) -> tuple[Carried, ...]:
    """Return what the model carries besides weights that learn and statistics of normalisation, the largest first.

    What a tensor does decides, not its name. It is left out where it is one number; where every graph takes it as a
    running mean or variance and the training, the first of `surveys`, makes it anew; and where it is a parameter that
    learns, or a part of a layer that stands still (a frozen backbone).
    """
    document, trained = surveys[0].document, surveys[0]
    found: dict[int, list[tuple[weights.Use, Graph]]] = {}
    for one in surveys:
        for use in weights.uses(document, one.graph, one.flow):
            found.setdefault(use.tensor, []).append((use, one.graph))
    learning = weights.reached(trained.graph, trained.flow)
    carried = []
    for index, entry in enumerate(document.tensors):
        taken = found.get(index, [])
        if _size(entry.shape) == 1 or _is_renewed(entry, taken, trained.graph) or _is_weight(entry, taken):
            continue
        if entry.role == "parameter" and (not taken or (_can_learn(entry) and index in learning)):
            continue
        carried.append(Carried(entry.name, entry.shape, _numbers(entry), _first_place(document, taken)))
    return tuple(sorted(carried, key=lambda one: -one.numbers))


def _is_renewed(entry: TensorEntry, taken: Sequence[tuple[weights.Use, Graph]], trained: Graph) -> bool:
    """Tell whether a tensor holds nothing but statistics, which the training makes anew."""
    if entry.role == "parameter" or any(use.part not in weights.STATISTICS for use, _ in taken):
        return False
    return any(graph is trained and weights.renews(graph.nodes[use.node]) for use, graph in taken)


def _is_weight(entry: TensorEntry, taken: Sequence[tuple[weights.Use, Graph]]) -> bool:
    """Tell whether a parameter is a part of layers that work on the pictures, and nothing else."""
    if entry.role != "parameter" or not taken:
        return False
    return all(use.part in weights.LAYERS and (use.fed or use.part is weights.Part.MAGNITUDE) for use, _ in taken)


def _can_learn(entry: TensorEntry) -> bool:
    dtype = operators.DTYPES[entry.dtype]
    return entry.trainable and (dtype.is_floating_point or dtype.is_complex)


def _numbers(entry: TensorEntry) -> int:
    """Return how many numbers of four bytes a tensor is; a smaller one counts whole, as eight bits are a pixel."""
    return max(1, -(-operators.DTYPES[entry.dtype].itemsize // 4)) * _size(entry.shape)


def _first_place(document: Document, taken: Sequence[tuple[weights.Use, Graph]]) -> Where:
    places = [place(document, graph.nodes[use.node].place) for use, graph in taken if use.node < len(graph.nodes)]
    return next((one for one in places if str(one)), Where())
