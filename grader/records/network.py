"""What replaying a captured network showed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grader.records.outcomes import Where
from grader.records.shapes import Shape
from grader.records.spots import Coverage, Spot, Twice


class Role(StrEnum):
    """What a layer is for, in the course's words."""

    CONV = "conv"
    """A convolution."""
    POOL = "pool"
    """A pooling: maximum, average, adaptive, or a mean over the map."""
    FLATTEN = "flatten"
    """What lays maps out in one row."""
    DENSE = "dense"
    """A dense layer, PyTorch's Linear."""
    ACTIVATION = "activation"
    """Something non-linear between layers, such as a ReLU."""
    NORM = "norm"
    """A normalisation."""
    DROPOUT = "dropout"
    """A dropout."""
    OTHER = "other"
    """Any other operation."""


class Meaning(StrEnum):
    """What the numbers at the end of a network are, read from the graph."""

    LOGITS = "logits"
    """Raw scores, trained with cross-entropy."""
    LOG_PROBABILITIES = "log_probabilities"
    """A log_softmax at the end, trained with the negative log-likelihood."""
    PROBABILITIES = "probabilities"
    """A softmax at the end, trained with the negative log-likelihood of its logarithm."""
    SCORE = "score"
    """One raw score a picture for two classes, above 0 for the second; trained with binary cross-entropy."""
    PROBABILITY = "probability"
    """One number a picture for two classes through a sigmoid: how likely the second is."""
    RELU = "relu"
    """Scores through a ReLU at the end."""
    RELU_SCORE = "relu_score"
    """One score a picture for two classes through a ReLU."""
    SIGMOID = "sigmoid"
    """A sigmoid on the score of each of several classes."""
    TANH = "tanh"
    """Scores through a tanh at the end."""
    TANH_SCORE = "tanh_score"
    """One score a picture for two classes through a tanh."""

    @property
    def is_single(self) -> bool:
        """Tell whether a picture is answered with one number, which tells two classes apart."""
        return self in (Meaning.SCORE, Meaning.PROBABILITY, Meaning.RELU_SCORE, Meaning.TANH_SCORE)

    @property
    def is_looked_through(self) -> bool:
        """Tell whether training and answers take the raw scores that stand before the network's last map.

        That map keeps the order of the scores, or makes ties of them, and takes most of their gradient away.
        """
        plain = (Meaning.LOGITS, Meaning.LOG_PROBABILITIES, Meaning.PROBABILITIES, Meaning.SCORE)
        return self not in plain


@dataclass(frozen=True, slots=True)
class Layer:
    """One operation of the network, as it was replayed.

    Attributes:
        role: what it is for.
        op: the ATen operator's own name, `conv2d`.
        name: the student's name for it (`conv1`, `features.0`), else the operator's name.
        where: the student's line that calls it.
        inputs: shape of its tensor input, without the batch axis.
        outputs: shape of what it returns, without the batch axis.
        settings: kernel_size, stride, padding and so on, as numbers.
        parameters: numbers that it learns; a tensor used by several layers counts at the first.
        flops: multiply-adds times two for one picture, forward.
        on_path: whether it lies on the way from the picture to the scores.
    """

    role: Role
    op: str
    name: str
    where: Where
    inputs: Shape
    outputs: Shape
    settings: dict[str, Any]
    parameters: int
    flops: int
    on_path: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """One batch of seeded noise through the replayed network.

    Attributes:
        batch: pictures in it.
        shape: shape of the answer, batch axis included; None when it raised.
        finite: whether every number of the answer is finite.
        error: what was raised; empty when nothing was.
    """

    batch: int
    shape: Shape | None
    finite: bool
    error: str = ""


UNNAMED = "lifted_tensor_"
"""How export calls tensors that no attribute of the model holds."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A tensor that the model carries besides weights that learn and statistics of normalisation.

    Attributes:
        name: the student's name for it; export's own where it has none.
        shape: its sizes.
        numbers: how many numbers of four bytes it is.
        where: the first line that uses it.
    """

    name: str
    shape: Shape
    numbers: int
    where: Where

    def __str__(self) -> str:
        """Say it as a student would: `table (500 x 3,072; cell 3, line 12)`."""
        sizes = " x ".join(f"{one:,}" for one in self.shape) + (" numbers" if len(self.shape) == 1 else "")
        name = "a tensor without a name" if self.name.startswith(UNNAMED) else self.name
        return f"{name} ({'; '.join(part for part in (sizes, str(self.where)) if part)})"


@dataclass(frozen=True, slots=True)
class Examination:
    """What replaying a captured graph showed; criteria are functions of this record alone.

    Attributes:
        complete: False when only the part before a break was captured.
        layers: the evaluation graph's layers in order of execution (the training graph's where it differs
            are compared in `modes_agree`).
        parameters: trainable numbers, each storage once.
        constants: numbers of four bytes that the model carries besides weights that learn, the weights of frozen
            layers and statistics that the training makes anew.
        flops: for one picture, forward.
        activation_bytes: sum of all results' sizes for one picture, forward.
        over_budget: which budget was exceeded, as a sentence with numbers; empty when none. Nothing was
            allocated then, so `trials`, `gradients` and everything after stay empty.
        trials: evaluation at N = 1, 2, 7.
        meaning: what the outputs are.
        unused: names of parameters that the answer does not depend on.
        frozen: names of parameters with requires_grad off.
        unreached: names of parameters that are used but get no gradient (None or exactly zero).
        unregistered: trainable tensors that are used and are not among the model's parameters (layers in a
            Python list), by their layer's name.
        step: None when one training step worked and changed the weights; else a sentence.
        step_batch_one: None when a training step also works with one picture; else what it raised.
        linear_pairs: pairs of layer names joined without a non-linearity between them.
        pooled_pairs: pairs joined by nothing but a max-pooling.
        repeatable: None when the same picture gets the same answer; else a sentence.
        modes_agree: None when the training and the evaluation graph have the same weighted layers; else a
            sentence.
        fidelity: None when the replay agrees with what the child measured on the original; else a sentence.
        narrowest: (layer name, numbers per picture) at the narrowest point on the path; None when unknown.
        carried: the largest of the tensors that `constants` counts, at most five, the largest first.
        only_batch: the number of pictures for which it was captured, where it was not captured for any number;
            None where it was.
        spots: single calls that stand out.
        coverage: which pixels can change the answer; None when it was not looked at or cannot be told.
        alike: name and value of the weights whose numbers all begin the same.
        twice: layers that are called several times while another of their size is never called.
        one_answer: whether different pictures of noise all got the same answer.
    """

    complete: bool
    layers: tuple[Layer, ...]
    parameters: int
    constants: int
    flops: int
    activation_bytes: int
    over_budget: str = ""
    trials: tuple[Trial, ...] = ()
    meaning: Meaning = Meaning.LOGITS
    unused: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    unregistered: tuple[str, ...] = ()
    step: str | None = None
    step_batch_one: str | None = None
    linear_pairs: tuple[tuple[str, str], ...] = ()
    pooled_pairs: tuple[tuple[str, str], ...] = ()
    repeatable: str | None = None
    modes_agree: str | None = None
    fidelity: str | None = None
    narrowest: tuple[str, int] | None = None
    carried: tuple[Carried, ...] = ()
    only_batch: int | None = None
    spots: tuple[Spot, ...] = ()
    coverage: Coverage | None = None
    alike: tuple[tuple[str, float], ...] = ()
    twice: tuple[Twice, ...] = ()
    one_answer: bool = False
