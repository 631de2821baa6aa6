"""Which pixels reach the answer, by graphs written by hand; and weights that begin alike."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from grader.graph.document import dump, parse
from grader.graph.tensors import read
from grader.records import Coverage
from grader.sandbox.export import capture
from grader.sandbox.network import Network, Places
from grader.training.beginnings import same_for_all
from grader.training.coverage import coverage

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # export warns as it likes

SHAPE = (3, 32, 32)


def covered(*layers: nn.Module) -> Coverage | None:
    """Capture a network of these layers and return what it looks at."""
    network = Network(nn.Sequential(*layers), 10)
    captured = capture(network, SHAPE, 8, Places({}))
    document = parse(dump(captured.document))
    return coverage(document, read(document, captured.tensors, torch.device("cpu")), SHAPE, 8)


def test_everything_is_read() -> None:
    """A max-pooling passes one number of four on, and all four count; dead units and a softmax hide nothing."""
    conv = nn.Conv2d(3, 8, 3, padding=1)
    nn.init.constant_(conv.bias if conv.bias is not None else conv.weight, -50.0)
    found = covered(conv, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2048, 10), nn.Softmax(1))
    assert found == Coverage(1024, 1024, channels=3)


def test_jumps_are_counted() -> None:
    """A kernel of 2 that moves 4 reads 16 x 16 of 32 x 32 pixels, and leaves two rows and columns at the end."""
    found = covered(nn.Conv2d(3, 8, 2, stride=4), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10))
    assert found == Coverage(1024, 256, bottom=2, right=2, channels=3)
    assert found is not None
    assert found.unread == pytest.approx(0.75)


def test_floored_rows_are_counted() -> None:
    """32 becomes 15 by a stride of 2, and 7 by a pooling of 2: rows and columns 29 to 31 are never read."""
    found = covered(nn.Conv2d(3, 4, 3, stride=2), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(196, 10))
    assert found == Coverage(1024, 29 * 29, bottom=3, right=3, channels=3)


def test_same_answers() -> None:
    """Rows that agree to the last bit are one answer; a single row is not a comparison."""
    row = torch.tensor([[0.5, -1.0]])
    assert same_for_all(row.repeat(3, 1))
    assert not same_for_all(row)
    assert not same_for_all(torch.cat([row, row + 1e-6]))
