"""How well a network answers: its accuracy, what it is held to, and where it goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class BandPoint:
    """Where the reference's learning curves lie at `step`: their mean loss, and two deviations below and above.

    Attributes:
        step: counted from 1.
        low: mean less two deviations.
        mean: of the seeds.
        high: mean and two deviations.
    """

    step: int
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference solution under the same recipe: accuracies of its seeds, their mean and deviation.

    Attributes:
        accuracies: one for each seed.
        mean: of these.
        deviation: of these, from one training to the next.
    """

    accuracies: tuple[float, ...]
    mean: float
    deviation: float
    target: float
    """mean minus two deviations: the accuracy that earns full points."""
    curve: tuple[BandPoint, ...] = ()
    """Where the losses of its seeds lie; empty where they were not kept."""
    hardware: dict[str, Any] = field(default_factory=dict)
    """The fingerprint of what it was trained on."""


@dataclass(frozen=True, slots=True)
class SeedScore:
    """One of several trainings of the same network: its seed and the accuracy that it came to.

    Attributes:
        seed: of the training.
        accuracy: on the held-out pictures.
    """

    seed: int
    accuracy: float


@dataclass(frozen=True, slots=True)
class Recall:
    """One class: how many of its `n` held-out pictures were given its name.

    Attributes:
        name: of the class.
        right: of its pictures, so many were recognised.
        n: held-out pictures of the class.
    """

    name: str
    right: int
    n: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """So many (`count`) of the `n` pictures of class `name` were called `answer`.

    Attributes:
        name: the class that the pictures are of.
        answer: the class that was answered.
        count: pictures of which that holds.
        n: held-out pictures of the class.
    """

    name: str
    answer: str
    count: int
    n: int


@dataclass(frozen=True, slots=True)
class Paired:
    """The network and the reference on the same pictures.

    Attributes:
        alone: pictures that the network has right and the reference has wrong.
        reference_alone: the other way round.
        p: of McNemar's exact test, two-sided: how likely so uneven a split is if neither is better.
    """

    alone: int
    reference_alone: int
    p: float


@dataclass(frozen=True, slots=True)
class Score:
    """Held-out accuracy with its 95 % Wilson interval; of several trainings, that of the median one.

    Attributes:
        accuracy: share of the held-out pictures that were answered rightly.
        interval: the 95 % Wilson interval.
        n: held-out pictures.
        reference: what it is held to; None where the rubric asks for no accuracy.
    """

    accuracy: float
    interval: tuple[float, float]
    n: int
    reference: Reference | None
    seeds: tuple[SeedScore, ...] = ()
    """All trainings, in the order of their seeds; the one whose seed the training's is counts."""
    classes: tuple[Recall, ...] = ()
    """Every class, in the order of the labels."""
    confused: tuple[Confusion, ...] = ()
    """The pairs of classes that are confused most, at most three, the worst first."""
    against: Paired | None = None
    """How it compares with the reference's median training; None where that one's answers are not known."""
