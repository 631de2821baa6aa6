"""What does not count when code is compared, and text that nothing can be done with."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.similarity.canonical import MOST_TOKENS, Piece, stream_of
from grader.similarity.tokens import logical_lines

from .copies import ORIGINAL, OTHER_NUMBERS, RENAMED, REORDERED


def tokens(*texts: str) -> tuple[str, ...]:
    return stream_of([Piece("a.ipynb", number, text) for number, text in enumerate(texts, 1)]).tokens


@pytest.mark.parametrize("text", [RENAMED, REORDERED], ids=["renamed", "reordered"])
def test_names_order_and_layout_do_not_count(text: str) -> None:
    """Other names, layers and methods in another order, keywords, comments and blanks give the same stream."""
    assert tokens(text) == tokens(ORIGINAL)


def test_two_cells_are_as_good_as_one() -> None:
    """Where a cell ends does not count."""
    head, _, tail = ORIGINAL.partition("model =")
    assert tokens(head, f"model ={tail}") == tokens(ORIGINAL)


def test_numbers_count_unless_they_are_masked() -> None:
    """Another number is another token; with all numbers alike it is the same code."""
    piece, other = Piece("a.py", None, ORIGINAL), Piece("a.py", None, OTHER_NUMBERS)
    assert stream_of([piece]).tokens != stream_of([other]).tokens
    assert sorted(stream_of([piece]).masked()) == sorted(stream_of([other]).masked())


def test_the_ways_to_write_a_layer() -> None:
    """Modules, keywords that are obvious and the way a number is written do not count; a layer's name in `self` neither."""
    one = tokens("self.c = nn.Conv2d(3, 8, kernel_size=3, padding=1)\nx = self.relu(x)")
    other = tokens(
        "self.first=torch.nn.Conv2d(in_channels=3,out_channels=0x8,kernel_size=3,padding=1)\ny = self.act(y)"
    )
    assert one[:2] == ("v", "=")
    assert one[2:7] == ("Conv2d", "#3", "#8", "#3", "padding")
    assert [word for word in other if word != "#0x8"] == [word for word in one if word != "#8"]


def test_only_what_builds_the_network() -> None:
    """Of a cell the statements that begin on the lines of the slice, with all that belongs to them."""
    text = "data = load()\n@wrapped\nclass Net(Module):\n    x = 1\n\n    y = 2\ntrain(Net())\nif a:\n    b = 1\nelse:\n    b = 2\n"
    stream = stream_of([Piece("a.py", None, text)], [("a.py", None, 2), ("a.py", None, 8)])
    assert stream.shown == {0: (2, 3, 4, 6, 8, 9, 10, 11)}


def test_nothing_of_a_slice_means_everything() -> None:
    """Where no line of the slice is known, the whole code counts."""
    assert stream_of([Piece("a.py", None, ORIGINAL)], [("b.py", None, 1)]).tokens == tokens(ORIGINAL)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab1.'\"#\\\n ()[]:=;\t\x00\u202e\ud800é", max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever stands there, lines come in order and within the text."""
    lines = logical_lines(text)
    assert [one.line for one in lines] == sorted(one.line for one in lines)
    assert all(1 <= one.line <= one.last <= text.count("\n") + 1 for one in lines)
    assert len(tokens(text)) <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10**6,
        '"""' + "\\" * 10**6,
        "'" * 10**6,
        "1_" * 10**6,
        "a" * 10**7,
        "\n".join(" " * n + "if a:" for n in range(1400)),
    ],
    ids=["brackets", "escapes", "quotes", "digits", "a name", "depth"],
)
def test_a_hostile_text_costs_little(text: str) -> None:
    """Time goes with the length, which is bounded; so are the tokens."""
    started = time.process_time()
    assert len(tokens(text)) <= MOST_TOKENS
    assert time.process_time() - started < 2
