"""One mode as the twin of the other: the same document as two full captures give, and none where the modes differ."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch import nn
from torch.export import Dim, export

from grader.graph.document import dump
from grader.graph.fidelity import seed_everything
from grader.graph.twins import twin
from grader.sandbox import export as exporting
from grader.sandbox.network import Network, Places
from tests.stress import stress
from tests.zoo import ZOO

DRAWS = {"numpy_noise", "python_coin"}
"""Networks into which export freezes what it drew, and the two ways do not export equally often."""

CAPTURED = sorted(set(ZOO) - DRAWS)
SAMPLE = 8
"""How many networks of the zoo are captured both ways each time."""

Forward = Callable[["Net", torch.Tensor], torch.Tensor]


class Net(nn.Module):
    """A small network that does something in the middle."""

    def __init__(self, middle: Forward) -> None:
        super().__init__()
        self.middle = middle
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.out = nn.Linear(144, 5)
        self.shift, self.other = torch.ones(4, 1, 1), torch.zeros(4, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.out(self.middle(self, self.conv(x)).flatten(1))
        return answer


def twinned(middle: Forward) -> torch.fx.Graph | None:
    """Return the evaluation graph as the twin of the training graph."""
    net, pictures = Net(middle), torch.zeros(4, 3, 8, 8)
    free = export(net.train(), (pictures,), dynamic_shapes=({0: Dim("n")},), strict=False)
    return twin(free, export(net.eval(), (pictures,), strict=False))


TWINS: dict[str, Forward] = {
    "nothing": lambda net, x: x,
    "dropout": lambda net, x: F.dropout(x, 0.3, net.training),
    "another share in each mode": lambda net, x: F.dropout(x, 0.3 if net.training else 0.0),
    "statistics, and a counter of batches": lambda net, x: net.norm(x),
    "a size of the batch": lambda net, x: x.view(x.size(0), -1),
    "arithmetic on it": lambda net, x: x.reshape(x.size(0) * 2, -1).reshape(x.size(0), -1),
    "a constant that both share": lambda net, x: x + net.shift,
}


@pytest.mark.parametrize("name", TWINS)
def test_twins(name: str) -> None:
    """Modes that differ in literals are twins."""
    assert twinned(TWINS[name]) is not None


DIFFERENT: dict[str, Forward] = {
    "a call more in training": lambda net, x: torch.relu(x) if net.training else x,
    "a call more in evaluation": lambda net, x: x if net.training else torch.relu(x),
    "another call": lambda net, x: torch.relu(x) if net.training else torch.sigmoid(x),
    "another whole number": lambda net, x: x.roll(1 if net.training else 2, 2),
    "other arguments": lambda net, x: x * x if net.training else x * net.norm.weight[:, None, None],
    "another order": lambda net, x: (x + 1) - net.shift if net.training else net.shift - (x + 1),
    "a number in the place of a result": lambda net, x: x + (net.shift if net.training else 1.0),
    "a constant of its own": lambda net, x: x + (net.shift if net.training else net.other),
    "a region without gradients": lambda net, x: _without_gradients(x),
    "another answer": lambda net, x: _one_of(x, first=net.training),
}


def _without_gradients(x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        y = torch.relu(x)
    return x + y


def _one_of(x: torch.Tensor, *, first: bool) -> torch.Tensor:
    one, other = torch.relu(x), torch.sigmoid(x)
    return one if first else other


@pytest.mark.parametrize("name", DIFFERENT)
def test_modes_that_differ(name: str) -> None:
    """Whatever else differs is captured the long way."""
    assert twinned(DIFFERENT[name]) is None


def documents(name: str, monkeypatch: pytest.MonkeyPatch) -> list[bytes | str]:
    """Return what comes of a network of the zoo, with twins and without; the reason where nothing does."""
    found: list[bytes | str] = []
    for way in (twin, lambda free, sized: None):
        monkeypatch.setattr(exporting, "twin", way)
        seed_everything(0)
        try:
            network = Network(ZOO[name](), 10)
            captured = exporting.capture(network, (3, 32, 32), 8, Places({}))
        except Exception as error:  # noqa: BLE001 - the zoo holds networks that cannot be captured; both ways say so
            found.append(f"{type(error).__name__}: {error}")
        else:
            found.append(dump(captured.document) + captured.tensors)
    return found


@pytest.mark.parametrize("name", CAPTURED[:: len(CAPTURED) // SAMPLE])
def test_the_same_document(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network is captured to the same bytes either way."""
    one, other = documents(name, monkeypatch)
    assert one == other


@stress
@pytest.mark.parametrize("name", CAPTURED)
def test_the_same_document_for_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is every network of the zoo."""
    test_the_same_document(name, monkeypatch)
