"""Which pixels can change a network's answer: one backward pass to the picture through the network's skeleton.

In the skeleton a max-pool is an average, an activation lets everything through and every weight is above 0, so that
nothing cancels and no pixel looks dead that another picture would make live. What is left are the places where the
network looks: kernels, strides, crops.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from grader.graph import roles
from grader.graph.document import Argument, Document, Graph, Node
from grader.graph.replay import Program
from grader.records import Coverage, Shape

AVERAGES = {
    "aten.max_pool2d.default": "aten.avg_pool2d.default",
    "aten.max_pool2d_with_indices.default": "aten.avg_pool2d.default",
    "aten.adaptive_max_pool2d.default": "aten.adaptive_avg_pool2d.default",
    "aten.amax.default": "aten.mean.dim",
    "aten.max.dim": "aten.mean.dim",
}
"""What takes the place of an operator that passes on one number of many."""

OPEN = roles.DROPOUT | (roles.ACTIVATION - {"glu"}) | {"detach", "softmax", "log_softmax"}
"""Operators that let their first argument through."""

BLIND = frozenset("grid_sampler grid_sampler_2d gru_cell lstm_cell rnn_tanh_cell gru lstm rnn_tanh topk sort".split())
"""Operators whose gradient depends on the numbers themselves: it may vanish where a pixel counts all the same."""

_LEAST = 0.5


def coverage(document: Document, tensors: tuple[torch.Tensor, ...], shape: Shape, batch: int) -> Coverage | None:
    """Return which pixels of a picture of `shape` (C, H, W) are read; None where this cannot be told.

    batch: pictures to send through, as the graph may be captured for one number alone.
    """
    size = 1 if document.graph("eval", 1) is not None else batch
    graph = document.graph("eval", size)
    if graph is None or any(roles.base(node.operator) in BLIND for node in graph.nodes):
        return None
    generator = torch.Generator().manual_seed(0)
    pictures = (torch.rand((size, *shape), generator=generator) + _LEAST).requires_grad_()
    try:
        opened = Program(skeleton(document, graph), _positive(document, tensors, generator), torch.device("cpu"))
        answer = opened(pictures.clone())
        (gradient,) = torch.autograd.grad(answer.float().sum(), pictures)
    except Exception:  # noqa: BLE001 - a network that its skeleton does not run for is one that nothing is said about
        return None
    if not bool(torch.isfinite(gradient).all()):
        return None
    return _counted((gradient != 0).any(0))


def _counted(reached: torch.Tensor) -> Coverage | None:
    """Count what is reached of a picture (C, H, W); None where nothing is, as then something else cuts the way."""
    pixels = reached.any(0)
    if not bool(pixels.any()):
        return None
    rows, columns = pixels.any(1).nonzero().flatten().tolist(), pixels.any(0).nonzero().flatten().tolist()
    height, width = pixels.shape
    return Coverage(
        pixels=height * width,
        read=int(pixels.sum()),
        top=rows[0],
        bottom=height - 1 - rows[-1],
        left=columns[0],
        right=width - 1 - columns[-1],
        channels=int(reached.flatten(1).any(1).sum()),
    )


def skeleton(document: Document, graph: Graph) -> Graph:
    """Return the graph with averages in the place of maxima, and without activations, dropout and detaches."""
    first = 1 + len(document.tensors)
    nodes: list[Node] = []
    for node in graph.nodes:
        name = roles.base(node.operator)
        if node.operator in AVERAGES:
            nodes.append(replace(node, operator=AVERAGES[node.operator], arguments=_averaged(node)))
        elif _is_open(name, node) or (name == "getitem" and _replaced(graph, node, first)):
            nodes.append(node.passing())
        else:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def _is_open(name: str, node: Node) -> bool:
    return name in OPEN and bool(node.arguments) and node.arguments[0].tag == "s"


def _replaced(graph: Graph, node: Node, first: int) -> bool:
    """Tell whether a node takes the first of several results of an operator that now has one."""
    slot = node.arguments[0].value
    if type(slot) is not int or slot < first:
        return False
    source = graph.nodes[slot - first]
    return source.operator in AVERAGES or roles.base(source.operator) == "native_dropout"


def _averaged(node: Node) -> tuple[Argument, ...]:
    """Return the arguments of the average: a max-pool's dilation has no place in it."""
    given = node.arguments
    match roles.base(node.operator):
        case "max_pool2d" | "max_pool2d_with_indices":
            return (*given[:4], given[5]) if len(given) > 5 else given[:4]
        case "max":
            return (given[0], Argument("l", given[1:2]), *given[2:])
        case _:
            return given


def _positive(
    document: Document, tensors: tuple[torch.Tensor, ...], generator: torch.Generator
) -> tuple[torch.Tensor, ...]:
    """Return other weights: above 0, and small enough that a sum over a layer's inputs stays near 1."""
    found = []
    for entry, tensor in zip(document.tensors, tensors, strict=True):
        if entry.role != "parameter" or not tensor.is_floating_point():
            found.append(tensor.detach().clone())
            continue
        drawn = torch.rand(tensor.shape, generator=generator) + _LEAST
        spread = max(1, tensor[0].numel()) if tensor.dim() > 1 else 1
        found.append((drawn / spread).to(tensor.dtype))
    return tuple(found)
