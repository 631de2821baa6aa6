"""The same trainer on a GPU: it learns as on the processor, and repeats itself to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from grader.data import patterns
from grader.data.store import StoredSplit, store
from grader.graph.document import dump
from grader.records import Meaning
from grader.sandbox.export import capture
from grader.sandbox.network import Network, Places
from grader.training.recipe import Recipe
from grader.training.trainer import Assignment, Trained, run

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.slow,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="gpu: there is no CUDA device"),
]


def network() -> nn.Module:
    """Return a small network with everything that is deterministic on CUDA."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.1), nn.Linear(2048, 10),
    )  # fmt: skip


def trained(data: StoredSplit, device: str) -> Trained:
    """Capture the network and train it for 200 steps."""
    found = capture(Network(network(), 10), (3, 32, 32), 64, Places({}))
    recipe = Recipe(steps=200)
    assignment = Assignment(
        data.train_images, data.train_labels, data.held_out_images, recipe, Meaning.LOGITS, device, memorise=0.0
    )
    return run(dump(found.document), found.tensors, assignment)


def accuracy(one: Trained, data: StoredSplit) -> float:
    """Return the share of held-out pictures that are recognised."""
    return float((one.logits.argmax(1) == np.load(data.held_out_labels)).mean())


def test_gpu_repeats_itself_and_agrees_with_the_processor(tmp_path: Path) -> None:
    """Two trainings on one GPU give the same answers to the bit; the accuracy is the processor's within noise."""
    data = store(patterns.split(1000, 500, 1, 2), tmp_path)
    first, second = trained(data, "cuda"), trained(data, "cuda")
    assert np.array_equal(first.logits, second.logits)
    assert accuracy(first, data) == pytest.approx(accuracy(trained(data, "cpu"), data), abs=0.08)
