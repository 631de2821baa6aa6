"""Turn what a network answers into one score for each class, whatever it answers with."""

from __future__ import annotations

from collections.abc import Callable

import torch

from grader.records import Meaning

SMALLEST = 1e-7
"""Probabilities are kept above this before their logarithm is taken."""

Scores = Callable[[torch.Tensor], torch.Tensor]
"""From answers to scores (N, K)."""


def scores_of(meaning: Meaning) -> Scores:
    """Return what turns answers into scores (N, K), on which cross-entropy is the loss that the meaning asks for.

    One score z a picture becomes (0, z): their softmax is the sigmoid of z, and their cross-entropy the binary one. A
    probability p becomes (log(1 - p), log p). Any other answer is returned as it is.
    """
    if meaning is Meaning.SCORE:
        return _beside_zero
    return _logarithms if meaning is Meaning.PROBABILITY else _as_it_is


def _as_it_is(answer: torch.Tensor) -> torch.Tensor:
    return answer


def _beside_zero(answer: torch.Tensor) -> torch.Tensor:
    score = answer.float().reshape(-1, 1)
    return torch.cat([torch.zeros_like(score), score], 1)


def _logarithms(answer: torch.Tensor) -> torch.Tensor:
    probability = answer.float().reshape(-1, 1).clamp(SMALLEST, 1 - SMALLEST)
    return torch.cat([torch.log1p(-probability), probability.log()], 1)
