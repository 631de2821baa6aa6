"""Operators that ATen lets crash the process are checked on every call, before the kernel runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from grader.graph import hazards, operators
from grader.graph.document import Argument, DocumentError, Graph
from grader.graph.hazards import CHECKS, GATES, MATRICES, HazardError
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


@pytest.mark.parametrize("operator", MATRICES)
@pytest.mark.parametrize("shape", [(2**40, 2**20, 0), (2**20, 2, 0, 0), (2**21, 0, 3)])
def test_matrices_of_nothing(operator: str, shape: tuple[int, ...]) -> None:
    """A batch of 2**40 matrices without numbers, each of which a kernel visits, is refused; a few pass."""
    given = [slot(2)] if operator in ("linalg_solve", "linalg_solve_ex", "linalg_householder_product") else []
    with pytest.raises(HazardError, match="too many of them, and nothing in them"):
        program([node(operator, slot(1), *given)], (torch.zeros(shape), torch.zeros(3, 1)))(SEQUENCES)
    table = (torch.eye(3), torch.zeros(3, 2) if "solve" in operator else torch.zeros(3))
    assert program([node(operator, slot(1), *given)], table)(SEQUENCES) is not None
    small = (torch.zeros(2, 0, 0), torch.zeros(2, 0, 1) if "solve" in operator else torch.zeros(2, 0))
    assert program([node(operator, slot(1), *given)], small)(SEQUENCES) is not None


CIRCULAR = {
    "an edge of nothing": [0, 0, 3, -3],
    "more than is left": [2, -3],
    "more than is left at the other edge": [-3, 2],
    "more than there is": [5, 0],
    "a pad that is alone": [1, 1, 1],
    "more pads than dimensions": [0, 0] * 4,
}


@pytest.mark.parametrize("name", CIRCULAR)
@pytest.mark.parametrize("word", [[], ["circular"]])
def test_circular_pads(name: str, word: list[str]) -> None:
    """A circular pad that repeats more than there is answers with free memory, and is refused."""
    with pytest.raises(HazardError, match="circular pad"):
        program([node("pad" if word else "_pad_circular", slot(0), CIRCULAR[name], *word)])(SEQUENCES)


def test_circular_pads_as_torch_uses_them() -> None:
    """Pads up to the whole picture pass, also negative ones; other modes are not looked at."""
    for pads, size in (([4, 4], 12), ([1, 2], 7), ([-1, 3], 6), ([2, -2], 4)):
        assert program([node("_pad_circular", slot(0), pads)])(SEQUENCES).shape == (2, 3, size)
        assert program([node("pad", slot(0), pads, "circular")])(SEQUENCES).shape == (2, 3, size)
    assert program([node("pad", slot(0), [9, 9], "constant", 0.0)])(SEQUENCES).shape == (2, 3, 22)


@pytest.mark.parametrize(
    ("operator", "given", "count"),
    [
        ("tensor_split.sections", [4097], 4097),
        ("tensor_split.sections", [2**20], 2**20),
        ("chunk", [2**20], 2**20),
        ("unsafe_chunk", [4097], 4097),
        ("split.Tensor", [1], 2**20),
        ("split.Tensor", [0], 2**20),
        ("unsafe_split.Tensor", [255], 4112),
        ("unbind.int", [], 2**20),
        ("unbind.int", [0], 2**20),
    ],
)
def test_too_many_parts(operator: str, given: list[int], count: int) -> None:
    """Parts that hold nothing cost no budget and a hundred bytes each: more than 4,096 of them are refused."""
    parts = program([node(operator, slot(1), *given)], (torch.zeros(2**20, 0),))
    with pytest.raises(HazardError, match=f"{count} parts; at most 4096 are made"):
        parts(SEQUENCES)


def test_parts_as_torch_uses_them() -> None:
    """Parts of a model pass, also where more are asked for than there are, and where the dimension does not exist."""
    for operator, given, count in (
        ("tensor_split.sections", [4], 4),
        ("chunk", [10**6, 1], 3),
        ("unsafe_chunk", [2, -1], 2),
        ("split.Tensor", [2, 1], 2),
        ("unsafe_split.Tensor", [1, 2], 4),
        ("unbind.int", [], 2),
    ):
        assert len(program([node(operator, slot(0), *given)])(SEQUENCES)) == count
    with pytest.raises(IndexError):
        program([node("unbind.int", slot(0), 7)])(SEQUENCES)


@pytest.mark.parametrize("operator", ["mul.out", "div.out"])
def test_nothing_is_resized(operator: str) -> None:
    """A result is never written to a tensor of another shape, which would resize its memory."""
    weight = torch.ones(3)
    with pytest.raises(HazardError, match="another shape"):
        program([node(operator, slot(0), slot(0), slot(1))], (weight,))(SEQUENCES)
    assert weight.untyped_storage().nbytes() == 12
    assert program([node(operator, slot(1), 2.0, slot(1))], (weight,))(SEQUENCES).shape == (3,)


TURNED = {
    "transposed": ("transpose_", [0, 1]),
    "with a dimension more": ("unsqueeze_", [0]),
    "with a dimension less": ("squeeze_", []),
    "with this dimension less": ("squeeze_.dim", [1]),
    "without its gradient": ("detach_", []),
}


@pytest.mark.parametrize("name", TURNED)
def test_the_models_own_tensors_stay_what_they_are(name: str) -> None:
    """A tensor of the table is turned by nobody, not under another name either; a result is."""
    operator, given = TURNED[name]
    table = (torch.rand(3, 1),)
    aliased = node("contiguous", slot(1), Argument("m", 0))
    for nodes in ([node(operator, slot(1), *given)], [aliased, node(operator, slot(2), *given)]):
        with pytest.raises(DocumentError, match="a tensor of the model is turned in place"):
            program(nodes, table)(SEQUENCES)
    assert table[0].shape == (3, 1)
    program([node("mul.Scalar", slot(1), 2.0), node(operator, slot(2), *given)], table)(SEQUENCES)
    assert {f"aten.{one}" if "." in one else f"aten.{one}.default" for one, _ in TURNED.values()} == hazards.TURNING


FACTORIES: dict[str, list[Any]] = {
    "zeros": [[2**20, 2**20]],
    "ones": [[2**20, 2**20]],
    "full": [[2**20, 2**20], 1.0],
    "empty.memory_format": [[2**20, 2**20]],
    "rand": [[2**20, 2**20]],
    "randn": [[2**20, 2**20]],
    "randint": [9, [2**20, 2**20]],
    "randint.low": [1, 9, [2**20, 2**20]],
    "eye": [2**20],
    "eye.m": [2**20, 2**20],
    "arange": [2.0**40],
    "arange.start": [1.0, 2.0**40],
    "arange.start_step": [0.0, 1.0, 2.0**-40],
    "linspace": [0.0, 1.0, slot(2)],
    "scalar_tensor": [1.0],
}


@pytest.mark.parametrize("device", [[], [None], [Argument("d")], [Argument("c")]], ids=["short", "n", "d", "c"])
@pytest.mark.parametrize("operator", FACTORIES)
def test_nothing_is_made_in_a_run_without_values(operator: str, device: list[Any]) -> None:
    """A tensor that is made of nothing lies on the program's device, whatever a document says or leaves out."""
    meta = torch.device("meta")
    given = [*FACTORIES[operator], *([None, None, *device] if device else [])]
    if operator in ("randint", "randint.low") and device:
        given[len(FACTORIES[operator]) :] = [torch.int64, *given[len(FACTORIES[operator]) + 1 :]]
    nodes = (node("size.mul", 2**20, 2**20), node("size.add", slot(1), 0), node(operator, *given))
    made = Program(Graph("eval", None, nodes, 3), (), meta)(torch.empty(2, 3, device=meta))
    assert made.device == meta


def test_every_factory_is_tested_here() -> None:
    """Every operator that takes no tensor and makes one is in the table above."""
    found = {
        name
        for name, one in operators.TABLE.items()
        if not any("Tensor" in str(place.type) for place in one._schema.arguments)
    }
    assert found == {f"aten.{one}" if "." in one else f"aten.{one}.default" for one in FACTORIES}


def test_checks_run_without_values_too() -> None:
    """On meta tensors, where nothing can crash, a hazard is refused all the same."""
    bad = Graph("eval", None, (node("_weight_norm", slot(1), slot(2), 1),), 3)
    meta = torch.device("meta")
    with pytest.raises(HazardError):
        Program(bad, (torch.empty(4, 4, device=meta), torch.empty(1, device=meta)), meta)(
            torch.empty(2, 3, device=meta)
        )


@pytest.mark.parametrize("learning", [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((2, 4, 6, 6), torch.channels_last),
        ((2, 1, 6, 6), torch.channels_last),
        ((2, 4, 1, 1), torch.channels_last),
        ((2, 4, 3, 3, 3), torch.channels_last_3d),
        ((2, 4, 6, 6), torch.contiguous_format),
    ],
)
def test_group_norm_of_pictures(
    shape: tuple[int, ...], layout: torch.memory_format, learning: tuple[bool, bool]
) -> None:
    """A group norm as the first layer trains in every layout; torch's own backward ends the process in channels_last."""
    pictures = torch.rand(shape)
    weight, bias = (torch.rand(shape[1]).requires_grad_(one) for one in learning)
    wanted = [one for one in (weight, bias) if one.requires_grad]
    bound = program([node("group_norm", slot(0), 1, slot(1), slot(2))], (weight, bias))
    found, expected = bound(pictures.to(memory_format=layout)), F.group_norm(pictures, 1, weight, bias)
    assert torch.equal(found, expected)
    if wanted:
        gradients = torch.autograd.grad(found.square().sum(), wanted)
        for one, other in zip(gradients, torch.autograd.grad(expected.square().sum(), wanted), strict=True):
            assert torch.equal(one, other)


def test_group_norm_of_rows() -> None:
    """Vectors and sequences are normalised as they are."""
    for shape in ((2, 4), (2, 4, 6)):
        rows = torch.rand(shape)
        assert torch.equal(program([node("group_norm", slot(0), 2)])(rows), F.group_norm(rows, 2))
    with pytest.raises(IndexError):
        program([node("group_norm", slot(0), 2)])(torch.rand(4))


def test_every_check_is_tested_here() -> None:
    """A new check needs a test: each name of the table appears in this file's cases."""
    tried = {f"aten.{kind}.input" for kind in KINDS}
    tried |= {f"aten.{kind}.default" for kind in ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")}
    tried |= {"aten._weight_norm.default", "aten.scaled_dot_product_attention.default", "aten.index.Tensor"}
    tried |= {"aten.index_put.default", "aten.index_put_.default", "aten.mul.out", "aten.div.out"}
    tried |= {"aten.tensor_split.sections", "aten.chunk.default", "aten.unsafe_chunk.default", "aten.split.Tensor"}
    tried |= {f"aten.{name}.default" for name in MATRICES}
    tried |= {"aten.unsafe_split.Tensor", "aten.unbind.int", "aten._pad_circular.default", "aten.pad.default"}
    assert tried == set(hazards.CHECKS)
    assert set(hazards.SAFER) == {"aten.group_norm.default"}
    assert CPU.type == "cpu"
