"""Examine a captured graph: what is in it, what it costs, and how it behaves on a few batches of noise.

Runs in a confined process without any of the student's code and without pictures or labels. Costs are learnt on
meta tensors first; a graph over its budget is never given memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from grader.graph import anatomy
from grader.graph.document import Document, DocumentError, Graph, parse
from grader.graph.ending import as_trained, meaning
from grader.graph.fidelity import LARGE, TRIALS, disagreement, measure, noise, probed, seed_everything
from grader.graph.replay import Program
from grader.graph.spots import spots, twice
from grader.graph.survey import Survey, constants, layers, parameter_count, survey
from grader.graph.tensors import check_header, read
from grader.records import Carried, Examination, Meaning, Role, Shape, Trial
from grader.training.beginnings import alike, same_for_all
from grader.training.coverage import coverage
from grader.training.scores import scores_of
from grader.wording import counted

CLOSE = 1e-4
"""Largest difference between one picture's answers, alone and in a batch, relative to the largest answer."""

FEW = 8
"""Pictures that one training step takes where they are large."""

CARRIED = 5
"""How many of the tensors are named that a model carries besides its weights."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a network may cost.

    Attributes:
        parameters: trainable numbers.
        flops: for one picture, forward.
        activation_megabytes: results of one picture, forward, together.
        constants: numbers of four bytes besides weights and statistics.
    """

    parameters: int = 50_000_000
    flops: int = 1_500_000_000
    activation_megabytes: float = 64.0
    constants: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Task:
    """What to examine a graph for.

    Attributes:
        shape: of one picture, (C, H, W).
        classes: how many scores a picture gets.
        batch: the recipe's batch size.
        probe: what the child measured on the original; None when it measured nothing.
        budget: what the network may cost.
    """

    shape: Shape
    classes: int
    batch: int
    probe: Any
    budget: Budget


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
        raise DocumentError(f"the {graph.mode} graph does not run: {_one_line(error)}") from error


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


class Bench:
    """The replayed network on the bench: small batches of noise, forward and backward."""

    def __init__(
        self,
        document: Document,
        tensors: tuple[torch.Tensor, ...],
        task: Task,
        unused: Sequence[str],
        ends: Meaning,
    ) -> None:
        """Keep the tensors' first values, so that every experiment starts from them."""
        self.document, self.tensors, self.task, self.unused = document, tensors, task, unused
        self.trained = as_trained(document, ends)
        self.scores = scores_of(ends)
        self.first = [one.detach().clone() for one in tensors]
        self.fixed = any(graph.batch is not None for graph in document.graphs)
        self.trainable = [
            (described.name, tensor)
            for described, tensor in zip(document.tensors, tensors, strict=True)
            if described.role == "parameter" and described.trainable
        ]

    def reset(self) -> None:
        """Give every tensor its first value back."""
        with torch.no_grad():
            for tensor, value in zip(self.tensors, self.first, strict=True):
                tensor.copy_(value)

    def answer(self, mode: str, pictures: torch.Tensor, document: Document | None = None) -> torch.Tensor:
        """Return the answer of `mode` to `pictures`, of the network as it was handed in unless `document` is given.

        Raises:
            DocumentError: no graph fits the number of pictures.
        """
        graph = (document or self.document).graph(mode, pictures.shape[0])
        if graph is None:
            raise DocumentError(f"works only with other batch sizes than {pictures.shape[0]}")
        found: torch.Tensor = Program(graph, self.tensors, torch.device("cpu"))(pictures)
        return found

    def findings(self) -> dict[str, Any]:
        """Return the fields of an examination that need the network to run."""
        trials = tuple(self.trial(size) for size in TRIALS)
        self.reset()
        fidelity = self.fidelity()
        self.reset()
        large = math.prod(self.task.shape) > LARGE and not self.fixed
        step, unreached = self.step(min(self.task.batch, FEW) if large else self.task.batch)
        self.reset()
        alone, _ = self.step(1) if not self.fixed else (step, ())
        self.reset()
        return {
            "trials": trials,
            "fidelity": fidelity,
            "step": step,
            "step_batch_one": alone,
            "unreached": tuple(one for one in unreached if one not in self.unused),
            "repeatable": self.repeatable(),
            "one_answer": self.one_answer(),
        }

    def trial(self, size: int) -> Trial:
        """Send one batch of noise through the evaluation graph."""
        try:
            seed_everything(0)
            with torch.no_grad():
                answer = self.answer("eval", noise(size, self.task.shape, size))
        except Exception as error:  # noqa: BLE001 - an operator may raise anything; the report says what
            return Trial(size, None, finite=False, error=_one_line(error))
        return Trial(size, tuple(answer.shape), finite=bool(torch.isfinite(answer).all()))

    def fidelity(self) -> str | None:
        """Compare with what the child measured on the original."""
        count, sizes = probed(self.document, self.task.shape, self.task.batch)
        replayed = measure(
            lambda pictures: self.answer("train", pictures),
            lambda pictures: self.answer("eval", pictures),
            [tensor for _, tensor in self.trainable],
            self.task.shape,
            count,
            sizes,
        )
        return disagreement(self.task.probe, replayed)

    def step(self, batch: int) -> tuple[str | None, tuple[str, ...]]:
        """Take one plain gradient step; say what went wrong, and which parameters got no gradient.

        What raises in the network as it was handed in raises for its student too. Gradients are those of the training:
        a ReLU at the end that lets none through is looked through there.
        """
        tensors = [tensor for _, tensor in self.trainable]
        try:
            if self.trained is not self.document:
                self.gradients(self.document, batch, tensors)
                self.reset()
            loss, gradients = self.gradients(self.trained, batch, tensors)
        except Exception as error:  # noqa: BLE001 - an operator may raise anything; the report says what
            return _one_line(error), ()
        if not loss.requires_grad:
            return "something in forward cuts the gradient: no weight is reached", ()
        if not torch.isfinite(loss):
            return f"the loss is {loss.item()}", ()
        reached = [one is not None and bool((one != 0).any()) for one in gradients]
        if not any(reached):
            return "no weight gets a gradient that is not zero", ()
        if not all(bool(torch.isfinite(one).all()) for one in gradients if one is not None):
            return "a gradient is not finite", ()
        changed = any(
            bool((tensor - 0.01 * one != tensor).any())
            for tensor, one in zip(tensors, gradients, strict=True)
            if one is not None
        )
        unreached = tuple(name for (name, _), fine in zip(self.trainable, reached, strict=True) if not fine)
        return (None if changed else "the step changes no weight"), unreached

    def gradients(
        self, document: Document, batch: int, tensors: Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor, Sequence[torch.Tensor | None]]:
        """Return the loss of a batch of noise and its gradients; none where the loss does not require any."""
        seed_everything(3)
        answer = self.scores(self.answer("train", noise(batch, self.task.shape, 3), document))
        loss = F.cross_entropy(answer.float(), torch.arange(batch) % self.task.classes)
        if not loss.requires_grad:
            return loss, ()
        return loss, torch.autograd.grad(loss, tensors, allow_unused=True)

    def one_answer(self) -> bool:
        """Tell whether different pictures all get the same answer; False where this cannot be asked."""
        size = 7 if self.document.graph("eval", 7) is not None else self.task.batch
        try:
            with torch.no_grad():
                return same_for_all(self.answer("eval", noise(size, self.task.shape, 5)))
        except Exception:  # noqa: BLE001 - an operator may raise anything; the trials say what
            return False

    def repeatable(self) -> str | None:
        """Ask for the same pictures twice, and for one of them alone."""
        size = 7 if self.document.graph("eval", 7) is not None else self.task.batch
        pictures = noise(size, self.task.shape, 5)
        try:
            with torch.no_grad():
                first, second = self.answer("eval", pictures.clone()), self.answer("eval", pictures.clone())
                if not torch.equal(first, second):
                    return "the same pictures get other answers the second time"
                if self.document.graph("eval", 1) is None:
                    return None
                alone = self.answer("eval", pictures[:1].clone())
        except Exception as error:  # noqa: BLE001 - an operator may raise anything; the report says what
            return _one_line(error)
        if (
            alone.dim() == first.dim() - 1
        ):  # squeeze() took the axis of the one picture; that is the shape's own criterion
            alone = alone.unsqueeze(0)
        scale = max(float(first.abs().max()), 1e-6)
        if alone.shape[1:] != first.shape[1:] or float((alone[0] - first[0]).abs().max()) > CLOSE * scale:
            return "a picture gets another answer alone than among others"
        return None


def _one_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:300]}" if text else type(error).__name__
