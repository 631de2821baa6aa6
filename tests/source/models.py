"""Networks that small programs of the tests are made of, and a way to run what was planned for them."""

from __future__ import annotations

import torch

from grader.source.entry import Hints, Plan, plans
from grader.source.reading.notebook import Cell, Source
from grader.source.statements import compiled

IMPORTS = """
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim
from torch.utils.data import DataLoader
"""
CNN = """
class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(8, 10)
    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).mean((2, 3)))
"""
SMALL = CNN.replace("class CNN", "class Small")
MLP = """
class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3072, 10)
    def forward(self, x):
        return self.fc(x.flatten(1))
"""
SIZED = """
class Net(nn.Module):
    def __init__(self, num_classes, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.fc = nn.Linear(width, num_classes)
    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))
"""
PICTURED = """
class Pictured(nn.Module):
    def __init__(self, c, h, w, k):
        super().__init__()
        self.conv = nn.Conv2d(c, 4, 3, padding=1)
        self.fc = nn.Linear(4 * h * w, k)
    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))
"""
TRAIN = """
def train(model, loader, epochs=1):
    optimizer = optim.Adam(model.parameters())
    for images, labels in loader:
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
"""
HINTS = Hints((3, 32, 32), 10)


def planned(text: str, hints: Hints = HINTS, entry: str | None = None) -> tuple[Plan, ...]:
    """Return the plans for a notebook of one cell."""
    return plans(Source((Cell("net.ipynb", 1, IMPORTS + text),)), entry, hints)


def built(plan: Plan) -> torch.nn.Module:
    """Run a plan as the sandbox does; whatever fails in it fails the test."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for statement in plan.statements:
        exec(compiled(statement), namespace)
    model = eval(plan.expression, namespace)
    assert isinstance(model, torch.nn.Module)
    return model


def answer(model: torch.nn.Module, hints: Hints = HINTS) -> tuple[int, ...]:
    """Return the shape of what a model says to two pictures."""
    with torch.no_grad():
        return tuple(model.eval()(torch.zeros(2, *hints.input_shape)).shape)
