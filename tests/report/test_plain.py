"""What reaches people is inert."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.report.plain import inert, inert_line, shorten, spreadsheet


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x07\x00\x7f\x9b", "\\x07\\x00\\x7f\\x9b"),
        ("a\r\nb\rc", "a\nb\\x0dc"),
        ("a\tb\n", "a\tb\n"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("abc\u202edef\u2066\u200f\u061c", "abc\\u202edef\\u2066\\u200f\\u061c"),
        ("caf\udce9", "caf\\udce9"),
        ("Zoë 深い 👩‍🔬", "Zoë 深い 👩‍🔬"),
    ],
)
def test_inert_shows_what_would_act(text: str, shown: str) -> None:
    """Controls, separators, bidi marks and lone surrogates are written out; everything else is as it was."""
    assert inert(text) == shown


@given(st.text(st.characters(codec=None)))
def test_nothing_that_acts_is_left(text: str) -> None:
    """Whatever the text, no control but newline and tab is left, it can be encoded, and a second pass is idle."""
    shown = inert(text)
    assert not [one for one in shown if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} and one not in "\n\t"]
    assert not {unicodedata.bidirectional(one) for one in shown} & {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"}
    assert shown.encode().decode() == shown
    assert inert(shown) == shown


@given(st.text(st.characters(codec=None), max_size=50), st.integers(1, 60))
def test_a_line_is_one_line_and_short(text: str, most: int) -> None:
    """A name takes one line and at most the characters that it was given."""
    line = inert_line(text, most)
    assert len(line) <= most
    assert len((line + "x").splitlines()) == 1


def test_a_cut_is_seen() -> None:
    """What was cut ends in an ellipsis; what fits is left alone."""
    assert (shorten("abcd", 4), shorten("abcde", 4)) == ("abcd", "abc…")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\n", " =", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_formula_is_quoted(start: str) -> None:
    """Text that a spreadsheet would calculate begins with an apostrophe."""
    assert spreadsheet(f"{start}1+1") == f"'{start}1+1"


def test_a_carriage_return_cannot_begin_a_cell() -> None:
    """A carriage return is written out, so it starts no formula."""
    assert spreadsheet("\r=1") == "\\x0d=1"


@pytest.mark.parametrize("text", ["", "ada", "1-2", "a=b", "'quoted"])
def test_other_text_stays(text: str) -> None:
    """Text that is no formula is written as it is."""
    assert spreadsheet(text) == text
