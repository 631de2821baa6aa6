"""Weights that begin all alike, and answers that are alike for every picture."""

from __future__ import annotations

import torch

from grader.graph.document import Document
from grader.graph.survey import Survey
from grader.records import Role

LEAST = 8
"""Numbers of a weight below which equal ones may be meant."""


def alike(document: Document, tensors: tuple[torch.Tensor, ...], surveyed: Survey) -> tuple[tuple[str, float], ...]:
    """Return name and value of the weights of convolutions and dense layers whose numbers are all the same.

    Biases and the weights of normalisations begin so, and are left out.
    """
    used = {
        one
        for index in surveyed.flow.on_path
        if surveyed.role(index) in (Role.CONV, Role.DENSE)
        for one in surveyed.flow.reads[index]
    }
    found = []
    for index in sorted(used):
        entry, tensor = document.tensors[index], tensors[index].detach()
        if entry.role != "parameter" or not entry.trainable or tensor.dim() < 2 or tensor.numel() < LEAST:
            continue
        first = tensor.flatten()[0]
        if bool((tensor == first).all()):
            found.append((entry.name, float(first)))
    return tuple(found)


def same_for_all(answers: torch.Tensor) -> bool:
    """Tell whether all pictures of a batch (N, K) get the same answer to the last bit."""
    return answers.dim() == 2 and answers.shape[0] > 1 and bool((answers == answers[:1]).all())
