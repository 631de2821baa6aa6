"""Read what can be read of a cell that Python refuses, line n staying line n.

A cell as Python 2 writes it, or with tabs among its spaces, is read as it was meant. Of any other cell those statements
are kept that Python takes, as long as the lost ones have nothing to do with a class of the cell: a model is never made
of the half that happens to parse.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from grader.source.reading.lexing import words_of
from grader.source.reading.magics import clean
from grader.source.reading.python2 import modern
from grader.source.reading.syntax import Unreadable, parse

PYTHON_2, HIDDEN, TABS, INDENTED, PARTLY = "python-2", "hidden-characters", "mixed-tabs", "indented", "partly"
"""The ways in which a cell is mended."""

_MENDABLE = 100_000
"""Characters of the longest cell that is looked at."""
_ATTEMPTS = 400
_FURTHER = 30
"""A statement with an open bracket is looked for in so many lines at the margin."""
_NOTHING = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"), "")
_INNER = re.compile(r"[\s#)\]}]|(?:else|elif|except|finally)\b")
"""How a line begins that does not begin a statement at the margin."""
_CLASS = re.compile(r"^\s*class\s+(\w+)", re.MULTILINE)
_OPEN = re.compile(r"never closed|unterminated triple|unexpected EOF")


@dataclass(frozen=True, slots=True)
class Mended:
    """A cell that can be read now.

    Attributes:
        text: Python, on the lines of the student's text; statements that were lost are empty lines.
        ways: how it was mended.
    """

    text: str
    ways: tuple[str, ...]


def mended(text: str) -> Mended | None:
    """Return what can be read of a cell that does not parse; None when that is nothing of use."""
    if len(text) > _MENDABLE:
        return None
    return _respelled(text) or _salvaged(text)


def _respelled(text: str) -> Mended | None:
    """Change spelling alone until Python reads the whole text."""
    ways: tuple[str, ...] = ()
    for way, change in _CHANGES:
        after = change(text)
        if after == text:
            continue
        if not isinstance(parse(after), Unreadable):
            return Mended(after, (*ways, way))
        if way != TABS:
            text, ways = after, (*ways, way)
    return None


def _visible(text: str) -> str:
    """Make plain spaces of those that a web page pastes, and drop characters without any width."""
    if text.isascii():
        return text
    pieces = []
    for word in words_of(text):
        plain = "".join(letter if letter in " \t\f" else " " for letter in word.text) if word.kind == "space" else None
        pieces.append(
            plain if plain is not None else word.text if word.kind == "string" else word.text.translate(_NOTHING)
        )
    return "".join(pieces)


def _level(text: str) -> str:
    """Take the indentation of the first statement off every line that has it.

    # build it
        model = Net()
    """
    lines = text.split("\n")
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    indent = first[: len(first) - len(first.lstrip())]
    return "\n".join(line.removeprefix(indent) for line in lines)


def _spaced(width: int) -> Callable[[str], str]:
    """Return what puts spaces in place of tabs at the margin; Python 2 takes a tab for eight, most editors for four."""
    return lambda text: re.sub(r"^[ \t]*\t", lambda found: found.group().expandtabs(width), text, flags=re.MULTILINE)


_CHANGES: tuple[tuple[str, Callable[[str], str]], ...] = (
    (HIDDEN, _visible),
    (INDENTED, _level),
    (PYTHON_2, modern),
    (TABS, _spaced(8)),
    (TABS, _spaced(4)),
)


def _salvaged(text: str) -> Mended | None:
    """Keep the statements that Python takes; None when the others may be what the model is made of."""
    lines = text.split("\n")
    starts = _starts(text, lines)
    kept, lost = [""] * len(lines), []
    ways: set[str] = {PARTLY}
    place = attempts = 0
    while place < len(starts) - 1:
        for last in range(place + 1, min(place + 1 + _FURTHER, len(starts))):
            attempts += 1
            begin, end = starts[place], starts[last]
            part, said = _read("\n".join(lines[begin:end]))
            if part is not None or not _OPEN.search(said):
                break
        if part is None:
            last = place + 1
            lost.append("\n".join(lines[starts[place] : starts[last]]))
        else:
            kept[begin:end] = part.text.split("\n")
            ways.update(part.ways)
        place = last
        if attempts > _ATTEMPTS:
            return None
    rest = "\n".join(kept)
    tree = parse(rest)
    if isinstance(tree, Unreadable) or not tree.body or not all(_is_apart(one, rest) for one in lost):
        return None
    return Mended(rest, tuple(sorted(ways)))


def _read(part: str) -> tuple[Mended | None, str]:
    """Read some statements; else say why Python does not."""
    tree = parse(part)
    if not isinstance(tree, Unreadable):
        return Mended(part, ()), ""
    if part.lstrip()[:1] in ("%", "!", "?"):
        cleaned = clean(part).text  # an open bracket further up hides a magic from IPython
        return Mended(cleaned if cleaned.count("\n") == part.count("\n") else part.count("\n") * "\n", ()), ""
    return _respelled(part), tree.message


def _is_apart(lost: str, rest: str) -> bool:
    """Tell whether a lost statement neither defines a class nor makes an object of one that was read."""
    return not _CLASS.search(lost) and not any(re.search(rf"\b{name}\s*\(", lost) for name in _CLASS.findall(rest))


def _starts(text: str, lines: list[str]) -> list[int]:
    """Return the lines at which statements at the margin begin, and behind them the number of lines."""
    inside: set[int] = set()
    line = 0
    for word in words_of(text):
        count = word.text.count("\n")
        if word.kind in ("string", "joint"):
            inside.update(range(line + 1, line + 1 + count))
        line += count
    found = [0]
    decorated = False
    for index, one in enumerate(lines):
        if index and one and index not in inside and not _INNER.match(one) and not decorated:
            found.append(index)
        if one and not one[0].isspace():
            decorated = one.startswith("@")
    return [*found, len(lines)]
