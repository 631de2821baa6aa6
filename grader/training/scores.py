"""Turn what a network answers into one score for each class, whatever it answers with.

The network is asked without the maps that the grader looks through (`grader.graph.ending.as_trained`), so that a
sigmoid, a tanh or a ReLU at its end is not met here.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from grader.records import Meaning

Scores = Callable[[torch.Tensor], torch.Tensor]
"""From answers to scores (N, K)."""


def scores_of(meaning: Meaning) -> Scores:
    """Return what turns answers into scores (N, K), on which cross-entropy is the loss that the meaning asks for.

    One score z a picture becomes (0, z): their softmax is the sigmoid of z, and their cross-entropy the binary one. Any
    other answer is returned as it is.
    """
    return _beside_zero if meaning.is_single else _as_it_is


def _as_it_is(answer: torch.Tensor) -> torch.Tensor:
    return answer


def _beside_zero(answer: torch.Tensor) -> torch.Tensor:
    score = answer.float().reshape(-1, 1)
    return torch.cat([torch.zeros_like(score), score], 1)
