"""The fidelity probe: what is measured, and when two measurements disagree."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from grader.graph.fidelity import RAISED, TRIALS, disagreement, measure, noise, seed_everything

SHAPE = (3, 4, 4)


class Net(torch.nn.Module):
    """Scale rows by a weight; `scale` is what the tests change between two measurements."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale
        self.weight = torch.nn.Parameter(torch.ones(48))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.flatten(1) * self.weight * self.scale


def measured(net: Net, sizes: tuple[int, ...] = TRIALS) -> dict[str, Any]:
    """Measure a network in both modes."""

    def train(pictures: torch.Tensor) -> torch.Tensor:
        return net.train()(pictures)  # type: ignore[no-any-return]

    def evaluate(pictures: torch.Tensor) -> torch.Tensor:
        return net.eval()(pictures)  # type: ignore[no-any-return]

    return measure(train, evaluate, [net.weight], SHAPE, 4, sizes)


def test_noise_is_the_same_everywhere() -> None:
    """Noise is a function of its arguments, whatever was drawn before."""
    first = noise(2, SHAPE, 7)
    torch.rand(100)
    assert torch.equal(first, noise(2, SHAPE, 7))
    assert not torch.equal(first, noise(2, SHAPE, 8))
    assert first.shape == (2, *SHAPE)


def test_a_network_agrees_with_itself() -> None:
    """Two measurements of one network are equal, to the bit."""
    net = Net()
    assert measured(net) == measured(net)
    assert disagreement(measured(net), measured(net)) is None


def test_rounding_is_no_disagreement() -> None:
    """Sums that differ in the last bits, as memory layouts make them, agree; a thousandth does not."""
    assert disagreement(measured(Net(1 + 1e-6)), measured(Net())) is None
    assert (
        disagreement(measured(Net(1.001)), measured(Net())) == "training pass 1: the answers differ from the original's"
    )


def test_seeds() -> None:
    """Chance from torch, Python and NumPy repeats from one measurement to the next."""
    import random

    import numpy as np

    drawn = []
    for _ in range(2):
        seed_everything(3)
        drawn.append((torch.rand(1).item(), random.random(), np.random.rand()))  # noqa: NPY002 - the global generator is meant
    assert drawn[0] == drawn[1]


def test_a_network_that_changes_with_every_pass() -> None:
    """State that a replay does not have shows in the second training pass."""

    class Counter(Net):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            self.scale *= 2
            return super().forward(pictures)

    assert (
        disagreement(measured(Counter()), measured(Net(2.0)))
        == "training pass 2: the answers differ from the original's"
    )


def test_gradients_are_compared() -> None:
    """A trick that lives in the backward pass alone is seen by its gradients."""
    hooked = Net()
    hooked.weight.register_hook(lambda gradient: gradient * 3)  # type: ignore[no-untyped-call]
    assert (
        disagreement(measured(hooked), measured(Net())) == "training pass 1: the gradients differ from the original's"
    )


def test_batch_sizes_are_compared() -> None:
    """An answer that differs at one batch size alone is seen."""

    class Alone(Net):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return super().forward(pictures) * (2 if len(pictures) == 1 else 1)

    assert disagreement(measured(Alone()), measured(Net())) == "the answers to 1 picture differ from the original's"


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit, KeyError])
def test_a_network_that_raises(kind: type[BaseException]) -> None:
    """A network that raises at some batch sizes, or while training, agrees with a replay that raises there too."""

    class Raises(Net):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            if self.training or len(pictures) == 1:
                raise kind
            return super().forward(pictures)

    found = measured(Raises())
    assert found["train"] == [[RAISED, RAISED]] * 3
    assert found["eval"]["1"] == RAISED
    assert disagreement(found, measured(Raises())) is None
    assert disagreement(found, measured(Net())) is not None
    assert disagreement(measured(Net()), found) is not None


def test_the_older_checkpoint_can_be_measured() -> None:
    """Gradients are taken by `backward`: the older kind of checkpoint refuses `autograd.grad`."""

    class Checkpointed(Net):
        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            return checkpoint(super().forward, pictures.requires_grad_(), use_reentrant=True)  # type: ignore[no-any-return]

    assert disagreement(measured(Checkpointed(), ()), measured(Net(), ())) is None


def test_measuring_leaves_nothing_behind() -> None:
    """No gradient is left on the weights, and the weights are what they were."""
    net = Net()
    measured(net)
    assert net.weight.grad is None
    assert torch.equal(net.weight, torch.ones(48))


def test_numbers_that_are_none() -> None:
    """Two sums that are no numbers agree; one that is and one that is not do not."""
    broken = measured(Net(math.nan))
    assert disagreement(broken, copy.deepcopy(broken)) is None
    assert disagreement(measured(Net()), broken) is not None


FOUND = measured(Net())

CLAIMS: dict[str, Any] = {
    "nothing": None,
    "a number": 3,
    "a list": [],
    "an empty object": {},
    "no evaluation": {"train": FOUND["train"]},
    "evaluation at other sizes": {**FOUND, "eval": {"9": "0x0.0p+0"}},
    "too few passes": {**FOUND, "train": FOUND["train"][:2]},
    "too many passes": {**FOUND, "train": FOUND["train"] * 2},
    "passes of one sum": {**FOUND, "train": [["0x1p0"]] * 3},
    "passes that are texts": {**FOUND, "train": ["ab"] * 3},
    "numbers for texts": {**FOUND, "train": [[1.0, 2.0]] * 3},
    "words": {**FOUND, "train": [["one", "two"]] * 3},
    "a number too large": {**FOUND, "train": [["0x1p99999"] * 2] * 3},
    "infinity": {**FOUND, "train": [["inf", "inf"]] * 3},
    "not a number": {**FOUND, "train": [["nan", "nan"]] * 3},
    "raised": {**FOUND, "train": [[RAISED, RAISED]] * 3},
    "code": {**FOUND, "train": [["__import__('os')"] * 2] * 3},
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_may_be_anything(name: str) -> None:
    """The child's measurement is a claim: whatever it is, it only raises doubt."""
    assert disagreement(CLAIMS[name], FOUND) is not None
    assert disagreement(FOUND, FOUND) is None
