"""Count the words of prose, in any alphabet, and leave out what is no prose.

A word is a piece between blanks with a letter in it; numbers, sizes such as `3 x 32 x 32` and signs are none. Chinese
and Japanese have no blanks: two characters in a row count as one word. Thai, Lao, Khmer and Burmese have none either:
five characters count as one. Code fences, formulas between dollar signs, addresses, pictures and tags do not count.
Every pattern takes time in proportion to the text, whatever the text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_PAIRED = re.compile(
    "[\u3040-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]+"
)
_PER_PAIR = 2
_JOINED = re.compile("[\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1780-\u17d3]+")
_PER_JOINED = 5

_PICTURE = re.compile(r"data:[\w/+.;=-]{0,100},[A-Za-z0-9+/=%]{20,}(?:\s*\n[A-Za-z0-9+/=]{40,})*")
_SIZES = re.compile(r"(?<=\d)\s{0,3}[xX×*]\s{0,3}(?=\d)")
_NOISE = (
    (re.compile(r"<!--(?:(?!<!--|-->).)*-->", re.DOTALL), " "),
    (re.compile(r"!\[[^\[\]]{0,500}\]\([^()]{0,2000}\)"), " "),
    (re.compile(r"\[([^\[\]]{0,1000})\]\([^()]{0,2000}\)"), r"\1"),
    (re.compile(r"(?:https?://|ftp://|www\.)\S+"), " "),
    (re.compile(r"</?[A-Za-z][^<>]{0,5000}>"), " "),
    (re.compile(r"\$\$(?:(?!\$\$).)*\$\$", re.DOTALL), " "),
    (re.compile(r"\$[^$\n]{1,300}\$"), " "),
    (_SIZES, " "),
)
"""What is taken out of Markdown before its words are counted, and what comes in its place."""

_FENCE = re.compile(r"\s{0,12}(`{3,}|~{3,})")


def count(text: str) -> int:
    """Return the number of words of prose in Markdown or plain text."""
    text = prose(text)
    paired = sum(-(-len(run) // _PER_PAIR) for run in _PAIRED.findall(text))
    joined = sum(-(-len(run) // _PER_JOINED) for run in _JOINED.findall(text))
    spaced = _JOINED.sub(" ", _PAIRED.sub(" ", text))
    return paired + joined + sum(any(letter.isalpha() for letter in piece) for piece in spaced.split())


def prose(text: str) -> str:
    """Return what is left of Markdown without code fences, pictures, addresses, tags and formulas."""
    text = "\n".join(_outside_fences(without_pictures(text)))
    for pattern, into in _NOISE:
        text = pattern.sub(into, text)
    return text


def without_pictures(text: str) -> str:
    """Return text with the bytes of pictures taken out of it."""
    return _PICTURE.sub("data:,", text)


def _outside_fences(text: str) -> Iterator[str]:
    """Give the lines that stand in no code fence; a fence that is never closed goes on to the end."""
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence:
            if found and found.group(1).startswith(fence) and not line.strip(" \t`~"):
                fence = ""
        elif found is None:
            yield line
        elif found.group(1)[:3] not in line[found.end() :]:
            fence = found.group(1)
