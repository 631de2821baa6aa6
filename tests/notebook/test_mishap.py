"""The last exception of a kernel: which line it is, what it means, and when it is over."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from grader.notebook.cells import Cells
from grader.notebook.mishap import last_mishap
from grader.report.mishaps import Mishap


def after(shell: Any, *texts: str, cells: Cells | None = None) -> Mishap | None:
    """Run cells, and return what `check()` in the next one finds."""
    for text in texts:
        shell.run_cell(text, store_history=True)
    shell.history_manager.store_inputs(shell.execution_count, "check()")
    return last_mishap(shell, cells, 10, (3, 32, 32))


def test_the_deepest_line_of_the_student_is_named(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Frames of libraries are passed over; the cell and the line are the student's."""
    found = after(shell, "import json", "def read(text):\n    return json.loads(text)", "read('{')")
    assert found is not None
    assert (found.count, found.broke.where.line) == (2, 2)
    assert (found.broke.kind, found.broke.source) == ("JSONDecodeError", "return json.loads(text)")
    assert found.explanation.code == "E00"
    assert "return json.loads(text)" in found.explanation.cause


def test_the_cell_of_the_page_is_named(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the page is known, the cell's place in it is said, not the number in brackets."""
    page = Cells("colab", (("markdown", "# Why"), ("code", "x = 1"), ("code", "x + y"), ("code", "check()")))
    found = after(shell, "z = 1", "z = 2", "x = 1", "x + y", cells=page)
    assert found is not None
    assert (found.broke.where.cell, found.count) == (2, 4)


@pytest.mark.parametrize("line", ["model = Net(", "for x in range(3)\n    pass"])
def test_a_typing_error_is_explained(line: str, shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """What Python cannot read has no frame, and is found all the same."""
    found = after(shell, "x = 1", line)
    assert found is not None
    assert found.broke.kind in ("SyntaxError", "IndentationError", "_IncompleteInputError")
    assert found.broke.where.line == 1


def test_a_mended_cell_is_no_error(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell that was mended and run again has no error any more; other cells that ran since change nothing."""
    wrong, right = (
        "total = one + two + three\nprint(total)",
        "one = two = three = 1\ntotal = one + two + three\nprint(total)",
    )
    assert after(shell, wrong, "import json") is not None
    assert after(shell, right) is None


def test_nothing_happened(shell: Any) -> None:
    """Without an exception there is nothing to say, nor after a Ctrl-C."""
    assert after(shell, "x = 1") is None
    sys.last_value = KeyboardInterrupt()
    assert after(shell, "x = 2") is None


def test_the_failing_layer_and_its_shapes(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception in a network names the layer as the network calls it, with the shape that came in."""
    net = "import torch\nnet = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(5, 2))"
    found = after(shell, net, "net(torch.zeros(4, 3, 2))")
    assert found is not None
    assert (found.broke.layer, found.broke.inputs) == ("1", ((4, 6),))
    assert "6" in found.explanation.help


def test_a_kernel_without_a_table_of_names(
    shell: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where IPython keeps no table of its cells' names, as in Colab, the cell is found by its text."""
    monkeypatch.setattr(shell.compile, "get_code_name", lambda raw, text, number: f"/tmp/ipykernel_1/{hash(text)}.py")
    for text in ("x = 1", "x = 2\ny = x + nothing"):
        shell.run_cell(text, store_history=True)
    monkeypatch.delattr(shell.compile, "_filename_map")
    shell.history_manager.store_inputs(shell.execution_count, "check()")
    found = last_mishap(shell, None, 10, (3, 32, 32))
    assert found is not None
    assert (found.count, found.broke.where.line, found.broke.source) == (2, 2, "y = x + nothing")
