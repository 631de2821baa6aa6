"""What a captured graph is examined for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grader.records import Shape


@dataclass(frozen=True, slots=True)
class Budget:
    """What a network may cost.

    Attributes:
        parameters: trainable numbers.
        flops: for one picture, forward.
        activation_megabytes: results of one picture, forward, together.
        constants: numbers of four bytes besides weights and statistics.
    """

    parameters: int = 50_000_000
    flops: int = 1_500_000_000
    activation_megabytes: float = 64.0
    constants: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Task:
    """What to examine a graph for.

    Attributes:
        shape: of one picture, (C, H, W).
        classes: how many scores a picture gets.
        batch: the recipe's batch size.
        probe: what the child measured on the original; None when it measured nothing.
        budget: what the network may cost.
    """

    shape: Shape
    classes: int
    batch: int
    probe: Any
    budget: Budget
