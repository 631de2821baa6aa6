"""The line of the file on which a line of a cell stands, whoever wrote the notebook."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.report.file_lines import code_lines
from tests.packs.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "submissions").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda one: one.stem)
def test_every_line_of_the_examples(path: Path) -> None:
    """The line of the file holds the text of the cell's line."""
    text = path.read_text(encoding="utf-8")
    try:
        notebook = json.loads(text)
    except ValueError:
        assert code_lines(text) == ()
        return
    raw = text.split("\n")
    cells = [one for one in notebook["cells"] if one["cell_type"] == "code"]
    for cell, lines in zip(cells, code_lines(text), strict=True):
        source = "".join(cell["source"])
        assert len(lines) == len(source.splitlines())
        for line, number in zip(source.splitlines(), lines, strict=True):
            assert (
                json.dumps(line, ensure_ascii=False)[1:-1] in raw[number - 1]
                or json.dumps(line)[1:-1] in raw[number - 1]
            )


TEXTS = st.lists(st.text(alphabet=st.sampled_from('ab\n\r"\\{}[],:é\u2028\x0c'), max_size=30), max_size=5)


@given(TEXTS, st.sampled_from([None, 1, 4]), st.booleans())
def test_whatever_is_in_a_cell(texts: list[str], indent: int | None, whole: bool) -> None:
    """Quotes, braces and ends of lines in the text move nothing; there is a place for each line of each code cell."""
    sources = [text if whole else text.splitlines(keepends=True) for text in texts]
    cells = [
        {"source": one, "outputs": [{"source": "x", "cells": [{"source": "y"}]}], "cell_type": "code"}
        for one in sources
    ]
    cells.insert(0, {"cell_type": "markdown", "source": ["a\n", "b"], "outputs": []})
    text = json.dumps({"metadata": {"cells": 1}, "cells": cells}, indent=indent)
    found = code_lines(text)
    assert len(found) == len(texts)
    for source, lines in zip(texts, found, strict=True):
        plain = source.replace("\r\n", "\n").replace("\r", "\n")
        assert len(lines) == len(plain.split("\n")) - (plain.endswith("\n") or not plain)
        assert list(lines) == sorted(lines)
        assert all(1 <= one <= text.count("\n") + 1 for one in lines)
    if indent is None:
        assert {one for lines in found for one in lines} <= {1}


def test_an_old_notebook() -> None:
    """Version 3 has worksheets, and calls the text of a cell its input."""
    old = import_module("nbformat.v3")
    cells = [old.new_code_cell(input="a = 1\nb = 2"), old.new_text_cell("markdown", source="x")]
    notebook = old.new_notebook(worksheets=[old.new_worksheet(cells=cells)])
    text = old.writes_json(notebook)
    (lines,) = code_lines(text)
    raw = text.split("\n")
    assert ["a = 1" in raw[lines[0] - 1], "b = 2" in raw[lines[1] - 1]] == [True, True]


@pytest.mark.parametrize(
    "text", ["", "[", '{"cells": [', "[" * 100_000, '{"cells": 3}', '"' + '\\"' * 50_000, "[1, 2]"]
)
def test_what_is_no_notebook(text: str) -> None:
    """It has no lines, and takes no time."""
    assert code_lines(text) == ()
