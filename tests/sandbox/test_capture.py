"""The capture job: bytes of a submission in, a captured model out, or the reason why not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from grader.graph.document import Document, parse
from grader.graph.replay import programs
from grader.graph.tensors import read
from grader.sandbox.forked import Zygote
from grader.sandbox.network import Places
from grader.sandbox.outcome import Done
from grader.sandbox.protocol import Kind
from tests.sandbox.jobs import ARGUMENTS, LIMITS, capture, submission

CPU = torch.device("cpu")


def captured(done: Done) -> Document:
    """Return the document of a job that captured a model, whole or up to its break."""
    assert done.stopped is None, done.output
    return parse(done.frames[Kind.DOCUMENT])


def operators(document: Document) -> list[str]:
    """Return the operators of the evaluation graph."""
    graph = document.graph("eval", 8)
    assert graph is not None
    return [node.operator.split(".")[1] for node in graph.nodes]


def repairs(done: Done) -> dict[str, str]:
    """Return what was repaired, by kind."""
    return {one["kind"]: one["message"] for one in done.result()["repairs"]}


def test_a_network(zygote: Zygote) -> None:
    """An ordinary network comes back as a document and tensors that run, with the lines that made it."""
    done = capture(zygote, submission())
    found = done.result()
    document = captured(done)
    assert (found["outcome"], found["model"]["name"], found["notes"]) == ("captured", "Net", [])
    assert operators(document) == ["conv2d", "relu", "max_pool2d", "flatten", "linear"]
    assert document.files == ("net.py",)
    _, evaluate = programs(document, read(document, done.frames[Kind.TENSORS], CPU), CPU, 8)
    assert evaluate(torch.zeros(8, 3, 32, 32)).shape == (8, 5)
    lines = submission().splitlines()
    graph = document.graph("eval", 8)
    assert graph is not None
    assert [lines[node.place[2] - 1].strip() for node in graph.nodes] == [
        "x = self.pool(torch.relu(self.conv(x)))",
        "x = self.pool(torch.relu(self.conv(x)))",
        "x = self.pool(torch.relu(self.conv(x)))",
        "return self.dense(x.flatten(1))",
        "return self.dense(x.flatten(1))",
    ]


def test_the_same_every_time(zygote: Zygote) -> None:
    """The weights are seeded before the model is built: two captures are equal byte by byte."""
    first, second = capture(zygote, submission()), capture(zygote, submission())
    assert first.frames == second.frames


def test_layers_of_a_sequential(zygote: Zygote) -> None:
    """Layers whose call no line makes carry the line where they were made."""
    source = """
from torch import nn
model = nn.Sequential(
    nn.Conv2d(3, 4, 3),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(3600, 5),
)
"""
    graph = captured(capture(zygote, source)).graph("eval", 8)
    assert graph is not None
    assert [node.place for node in graph.nodes] == [(0, 0, 4), (0, 0, 5), (0, 0, 6), (0, 0, 7)]
    assert [node.label for node in graph.nodes] == ["0", "1", "2", "3"]


def test_a_break_in_forward(zygote: Zygote) -> None:
    """What ran before a break is captured; the break names its line, its layer and what the layer received."""
    done = capture(zygote, submission("self.dense = nn.Linear(100, 5)"))
    document, broke = captured(done), done.result()["broke"]
    assert not document.complete
    assert operators(document) == ["conv2d", "relu", "max_pool2d", "flatten"]
    assert (broke["stage"], broke["kind"], broke["layer"]) == ("forward", "RuntimeError", "dense")
    assert broke["inputs"][0] == [7, 256]
    assert broke["source"] == "return self.dense(x.flatten(1))"


def test_a_break_deep_inside(zygote: Zygote) -> None:
    """A break in a module within a module leaves what ran before it, in both."""
    inner = """
class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(5, 6, 3)
    def forward(self, x):
        return self.second(self.first(x))
"""
    done = capture(zygote, submission("self.inner = Inner()", "x = self.inner(torch.tanh(x))", inner))
    assert operators(captured(done)) == ["tanh", "conv2d"]
    assert done.result()["broke"]["layer"] == "inner.second"


def test_a_break_before_anything(zygote: Zygote) -> None:
    """Where nothing ran there is no document."""
    done = capture(zygote, submission(forward="raise ValueError('too early')"))
    assert done.result()["broke"]["message"] == "too early"
    assert Kind.DOCUMENT not in done.frames


def test_a_fixed_batch(zygote: Zygote) -> None:
    """A batch size that is written into the network is captured at that size, whichever it is; the line is told."""
    for size in (8, 32):
        done = capture(zygote, submission(forward=f"x = x.view({size}, 3, 32, 32)"))
        document = captured(done)
        (note,) = done.result()["notes"]
        assert f"works with {size} pictures at a time" in note
        assert f"net.py, line 15, in `x = x.view({size}, 3, 32, 32)`" in note
        assert {graph.batch for graph in document.graphs} == {size}


def test_uncapturable(zygote: Zygote) -> None:
    """What a graph cannot hold is said with the reason, and is nobody's break."""
    found = capture(zygote, submission(forward="if x.sum() > 0: x = x * 2")).result()
    assert found["outcome"] == "uncapturable"
    assert "data-dependent" in found["reason"]
    assert (found["broke"]["stage"], found["broke"]["source"]) == ("capture", "if x.sum() > 0: x = x * 2")


@pytest.mark.parametrize(
    "statement",
    [
        "print(x.mean().item())",
        "print(f'mean {x.mean():.3f}', x.shape, len(x))",
        "import pdb; pdb.set_trace()",
        "breakpoint()",
        "assert x.shape[1:] == (3, 32, 32), 'other pictures'",
        "assert x.max() < 1e6, 'exploded'",
        "self.seen = getattr(self, 'seen', []); self.seen.append(x.mean().item())",
        "x = x.clone(); x[x < 0] = 0",
        "self.features = x",
    ],
)
def test_what_forward_may_do_beside(zygote: Zygote, statement: str) -> None:
    """Prints, breakpoints, assertions, notes and masks are no obstacle, and leave no doubt."""
    done = capture(zygote, submission(forward=statement))
    found = done.result()
    assert (found["outcome"], found["notes"]) == ("captured", []), (found["reason"], found["broke"])
    assert operators(captured(done))[-4:] == ["relu", "max_pool2d", "flatten", "linear"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("if x.mean().item() > 0: x = x * 2", "data-dependent"),
        ("x = x / x.max().item()", "item"),
        ("x = x + x[x.sum(dim=(1, 2, 3)) > 0].sum()", "masked_select"),
        ("x = x + torch.unique(x).sum()", "unique"),
    ],
)
def test_the_line_that_no_graph_holds(zygote: Zygote, statement: str, said: str) -> None:
    """Whatever a graph cannot hold is told with the student's own line."""
    found = capture(zygote, submission(forward=statement)).result()
    assert found["outcome"] == "uncapturable"
    assert said in found["reason"]
    assert (found["broke"]["where"]["line"], found["broke"]["source"]) == (15, statement)


def test_a_batch_normalisation_that_counts(zygote: Zygote) -> None:
    """momentum=None divides by the number of batches seen, which is told by its own name."""
    norm = "self.norm = nn.BatchNorm2d(3, momentum=None)"
    found = capture(zygote, submission(norm, "x = self.norm(x)")).result()
    assert (found["broke"]["kind"], found["broke"]["layer"]) == ("CumulativeStatistics", "norm")


def test_maps_of_one_pixel(zygote: Zygote) -> None:
    """An answer (N, K, 1, 1), as a network without a dense layer gives it, becomes rows, with a repair."""
    convolutional = """
class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3)
    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(self.conv(x), 1)
model = Whole()
"""
    done = capture(zygote, submission() + convolutional)
    assert "(N, 5, 1, 1)" in repairs(done)["return"]
    document = captured(done)
    _, evaluate = programs(document, read(document, done.frames[Kind.TENSORS], CPU), CPU, 8)
    assert evaluate(torch.zeros(8, 3, 32, 32)).shape == (8, 5)


def test_few_pictures_alone(zygote: Zygote) -> None:
    """A network that takes 7 pictures and not the recipe's 8 is captured for 7."""
    done = capture(zygote, submission(forward="assert len(x) < 8"))
    assert {graph.batch for graph in captured(done).graphs if graph.mode == "train"} == {7}
    assert "works with 7 pictures at a time" in done.result()["notes"][0]


def test_layers_made_in_forward_for_one_batch(zygote: Zygote) -> None:
    """Trying other batch sizes by their shapes alone leaves no tensor without values on the model."""
    forward = "self.last = x.mean(0); x = x.view(16, 3, 32, 32)"
    done = capture(zygote, submission(forward=forward))
    assert {graph.batch for graph in captured(done).graphs} == {16}


def test_what_no_handler_catches(zygote: Zygote) -> None:
    """An exception in forward that is no Exception leaves the network for a human; it is no fault of the grader's."""
    found = capture(zygote, submission(forward="raise KeyboardInterrupt('mine')")).result()
    assert (found["outcome"], found["reason"]) == ("uncapturable", "KeyboardInterrupt: mine")


def test_nothing_to_capture(zygote: Zygote) -> None:
    """A submission without a model says so, without running anything."""
    done = capture(zygote, "print('RAN')\n")
    assert done.result()["broke"]["kind"] == "NoModel"
    assert "RAN" not in done.output


@pytest.mark.parametrize(
    "wrapped",
    [
        "torch.compile(Net())",
        "nn.DataParallel(Net())",
        "nn.DataParallel(torch.compile(Net().cuda())).to('cuda:0')",
        "Net",
    ],
)
def test_wrappers(zygote: Zygote, wrapped: str) -> None:
    """Wrappers for several devices or for compilation are taken off, and a class is called."""
    document = captured(capture(zygote, submission() + f"\nmodel = {wrapped}\n", entry="model"))
    assert [one.name for one in document.tensors] == ["conv.weight", "conv.bias", "dense.weight", "dense.bias"]


def test_devices(zygote: Zygote) -> None:
    """A GPU that is not there, named in any of the usual ways, changes nothing."""
    init = "self.device = torch.device('cuda' if True else 'cpu'); self.to(self.device); self.dense.cuda()"
    forward = "x = x.cuda().to('cuda:0').to(self.device) + torch.zeros(1, device='cuda')"
    done = capture(zygote, submission(init, forward))
    assert done.result()["outcome"] == "captured", done.result()["broke"]


@pytest.mark.parametrize(
    "where",
    [
        "nn.Linear(256, 5, device='cuda')",
        "nn.Linear(256, 5).to(device=torch.device('cuda', 0))",
        "nn.Linear(256, 5).to(torch.zeros(1, device='cuda').device)",
    ],
)
def test_devices_while_building(zygote: Zygote, where: str) -> None:
    """A layer may be made on a GPU as well."""
    done = capture(zygote, submission(f"self.dense = {where}"))
    assert done.result()["outcome"] == "captured", done.result()["broke"]


def test_a_missing_package(zygote: Zygote) -> None:
    """A package that is not installed and that the model does without is named, and costs nothing."""
    top = "import nowhere_to_be_found as helper\nfrom also_missing.deep import tool"
    done = capture(zygote, submission("self.helper = helper.Helper(tool)", top=top))
    assert done.result()["outcome"] == "captured", done.result()["broke"]
    assert "nowhere_to_be_found" in repairs(done)["import"]


def test_precision(zygote: Zygote) -> None:
    """Autocast is left out with a note; a model in float64 is cast with a repair."""
    done = capture(zygote, submission(forward="with torch.autocast('cpu'): x = x * 2"))
    assert any("Autocast" in note for note in done.result()["notes"])
    double = capture(zygote, submission("self.double()"))
    assert "cast to float32" in repairs(double)["dtype"]
    assert {one.dtype for one in captured(double).tensors} == {0}


def test_answers(zygote: Zygote) -> None:
    """Among several results the tensor of scores is taken, with a repair."""
    done = capture(
        zygote,
        submission()
        + "\nclass Two(Net):\n    def forward(self, x):\n        return {'features': x, 'scores': super().forward(x)}\nmodel = Two()\n",
    )
    assert "returns a dict" in repairs(done)["return"]
    assert operators(captured(done))[-1] == "linear"


def test_a_statement_that_fails(zygote: Zygote) -> None:
    """A statement that the model does not need is passed over, with a repair."""
    done = capture(zygote, submission() + "\nmodel.dense = torch.load('dense.pt')\n")
    assert done.result()["outcome"] == "captured"
    assert "was left out" in repairs(done)["skipped"]


def test_expanded_and_meta_tensors(zygote: Zygote) -> None:
    """A buffer with the memory of one number is captured; a weight without numbers is refused with the reason."""
    expanded = capture(
        zygote, submission("self.register_buffer('offset', torch.ones(1).expand(3, 1, 1))", "x = x + self.offset")
    )
    assert expanded.result()["outcome"] == "captured"
    meta = capture(zygote, submission("self.conv = nn.Conv2d(3, 4, 3, padding=1, device='meta')"))
    assert meta.result()["outcome"] == "uncapturable"
    assert any(
        word in meta.result()["reason"] for word in ("meta", "Cannot access data pointer")
    )  # until 2.13, since 2.14


def test_hostile_objects(zygote: Zygote) -> None:
    """Parameters, names and modules that lie are a claim like any other: no crash of ours, and a document that can be read."""
    lies: list[str] = [
        "self.parameters = lambda *a, **k: iter(())",
        "self.named_parameters = lambda *a, **k: iter([('x' * 10**6, self.conv.weight)])",
        "self.register_parameter('\\ud800', nn.Parameter(torch.zeros(1)))",
        "self.named_modules = None",
        "type(self).__repr__ = None",
    ]
    for lie in lies:
        done = capture(zygote, submission(lie))
        found: dict[str, Any] = done.result()
        assert done.stopped is None
        assert found["outcome"] in ("captured", "broke", "uncapturable"), (lie, found)
        if Kind.DOCUMENT in done.frames:
            parse(done.frames[Kind.DOCUMENT])


def test_a_notebook(zygote: Zygote) -> None:
    """Cells of a notebook are run as far as the model needs them; places name the cell."""
    cells = [
        "import torch\nfrom torch import nn",
        "!pip install nothing\nraise_nothing = 1",
        submission(),
        "while True: pass",
    ]
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "code", "id": str(n), "metadata": {}, "outputs": [], "execution_count": None, "source": one}
            for n, one in enumerate(cells)
        ],
    }
    done = zygote.run("capture", ARGUMENTS, {"work.ipynb": json.dumps(notebook).encode()}, LIMITS)
    graph = captured(done).graph("eval", 8)
    assert graph is not None
    assert {node.place[1] for node in graph.nodes} == {3}
    assert json.loads(done.frames[Kind.FACTS])["cells"] == 4


def test_places_of_unknown_code() -> None:
    """Code that is not the student's has no place."""
    places = Places({"<net.py>": ("net.py", None)})
    assert places.where("/usr/lib/python3/torch.py", 3).file is None
    assert str(places.where("<net.py>", 3)) == "net.py, line 3"
    assert "<net.py>" in places
    assert places.files == ("net.py",)
