"""The recipe: the same for everybody, and a function of its settings alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import nn

from grader.graph.document import Graph
from grader.graph.replay import Program
from grader.records import Meaning
from grader.sandbox.export import capture
from grader.sandbox.network import Network, Places
from grader.training.recipe import Pictures, Recipe, learning_rate, loss_for, order, predict
from grader.training.trainer import Trainee

CPU = torch.device("cpu")


def test_learning_rate_rises_and_falls() -> None:
    """The rate starts at a 25th, is highest at the end of the warm-up and ends near nothing."""
    recipe = Recipe(steps=500, learning_rate=4e-3, warmup=0.2)
    rates = [learning_rate(recipe, step) for step in range(500)]
    assert rates[0] == pytest.approx(4e-3 / 25)
    assert max(rates) == rates[100] == pytest.approx(4e-3)
    assert rates[-1] < 1e-6
    assert all(a < b for a, b in pairwise(rates[:101]))
    assert all(a > b for a, b in pairwise(rates[100:]))


def test_one_step_needs_no_warm_up() -> None:
    """A recipe of one step does not divide by nothing."""
    assert learning_rate(Recipe(steps=1), 0) > 0


def test_order_is_a_function_of_its_arguments() -> None:
    """Whatever a network draws from torch's own generator, the pictures come in the same order."""
    first = order(100, 16, 20, seed=3)
    torch.manual_seed(99)
    torch.rand(1000)
    assert torch.equal(first, order(100, 16, 20, seed=3))
    assert not torch.equal(first, order(100, 16, 20, seed=4))


def test_every_epoch_shows_every_picture_once() -> None:
    """The first 100 pictures drawn from 100 are a permutation, and so are the next."""
    drawn = order(100, 20, 10, seed=0).flatten().tolist()
    assert sorted(drawn[:100]) == sorted(drawn[100:]) == list(range(100))


def test_losses_agree_on_equal_answers() -> None:
    """Raw scores, their log-probabilities and their probabilities have one loss, so a softmax costs nothing."""
    scores, labels = torch.randn(32, 10, generator=torch.Generator().manual_seed(0)), torch.arange(32) % 10
    raw = loss_for(Meaning.LOGITS)(scores, labels)
    assert loss_for(Meaning.LOG_PROBABILITIES)(scores.log_softmax(1), labels).item() == pytest.approx(
        raw.item(), rel=1e-5
    )
    assert loss_for(Meaning.PROBABILITIES)(scores.softmax(1), labels).item() == pytest.approx(raw.item(), rel=1e-5)


def test_impossible_probability_has_a_finite_loss() -> None:
    """A probability of exactly zero for the right class gives a large loss, not an infinite one."""
    certain = F.one_hot(torch.tensor([0]), 10).float()
    assert torch.isfinite(loss_for(Meaning.PROBABILITIES)(certain, torch.tensor([1])))


def pictures(count: int) -> Pictures:
    """Return pictures whose first pixel is their number."""
    images = np.zeros((count, 1, 2, 2), dtype=np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    return Pictures(images, images, CPU, torch.contiguous_format)


@pytest.mark.parametrize("count", [1, 5, 64, 65, 200])
def test_answers_come_in_the_pictures_own_order(count: int) -> None:
    """Evaluation runs over a shuffled order in full batches, and still returns row n for picture n."""
    shown = pictures(count)
    batches: list[int] = []

    class First(Program):
        def __init__(self) -> None:
            super().__init__(Graph("eval", None, (), 0), (), CPU)

        def __call__(self, batch: torch.Tensor) -> torch.Tensor:
            batches.append(len(batch))
            return batch.flatten(1)

    answers = predict(First(), shown, 64, seed=1)
    assert set(batches) == {64}
    assert answers.shape == (count, 4)
    assert np.array_equal(answers, shown.batch(torch.arange(count)).flatten(1).numpy())


def test_pictures_are_standardised_by_the_training_set() -> None:
    """The training pictures have mean 0 and deviation 1 in each channel."""
    images = np.random.default_rng(0).integers(0, 256, (200, 3, 8, 8), dtype=np.uint8)
    shown = Pictures(images, images, CPU, torch.contiguous_format).batch(torch.arange(200))
    assert shown.mean(dim=(0, 2, 3)).abs().max() < 1e-4
    assert (shown.std(dim=(0, 2, 3)) - 1).abs().max() < 1e-3


def test_bfloat16_only_where_it_is_asked_for() -> None:
    """Under autocast scores come in bfloat16; without it everything stays float32."""
    torch.manual_seed(0)
    found = capture(Network(nn.Sequential(nn.Flatten(), nn.Linear(192, 2)), 2), (3, 8, 8), 8, Places({}))
    for autocast, dtype in (("off", torch.float32), ("bfloat16", torch.bfloat16)):
        recipe = Recipe(batch=8, autocast=autocast)
        trainee = Trainee(found.document, found.tensors, CPU, recipe, torch.contiguous_format, Meaning.LOGITS)
        assert trainee.train(torch.rand(8, 3, 8, 8)).dtype is dtype
        assert trainee.evaluate(torch.rand(8, 3, 8, 8)).dtype is dtype


def test_large_sets_are_standardised_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where float32 would take too much room the pictures stay bytes, and every batch has the same bits."""
    images = np.random.default_rng(0).integers(0, 256, (1100, 3, 6, 5), dtype=np.uint8)
    for layout in (torch.contiguous_format, torch.channels_last):
        ready = Pictures(images, images, CPU, layout)
        monkeypatch.setattr("grader.data.standard.READY_BYTES", 0)
        large = Pictures(images, images, CPU, layout)
        monkeypatch.undo()
        indices = torch.randperm(1100)[:64]
        one, other = ready.batch(indices), large.batch(indices)
        assert torch.equal(one, other)
        assert one.stride() == other.stride()
        assert one.is_contiguous(memory_format=layout)
