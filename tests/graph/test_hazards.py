"""Operators that ATen lets crash the process are checked on every call, before the kernel runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from grader.graph import hazards
from grader.graph.document import Graph
from grader.graph.hazards import CHECKS, GATES, HazardError
from grader.graph.replay import Program
from tests.graph.samples import CPU, node, program, slot

Weights = list[torch.Tensor]


def weights(kind: str, inputs: int = 4, hidden: int = 5) -> Weights:
    """Return the weights of one recurrent layer."""
    rows = GATES[kind] * hidden
    return [torch.rand(rows, inputs), torch.rand(rows, hidden), torch.rand(rows), torch.rand(rows)]


def state(kind: str, batch: int = 2, hidden: int = 5, layers: int = 1) -> Any:
    """Return the first state of a recurrent layer."""
    one = torch.zeros(layers, batch, hidden)
    return [one, one] if kind == "lstm" else one


SEQUENCES = torch.rand(2, 3, 4)
KINDS = tuple(GATES)


def recurrent(
    kind: str,
    given: Weights,
    first: Any,
    x: torch.Tensor = SEQUENCES,
    *,
    biased: bool = True,
    layers: int = 1,
    both: bool = False,
) -> Any:
    """Replay one recurrent layer over sequences (2, 3, 4)."""
    states = first if isinstance(first, list) else [first]
    table = [x, *states, *given]
    references = [slot(1 + index) for index in range(len(table))]
    start = references[1 : 1 + len(states)] if kind == "lstm" else references[1]
    call = node(f"{kind}.input", slot(1), start, references[1 + len(states) :], biased, layers, 0.0, True, both, True)
    return program([call], table)(x)


@pytest.mark.parametrize("kind", KINDS)
def test_recurrent_layers_run(kind: str) -> None:
    """A recurrent layer as torch.nn builds it passes."""
    assert recurrent(kind, weights(kind), state(kind))[0].shape == (2, 3, 5)
    unbiased = recurrent(kind, weights(kind)[:2], state(kind), biased=False)
    assert unbiased[0].shape == (2, 3, 5)
    both = recurrent(kind, weights(kind) + weights(kind), state(kind, layers=2), both=True)
    assert both[0].shape == (2, 3, 10)
    deep = recurrent(kind, weights(kind) + weights(kind, inputs=5), state(kind, layers=2), layers=2)
    assert deep[0].shape == (2, 3, 5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("index", range(4))
def test_undersized_weights(kind: str, index: int) -> None:
    """A weight that is too small, with which the kernel reads beyond it, is refused."""
    small = weights(kind)
    small[index] = torch.rand(1) if small[index].dim() == 1 else torch.rand(1, 1)
    with pytest.raises(HazardError, match="a weight of the wrong shape"):
        recurrent(kind, small, state(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_weights(kind: str) -> None:
    """Weights are counted: none, too few for the layers, and far too many layers are refused."""
    for given, layers in (([], 1), (weights(kind), 2), (weights(kind), 16), (weights(kind)[:2], 1)):
        with pytest.raises(HazardError):
            recurrent(kind, given, state(kind, layers=layers), layers=layers)
    for layers in (0, -1, 17, 10**6):
        with pytest.raises(HazardError, match="not a batch of sequences"):
            recurrent(kind, weights(kind), state(kind), layers=layers)


def test_states_of_another_batch() -> None:
    """States of another batch than the sequences, with which the LSTM's kernel crashes, are refused."""
    one, many = torch.zeros(1, 1, 5), torch.zeros(1, 7, 5)
    two = torch.zeros(1, 2, 5)
    for first in ([two, one], [many, many], [two, torch.zeros(1, 2, 500)], [two, torch.zeros(2, 2, 5)]):
        with pytest.raises(HazardError, match="a state of the wrong shape"):
            recurrent("lstm", weights("lstm"), first)
    with pytest.raises(HazardError):
        recurrent("lstm", weights("lstm"), [torch.zeros(()), torch.zeros(())])
    with pytest.raises(HazardError):
        recurrent("lstm", weights("lstm"), [])
    with pytest.raises(HazardError, match="not a batch of sequences"):
        recurrent("gru", weights("gru"), torch.zeros(1, 2, 5), torch.rand(3, 4))


@pytest.mark.parametrize(
    ("kind", "gates"), [("lstm_cell", 4), ("gru_cell", 3), ("rnn_tanh_cell", 1), ("rnn_relu_cell", 1)]
)
def test_recurrent_cells(kind: str, gates: int) -> None:
    """A cell takes vectors, its one or two states and weights of their shapes, and nothing else."""
    check = CHECKS[f"aten.{kind}.default"]
    x, hidden = torch.rand(2, 4), torch.rand(2, 5)
    states: Any = [hidden, hidden] if kind == "lstm_cell" else hidden
    good = [torch.rand(gates * 5, 4), torch.rand(gates * 5, 5), torch.rand(gates * 5), torch.rand(gates * 5)]
    check(x, states, *good)
    check(x, states, *good[:2], None, None)
    for index in range(4):
        bad = list(good)
        bad[index] = torch.rand(1)
        with pytest.raises(HazardError):
            check(x, states, *bad)
    for wrong in ([], [hidden] * 3, torch.rand(5), [torch.rand(5)]):
        with pytest.raises(HazardError):
            check(x, wrong, *good)


@pytest.mark.parametrize(
    ("direction", "magnitude", "dim"),
    [
        ((4, 4), (1, 1), 0),
        ((4, 4000), (1, 1), 1),
        ((4, 4), (4, 1), 5),
        ((4, 4), (4, 1), -1),
        ((), (), 0),
        ((4, 4), (4,), 0),
        ((0,), (0,), 0),
        ((0, 3), (0, 1), 0),
    ],
)
def test_weight_norm(direction: tuple[int, ...], magnitude: tuple[int, ...], dim: int) -> None:
    """`_weight_norm` with a magnitude that does not fit is refused; it would write beyond it."""
    tensors = (torch.rand(direction), torch.rand(magnitude))
    with pytest.raises(HazardError, match="does not fit"):
        program([node("_weight_norm", slot(1), slot(2), dim)], tensors)(SEQUENCES)


def test_weight_norm_as_torch_uses_it() -> None:
    """The magnitude that torch makes passes, by either dimension."""
    for dim, shape in ((0, (4, 1)), (1, (1, 3))):
        tensors = (torch.rand(4, 3), torch.rand(shape))
        assert program([node("_weight_norm", slot(1), slot(2), dim)], tensors)(SEQUENCES).shape == (4, 3)


HEADS = {
    "no heads": ((2, 0, 4, 8),) * 3,
    "no places": ((2, 2, 0, 8),) * 3,
    "no numbers": ((2, 2, 4, 0),) * 3,
    "vectors": ((4, 8),) * 3,
    "another rank": ((2, 2, 4, 8), (2, 4, 8), (2, 4, 8)),
    "another number of heads": ((2, 4, 4, 8), (2, 2, 4, 8), (2, 2, 4, 8)),
    "values of another length": ((2, 2, 4, 8), (2, 2, 4, 8), (2, 2, 3, 8)),
    "keys of another width": ((2, 2, 4, 8), (2, 2, 4, 7), (2, 2, 4, 8)),
}


@pytest.mark.parametrize("name", HEADS)
def test_attention(name: str) -> None:
    """Attention over nothing divides by zero in the kernel, and is refused; so are heads that do not belong together."""
    tensors = tuple(torch.rand(shape) for shape in HEADS[name])
    with pytest.raises(HazardError, match="attention"):
        program([node("scaled_dot_product_attention", slot(1), slot(2), slot(3))], tensors)(SEQUENCES)


def test_grouped_heads_are_refused() -> None:
    """Grouped heads divide by the number of keys' heads, and are refused."""
    tensors = (torch.rand(2, 2, 4, 8),) * 3
    grouped = node("scaled_dot_product_attention", slot(1), slot(2), slot(3), None, 0.0, False, None, True)
    with pytest.raises(HazardError, match="grouped heads"):
        program([grouped], tensors)(SEQUENCES)
    plain = node("scaled_dot_product_attention", slot(1), slot(2), slot(3))
    assert program([plain], tensors)(SEQUENCES).shape == (2, 2, 4, 8)


@pytest.mark.parametrize("operator", ["index.Tensor", "index_put", "index_put_"])
def test_a_mask_as_an_index(operator: str) -> None:
    """A mask makes the result's shape depend on the data, and is refused; numbers are fine."""
    value = [slot(2)] if operator != "index.Tensor" else []
    for mask, fine in (
        (torch.tensor([True, False]), False),
        (torch.tensor([1, 0], dtype=torch.uint8), False),
        (torch.tensor([1, 0]), True),
    ):
        tensors = (mask, torch.zeros(()))
        bound = program([node("clone", slot(0)), node(operator, slot(3), [slot(1)], *value)], tensors)
        if fine:
            assert bound(SEQUENCES).shape == (2, 3, 4)
        else:
            with pytest.raises(HazardError, match="a mask makes the shape depend on the data"):
                bound(SEQUENCES)


@pytest.mark.parametrize("operator", ["mul.out", "div.out"])
def test_nothing_is_resized(operator: str) -> None:
    """A result is never written to a tensor of another shape, which would resize its memory."""
    weight = torch.ones(3)
    with pytest.raises(HazardError, match="another shape"):
        program([node(operator, slot(0), slot(0), slot(1))], (weight,))(SEQUENCES)
    assert weight.untyped_storage().nbytes() == 12
    assert program([node(operator, slot(1), 2.0, slot(1))], (weight,))(SEQUENCES).shape == (3,)


def test_checks_run_without_values_too() -> None:
    """On meta tensors, where nothing can crash, a hazard is refused all the same."""
    bad = Graph("eval", None, (node("_weight_norm", slot(1), slot(2), 1),), 3)
    meta = torch.device("meta")
    with pytest.raises(HazardError):
        Program(bad, (torch.empty(4, 4, device=meta), torch.empty(1, device=meta)), meta)(
            torch.empty(2, 3, device=meta)
        )


def test_every_check_is_tested_here() -> None:
    """A new check needs a test: each name of the table appears in this file's cases."""
    tried = {f"aten.{kind}.input" for kind in KINDS}
    tried |= {f"aten.{kind}.default" for kind in ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")}
    tried |= {"aten._weight_norm.default", "aten.scaled_dot_product_attention.default", "aten.index.Tensor"}
    tried |= {"aten.index_put.default", "aten.index_put_.default", "aten.mul.out", "aten.div.out"}
    assert tried == set(hazards.CHECKS)
    assert CPU.type == "cpu"
