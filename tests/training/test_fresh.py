"""Weights that are drawn anew: what torch.nn draws for each layer, whatever was handed in."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import pytest
import torch
from torch import nn

from grader.graph import tensors
from grader.graph.document import Document, dump, parse
from grader.sandbox.export import capture
from grader.sandbox.network import Network, Places
from grader.training import fresh
from tests.graph.samples import CNN, CPU, PICTURES, Sketch, blob, values

SHAPE = (3, 32, 32)
TRAINED = 7.0
"""What every weight is before it is drawn anew: nothing that a layer begins with."""


class Everything(nn.Module):
    """One of each kind of layer."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 16, 4, stride=4))
        self.batch = nn.BatchNorm2d(16)
        self.up = nn.ConvTranspose2d(16, 8, 2, groups=2)
        self.layer = nn.LayerNorm(8)
        self.slope = nn.PReLU(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.words = nn.Embedding(81, 8)
        self.gru = nn.GRU(8, 6, batch_first=True, bidirectional=True)
        self.cell = nn.LSTMCell(12, 9)
        self.both = nn.Bilinear(9, 9, 7)
        self.own = nn.Parameter(torch.linspace(-0.3, 0.3, 49).view(7, 7))
        self.scale = nn.Parameter(torch.full((7,), 1.5))
        self.head = nn.Linear(7, 10)
        self.spare = nn.Linear(3, 3)
        self.register_buffer("table", torch.linspace(0, 1, 7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Use all but `spare`."""
        maps = self.up(self.batch(self.lengths(x)))
        rows = self.slope(self.layer(maps.flatten(2).transpose(1, 2)).transpose(1, 2)).transpose(1, 2)
        rows = rows + self.words(torch.arange(81))
        rows = self.gru(self.attention(rows, rows, rows)[0][:, :4])[0][:, -1]  # export unrolls each step
        hidden = self.cell(rows)[0]
        mixed = self.both(hidden, hidden) @ self.own * self.scale + self.table
        return self.head(mixed)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def captured() -> tuple[Document, bytes]:
    """Return a network of everything, all of whose weights are far from where they begin."""
    torch.manual_seed(0)
    model = Everything()
    with torch.no_grad():
        for name, one in (*model.named_parameters(), *model.named_buffers()):
            if name not in ("own", "scale", "table"):
                one.fill_(TRAINED).add_(torch.arange(one.numel()).view_as(one) % 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # export has something to say about recurrent layers
        found = capture(Network(model, 10), SHAPE, 64, Places({}))
    return parse(dump(found.document)), found.tensors


def drawn(captured: tuple[Document, bytes], seed: int = 0) -> dict[str, torch.Tensor]:
    """Draw everything anew; return the tensors by the student's names."""
    document, given = captured
    table = tensors.read(document, given, CPU)
    fresh.draw(document, table, 64, seed)
    return {entry.name: one.detach() for entry, one in zip(document.tensors, table, strict=True)}


BOUNDS = {
    "lengths.parametrizations.weight.original1": 1 / math.sqrt(48),
    "lengths.bias": 1 / math.sqrt(48),
    "up.weight": 1 / math.sqrt(16),
    "up.bias": 1 / math.sqrt(16),
    "attention.in_proj_weight": math.sqrt(6 / 32),
    "attention.out_proj.weight": 1 / math.sqrt(8),
    "gru.weight_ih_l0": 1 / math.sqrt(6),
    "gru.bias_hh_l0_reverse": 1 / math.sqrt(6),
    "cell.weight_hh": 1 / 3,
    "cell.bias_ih": 1 / 3,
    "both.weight": 1 / 3,
    "both.bias": 1 / 3,
    "head.weight": 1 / math.sqrt(7),
    "head.bias": 1 / math.sqrt(7),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_uniform_weights(captured: tuple[Document, bytes], name: str) -> None:
    """Weights and biases fill torch.nn's own bounds, which the module's own first values fill as well."""
    found = drawn(captured)[name]
    torch.manual_seed(1)
    own = dict(Everything().named_parameters())[name]
    for one in (found, own):
        assert one.abs().max() <= BOUNDS[name] * (1 + 1e-6)
        assert one.abs().max() > 0.5 * BOUNDS[name]
    assert len(set(found.flatten().tolist())) > 0.9 * found.numel()


def test_numbers_of_their_own(captured: tuple[Document, bytes]) -> None:
    """Normalisations, their statistics, a PReLU and the biases of attention begin where torch.nn has them begin."""
    found = drawn(captured)
    ones = ("batch.weight", "batch.running_var", "layer.weight")
    zeros = (
        "batch.bias", "batch.running_mean", "batch.num_batches_tracked", "layer.bias", "attention.in_proj_bias",
        "attention.out_proj.bias",
    )  # fmt: skip
    assert all((found[name] == 1).all() for name in ones)
    assert all((found[name] == 0).all() for name in zeros)
    assert (found["slope.weight"] == fresh.SLOPE).all()
    assert found["words.weight"].std() == pytest.approx(1, abs=0.1)


def test_lengths_are_those_of_the_weight(captured: tuple[Document, bytes]) -> None:
    """Weight normalisation begins with the lengths of the directions that were drawn."""
    found = drawn(captured)
    directions = found["lengths.parametrizations.weight.original1"]
    lengths = found["lengths.parametrizations.weight.original0"]
    assert torch.allclose(lengths.flatten(), directions.flatten(1).norm(dim=1))


def test_what_has_no_known_part(captured: tuple[Document, bytes]) -> None:
    """A parameter of the student's own is drawn as spread as it was; one number everywhere stays, and so do buffers."""
    found = drawn(captured)
    handed_in = torch.linspace(-0.3, 0.3, 49).view(7, 7)
    assert abs(torch.corrcoef(torch.stack([found["own"].flatten(), handed_in.flatten()]))[0, 1]) < 0.5
    assert found["own"].std() == pytest.approx(float(handed_in.std()), rel=0.3)
    assert (found["scale"] == 1.5).all()
    assert torch.equal(found["table"], torch.linspace(0, 1, 7))
    assert found["spare.weight"].max() < TRAINED


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_no_number_keeps_a_table_from_being_drawn(odd: float) -> None:
    """A spread that is no number does not save the values around it."""
    sketch = Sketch()
    sketch.call("sub.Tensor", sketch.flat(PICTURES), sketch.tensor("table", 1, 192))
    described = sketch.finish()
    table = values(described)
    with torch.no_grad():
        table[0][0, 0] = odd
    fresh.draw(described, table, 8, 0)
    assert (table[0] == 0).all()


def test_the_same_bits(captured: tuple[Document, bytes]) -> None:
    """Values are a function of graph and seed: twice the same, whatever torch drew before; another seed is another draw."""
    first = drawn(captured)
    torch.rand(3)
    again, other = drawn(captured), drawn(captured, seed=1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_what_torch_itself_would_draw() -> None:
    """From torch's own seed, layers that run in the order in which they are made begin with torch's own bits."""

    def build() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.PReLU(), nn.ConvTranspose2d(8, 4, 2), nn.AdaptiveAvgPool2d(4),
            nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10),
        )  # fmt: skip

    torch.manual_seed(0)
    found = capture(Network(build(), 10), SHAPE, 64, Places({}))
    torch.manual_seed(7)
    own = dict(build().named_parameters())
    anew = drawn((found.document, found.tensors), seed=7)
    assert all(torch.equal(anew[name], one) for name, one in own.items())


def test_names_and_layout_do_not_decide() -> None:
    """Tensors under other names and in another memory format are drawn to the same numbers."""
    renamed = replace(CNN, tensors=tuple(replace(one, name=f"bn.running_mean{n}") for n, one in enumerate(CNN.tensors)))
    plain, last = tensors.read(CNN, blob(CNN), CPU), list(tensors.read(renamed, blob(renamed, 1), CPU))
    last[0] = last[0].detach().to(memory_format=torch.channels_last)
    fresh.draw(CNN, plain, 8, 5)
    fresh.draw(renamed, last, 8, 5)
    assert all(torch.equal(a, b) for a, b in zip(plain, last, strict=True))
    assert last[0].is_contiguous(memory_format=torch.channels_last)


def test_tied_weights_are_drawn_by_their_first_use() -> None:
    """An embedding that is also the last layer's weight is an embedding."""
    sketch = Sketch()
    words = sketch.tensor("words", 192, 192)
    numbers = sketch.call("to.dtype", sketch.call("ge.Scalar", sketch.flat(PICTURES), 0.0), torch.int64)
    found = sketch.call("mean.dim", sketch.call("embedding", words, numbers), [1])
    sketch.call("linear", found, words, None)
    described = sketch.finish()
    table = values(described)
    fresh.draw(described, table, 8, 0)
    assert float(table[0].detach().std()) == pytest.approx(1, abs=0.02)


def test_a_frozen_layer_is_drawn_too() -> None:
    """Whether a weight learns plays no part: a frozen backbone begins anew, and stays frozen."""
    frozen = replace(CNN, tensors=tuple(replace(one, trainable=False) for one in CNN.tensors))
    learns, stands = tensors.read(CNN, blob(CNN), CPU), tensors.read(frozen, blob(frozen), CPU)
    fresh.draw(CNN, learns, 8, 5)
    fresh.draw(frozen, stands, 8, 5)
    assert all(torch.equal(a, b) for a, b in zip(learns, stands, strict=True))
    assert not any(one.requires_grad for one in stands)
