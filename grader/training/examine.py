"""Examine a captured graph: what is in it, what it costs, and how it behaves on a few batches of noise.

Runs in a confined process without any of the student's code and without pictures or labels. Costs are learnt on
meta tensors first; a graph over its budget is never given memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch

from grader.graph import anatomy
from grader.graph.document import Document, DocumentError, Graph, parse
from grader.graph.ending import meaning
from grader.graph.spots import spots, twice
from grader.graph.survey import Survey, constants, layers, parameter_count, survey
from grader.graph.tensors import check_header, read
from grader.records import Carried, Examination, Role, Shape
from grader.training.beginnings import alike
from grader.training.bench import Bench, one_line
from grader.training.coverage import coverage
from grader.training.tasks import Budget, Task
from grader.wording import counted

__all__ = ["Budget", "Task", "examine"]

CARRIED = 5
"""How many of the tensors are named that a model carries besides its weights."""


def examine(document_bytes: bytes, tensor_bytes: bytes, task: Task) -> Examination:
    """Return what the graph shows; raise DocumentError where the bytes are not a document that can be replayed."""
    document = parse(document_bytes)
    check_header(document, tensor_bytes)
    recipe, task = task.batch, replace(task, batch=document.batch(task.batch))
    surveys = _surveys(document, task)
    basics = _basics(document, surveys)
    over = _over_budget(basics, surveys, task.budget, task.batch / recipe)
    if over or not document.complete:
        return _record(basics, complete=document.complete, over_budget=over)
    tensors = read(document, tensor_bytes, torch.device("cpu"))
    bench = Bench(document, tensors, task, basics["unused"], basics["meaning"])
    basics["coverage"] = coverage(document, tensors, task.shape, task.batch)
    basics["alike"] = alike(document, tensors, surveys[1])
    return _record(basics, complete=True, over_budget="", **bench.findings())


def _surveys(document: Document, task: Task) -> tuple[Survey, ...]:
    """Survey the graphs that train and answer, then those of other batch sizes, which are run as well."""
    found: list[Survey] = []
    for mode in ("train", "eval"):
        graph = document.graph(mode, task.batch)
        assert graph is not None  # `Document.batch` says so
        found.append(_survey(document, graph, task.shape, task.batch))
    for graph in document.graphs:
        if all(graph is not one.graph for one in found):
            found.append(_survey(document, graph, task.shape, graph.batch or task.batch))
    return tuple(found)


def _survey(document: Document, graph: Graph, shape: Shape, batch: int) -> Survey:
    try:
        return survey(document, graph, shape, batch)
    except DocumentError:
        raise
    except Exception as error:  # an operator may raise anything on arguments that export never made
        raise DocumentError(f"the {graph.mode} graph does not run: {one_line(error)}") from error


def _basics(document: Document, surveys: Sequence[Survey]) -> dict[str, Any]:
    train, evaluation = surveys[:2]
    carried = constants(surveys)
    linear, pooled = anatomy.joined_pairs(evaluation)
    return {
        "layers": layers(evaluation),
        "parameters": parameter_count(document),
        "constants": sum(one.numbers for one in carried),
        "carried": carried[:CARRIED],
        "flops": _flops(evaluation),
        "activation_bytes": max(_activation_bytes(train), _activation_bytes(evaluation)),
        "meaning": meaning(train, evaluation),
        "linear_pairs": linear,
        "pooled_pairs": pooled,
        "narrowest": anatomy.narrowest(evaluation),
        "modes_agree": anatomy.modes_disagree(train, evaluation) if document.complete else None,
        "unregistered": _unregistered(evaluation),
        "frozen": tuple(one.name for one in document.tensors if one.role == "parameter" and not one.trainable),
        "unused": (unused := _unused(document, train, evaluation)),
        "twice": twice(document, evaluation, unused),
        "spots": spots(train, evaluation),
        "only_batch": None if all(one.graph.batch is None for one in surveys[:2]) else train.batch,
    }


def _unregistered(surveyed: Survey) -> tuple[str, ...]:
    """Name the layers whose weights are no parameters of the model: layers in a Python list, for example.

    Several may carry one name, the operation's, as nobody named them; a layer that is called twice is one.
    """
    table = surveyed.document.tensors
    found: dict[tuple[int, ...], str] = {}
    for index in sorted(surveyed.flow.on_path):
        weights = tuple(surveyed.flow.reads[index])
        lifted = any(table[one].role == "constant" for one in weights)
        if surveyed.role(index) in (Role.CONV, Role.DENSE) and lifted:
            found.setdefault(weights, surveyed.layer_name(index))
    return tuple(found.values())


def _unused(document: Document, train: Survey, evaluation: Survey) -> tuple[str, ...]:
    used: set[int] = set()
    for surveyed in (train, evaluation):
        for index in surveyed.flow.to_output:
            used.update(surveyed.flow.reads[index])
    return tuple(
        one.name for index, one in enumerate(document.tensors) if one.role == "parameter" and index not in used
    )


def _flops(surveyed: Survey) -> int:
    return sum(call.flops for call in surveyed.calls) // surveyed.batch


def _activation_bytes(surveyed: Survey) -> int:
    return 4 * sum(call.numbers for call in surveyed.calls) // surveyed.batch


def _over_budget(basics: dict[str, Any], surveys: Sequence[Survey], budget: Budget, batches: float) -> str:
    """Return one sentence with the numbers and the layer that costs most; empty when all is within bounds.

    batches: how many of the recipe's the network's own batch is; larger ones take more memory at a time.
    """
    found: tuple[Any, ...] = basics["layers"]
    if basics["parameters"] > budget.parameters:
        worst = max(found, key=lambda one: one.parameters, default=None)
        share = f", {worst.parameters:,} of them in {worst.name}" if worst else ""
        return f"{basics['parameters']:,} parameters{share}; at most {budget.parameters:,} are allowed"
    slowest = max(surveys, key=_flops)
    if _flops(slowest) > budget.flops:
        call = max(slowest.calls, key=lambda one: one.flops)
        share = f"{call.flops // slowest.batch:,} of them in {slowest.layer_name(call.index)}"
        return f"{_flops(slowest):,} operations a picture, {share}; at most {budget.flops:,} are allowed"
    largest = max(surveys, key=_activation_bytes)
    megabytes = _activation_bytes(largest) / 2**20 * max(1.0, batches)
    if megabytes > budget.activation_megabytes:
        call = max(largest.calls, key=lambda one: one.numbers)
        return (
            f"{megabytes:,.0f} MB of results a picture, most of it in {largest.layer_name(call.index)}; "
            f"at most {budget.activation_megabytes:g} MB are allowed"
        )
    if basics["constants"] > budget.constants:
        return _too_much_carried(basics["constants"], basics["carried"][0], budget.constants)
    return ""


def _too_much_carried(total: int, largest: Carried, limit: int) -> str:
    """Say how much a model carries besides its weights, where most of it is, and what the limit is for."""
    return (
        f"the model carries {counted(total, 'number')} besides the weights that learn, {largest.numbers:,} of them in "
        f"{largest}; at most {limit:,} are allowed, because what a network knows it is to learn into its "
        "weights: a table of remembered pictures is not a network"
    )


def _record(basics: dict[str, Any], **rest: Any) -> Examination:
    return Examination(**basics, **rest)
