"""Draw the weights of a captured network anew, so that nothing counts that was learnt before it was handed in.

What a tensor is to the network is read from the graph (`grader.graph.weights`), never from its name; first values are
those of torch.nn's own layers, and come from the recipe's seed alone. Tied tensors are drawn once, by their first use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from grader.graph.document import Document, Graph
from grader.graph.weights import STATISTICS, Part, Use, uses

SLOPE = 0.25
"""Of a PReLU, as in He et al. (2015), "Delving deep into rectifiers"."""

STARTS = {
    Part.SCALE: 1.0,
    Part.SHIFT: 0.0,
    Part.MEAN: 0.0,
    Part.VARIANCE: 1.0,
    Part.COUNTER: 0.0,
    Part.SLOPE: SLOPE,
}
"""What starts at a number of its own."""


def draw(document: Document, tensors: Sequence[torch.Tensor], batch: int, seed: int) -> None:
    """Give every parameter of `tensors` (the document's table) a first value, in place, and every statistic its own.

    Buffers and constants that are no statistics stay as they are; the budget bounds them. `batch` chooses the graphs
    that are trained and that answer.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = _first_uses(document, batch)
    with torch.no_grad():
        for use, _ in chosen:
            tensors[use.tensor].copy_(_first_values(tensors[use.tensor], use, generator))
        for use, graph in chosen:  # lengths are those of directions, which all have their values by now
            if use.part is Part.MAGNITUDE and use.other is not None and graph is not None:
                lengths = _lengths(tensors[use.other], graph, use)
                tensors[use.tensor].copy_(lengths.view_as(tensors[use.tensor]))


def _first_uses(document: Document, batch: int) -> list[tuple[Use, Graph | None]]:
    """Return the first use of every tensor that is drawn, in order of execution; then what no graph uses."""
    found: dict[int, tuple[Use, Graph | None]] = {}
    for mode in ("train", "eval"):
        graph = document.graph(mode, batch)
        for use in uses(document, graph) if graph is not None else ():
            found.setdefault(use.tensor, (use, graph))
    for index in range(len(document.tensors)):
        found.setdefault(index, (Use(index, Part.OTHER, -1), None))
    return [
        (use, graph)
        for use, graph in found.values()
        if document.tensors[use.tensor].role == "parameter" or use.part in STATISTICS or use.part is Part.COUNTER
    ]


def _first_values(tensor: torch.Tensor, use: Use, generator: torch.Generator) -> torch.Tensor:
    """Return values of the shape of `tensor` for what it is to the network.

    Weights and biases of convolutions and dense layers, and all of a recurrent layer's, are uniform between plus and
    minus 1 / sqrt(fan): for a weight that is Kaiming's uniform distribution with a = sqrt(5), which torch.nn's
    `reset_parameters` names (He et al. 2015). The packed projections of attention follow Glorot and Bengio (2010).
    """
    if use.part in STARTS:
        return torch.full(tensor.shape, STARTS[use.part])
    if use.part is Part.EMBEDDING:
        return torch.randn(tensor.shape, generator=generator)
    if use.part in (Part.WEIGHT, Part.BIAS, Part.RECURRENT) and use.fan and not tensor.is_complex():
        return _uniform(tensor.shape, 1 / math.sqrt(use.fan), generator)
    if use.part is Part.PACKED and tensor.dim() == 2 and tensor.numel():
        return _uniform(tensor.shape, math.sqrt(6 / sum(tensor.shape)), generator)
    return _alike(tensor, generator)


def _uniform(shape: torch.Size, bound: float, generator: torch.Generator) -> torch.Tensor:
    return (2 * torch.rand(shape, generator=generator) - 1) * bound


def _alike(tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return normal numbers as spread as those of `tensor`; where all of them are one number, that one stays.

    It is for parameters of the student's own making, whose first values nobody else knows. One number that stands
    everywhere (a scale of ones) remembers nothing, and drawing it would take an honest network apart.
    """
    wide = tensor.detach().cpu().to(torch.complex128 if tensor.is_complex() else torch.float64)
    if not wide.numel() or bool((wide == wide.flatten()[0]).all()):
        return wide
    deviation = float(wide.std(correction=0).real)
    kind = torch.complex64 if tensor.is_complex() else torch.float32
    drawn = torch.randn(tensor.shape, generator=generator, dtype=kind)
    return drawn * (deviation if math.isfinite(deviation) else 0.0)


def _lengths(direction: torch.Tensor, graph: Graph, use: Use) -> torch.Tensor:
    """Return the lengths that weight normalisation starts with: those of the weight itself (Salimans & Kingma 2016)."""
    given = graph.nodes[use.node].arguments
    axis = given[2].value if len(given) > 2 and given[2].tag == "i" else 0
    return torch.norm_except_dim(direction.detach(), 2, axis)
