"""Networks that end in a map on their scores learn what they learn without it, however the map is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from grader.data import patterns
from grader.data.store import StoredSplit, store
from grader.graph.document import dump
from grader.records import Meaning
from grader.sandbox.export import Captured, capture, probe
from grader.sandbox.network import Network, Places
from grader.training.examine import Budget, Task, examine
from grader.training.recipe import Recipe
from grader.training.trainer import Assignment, Trained, run

SHAPE = (3, 32, 32)
CLASSES = 4
End = Callable[[torch.Tensor], torch.Tensor]


class Net(nn.Module):
    """A small network with some end."""

    def __init__(self, end: End, scores: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 5, stride=2)
        self.dense = nn.Linear(8 * 9, scores)
        self.end = end

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Answer through the end."""
        x = functional.max_pool2d(functional.relu(self.conv(x)), 4)
        return self.end(self.dense(x.flatten(1)))


def own_result_unused(x: torch.Tensor) -> torch.Tensor:
    """Change the scores in place and answer with them."""
    functional.relu(x, inplace=True)
    return x


ENDS: dict[str, tuple[End, Meaning]] = {
    "nn.ReLU": (nn.ReLU(), Meaning.RELU),
    "nn.ReLU in place": (nn.ReLU(inplace=True), Meaning.RELU),
    "F.relu": (functional.relu, Meaning.RELU),
    "F.relu in place": (own_result_unused, Meaning.RELU),
    "torch.relu": (torch.relu, Meaning.RELU),
    "relu_": (lambda x: x.relu_(), Meaning.RELU),
    "clamp": (lambda x: x.clamp(min=0), Meaning.RELU),
    "torch.clamp_min": (lambda x: torch.clamp_min(x, 0.0), Meaning.RELU),
    "nn.Threshold": (nn.Threshold(0, 0), Meaning.RELU),
    "nn.ReLU and nn.Softmax": (nn.Sequential(nn.ReLU(), nn.Softmax(1)), Meaning.RELU),
    "F.log_softmax of F.relu": (lambda x: functional.log_softmax(functional.relu(x), dim=1), Meaning.RELU),
    "nn.Sigmoid": (nn.Sigmoid(), Meaning.SIGMOID),
    "torch.sigmoid": (torch.sigmoid, Meaning.SIGMOID),
    "F.sigmoid": (functional.sigmoid, Meaning.SIGMOID),
    "sigmoid_": (lambda x: x.sigmoid_(), Meaning.SIGMOID),
    "nn.Tanh": (nn.Tanh(), Meaning.TANH),
    "torch.tanh": (torch.tanh, Meaning.TANH),
}

ONE_SCORE: dict[str, tuple[End, Meaning]] = {
    "nn.ReLU": (nn.ReLU(), Meaning.RELU_SCORE),
    "nn.Sigmoid": (nn.Sigmoid(), Meaning.PROBABILITY),
    "a row of sigmoids": (lambda x: torch.sigmoid(x).squeeze(1), Meaning.PROBABILITY),
    "nn.Tanh": (nn.Tanh(), Meaning.TANH_SCORE),
}


class SigmoidWhileTesting(nn.Module):
    """Training answers with raw scores, for a loss that takes them; evaluation with probabilities."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Answer according to the mode."""
        return x if self.training else torch.sigmoid(x)


def captured(end: End, scores: int = CLASSES) -> tuple[Network, Captured]:
    """Build with a fixed seed and capture."""
    torch.manual_seed(0)
    network = Network(Net(end, scores), max(scores, 2))
    return network, capture(network, SHAPE, 64, Places({}))


def meaning_of(end: End, scores: int = CLASSES) -> Meaning:
    """Return what the examiner finds at the end, of a network whose replay is faithful and whose step works."""
    network, found = captured(end, scores)
    task = Task(SHAPE, max(scores, 2), 64, probe(network, found, SHAPE, 64), Budget())
    examination = examine(dump(found.document), found.tensors, task)
    assert (examination.fidelity, examination.step, examination.unreached) == (None, None, ())
    return examination.meaning


def stored(folder: Path, classes: int) -> StoredSplit:
    """Return 256 patterns to train on and 100 held out, their ten classes thrown together."""
    found = store(patterns.split(256, 100, 1, 2), folder)
    np.save(found.train_labels, np.load(found.train_labels) % classes)
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> StoredSplit:
    """Return patterns of four classes."""
    return stored(tmp_path_factory.mktemp("four"), CLASSES)


@pytest.fixture(scope="module")
def two_classes(tmp_path_factory: pytest.TempPathFactory) -> StoredSplit:
    """Return patterns of two classes."""
    return stored(tmp_path_factory.mktemp("two"), 2)


def trained(
    data: StoredSplit, end: End, meaning: Meaning, scores: int = CLASSES, *, memory_format: str = "channels_last"
) -> Trained:
    """Capture and train for some steps."""
    _, found = captured(end, scores)
    paths = (data.train_images, data.train_labels, data.held_out_images)
    recipe = Recipe(steps=30, memory_format=memory_format)
    return run(dump(found.document), found.tensors, Assignment(*paths, recipe, meaning, "cpu", memorise=0.0))


def same(one: Trained, other: Trained) -> bool:
    """Tell whether two trainings are equal to the bit."""
    return (one.curve, one.start, one.logits.tobytes()) == (other.curve, other.start, other.logits.tobytes())


@pytest.fixture(scope="module")
def plain(data: StoredSplit) -> Trained:
    """Return the training of the network that ends in raw scores."""
    return trained(data, nn.Identity(), Meaning.LOGITS)


@pytest.mark.parametrize("name", ENDS)
def test_an_end_costs_nothing(name: str, data: StoredSplit, plain: Trained) -> None:
    """A network learns the same with a map at its end as without, to the bit, and the examiner says which it is."""
    end, meaning = ENDS[name]
    assert meaning_of(end) is meaning
    assert same(trained(data, end, meaning), plain)


@pytest.mark.parametrize("name", ["nn.ReLU", "sigmoid_"])
def test_an_end_costs_nothing_in_plain_memory(name: str, data: StoredSplit) -> None:
    """The same holds in the contiguous memory format."""
    end, meaning = ENDS[name]
    expected = trained(data, nn.Identity(), Meaning.LOGITS, memory_format="contiguous")
    assert same(trained(data, end, meaning, memory_format="contiguous"), expected)


def test_what_an_end_would_cost(data: StoredSplit, plain: Trained) -> None:
    """Trained as if its end were raw scores, a network that ends in a ReLU answers with zeros and learns something else."""
    through = trained(data, nn.ReLU(), Meaning.LOGITS)
    assert not same(through, plain)
    assert (through.logits >= 0).all()
    assert through.curve[-1].loss > plain.curve[-1].loss


@pytest.mark.parametrize("name", ONE_SCORE)
def test_an_end_of_one_score(name: str, two_classes: StoredSplit) -> None:
    """One score for two classes is trained as what stands before its map, to the bit."""
    end, meaning = ONE_SCORE[name]
    assert meaning_of(end, 1) is meaning
    found = trained(two_classes, end, meaning, 1)
    assert found.logits.shape == (100, 2)
    assert same(found, trained(two_classes, nn.Identity(), Meaning.SCORE, 1))


@pytest.mark.parametrize(("scores", "meaning"), [(CLASSES, Meaning.SIGMOID), (1, Meaning.PROBABILITY)])
def test_a_sigmoid_while_testing(
    scores: int, meaning: Meaning, data: StoredSplit, two_classes: StoredSplit, plain: Trained
) -> None:
    """A sigmoid that only evaluation has is looked through as well: of one score it would make the second class always."""
    assert meaning_of(SigmoidWhileTesting(), scores) is meaning
    chosen = data if scores == CLASSES else two_classes
    found = trained(chosen, SigmoidWhileTesting(), meaning, scores)
    assert same(found, plain if scores == CLASSES else trained(chosen, nn.Identity(), Meaning.SCORE, 1))
    assert len(set(found.logits.argmax(1).tolist())) > 1
