"""What a notebook says about itself: Markdown cells, comments and docstrings; and its code as it was read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.explanation import bounds, cells
from grader.explanation.comments import prose_of
from grader.records import Passage, SourceText
from grader.source.reading.notebook import Cell, ReadLimits, Source, read_submission
from tests.stress import STRESS

EXAMPLES = 1_000 if STRESS else 60


def notebook(*sources: str) -> bytes:
    """Return a notebook; a source that begins with `>` is a Markdown cell."""
    found: list[dict[str, Any]] = [
        {"cell_type": "markdown", "source": one[1:]} if one.startswith(">") else {"cell_type": "code", "source": one}
        for one in sources
    ]
    return json.dumps({"cells": found, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def found_in(**files: bytes) -> list[tuple[str, int]]:
    """Return place and words of every passage; a name's double underscore stands for a dot."""
    named = {name.replace("__", "."): content for name, content in files.items()}
    source = read_submission(named, ReadLimits())
    notebooks = sum(name.endswith(".ipynb") for name in named)
    return [(one.where, one.words) for one in cells.passages(source, notebooks)]


def test_places_in_a_notebook() -> None:
    """Text cells are numbered among themselves, comments by their code cell; a cell without words is none."""
    a = notebook("> One two.", "x = 1", ">![p](p.png)", "y = 2  # and three", "> # Four", '"""Five six."""')
    assert found_in(a__ipynb=a) == [
        ("text cell 1", 2),
        ("text cell 3", 1),
        ("comments in cell 2", 2),
        ("comments in cell 3", 2),
    ]


def test_places_in_several_files() -> None:
    """A module is named, another notebook's cell as well, and a running number says that it is one."""
    main = notebook("> Our words.", "import net, more  # two parts")
    files = {"main__ipynb": main, "net__py": b"# a module of mine\n", "more__ipynb": notebook("# in here too")}
    assert found_in(**files) == [
        ("text cell 1 (counted over all notebooks)", 2),
        ("comments in cell 1", 2),
        ("comments in cell 1 of more.ipynb", 3),
        ("comments in net.py", 4),
    ]


def test_a_module_under_two_names_counts_once() -> None:
    """`net` and `src.net` are one file."""
    cell = Cell("src/net.py", None, "# once only")
    source = Source((Cell("src/main.py", None, "import net"),), modules={"net": (cell,), "src.net": (cell,)})
    assert [one.where for one in cells.passages(source, 0)] == ["comments in src/net.py"]
    assert [one.file for one in cells.code(source)] == ["src/main.py", "src/net.py"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("# The first layer finds edges.", "The first layer finds edges."),
        ("x = 1  # so many channels", "so many channels"),
        ("# a block\n# of two lines", "a block\nof two lines"),
        ('class Net:\n    """Two convolutions, then dense."""\n', "Two convolutions, then dense."),
        ('"""\nEXPLANATION\n  indented text\n"""', "EXPLANATION\n  indented text"),
        ("# max-pooling", "max-pooling"),
        ("# pooling (max)", "pooling (max)"),
        ("# Note: important", "Note: important"),
        ("# pooling is not learnt", "pooling is not learnt"),
        ("# (32 - 3) / 1 + 1 = 30 is the width", "(32 - 3) / 1 + 1 = 30 is the width"),
        ("# %% [markdown]\n# Some own words.", "Some own words."),
        ("#@title The network", "The network"),
        ("# x = self.pool(x)", ""),
        ("# model = nn.Sequential(\n#     nn.Conv2d(3, 6, 5),\n#     nn.ReLU(),\n# )", ""),
        ("#model = nn.Sequential(", ""),
        ("# nn.Conv2d(3, 6, 5),", ""),
        ("# for x, y in loader:\n#     print(x)", ""),
        ("# else:", ""),
        ("# return x", ""),
        ("# import torch", ""),
        ("# from torch import *", ""),
        ("# print(x.shape)", ""),
        ("# !pip install torch", ""),
        ("# %matplotlib inline", ""),
        ("#!/usr/bin/env python\n# -*- coding: utf-8 -*-", ""),
        ("# In[3]:", ""),
        ("import a  # noqa: F401\nx = f()  # type: ignore", ""),
        ("'''\nfor x in range(3):\n    print(x)\n'''", ""),
        ("x = 'a string that is # no comment'", ""),
        ("# ----------", ""),
        ("# 16 x 15 x 15", ""),
        ("# the old net:\n# x = self.fc(x)\n# too slow for me", "the old net:\ntoo slow for me"),
    ],
)
def test_comments(code: str, said: str) -> None:
    """Prose in comments and lone strings is kept; commented-out code, magics and marks of tools are not."""
    assert [line for line in prose_of(code).split("\n") if line.strip()] == ([*said.split("\n")] if said else [])


def test_comments_come_in_their_order() -> None:
    """Docstrings and comments stand in the order of their lines."""
    code = '# first words\nclass Net:\n    """Second words."""\n    x = 1  # third words\n'
    assert prose_of(code) == "first words\nSecond words.\nthird words"


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.one_of(
        st.text(), st.lists(st.sampled_from(["#", " ", "\n", '"""', "(", "x", "=", ":", "é", "\\", "a b"])).map("".join)
    )
)
def test_any_text_is_read(text: str) -> None:
    """Nothing that stands in a cell stops the reader; what is found can be written to a file."""
    prose_of(text).encode("utf-8", "surrogatepass")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(st.characters()), st.text(st.sampled_from("\ud800\udfff\x00\x07\x1b\x85\x9b\r\n\ta")))
def test_texts_are_inert(text: str, odd: str) -> None:
    """No control character and no lone surrogate is left; tabs and lines stay, and twice is as once."""
    found = bounds.inert(text + odd)
    assert bounds.inert(found) == found
    assert json.loads(json.dumps(found).encode("utf-8")) == found
    assert not any(ord(one) < 32 and one not in "\n\t" for one in found)
    assert not any(127 <= ord(one) < 160 for one in found)


def test_texts_are_bounded() -> None:
    """Each text, all texts and the number of passages are bounded; every word is counted all the same."""
    found = bounds.bounded((f"text cell {n}", "字" * (30_000 if n < 20 else 1_000)) for n in range(600))
    assert len(found) == bounds.MOST_PASSAGES + 1
    assert max(len(one.text) for one in found) == bounds.PASSAGE_CHARACTERS
    assert sum(len(one.text) for one in found) <= bounds.ALL_CHARACTERS
    assert len(json.dumps([one.text for one in found])) < bounds.ALL_BYTES + 4_000
    assert sum(one.words for one in found) == 20 * 15_000 + 580 * 500
    assert found[-1] == Passage("further places", 100 * 500, "")


def test_code_is_bounded() -> None:
    """Code comes in order until its room is used up, whatever a character costs as JSON."""
    pieces = [SourceText("a.ipynb", n, "\U0001f600" * 40_000) for n in range(1, 5)]
    found = bounds.bounded_source(pieces)
    assert [(one.file, one.cell) for one in found] == [("a.ipynb", 1), ("a.ipynb", 2), ("a.ipynb", 3)]
    assert found[0].text == pieces[0].text
    assert 0 < len(found[-1].text) < 40_000
    assert len(json.dumps([one.text for one in found])) <= bounds.SOURCE_BYTES


def test_code_is_what_was_read() -> None:
    """The code comes without outputs, cell by cell, empty cells included."""
    source = read_submission({"a.ipynb": notebook("x = 1\ny = 2", "> text", "", "z = 3")}, ReadLimits())
    assert cells.code(source) == (
        SourceText("a.ipynb", 1, "x = 1\ny = 2"),
        SourceText("a.ipynb", 2, ""),
        SourceText("a.ipynb", 3, "z = 3"),
    )
