"""Whatever a network answers with becomes one score for each class, on which cross-entropy is the right loss."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from grader.records import Meaning
from grader.training.scores import scores_of

LABELS = torch.tensor([0, 1, 1, 0, 1, 0])
ANSWER = torch.tensor([-2.0, 1.5, -0.3, 4.0, 0.0, 9.0])


@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_one_score(shape: tuple[int, ...]) -> None:
    """One score above zero stands for the second class, and its loss is binary cross-entropy."""
    scores = scores_of(Meaning.SCORE)(ANSWER.reshape(shape))
    assert scores.shape == (6, 2)
    assert scores.argmax(1).tolist() == [0, 1, 0, 1, 0, 1]
    expected = F.binary_cross_entropy_with_logits(ANSWER, LABELS.float())
    assert F.cross_entropy(scores, LABELS).item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_one_probability(shape: tuple[int, ...]) -> None:
    """A probability has the loss of the score that it was made of, and the same gradient."""
    score = ANSWER.clone().requires_grad_()
    scores = scores_of(Meaning.PROBABILITY)(torch.sigmoid(score).reshape(shape))
    loss = F.cross_entropy(scores, LABELS)
    (gradient,) = torch.autograd.grad(loss, score)
    other = ANSWER.clone().requires_grad_()
    (expected,) = torch.autograd.grad(F.binary_cross_entropy_with_logits(other, LABELS.float()), other)
    assert scores.argmax(1).tolist() == [0, 1, 0, 1, 0, 1]
    assert torch.allclose(gradient, expected, atol=1e-4)


def test_certain_probabilities() -> None:
    """A probability of exactly zero or one gives a large loss, not an infinite one."""
    scores = scores_of(Meaning.PROBABILITY)(torch.tensor([0.0, 1.0]))
    assert torch.isfinite(F.cross_entropy(scores, torch.tensor([1, 0])))


@pytest.mark.parametrize("meaning", [Meaning.LOGITS, Meaning.PROBABILITIES, Meaning.LOG_PROBABILITIES])
def test_rows_stay(meaning: Meaning) -> None:
    """Rows of numbers are left as they are."""
    answer = torch.randn(4, 3)
    assert scores_of(meaning)(answer) is answer
