"""Cut text into words, whatever version of Python or none it is written in; all pieces together are the text again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>[bBfFrRuU]{0,2}(?:
        \"{3}(?:[^\\"]|\\.|\"(?!\"\"))*+\"{3} | '{3}(?:[^\\']|\\.|'(?!''))*+'{3}
        | \"(?:[^"\\\n]|\\.){0,2000}+\" | '(?:[^'\\\n]|\\.){0,2000}+' ))
    |(?P<torn>["'][^\n]*)
    |(?P<joint>\\\n)
    |(?P<newline>\n)
    |(?P<space>[^\S\n]+)
    |(?P<number>\.?\d(?:[eE][+-]\d|[\w.])*)
    |(?P<name>\w+)
    |(?P<sign><>|>>|\*\*|//|[=!<>]=|.)""",
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of text.

    Attributes:
        kind: `comment`, `string`, `torn` (a string that does not end, to the end of its line), `joint` (a backslash
            that ends a line), `newline`, `space`, `number`, `name` or `sign`.
        text: the piece.
        depth: how many brackets are open around it; a bracket itself counts as outside.
    """

    kind: str
    text: str
    depth: int

    @property
    def is_code(self) -> bool:
        """Tell whether it is more than space, line ends and comments."""
        return self.kind not in ("comment", "joint", "newline", "space")


def words_of(text: str) -> Iterator[Word]:
    """Cut text into words."""
    depth = 0
    for match in _WORD.finditer(text):
        kind, piece = match.lastgroup or "sign", match.group()
        if kind == "sign" and piece in _CLOSING:
            depth = max(depth - 1, 0)
        yield Word(kind, piece, depth)
        if kind == "sign" and piece in _OPENING:
            depth += 1
