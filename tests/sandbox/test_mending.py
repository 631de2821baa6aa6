"""A fix is applied to a network, or to its text, for the what-if."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from grader.records import Fix
from grader.sandbox.mending import MOST_NUMBERS, Change, changes_from, mend, mended_text
from grader.source.reading.cells import Cell
from grader.source.reading.notebook import Source


def setting(layer: str, name: str, value: int | None = None) -> Change:
    """Return the change of a layer's setting."""
    return Change(Fix("setting", layer, name, value))


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(512, 10)), setting("1", "in_features", 3072)),
        (nn.Sequential(nn.Linear(512, 10)), setting("0", "flatten", 3072)),
        (nn.Sequential(nn.Conv2d(1, 10, 32), nn.Flatten()), setting("0", "in_channels", 3)),
        (nn.Sequential(nn.Conv2d(3, 10, 33), nn.AdaptiveAvgPool2d(1), nn.Flatten()), setting("0", "kernel_size", 3)),
        (nn.Sequential(nn.BatchNorm2d(16), nn.Flatten(), nn.Linear(3072, 10)), setting("0", "num_features", 3)),
        (nn.Sequential(nn.Flatten(0), nn.Linear(3072, 10)), setting("0", "start_dim", 1)),
        (nn.Sequential(nn.Flatten(), nn.Linear(3072, 10), nn.Softmax(2)), setting("2", "dim", 1)),
        (nn.Sequential(nn.MaxPool2d(64), nn.Flatten(), nn.Linear(3072, 10)), setting("0", "out")),
        (nn.Sequential(nn.AvgPool2d(33), nn.Flatten(), nn.Linear(3, 10)), setting("0", "kernel_size", 32)),
    ],
    ids=lambda one: one.fix.setting if isinstance(one, Change) else "",
)
def test_a_network_that_stopped_runs(model: nn.Module, change: Change) -> None:
    """Each setting that a diagnosis can name is changed on the layer, and pictures get through."""
    pictures = torch.zeros(7, 3, 32, 32)
    with pytest.raises((RuntimeError, IndexError)):
        model(pictures)
    mend(model, [change])
    assert model(pictures).shape == (7, 10)


def test_what_does_not_fit_is_left_alone() -> None:
    """A layer that is not there, one of another kind, and a size beyond all budgets change nothing."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 10))
    before = model[1].weight
    for change in (
        setting("9", "in_features", 3),
        setting("1", "kernel_size", 3),
        setting("1", "in_features", MOST_NUMBERS),
        setting("", "in_features", 3),
        Change(Fix("setting", "__class__", "out")),
    ):
        mend(model, [change])
    assert model[1].weight is before


def test_text_is_changed_where_it_stands() -> None:
    """A line is changed in its own cell alone, a word everywhere, and an import comes first without moving a line."""
    cells = (Cell("a.ipynb", 1, "x = view(x)\nmy.nn.Dense(1)"), Cell("a.ipynb", 2, "x = view(x)\nnn.Dense(1)"))
    source = Source(cells)
    line = Change(Fix("line", old="view", new="reshape"), "a.ipynb", 2, 1)
    assert [one.text.split("\n")[0] for one in mended_text(source, [line]).cells] == ["x = view(x)", "x = reshape(x)"]
    word = Change(Fix("word", old="nn.Dense", new="nn.Linear"))
    assert mended_text(source, [word]).cells[1].text.endswith("nn.Linear(1)")
    assert mended_text(source, [word]).cells[0].text == cells[0].text
    added = mended_text(source, [Change(Fix("import", new="from torch import nn"))]).cells[0].text
    assert added.split("\n")[0] == "from torch import nn; x = view(x)"


def test_an_order_is_bounded() -> None:
    """At most five changes are taken from an order."""
    one = {"fix": {"change": "word", "old": "a", "new": "b"}, "file": None, "cell": None, "line": None}
    assert len(changes_from([one] * 9)) == 5
