"""How the parent reads what a child says about the explanation: typed and bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import claims
from grader.claims import read_explained, read_facts
from grader.records import Passage, SourceText
from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Kind, Limits
from tests.explanation.test_cells import notebook
from tests.stress import STRESS

EXAMPLES = 1_000 if STRESS else 60
ARGUMENTS: dict[str, Any] = {
    "shape": [3, 32, 32], "classes": 5, "batch": 8, "entry": "", "build_seconds": 5.0, "file_bytes": 2**20,
    "code_characters": 10**6,
}  # fmt: skip

GOOD = {"where": "text cell 1", "words": 3, "text": "Some own words."}


@pytest.mark.parametrize(
    "odd",
    [
        None, 3, [], "text", {}, {**GOOD, "words": True}, {**GOOD, "words": "3"}, {**GOOD, "words": -1},
        {**GOOD, "words": 10**12}, {**GOOD, "words": 0}, {**GOOD, "where": None}, {**GOOD, "words": 1.5},
    ],
)  # fmt: skip
def test_odd_passages_are_left_out(odd: Any) -> None:
    """What is no passage is left out and the others stay."""
    found = read_facts({"explanation": [odd, GOOD]})
    assert found.explanation == (Passage("text cell 1", 3, "Some own words."),)


def test_passages_are_bounded() -> None:
    """The number of passages, each text, all texts and each place are cut."""
    found = read_explained(
        {"outcome": "explained", "passages": [{**GOOD, "text": "a" * 30_000, "where": "b" * 9_000}] * 700}
    )
    assert len(found.passages) == claims.MOST_PASSAGES
    assert len(found.passages[0].text) == claims.MOST_PASSAGE
    assert len(found.passages[0].where) == claims.MOST_TEXT
    assert sum(len(one.text) for one in found.passages) == claims.MOST_EXPLANATION


def test_code_is_bounded() -> None:
    """Code is read in order up to its room; a cell that is no number is none."""
    piece = {"file": "a.py", "cell": True, "text": "a" * 400_000}
    found = read_facts({"source": [piece] * 4})
    assert found.source == (SourceText("a.py", None, "a" * 400_000),) * 2
    assert read_facts({"source": [3, piece]}).source == ()


def test_lone_surrogates_do_not_pass() -> None:
    """What JSON can smuggle and no file can hold becomes a question mark."""
    found = read_facts(json.loads('{"explanation": [{"where": "\\ud800", "words": 1, "text": "a\\udfff"}]}'))
    assert found.explanation == (Passage("?", 1, "a?"),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["where", "words", "text", "file", "cell", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["explanation", "source", "passages", "problems", "outcome"]), JSON | st.just("explained")
    )
)
def test_any_answer_is_read(plain: dict[str, Any]) -> None:
    """Whatever a child says, records come out of it and nothing is raised."""
    facts, explained = read_facts(plain), read_explained(plain)
    assert all(isinstance(one, Passage) and one.words > 0 for one in (*facts.explanation, *explained.passages))
    assert all(isinstance(one, SourceText) for one in facts.source)


def test_the_capture_sends_both(zygote: Zygote) -> None:
    """The first frame has the explanation and the code, also where no model can be built."""
    blob = notebook("> My own words.", "x = 1  # a number", "while True: pass")
    done = zygote.run("capture", ARGUMENTS, {"a.ipynb": blob}, Limits(wall_seconds=30, cpu_seconds=20))
    facts = read_facts(json.loads(done.frames[Kind.FACTS]))
    assert facts.explanation == (
        Passage("text cell 1", 3, "My own words."),
        Passage("comments in cell 1", 2, "a number"),
    )
    assert [one.cell for one in facts.source] == [1, 2]
    assert facts.source[0] == SourceText("a.ipynb", 1, "x = 1  # a number")
