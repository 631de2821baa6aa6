"""The trainer and the examiner on networks captured here, without a sandbox."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from grader.data import patterns
from grader.data.sampling import sample
from grader.data.store import StoredSplit, store
from grader.graph.document import Document, dump, parse
from grader.records import Examination, Meaning
from grader.sandbox.export import Captured, capture, probe
from grader.sandbox.network import Network, Places
from grader.training import trainer
from grader.training.examine import Budget, Task, examine
from grader.training.recipe import Recipe
from grader.training.trainer import Assignment, Trained, memory_format, run

SHAPE = (3, 32, 32)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> StoredSplit:
    """Return a few patterns on disk."""
    return store(patterns.split(320, 100, 1, 2), tmp_path_factory.mktemp("data"))


def captured(build: Callable[[], nn.Module]) -> tuple[Network, Captured]:
    """Build with a fixed seed and capture."""
    torch.manual_seed(0)
    network = Network(build(), 10)
    return network, capture(network, SHAPE, 64, Places({}))


def trained(build: Callable[[], nn.Module], data: StoredSplit, *, memorise: float = 0.0) -> Trained:
    """Capture and train for a few steps."""
    _, found = captured(build)
    paths = (data.train_images, data.train_labels, data.held_out_images)
    assignment = Assignment(*paths, Recipe(steps=10), Meaning.LOGITS, "cpu", memorise)
    return run(dump(found.document), found.tensors, assignment)


def examined(build: Callable[[], nn.Module], budget: Budget | None = None) -> Examination:
    """Capture, measure and examine."""
    network, found = captured(build)
    task = Task(SHAPE, 10, 64, probe(network, found, SHAPE, 64), budget or Budget())
    return examine(dump(found.document), found.tensors, task)


def small() -> nn.Module:
    """Return a sound small network."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(4), nn.Dropout(0.2), nn.Flatten(), nn.Linear(392, 10)
    )  # fmt: skip


class Unusual(nn.Module):
    """A layer that is never called, one in a list, one frozen, one behind a detach."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Conv2d(3, 8, 3)
        self.frozen.requires_grad_(requires_grad=False)
        self.listed = [nn.Conv2d(8, 8, 3)]
        self.cut = nn.Conv2d(8, 8, 3)
        self.head = nn.Linear(8, 10)
        self.spare = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Use all but `spare`."""
        x = self.listed[0](self.frozen(x).relu()).relu()
        x = self.cut(x).relu().amax((2, 3)).detach()
        return self.head(x)  # type: ignore[no-any-return]


def test_same_document_twice_gives_the_same_bits(data: StoredSplit) -> None:
    """Two trainings of one document end in the same answers, dropout included."""
    assert np.array_equal(trained(small, data).logits, trained(small, data).logits)


@pytest.mark.slow
def test_learns_by_heart(data: StoredSplit) -> None:
    """A small network learns 64 pictures by heart; one with a bottleneck of one number cannot."""

    def narrow() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(3072, 1), nn.ReLU(), nn.Linear(1, 10))

    known = trained(small, data, memorise=0.9).memorised
    hardly = trained(narrow, data, memorise=0.9).memorised
    assert known is not None
    assert hardly is not None
    assert known >= 0.9 > hardly


def test_what_training_taught_is_not_learnt_again(data: StoredSplit, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trained network that knows enough of the pictures is not trained on them alone, and no bit is another."""
    plain = trained(small, data)
    monkeypatch.setattr(torch.optim, "Adam", lambda *_, **__: pytest.fail("it knew enough"))
    found = trained(small, data, memorise=0.05)
    assert found.memorised is not None
    assert found.memorised >= 0.05
    assert found.logits.tobytes() == plain.logits.tobytes()


class Mutating(nn.Module):
    """Change a tensor through a view of it."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3072, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Double the picture through a flat view, then use the picture itself."""
        x = x * 1.0
        x.view(x.shape[0], -1).mul_(2.0)
        return self.head(x.flatten(1))  # type: ignore[no-any-return]


@pytest.mark.parametrize(("build", "expected"), [(small, torch.channels_last), (Mutating, torch.contiguous_format)])
def test_channels_last_only_where_no_view_is_changed(
    build: Callable[[], nn.Module], expected: torch.memory_format
) -> None:
    """The memory format depends on graph and recipe alone: contiguous where memory is changed through a view."""
    document: Document = parse(dump(captured(build)[1].document))
    assert memory_format(document, Recipe()) is expected


def test_examiner_names_what_does_not_learn() -> None:
    """Unused, frozen, unregistered and unreached weights are told apart, each by its own name."""
    found = examined(Unusual)
    assert set(found.unused) == {"spare.weight", "spare.bias"}
    assert set(found.frozen) == {"frozen.weight", "frozen.bias"}
    assert len(found.unregistered) == 1
    assert set(found.unreached) == {"cut.weight", "cut.bias"}


def test_sound_network_has_nothing_to_say() -> None:
    """A sound network passes every experiment, and the replay is faithful."""
    found = examined(small)
    assert (found.step, found.repeatable, found.fidelity, found.modes_agree) == (None, None, None, None)
    assert (found.unused, found.frozen, found.unreached, found.unregistered) == ((), (), (), ())
    assert [one.shape for one in found.trials] == [(1, 10), (2, 10), (7, 10)]
    assert found.parameters == sum(one.numel() for one in small().parameters())


def test_random_answers_are_found() -> None:
    """Dropout that stays on in evaluation gives other answers the second time."""

    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(3072, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return nn.functional.dropout(self.head(x.flatten(1)), 0.5)

    assert examined(Noisy).repeatable == "the same pictures get other answers the second time"


def test_over_budget_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    """A network over its budget gets no trial, and the sentence names the layer that costs most."""
    found = examined(small, Budget(parameters=1000))
    assert "3,930 of them in 5" in found.over_budget
    assert found.trials == ()


def test_a_few_training_pictures_are_answered_last(data: StoredSplit, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers to the held-out pictures are what they are without that, to the bit; chances are between 0 and 1."""
    found = trained(small, data)
    assert [one.position for one in found.samples] == list(sample(np.load(data.train_labels)))
    assert all(one.answer in range(10) and 0 <= (one.probability or 0) <= 1 for one in found.samples)
    monkeypatch.setattr(trainer, "sampled", lambda *_: ())
    without = trained(small, data)
    assert without.samples == ()
    assert np.array_equal(found.logits, without.logits)
    assert found.curve == without.curve


def test_a_network_that_cannot_decide_has_no_answer() -> None:
    """Ties and numbers that are not finite are no class; a softmax at the end is read as it is."""
    scores = {0: [1.0, 1.0, 0.0], 1: [math.nan, 0.0, 1.0], 2: [0.2, 0.7, 0.1]}
    pictures = SimpleNamespace(batch=lambda indices: indices)
    trainee = SimpleNamespace(evaluate=lambda indices: torch.tensor([scores[int(one)] for one in indices]))
    labels = torch.tensor([0, 1, 2])
    found = trainer.sampled(trainee, pictures, labels, Recipe(batch=2), Meaning.PROBABILITIES)  # type: ignore[arg-type]
    assert [(one.position, one.answer) for one in found] == [(0, None), (1, None), (2, 1)]
    assert found[2].probability == pytest.approx(0.7)
