"""How a notebook trains and measures, as far as its text shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from grader.records.outcomes import Where


class Call(StrEnum):
    """A call of a training loop."""

    ZERO = "zero_grad"
    BACKWARD = "backward"
    STEP = "step"


class Loss(StrEnum):
    """A loss function, by its kind."""

    CROSS_ENTROPY = "cross_entropy"
    NLL = "nll"
    SQUARES = "squares"
    BINARY = "binary"
    OTHER = "other"


class Given(StrEnum):
    """What the loop makes of the network's answer before the loss sees it."""

    ANSWER = "answer"
    """Nothing."""
    PROBABILITIES = "probabilities"
    LOGARITHMS = "logarithms"
    SIGMOIDS = "sigmoids"


@dataclass(frozen=True, slots=True)
class TrainingLoop:
    """A loop that calls backward.

    Attributes:
        where: its line.
        order: its calls, in the order in which they are written.
        around: those of the loops around it.
        sometimes: whether some stand under a condition, or belong to several optimisers.
        loss: what it trains with; None when the text does not show it.
        given: what the loss gets.
        numbers: whether labels are class numbers, because nothing in the text makes them anything else.
        shuffled: whether its loader shuffles; None when the text does not show it.
        loader: the line that makes its loader.
        mixed: whether the text mixes the order of the pictures once, before the loop.
        bare: the line of a `zero_grad` without brackets; None when there is none.
    """

    where: Where
    order: tuple[Call, ...] = ()
    around: tuple[Call, ...] = ()
    sometimes: bool = False
    loss: Loss | None = None
    given: Given = Given.ANSWER
    numbers: bool = False
    shuffled: bool | None = None
    loader: Where = field(default_factory=Where)
    mixed: bool = False
    bare: Where | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A place where predictions are compared with labels.

    Attributes:
        where: its line.
        training: whether these are pictures that the network learns from; None when the text does not show it.
        in_loop: whether it stands in a training loop.
        last_batch: whether only the last batch of a loop is counted.
        by_batch_size: whether the count is divided by the batch size.
    """

    where: Where
    training: bool | None = None
    in_loop: bool = False
    last_batch: bool = False
    by_batch_size: bool = False


@dataclass(frozen=True, slots=True)
class UncalledLayer:
    """A layer that a class makes and never mentions again; `name` is the attribute."""

    name: str
    where: Where


@dataclass(frozen=True, slots=True)
class Practice:
    """How a submission trains and measures.

    Attributes:
        loops: its training loops.
        measurements: where predictions are compared with labels.
        evaluates: whether `eval()` or `train(False)` stands anywhere.
        in_forward: lines of a `forward` that make a layer.
        uncalled: layers that are made and never mentioned again.
        scrambled: lines that reshape a picture where its axes were to be turned.
    """

    loops: tuple[TrainingLoop, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    evaluates: bool = False
    in_forward: tuple[Where, ...] = ()
    uncalled: tuple[UncalledLayer, ...] = ()
    scrambled: tuple[Where, ...] = ()
