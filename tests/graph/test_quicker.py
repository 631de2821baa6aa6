"""What is done in fewer operations answers and learns equally, to the bit; what might not is left as it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from grader.graph.document import Document, dump, parse
from grader.graph.quicker import quicker
from grader.graph.replay import programs
from grader.graph.tensors import read
from grader.sandbox.export import capture
from grader.sandbox.network import Network, Places

CPU = torch.device("cpu")


class Net(nn.Module):
    """A convolution, what the test puts between, and a dense layer."""

    def __init__(self, between: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.between = between
        self.dense = nn.LazyLinear(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Answer with three scores."""
        scores: torch.Tensor = self.dense(self.between(self.norm(self.conv(x))).flatten(1))
        return scores


def described(between: Callable[[torch.Tensor], torch.Tensor]) -> tuple[Document, bytes]:
    """Capture the network."""
    torch.manual_seed(0)
    model = Net(between)
    model(torch.zeros(2, 3, 8, 8))
    found = capture(Network(model, 3), (3, 8, 8), 4, Places({}))
    return parse(dump(found.document)), found.tensors


def learnt(document: Document, blob: bytes) -> list[torch.Tensor]:
    """Return scores in both modes and the gradients of one step, on pictures with zeros and ties."""
    tensors = read(document, blob, CPU)
    train, evaluation = programs(document, tensors, CPU, 4)
    pictures = torch.randint(-2, 3, (4, 3, 8, 8), generator=torch.Generator().manual_seed(1)).float()
    scores = train(pictures)
    functional.cross_entropy(scores, torch.tensor([0, 1, 2, 0])).backward()  # type: ignore[no-untyped-call]
    gradients = [one.grad for one in tensors if one.grad is not None]
    assert len(gradients) == 6
    return [scores.detach(), evaluation(pictures).detach(), *gradients]


def operators(document: Document) -> list[str]:
    """Return what the training graph calls between norm and dense layer."""
    graph = document.graph("train", 4)
    assert graph is not None
    names = [one.operator.split(".")[1] for one in graph.nodes]
    return [one for one in names if "relu" in one or "pool" in one]


SWAPPED = {
    "a module": nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)),
    "in place": nn.Sequential(nn.ReLU(inplace=True), nn.MaxPool2d(2)),
    "overlapping windows": nn.Sequential(nn.ReLU(), nn.MaxPool2d(3, stride=1)),
    "padding and a ceiling": nn.Sequential(nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True)),
    "dilation": nn.Sequential(nn.ReLU(), nn.MaxPool2d(2, dilation=2)),
    "functions": lambda x: functional.max_pool2d(functional.relu(x), 2),
}


@pytest.mark.parametrize("between", SWAPPED.values(), ids=SWAPPED)
def test_a_relu_comes_after_the_pool(between: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Scores in both modes and all gradients are equal to the bit."""
    document, blob = described(between)
    swapped = quicker(document)
    assert [one.rstrip("_") for one in operators(document)] == ["relu", "max_pool2d"]
    assert [one.rstrip("_") for one in operators(swapped)] == ["max_pool2d", "relu"]
    for before, after in zip(learnt(document, blob), learnt(swapped, blob), strict=True):
        assert torch.equal(before, after)


def read_twice(x: torch.Tensor) -> torch.Tensor:
    """Use what the ReLU answers beside the pool as well."""
    positive = functional.relu(x)
    return functional.max_pool2d(positive, 2) + positive[:, :, ::2, ::2]


def changed_and_read(x: torch.Tensor) -> torch.Tensor:
    """Change the maps in place and use them beside the pool."""
    return functional.max_pool2d(x.relu_(), 2) + x[:, :, ::2, ::2]


def a_view_changed(x: torch.Tensor) -> torch.Tensor:
    """Change a view of the maps in place; they are read after it."""
    pooled = functional.max_pool2d(x[:, :2].relu_(), 2)
    return torch.cat([pooled, functional.avg_pool2d(x, 2)], 1)


LEFT = {
    "read twice": read_twice,
    "changed in place and read": changed_and_read,
    "a view changed in place": a_view_changed,
    "another activation": nn.Sequential(nn.LeakyReLU(), nn.MaxPool2d(2)),
    "another pool": nn.Sequential(nn.ReLU(), nn.AvgPool2d(2)),
    "the pool first": nn.Sequential(nn.MaxPool2d(2), nn.ReLU()),
}


@pytest.mark.parametrize("between", LEFT.values(), ids=LEFT)
def test_anything_else_is_left(between: Callable[[torch.Tensor], torch.Tensor]) -> None:
    """Where somebody else sees what the ReLU did, or it is another map, the document stays as it was."""
    document, _ = described(between)
    assert quicker(document) == document
