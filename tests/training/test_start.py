"""What a network knows before its first step: submitted as it is, or with its weights drawn anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from grader.data import patterns
from grader.data.store import StoredSplit, store
from grader.graph.document import dump
from grader.records import Meaning
from grader.sandbox.export import Captured, capture
from grader.sandbox.network import Network, Places
from grader.training import trainer
from grader.training.recipe import Pictures, Recipe, train
from grader.training.trainer import Assignment, Trained, run

SHAPE = (3, 32, 32)
QUICK = Recipe(steps=5)
CLASSES = 10


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> StoredSplit:
    """Return a few patterns on disk."""
    return store(patterns.split(640, 200, 1, 2), tmp_path_factory.mktemp("data"))


def small() -> nn.Sequential:
    """Return a sound small network with statistics and dropout."""
    return nn.Sequential(
        nn.Conv2d(3, 12, 3), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(4), nn.Dropout(0.1), nn.Flatten(),
        nn.Linear(588, CLASSES),
    )  # fmt: skip


def captured(model: nn.Module) -> Captured:
    """Capture a network as it is."""
    return capture(Network(model, CLASSES), SHAPE, QUICK.batch, Places({}))


@pytest.fixture(scope="module")
def taught(data: StoredSplit) -> nn.Sequential:
    """Return a network that a student trained before handing it in."""
    torch.manual_seed(0)
    model = small()
    images = np.load(data.train_images)
    pictures = Pictures(images, images, torch.device("cpu"), torch.contiguous_format)
    labels = torch.from_numpy(np.load(data.train_labels))
    train(model, list(model.parameters()), pictures, labels, Recipe(steps=120), Meaning.LOGITS)
    return model


def trained(found: Captured, data: StoredSplit, recipe: Recipe = QUICK, *, memorise: float = 0.0) -> Trained:
    """Train what was captured."""
    paths = (data.train_images, data.train_labels, data.held_out_images)
    return run(dump(found.document), found.tensors, Assignment(*paths, recipe, Meaning.LOGITS, "cpu", memorise))


def accuracy(answer: Trained, data: StoredSplit) -> float:
    """Return the held-out accuracy."""
    return float((answer.logits.argmax(1) == np.load(data.held_out_labels)).mean())


def test_a_network_that_was_trained_before(taught: nn.Sequential, data: StoredSplit) -> None:
    """It knows far above chance at the start as it was submitted, and about chance when it is drawn anew."""
    found = captured(taught)
    submitted = trained(found, data).start
    drawn = trained(found, data, replace(QUICK, weights="fresh")).start
    assert submitted.accuracy_at_start == submitted.accuracy_handed_in > 0.5
    assert drawn.accuracy_handed_in == submitted.accuracy_handed_in
    assert drawn.accuracy_at_start < 0.25
    assert (drawn.asked_at_start, drawn.chance_at_start) == (trainer.ASKED, 1 / CLASSES)


def test_a_frozen_backbone(taught: nn.Sequential, data: StoredSplit) -> None:
    """A backbone that was trained before and does not learn any more is drawn anew as well."""
    taught[:2].requires_grad_(requires_grad=False)
    found = captured(taught)
    taught.requires_grad_(requires_grad=True)
    assert [one.trainable for one in found.document.tensors if one.name == "0.weight"] == [False]
    assert trained(found, data).start.accuracy_at_start > 0.5
    assert trained(found, data, replace(QUICK, weights="fresh")).start.accuracy_at_start < 0.25


def test_what_lies_in_buffers_is_found(taught: nn.Sequential, data: StoredSplit) -> None:
    """Weights that hide in buffers are not drawn anew, and the second question shows it."""

    class Hidden(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, one in (*taught.named_parameters(), *taught.named_buffers()):
                self.register_buffer(name.replace(".", "_"), one.detach().clone())
            self.scale = nn.Parameter(torch.ones(CLASSES))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Answer as the network that was taught."""
            state = dict(self.named_buffers())
            x = nn.functional.conv2d(x, state["0_weight"], state["0_bias"])
            mean, spread = (state[f"1_running_{one}"].view(1, -1, 1, 1) for one in ("mean", "var"))
            x = (x - mean) / (spread + 1e-5).sqrt()
            x = (x * state["1_weight"].view(1, -1, 1, 1) + state["1_bias"].view(1, -1, 1, 1)).relu()
            rows = nn.functional.max_pool2d(x, 4).flatten(1)
            return nn.functional.linear(rows, state["6_weight"], state["6_bias"]) * self.scale

    start = trained(captured(Hidden()), data, replace(QUICK, weights="fresh")).start
    assert start.accuracy_at_start > 0.5


@pytest.mark.slow
def test_an_honest_network_loses_nothing(data: StoredSplit) -> None:
    """A network that was not trained before learns about as much from weights that were drawn anew."""
    torch.manual_seed(3)
    found = captured(small())
    recipe = Recipe(steps=120)
    submitted, drawn = trained(found, data, recipe), trained(found, data, replace(recipe, weights="fresh"))
    assert accuracy(submitted, data) > 0.4
    assert abs(accuracy(submitted, data) - accuracy(drawn, data)) < 0.1


def test_drawing_is_repeatable(taught: nn.Sequential, data: StoredSplit) -> None:
    """The same recipe draws the same weights, so the same bits come out; what was handed in plays no part in them."""
    torch.manual_seed(5)
    recipe = replace(QUICK, weights="fresh")
    found, other = captured(taught), captured(small())
    first = trained(found, data, recipe)
    assert first.logits.tobytes() == trained(found, data, recipe).logits.tobytes()
    assert first.logits.tobytes() == trained(other, data, recipe).logits.tobytes()
    assert first.logits.tobytes() != trained(found, data, replace(recipe, seed=1)).logits.tobytes()


class Restless(nn.Module):
    """Change a buffer and draw random numbers in evaluation too."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = nn.Buffer(torch.zeros(3072))
        self.head = nn.Linear(3072, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Remember a little of every batch."""
        rows = nn.functional.dropout(x.flatten(1), 0.3)
        self.seen.mul_(0.9).add_(rows.detach().mean(0), alpha=0.1)
        return self.head(rows - self.seen)  # type: ignore[no-any-return]


@pytest.mark.parametrize("build", [small, Restless])
@pytest.mark.parametrize("memorise", [0.0, 0.9])
def test_asking_moves_no_bit(
    build: Callable[[], nn.Module], memorise: float, data: StoredSplit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Curve and answers are equal to the bit whether the network was asked before or not."""
    monkeypatch.setattr(trainer, "BY_HEART_STEPS", 5)
    torch.manual_seed(0)
    found = captured(build())
    asked = trained(found, data, memorise=memorise)
    monkeypatch.setattr(trainer, "known", lambda *given: 0.0)
    silent = trained(found, data, memorise=memorise)
    assert asked.curve == silent.curve
    assert asked.memorised == silent.memorised
    assert asked.logits.tobytes() == silent.logits.tobytes()


@pytest.mark.parametrize("count", [600, 70, 30, 1])
def test_any_number_of_pictures_is_asked(count: int, tmp_path: Path) -> None:
    """At most 256 pictures are shown, always in full batches, and every one counts once."""
    some = store(patterns.split(max(count, 10), 10, 1, 2), tmp_path)
    images, labels = np.load(some.train_images)[:count], np.load(some.train_labels)[:count]
    np.save(some.train_images, images)
    np.save(some.train_labels, labels)
    torch.manual_seed(0)
    start = trained(captured(nn.Sequential(nn.Flatten(), nn.Linear(3072, CLASSES))), some, Recipe(steps=1)).start
    asked = start.asked_at_start
    assert asked == min(count, 256)
    assert start.accuracy_at_start * asked == pytest.approx(round(start.accuracy_at_start * asked), abs=1e-4)
