"""Saved weights: those that were handed in are loaded as weights alone, others are skipped, and it is said."""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import Any

import pytest
import safetensors.torch
import torch

from grader.graph.document import parse
from grader.graph.tensors import read
from grader.sandbox.forked import Zygote
from grader.sandbox.outcome import Done
from grader.sandbox.protocol import Kind
from grader.sandbox.weights import Weights
from tests.sandbox.jobs import ARGUMENTS, LIMITS, capture, submission

CPU = torch.device("cpu")


def said(done: Done) -> list[str]:
    """Return what was said about weights."""
    return [one["message"] for one in done.result()["repairs"] if one["kind"] == "weights"]


ABSENT = {
    "a state": "self.load_state_dict(torch.load('/content/drive/best.pt', map_location='cuda'))",
    "a part of it": "self.conv.load_state_dict(torch.load('best.pt')['conv'], strict=False)",
    "a loop": "new = {}\nfor name, value in torch.load('best.pt')['state'].items(): new[name[7:]] = value\nself.load_state_dict(new)",
    "a filter": "own = self.state_dict(); own.update({k: v for k, v in torch.load('best.pt').items() if k in own}); self.load_state_dict(own)",
    "an epoch": "saved = torch.load('best.pt'); print(f\"epoch {saved['epoch']:03d}\")",
    "an optimiser": "torch.optim.SGD(self.parameters(), lr=0.1).load_state_dict(torch.load('best.pt')['optimizer'])",
    "safetensors": "from safetensors.torch import load_file; self.load_state_dict(load_file('best.pt'))",
}  # fmt: skip


@pytest.mark.parametrize("way", ABSENT)
def test_weights_that_were_not_handed_in(zygote: Zygote, way: str) -> None:
    """A file of weights that is not there is skipped wherever it is loaded, and named once."""
    done = capture(zygote, submission(ABSENT[way]))
    assert done.result()["outcome"] == "captured", done.result()["broke"]
    (message,) = said(done)
    assert "best.pt was not handed in" in message


@pytest.mark.parametrize(
    "load",
    [
        "from torch.hub import load_state_dict_from_url\nself.load_state_dict(load_state_dict_from_url('http://x/w.pth'))",
        "from torch.utils import model_zoo\nself.load_state_dict(model_zoo.load_url('http://x/w.pth', progress=True))",
    ],
)
def test_weights_of_the_internet(zygote: Zygote, load: str) -> None:
    """Nothing is fetched: weights with an address are skipped, and said."""
    done = capture(zygote, submission(load))
    assert done.result()["outcome"] == "captured", done.result()["broke"]
    assert said(done) == ["The weights at http://x/w.pth were skipped: the grader fetches nothing."]


def test_networks_of_the_internet(zygote: Zygote) -> None:
    """A network that `torch.hub` would fetch cannot be made up."""
    init = "self.body = torch.hub.load('pytorch/vision', 'resnet18')"
    broke = capture(zygote, submission(init, "x = self.body(x)")).result()["broke"]
    assert broke["kind"] == "NotHereError"
    assert "resnet18" in broke["message"]
    assert "internet" in broke["message"]


def test_a_number_in_a_file(zygote: Zygote) -> None:
    """A number that only the file holds cannot be made up: the file is named."""
    broke = capture(zygote, submission("self.dense = nn.Linear(torch.load('best.pt')['n'], 5)")).result()["broke"]
    assert (broke["kind"], broke["message"]) == ("FileNotFoundError", "[Errno 2] No such file or directory: 'best.pt'")


def test_wrong_weights_stay_wrong(zygote: Zygote) -> None:
    """Weights that do not fit are the student's mistake, also when they are none."""
    for state in ("{}", "{'other': torch.zeros(1)}"):
        broke = capture(zygote, submission(f"self.load_state_dict({state})")).result()["broke"]
        assert broke["kind"] == "RuntimeError"
        assert "Missing key" in broke["message"]


def test_a_mixin_of_the_hub(zygote: Zygote) -> None:
    """`from_pretrained` of a network of the student's makes it anew, with the settings that it is given."""
    source = """
from torch import nn
from huggingface_hub import PyTorchModelHubMixin
class Net(nn.Module, PyTorchModelHubMixin, library_name="x"):
    def __init__(self, width=4):
        super().__init__()
        self.conv, self.dense = nn.Conv2d(3, width, 3), nn.Linear(900 * width, 5)
    def forward(self, x):
        return self.dense(self.conv(x).flatten(1))
model = Net.from_pretrained("me/net", width=6)
"""
    done = capture(zygote, source)
    assert done.result()["outcome"] == "captured", done.result()["broke"]
    assert dict(rows(done))["conv.bias"] == (6,)
    assert said(done) == ["The weights at me/net were skipped: the grader fetches nothing."]


LIGHTNING = """
import pytorch_lightning as pl
from torch import nn
class Lit(pl.LightningModule):
    def __init__(self, width=4):
        super().__init__()
        self.save_hyperparameters()
        self.conv, self.dense = nn.Conv2d(3, self.hparams.width, 3), nn.Linear(900 * width, 5)
    def forward(self, x):
        return self.dense(self.conv(x).flatten(1))
model = Lit.load_from_checkpoint("last.ckpt")
"""


def test_a_checkpoint_of_lightnings(zygote: Zygote) -> None:
    """A checkpoint that was handed in gives Lightning's settings and weights; another one is skipped, and said."""
    names = {"conv.weight": (6, 3, 3, 3), "conv.bias": (6,), "dense.weight": (5, 5_400), "dense.bias": (5,)}
    weights = {name: torch.full(shape, 3.0) for name, shape in names.items()}
    files = {
        "net.py": LIGHTNING.encode(),
        "last.ckpt": saved({"hyper_parameters": {"width": 6}, "state_dict": weights}),
    }
    done, without = zygote.run("capture", ARGUMENTS, files, LIMITS), capture(zygote, LIGHTNING)
    assert done.result()["outcome"] == without.result()["outcome"] == "captured"
    assert (dict(rows(done))["conv.bias"], dict(rows(without))["conv.bias"]) == ((6,), (4,))
    assert (said(done), len(said(without))) == ([], 1)


def rows(done: Done) -> list[tuple[str, tuple[int, ...]]]:
    """Return the tensors of a captured network by name, with their shapes."""
    document = parse(done.frames[Kind.DOCUMENT])
    return [(one.name, tuple(one.shape)) for one in document.tensors]


def state(value: float) -> dict[str, torch.Tensor]:
    """Return weights for the submission's network, all alike."""
    shapes = {"conv.weight": (4, 3, 3, 3), "conv.bias": (4,), "dense.weight": (5, 256), "dense.bias": (5,)}
    return OrderedDict({name: torch.full(shape, value) for name, shape in shapes.items()})


def saved(value: Any) -> bytes:
    """Return a file of torch's."""
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


HANDED_IN = {
    "a state": ("self.load_state_dict(torch.load('best.pt'))", {"best.pt": saved(state(3.0))}),
    "another machine's folder": ("self.load_state_dict(torch.load('/content/out/best.pt', map_location='cuda:0'))", {"out/best.pt": saved(state(3.0))}),
    "a checkpoint": ("self.load_state_dict(torch.load('best.pt', weights_only=False)['net'])", {"best.pt": saved({"net": state(3.0), "epoch": 4})}),
    "safetensors": ("from safetensors.torch import load_file; self.load_state_dict(load_file('best.safetensors'))", {"best.safetensors": safetensors.torch.save(state(3.0))}),
}  # fmt: skip


@pytest.mark.parametrize("way", HANDED_IN)
def test_weights_that_were_handed_in(zygote: Zygote, way: str) -> None:
    """Weights that lie beside the code are the network's."""
    init, files = HANDED_IN[way]
    done = zygote.run("capture", ARGUMENTS, {"net.py": submission(init).encode(), **files}, LIMITS)
    assert done.result()["outcome"] == "captured", done.result()["broke"]
    assert said(done) == []
    document = parse(done.frames[Kind.DOCUMENT])
    found = read(document, done.frames[Kind.TENSORS], CPU)
    assert all(torch.all(one == 3.0) for one in found)


class Loud:
    """Runs when it is unpickled by anybody who lets it."""

    def __reduce__(self) -> tuple[Any, tuple[str, ...]]:
        """Print."""
        return (print, ("UNPICKLED",))


@pytest.mark.parametrize(
    "load",
    [
        "torch.load('best.pt', weights_only=False)",
        "torch.load('best.pt', pickle_module=__import__('pickle'))",
        "torch.serialization.add_safe_globals([print]); state = torch.load('best.pt')",
    ],
)
def test_a_pickle_of_anything_else(zygote: Zygote, load: str) -> None:
    """A pickle that is not of weights alone does not run, whatever the program asks for; it is skipped, and said."""
    *before, last = load.split("; ")
    init = "\n".join([*before, f"self.load_state_dict({last.removeprefix('state = ')})"])
    files = {"net.py": submission(init).encode(), "best.pt": saved({"net": Loud()})}
    done = zygote.run("capture", ARGUMENTS, files, LIMITS)
    assert done.result()["outcome"] == "captured", done.result()["broke"]
    assert "UNPICKLED" not in done.output
    (message,) = said(done)
    assert "holds more than weights" in message


def test_a_damaged_file(zygote: Zygote) -> None:
    """A file that was cut off is skipped, and said."""
    code = submission("self.load_state_dict(torch.load('best.pt'))").encode()
    done = zygote.run("capture", ARGUMENTS, {"net.py": code, "best.pt": saved(state(3.0))[:500]}, LIMITS)
    assert done.result()["outcome"] == "captured", done.result()["broke"]
    assert "damaged" in said(done)[0]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a/w.pt", b"1"),
        ("./a/w.pt", b"1"),
        ("/elsewhere/b.pt", b"3"),
        ("C:\\work\\b.pt", b"3"),
        ("w.pt", None),
        ("no.pt", None),
    ],
)
def test_which_file(path: str, found: bytes | None) -> None:
    """A file is found by its path, else by its name where that is one file's alone."""
    weights = Weights({"a/w.pt": b"1", "c/w.pt": b"2", "a/b.pt": b"3"}, [])
    assert weights.find(path) == found
