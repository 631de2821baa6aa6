"""The cells of the running notebook, as Colab, a kernel's history or a saved file know them."""

from __future__ import annotations

import json
import sys
import types
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from grader.notebook.cells import Cells, current, history, modules_beside
from tests.notebook.programs import BROKEN, CHECK, GOOD, IMPORTS, MAKE


def ran(shell: Any, *texts: str) -> None:
    """Put cells into the history as if they had run."""
    for text in texts:
        shell.history_manager.store_inputs(shell.execution_count, text)
        shell.execution_count += 1


def test_history_keeps_the_numbers_in_brackets(shell: Any) -> None:
    """The cell that shows [2] is cell 2, and magics are as they were typed."""
    ran(shell, "!pip install x", GOOD, CHECK)
    assert history(shell) == ("!pip install x", GOOD, CHECK)


def test_a_mended_cell_counts_once(shell: Any) -> None:
    """A class that was mended and run again stands at its last run, and the version before is empty."""
    ran(shell, IMPORTS, BROKEN, MAKE, GOOD, CHECK)
    assert history(shell) == (IMPORTS, "", MAKE, GOOD, CHECK)


def test_a_typing_error_that_was_mended_is_forgotten(shell: Any) -> None:
    """What Python could not read is left out as soon as something ran after it; the last such cell stays."""
    ran(shell, "class Net(:", GOOD, CHECK)
    assert history(shell) == ("", GOOD, CHECK)
    ran(shell, "class Net2(:", CHECK)
    assert history(shell)[3] == "class Net2(:"


def test_a_kernel_is_asked_before_its_file(shell: Any, tmp_path: Path) -> None:
    """What ran counts; a file that the front end names counts where nothing with a network ran yet."""
    saved = tmp_path / "mine.ipynb"
    saved.write_bytes(Cells("file", (("markdown", "# Why"), ("code", GOOD))).notebook())
    shell.user_ns["__vsc_ipynb_file__"] = str(saved)
    ran(shell, CHECK)
    found = current(shell)
    assert found is not None
    assert (found.origin, found.code) == ("file", (GOOD,))
    ran(shell, GOOD, CHECK)
    assert (current(shell) or found).origin == "history"


def colab(answer: Any) -> dict[str, types.ModuleType]:
    """Return modules that answer as Colab's page does."""
    asked: Any = types.ModuleType("google.colab._message")

    def blocking_request(kind: str, request: str, timeout_sec: int) -> Any:
        assert (kind, request) == ("get_ipynb", "")
        assert timeout_sec > 0
        if isinstance(answer, Exception):
            raise answer
        return answer

    asked.blocking_request = blocking_request
    package: Any = types.ModuleType("google.colab")
    package._message = asked
    return {"google": types.ModuleType("google"), "google.colab": package, "google.colab._message": asked}


def test_colab_gives_all_cells(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Colab the page's cells count, text and code, run or not; outputs are left behind."""
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": ["# Why\n", "Because."]},
            {"cell_type": "code", "source": [IMPORTS + "\n", GOOD], "outputs": [{"data": {"image/png": "x" * 1000}}]},
        ]
    }
    for name, module in colab({"ipynb": notebook}).items():
        monkeypatch.setitem(sys.modules, name, module)
    found = current(shell)
    assert found is not None
    assert found.origin == "colab"
    assert found.cells == (("markdown", "# Why\nBecause."), ("code", IMPORTS + "\n" + GOOD))
    assert b"xxxx" not in found.notebook()
    assert found.number(IMPORTS + "\n" + GOOD) == 1


@pytest.mark.parametrize("answer", [None, {}, {"ipynb": {"cells": []}}, TimeoutError("no answer")])
def test_a_page_that_does_not_answer_is_passed_over(answer: Any, shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Colab's page gives nothing, the kernel's history counts."""
    for name, module in colab(answer).items():
        monkeypatch.setitem(sys.modules, name, module)
    ran(shell, GOOD, CHECK)
    found = current(shell)
    assert found is not None
    assert found.origin == "history"


def test_own_modules_travel_along(tmp_path: Path) -> None:
    """A module beside the notebook that a cell imports is handed over; others, and the grader, are not."""
    (tmp_path / "net.py").write_text("import torch")
    (tmp_path / "other.py").write_text("")
    (tmp_path / "grader").mkdir()
    (tmp_path / "grader" / "__init__.py").write_text("")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "block.py").write_text("x = 1")
    cells = Cells("history", (("code", "from net import Net\nimport parts.block\nfrom grader import check"),))
    assert modules_beside(cells, tmp_path) == {"net.py": b"import torch", "parts/block.py": b"x = 1"}


def test_the_notebook_is_one(shell: Any) -> None:
    """What is handed to the sandbox is a notebook that nbformat accepts."""
    blob = Cells("history", (("code", GOOD), ("markdown", "# Why"))).notebook()
    nbformat = import_module("nbformat")
    nbformat.validate(nbformat.reads(blob.decode(), as_version=4))
    assert [one["cell_type"] for one in json.loads(blob)["cells"]] == ["code", "markdown"]
