"""From export's graphs to documents: what is put in line, shared, named, and refused with a reason."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from grader.graph.document import Document, DocumentError, dump, parse
from grader.graph.encode import UncapturableError
from grader.graph.replay import programs
from grader.graph.tensors import read
from grader.sandbox.export import Captured, capture
from grader.sandbox.network import Network, Places
from tests.graph.samples import CPU

pytestmark = pytest.mark.filterwarnings("ignore")  # export warns as it likes; the child ignores it too

SHAPE = (3, 8, 8)
Forward = Callable[["Net", torch.Tensor], torch.Tensor]


class Net(nn.Module):
    """A convolution, then whatever a test wants, then five scores."""

    def __init__(self, middle: Forward) -> None:
        """Take the function in the middle, maps (N, 4, 8, 8) to maps."""
        super().__init__()
        self.middle = middle
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.dense = nn.Linear(256, 5)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return scores."""
        maps = self.middle(self, torch.relu(self.conv(pictures)))
        return self.dense(maps.flatten(1))  # type: ignore[no-any-return]


def captured(middle: Forward, prepare: Callable[[Net], object] = lambda net: None) -> tuple[Net, Captured]:
    """Capture a network with `middle` in it."""
    torch.manual_seed(0)
    net = Net(middle)
    prepare(net)
    return net, capture(Network(net, 5), SHAPE, 8, Places({}))


def document(middle: Forward, prepare: Callable[[Net], object] = lambda net: None) -> Document:
    """Capture, and compare the replay's answers with the original's."""
    net, found = captured(middle, prepare)
    described = parse(dump(found.document))
    train, evaluate = programs(described, read(described, found.tensors, CPU), CPU, 8)
    pictures = torch.randn(8, *SHAPE)
    for mode, program in ((True, train), (False, evaluate)):
        net.train(mode)
        torch.manual_seed(1)
        wanted = net(pictures.clone())
        torch.manual_seed(1)
        assert torch.equal(program(pictures.clone()), wanted)
    return described


def operators(described: Document, mode: str = "eval") -> list[str]:
    """Return a graph's operators."""
    graph = described.graph(mode, 8)
    assert graph is not None
    return [node.operator.removeprefix("aten.").removesuffix(".default") for node in graph.nodes]


def test_tensors_are_shared_by_both_modes() -> None:
    """A parameter that both graphs use is in the table once, under the student's name and in its role."""
    found = document(lambda net, x: x, lambda net: net.register_buffer("spare", torch.zeros(2)))
    assert [(one.name, one.role) for one in found.tensors] == [
        ("conv.weight", "parameter"),
        ("conv.bias", "parameter"),
        ("dense.weight", "parameter"),
        ("dense.bias", "parameter"),
        ("spare", "buffer"),
    ]


def test_constants_of_the_two_modes() -> None:
    """Constants that carry one generated name in both modes, and differ, are two."""

    def middle(net: Net, x: torch.Tensor) -> torch.Tensor:
        return (x * torch.tensor(2.0) if net.training else x) + torch.tensor(5.0)

    constants = [one for one in document(middle).tensors if one.role == "constant"]
    assert len(constants) == 3


def test_modes_have_their_own_calls() -> None:
    """Dropout is drawn in training and does nothing in evaluation."""
    found = document(lambda net, x: torch.dropout(x, 0.5, net.training))
    assert found.graph("train", 8) != found.graph("eval", 8)
    for mode, wanted in (("train", True), ("eval", False)):
        graph = found.graph(mode, 8)
        assert graph is not None
        assert [one.arguments[2].value for one in graph.nodes if "dropout" in one.operator] == [wanted]


def test_regions_without_gradients() -> None:
    """A `no_grad` region is put in line, with its inputs detached."""

    def middle(net: Net, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            scale = x.mean((2, 3), keepdim=True)
        return x - scale

    assert operators(document(middle)) == [
        "conv2d",
        "relu",
        "detach",
        "mean.dim",
        "sub.Tensor",
        "flatten.using_ints",
        "linear",
    ]


def test_layers_that_run_twice() -> None:
    """A layer that runs twice goes by one name."""

    def again(net: Net, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(net.conv(net.conv(x[:, :3])[:, :3]))

    graph = document(again).graph("eval", 8)
    assert graph is not None
    assert [node.label for node in graph.nodes if "conv2d" in node.operator] == ["conv"] * 3


def test_results_that_nobody_uses() -> None:
    """An unlisted operator without effects is left out where nothing uses its result."""

    def middle(net: Net, x: torch.Tensor) -> torch.Tensor:
        torch.special.bessel_j0(x)
        return x

    assert "bessel" not in " ".join(operators(document(middle)))


WORKS: dict[str, Forward] = {
    "an equation with dots": lambda net, x: torch.einsum("n...w,kw->n...k", x, torch.eye(8)),
    "an equation with spaces": lambda net, x: torch.einsum("n c h w, n c h w -> n c h w", x, x),
    "infinity": lambda net, x: x.clamp(max=math.inf).masked_fill(x > 1e9, -math.inf),
    "an open slice": lambda net, x: x[:, :, 1:].repeat(1, 1, 2, 1)[:, :, :8],
    "roots and halves of the batch": lambda net, x: (
        x / math.sqrt(x.shape[0]) + math.ceil(x.shape[0] / 3) + math.floor(x.shape[0] / 3)
    ),
    "data": lambda net, x: x.data + x,
    "a word": lambda net, x: nn.functional.gelu(x, approximate="tanh"),
    "padding by a word": lambda net, x: nn.functional.conv2d(x, torch.ones(4, 4, 3, 3), padding="same"),
    "a layout and a device": lambda net, x: x + torch.zeros(1, dtype=x.dtype, layout=x.layout, device=x.device),
    "a dtype": lambda net, x: x.sum(1, keepdim=True, dtype=torch.float64).to(torch.float32) + x,
    "several results": lambda net, x: torch.stack([one * 2 for one in x.unbind(1)], 1),
    "an index": lambda net, x: x[:, [3, 2, 1, 0]],
    "a drawn mask": lambda net, x: x * torch.empty_like(x).bernoulli_(0.5),
    "arithmetic on sizes": lambda net, x: x.view(-1, x.shape[1] * 8 * 8 // 4 % 65, 4).view(x.size(0), 4, 8, 8),
}


@pytest.mark.parametrize("name", WORKS)
def test_what_can_be_captured(name: str) -> None:
    """Words, dtypes, equations, infinities and sizes travel, and replay to the bit in both modes."""
    document(WORKS[name])


REFUSED: dict[str, tuple[Forward, str]] = {
    "a large integer": (lambda net, x: x + 2_000_000, "the number 2000000, larger than 1048576"),
    "an operator that is not listed": (
        lambda net, x: torch.special.bessel_j0(x),
        "the operation aten.special_bessel_j0",
    ),
    "a shape out of data": (lambda net, x: x + torch.nonzero(x).shape[0], "nonzero"),
    "a number out of data": (lambda net, x: x + float(x.sum().item()), "item"),
    "a decision on data": (lambda net, x: x if x.sum() > 0 else -x, "data-dependent"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_captured(name: str) -> None:
    """What a document cannot hold is refused with a word of the reason."""
    middle, reason = REFUSED[name]
    with pytest.raises(UncapturableError, match=reason):
        captured(middle)


TENSORS: dict[str, tuple[torch.Tensor, str]] = {
    "sparse": (torch.eye(8).to_sparse(), "sparse"),
    "of eight bits with a point": (torch.zeros(8, 8).to(torch.float8_e5m2), "a tensor of the type torch.float8_e5m2"),
    "without numbers": (torch.zeros(8, 8, device="meta"), "meta"),
}


@pytest.mark.parametrize("name", TENSORS)
def test_tensors_that_cannot_travel(name: str) -> None:
    """A tensor of a kind that the table does not have is refused with its kind."""
    held, reason = TENSORS[name]
    with pytest.raises(UncapturableError, match=reason):
        captured(lambda net, x: x, lambda net: net.register_buffer("held", held))


def test_a_number_that_is_none() -> None:
    """A nan in the graph is refused when the document is read."""
    _, found = captured(lambda net, x: x.masked_fill(x > 1e9, math.nan))
    with pytest.raises(DocumentError, match="not a number"):
        parse(dump(found.document))
