"""Run a captured network on a few batches of noise, forward and backward, and say how it behaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from grader.graph.document import Document, DocumentError
from grader.graph.ending import as_trained
from grader.graph.fidelity import LARGE, TRIALS, disagreement, measure, noise, probed, seed_everything
from grader.graph.replay import Program
from grader.records import Meaning, Trial
from grader.training.beginnings import same_for_all
from grader.training.scores import scores_of
from grader.training.tasks import Task

CLOSE = 1e-4
"""Largest difference between one picture's answers, alone and in a batch, relative to the largest answer."""

FEW = 8
"""Pictures that one training step takes where they are large."""


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
            return Trial(size, None, finite=False, error=one_line(error))
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
            return one_line(error), ()
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
            return one_line(error)
        if (
            alone.dim() == first.dim() - 1
        ):  # squeeze() took the axis of the one picture; that is the shape's own criterion
            alone = alone.unsqueeze(0)
        scale = max(float(first.abs().max()), 1e-6)
        if alone.shape[1:] != first.shape[1:] or float((alone[0] - first[0]).abs().max()) > CLOSE * scale:
            return "a picture gets another answer alone than among others"
        return None


def one_line(error: Exception) -> str:
    """Return an error's name and the first line of its text."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:300]}" if text else type(error).__name__
