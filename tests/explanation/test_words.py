"""How words are counted, and what is no prose."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.explanation.words import count
from tests.stress import STRESS

EXAMPLES = 2_000 if STRESS else 100
PICTURE = "data:image/png;base64," + "iVBORw0KGgo" * 300


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("The kernel looks at three pixels.", 6),
        ("# Title\n\n- one item\n- **two** items", 5),
        ("it's max-pooling", 2),
        ("Größe über naïve Schichten", 4),
        ("Свёртка и подвыборка", 3),
        ("कर्नेल हिन्दी में", 3),
        ("합성곱 신경망", 2),
        ("卷积神经网络", 3),
        ("畳み込み層とプーリング層を使う", 8),
        ("我用了 Conv2d 和 ReLU", 5),
        ("เครือข่ายประสาทเทียม", 4),
        ("الشبكة العصبية", 2),
        ("12 34.5 % -> (7)", 0),
        ("3 x 32 x 32 becomes 16x15x15", 1),
        ("accuracy: 61 %", 1),
        (f"before ![shot]({PICTURE}) after", 2),
        (f"before <img src='{PICTURE}' alt='a b c'> after", 2),
        (f"[1]: {PICTURE}", 1),
        ("see https://example.org/a/b?c=d#e and www.example.org now", 3),
        ("[my own words](https://example.org/very/long)", 3),
        ("![a picture of a cat](cat.png)", 0),
        ("![image.png](attachment:image.png)", 0),
        ("one\n```python\nmodel = Net()\nfor x in y: pass\n```\ntwo", 2),
        ("one\n~~~\nnot this\n```\nnor this\n~~~\ntwo", 2),
        ("one\n```\nnever closed, so it is code to the end", 1),
        ("one ```inline``` two", 3),
        ("```inline at the start``` of a line", 0),
        ("the size is $\\frac{n-k}{s}+1$ here", 4),
        ("so\n$$\nn - k \\over s\n$$\nholds", 2),
        ("<!-- hidden words --> seen <b>bold</b> word", 3),
    ],
)
def test_count(text: str, words: int) -> None:
    """A word has a letter; code, addresses, pictures, tags and formulas have none that count."""
    assert count(text) == words


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(), st.text())
def test_any_text_is_counted(first: str, second: str) -> None:
    """Any text has a count that is not negative, and plain words around a paragraph add up."""
    assert 0 <= count(first) <= len(first) + 1
    plain = " ".join(one for one in second.split() if one.isascii() and one.isalpha())
    assert count(plain) == len(plain.split())


@pytest.mark.parametrize(
    "piece", ["![", "[](", "<!--", "<a ", "$", "$ ", "data:,A", "`", "```\n", "~~~ ```\n", "0 x", "0   ", "[[[]", "</"]
)
def test_hostile_text_takes_no_longer(piece: str) -> None:
    """What opens and never closes is read in time that grows with its length, not with its square."""
    start = time.process_time()
    count((piece * 200_000)[:200_000])
    assert time.process_time() - start < 2
