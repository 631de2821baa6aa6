r"""Cut Python text into logical lines of tokens, whatever stands in it.

One regular expression, whose every alternative takes at least one character and never goes back over a token, so
that hostile text costs time in proportion to its length and cannot raise: an open quote ends with the text, an open
bracket with the piece.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>[rRbBuUfF]{0,2}(?:"{3}(?:[^\\"]|\\.|"(?!""))*(?:"{3})?|'{3}(?:[^\\']|\\.|'(?!''))*(?:'{3})?
        |"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?))
    |(?P<number>(?:0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?)[jJ]?)
    |(?P<name>[^\W\d]\w*)
    |(?P<space>[^\S\n]+|\\\n)
    |(?P<newline>\n)
    |(?P<operator>->|\*\*=?|//=?|[-+*/%@&|^<>=!:]=|[-+*/%@&|^~<>=()\[\]{}:,.;])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_TAB = 8
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text.

    Attributes:
        kind: `string`, `number`, `name`, `operator` or `other`.
        text: as it stands there.
        line: on which it begins, from 1.
    """

    kind: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """What Python reads as one line.

    Attributes:
        indent: columns before its first token.
        line: on which it begins, from 1.
        last: on which it ends.
        tokens: comments and blanks left out; never empty.
    """

    indent: int
    line: int
    last: int
    tokens: tuple[Token, ...]


def logical_lines(text: str) -> list[LogicalLine]:
    """Return the logical lines of a cell or a file."""
    found: list[LogicalLine] = []
    tokens: list[Token] = []
    line, depth, indent, start = 1, 0, 0, 0
    for match in _TOKEN.finditer(text):
        kind, word = str(match.lastgroup), match.group()
        if kind not in ("comment", "space", "newline"):
            if not tokens:
                indent = len(text[start : match.start()].expandtabs(_TAB))
            depth = max(0, depth + (word in _OPEN) - (word in _CLOSE))
            tokens.append(Token(kind, word, line))
        line += word.count("\n")
        if kind == "newline" or "\n" in word:
            start = match.end()
        if tokens and ((kind == "newline" and not depth) or (word == ";" and not depth)):
            found.append(LogicalLine(indent, tokens[0].line, line - (kind == "newline"), tuple(tokens)))
            tokens = []
    if tokens:
        found.append(LogicalLine(indent, tokens[0].line, line, tuple(tokens)))
    return found
