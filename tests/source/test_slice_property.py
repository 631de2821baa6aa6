"""Executing the slice gives the model that executing everything gives: the same graph and the same seeded weights.

The examples of the repository go through the capture job twice, with every statement of every cell and with the slice;
random programs are executed twice here. `make test` takes a few of both, GRADER_STRESS=1 all.

The catch is the random stream. A slice leaves out what draws random numbers without making the model: a model that is
replaced, a random split, a shuffled loader. When such a thing stands between the seed and the model, the graph is the
same and the weights are others; `grader.source.slicing` says why that is meant.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from grader.source.entry import Hints, plans
from grader.source.reading.notebook import Cell, ReadLimits, read_submission
from grader.source.slicing import slice_for
from grader.source.statements import Statement, compiled, statements
from tests.source.random_programs import random_network
from tests.source.whole import Ran, ran
from tests.stress import STRESS

SUBMISSIONS = Path(__file__).parents[2] / "submissions"
SAMPLE = ("average.ipynb", "functional.py", "settings.ipynb", "second_try.ipynb")
PROGRAMS = 1_500 if STRESS else 60

WITHOUT_A_MODEL = ("final_version.ipynb", "late_night.ipynb", "untitled0.ipynb")
"""Cut off, with a bracket missing in the class, and empty: there is nothing to run."""

NOT_RUN = {
    "endless_loop.py": "waits in a loop for a folder, in the slice as in the whole",
    "restart.ipynb": "ends its own process, as one does to restart Colab",
    "no_pooling.py": "makes its model inside main(), where nothing that runs afterwards can reach it",
}
"""Examples of which the whole program cannot be run to its model, each with the reason."""

BROKEN = ("nn_dense.ipynb", "okaforchidi_48213_7750101_cnn.ipynb", "skyline.ipynb", "wrong_in_features.ipynb")
"""Examples whose model breaks; the slice breaks where the whole does."""

OTHER_WEIGHTS = {
    "second_try.ipynb": "makes a first model, and draws its weights, before the one that counts",
    "sequential.ipynb": "splits its pictures at random between the seed and the model",
}
"""Examples whose whole program draws random numbers that the slice does not draw."""


@cache
def examples() -> dict[str, dict[str, bytes]]:
    """Return the files of every example by its name."""
    found = {}
    for path in sorted(SUBMISSIONS.iterdir()):
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        code = [file for file in files if file.suffix in (".py", ".ipynb")]
        if code:
            found[path.name] = {file.name: file.read_bytes() for file in code}
    return found


def compared(name: str) -> tuple[Ran, Ran]:
    """Run the slice of an example, and the whole."""
    return ran(examples()[name], whole=False), ran(examples()[name], whole=True)


RUN = [name for name in examples() if name not in {*WITHOUT_A_MODEL, *NOT_RUN}]


@pytest.mark.parametrize("name", RUN if STRESS else SAMPLE)
def test_slice_of_an_example(name: str) -> None:
    """An example's slice gives the graph and the weights of its whole program, and is shorter."""
    piece, whole = compared(name)
    assert piece.outcome == whole.outcome == ("broke" if name in BROKEN else "captured"), whole.passed_over
    assert piece.graphs == whole.graphs
    assert piece.weights.keys() == whole.weights.keys()
    assert (piece.weights == whole.weights) is (name not in OTHER_WEIGHTS)
    assert piece.count < whole.count
    assert not piece.passed_over


def test_every_example_is_spoken_for() -> None:
    """An example is compared, or is in a table that says why not; one without a model has no plan."""
    assert set(SAMPLE) | {*WITHOUT_A_MODEL, *NOT_RUN, *BROKEN, *OTHER_WEIGHTS} <= examples().keys()
    for name in WITHOUT_A_MODEL:
        assert not plans(read_submission(examples()[name], ReadLimits()), None, Hints())


def executed(program: Iterable[Statement]) -> torch.nn.Module:
    """Execute statements one by one and return the model that they leave."""
    torch.manual_seed(0)
    space: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for statement in program:
            exec(compiled(statement), space)
    model = space["model"]
    assert isinstance(model, torch.nn.Module)
    return model


def answer(model: torch.nn.Module) -> torch.Tensor:
    """Return what a model makes of pictures that are always the same."""
    with torch.no_grad():
        return model(torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1)))  # type: ignore[no-any-return]


def test_slices_of_random_networks() -> None:
    """Whatever a program does with its network, the slice builds the same layers with the same weights."""
    compared = shorter = 0
    for seed in range(PROGRAMS):
        program = statements([Cell("net.ipynb", 1, random_network(seed))])
        try:
            whole = executed(program)
            expected = answer(whole)
        except (RuntimeError, AttributeError):  # a head that does not fit its body
            continue
        piece = slice_for(program, ["model"])
        model = executed(piece)
        assert str(model) == str(whole), seed
        assert all(
            torch.equal(one, other) for one, other in zip(model.parameters(), whole.parameters(), strict=True)
        ), seed
        assert torch.equal(answer(model), expected), seed
        compared += 1
        shorter += len(piece) < len(program)
    assert compared > PROGRAMS // 2
    assert shorter > compared * 9 // 10


@pytest.mark.parametrize(
    ("between", "same"),
    [
        ("print(1)", True),
        ("order = sorted([3, 1, 2])", True),
        ("generator = torch.Generator().manual_seed(3)\norder = torch.randperm(9, generator=generator)", True),
        ("order = torch.randperm(9)", False),
        ("train, test = torch.utils.data.random_split(range(10), [8, 2])", False),
        ("first = nn.Linear(3, 3)", False),
        ("noise = torch.randn(2)\ntorch.manual_seed(5)", True),
    ],
)
def test_what_is_left_out_may_have_drawn(between: str, *, same: bool) -> None:
    """Between the seed and the model a slice draws nothing that it leaves out; the layers are the same all the same."""
    text = f"import torch\nfrom torch import nn\ntorch.manual_seed(4)\n{between}\nmodel = nn.Linear(4, 2)"
    program = statements([Cell("net.ipynb", 1, text)])
    whole, piece = executed(program), executed(slice_for(program, ["model"]))
    assert str(whole) == str(piece)
    assert torch.equal(whole.weight, piece.weight) is same  # type: ignore[arg-type]


SEEDS = {
    "torch": ("import torch\ntorch.manual_seed(4)\nmodel = torch.rand(1)", 3),
    "by its own name": ("from torch import manual_seed, rand\nmanual_seed(4)\nmodel = rand(1)", 4),
    "a function": (
        "import torch\ndef set_seed(seed=4):\n    torch.manual_seed(seed)\nset_seed()\nmodel = torch.rand(1)", 4
    ),
    "of a GPU": ("import torch\ntorch.cuda.manual_seed(4)\nmodel = torch.rand(1)", 2),
    "of a generator": ("import torch\ng = torch.Generator()\ng.manual_seed(4)\nmodel = torch.rand(1)", 2),
    "below": ("import torch\nmodel = torch.rand(1)\ntorch.manual_seed(4)", 2),
    "a main that trains": (
        "import torch\ndef main_of_seed():\n    torch.manual_seed(4)\n    loss.backward()\nmain_of_seed()\nmodel = torch.rand(1)",
        2,
    ),
    "a main": ("import torch\ndef main():\n    torch.manual_seed(4)\nmain()\nmodel = torch.rand(1)", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_above_the_model_are_kept(name: str) -> None:
    """What seeds the first weights belongs to the slice; another generator's seed and a whole `main()` do not."""
    text, count = SEEDS[name]
    assert len(slice_for(statements([Cell("net.ipynb", 1, text)]), ["model"])) == count
