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
@pytest.mark.parametrize("meaning", [one for one in Meaning if one.is_single])
def test_one_score(meaning: Meaning, shape: tuple[int, ...]) -> None:
    """One score above zero stands for the second class, and its loss is binary cross-entropy."""
    scores = scores_of(meaning)(ANSWER.reshape(shape))
    assert scores.shape == (6, 2)
    assert scores.argmax(1).tolist() == [0, 1, 0, 1, 0, 1]
    expected = F.binary_cross_entropy_with_logits(ANSWER, LABELS.float())
    assert F.cross_entropy(scores, LABELS).item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("meaning", [one for one in Meaning if not one.is_single])
def test_rows_stay(meaning: Meaning) -> None:
    """Rows of numbers are left as they are."""
    answer = torch.randn(4, 3)
    assert scores_of(meaning)(answer) is answer
