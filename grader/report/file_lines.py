"""Where a line of a notebook's cell stands in the file: the line to which a code host or an editor can point.

JSON knows no line numbers, so the text is read once more, token by token; nothing is nested here, however deep it goes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# The quantifiers are possessive: a string that is never closed costs one look.
_WORD = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""A line with its end, as Python counts them: `str.splitlines` knows eight more ends."""

_TEXTS = ("source", "input")
"""Keys under which a cell's text stands, in notebooks of version 4 and 3; the first that is there counts."""


def code_lines(text: str) -> tuple[tuple[int, ...], ...]:
    """Return for each code cell of a notebook, and each line of the cell, its line in `text`, both counted from 1.

    Nothing is returned for what is no JSON. A notebook that is all on one line has everything on line 1.
    """
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return ()
    found: dict[tuple[str | int, ...], _Cell] = {}
    for path, line, token in _strings(text):
        inside = _in_cell(path)
        if inside is None:
            continue
        cell = found.setdefault(inside[0], _Cell())
        if inside[1] == "cell_type":
            cell.kind = json.loads(token)
        else:
            cell.pieces.setdefault(inside[1], []).append((line, json.loads(token)))
    return tuple(cell.lines() for cell in found.values() if cell.kind == "code")


@dataclass(slots=True)
class _Cell:
    """One cell: its kind, and the pieces of its text with the lines on which they stand, by key."""

    kind: str = "code"
    pieces: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def lines(self) -> tuple[int, ...]:
        """Return for each line of the cell the line of the file on which it begins."""
        pieces = next((self.pieces[key] for key in _TEXTS if key in self.pieces), [])
        found: list[int] = []
        begins = True
        for line, piece in pieces:
            for part in _LINE.findall(piece):
                if begins:
                    found.append(line)
                begins = part.endswith(("\n", "\r"))
        return tuple(found)


def _in_cell(path: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], str] | None:
    """Return which cell a string belongs to and as what; None where it is no part of a cell's kind or text."""
    depth = 2 if path[:1] == ("cells",) else 4
    if path[:1] != ("cells",) and not (len(path) > depth and path[0] == "worksheets" and path[2] == "cells"):
        return None
    rest = path[depth:]
    if rest == ("cell_type",):
        return path[:depth], "cell_type"
    is_text = rest and rest[0] in _TEXTS and len(rest) <= 2 and (len(rest) == 1 or isinstance(rest[1], int))
    return (path[:depth], str(rest[0])) if is_text else None


def _strings(text: str) -> Iterator[tuple[tuple[str | int, ...], int, str]]:
    """Yield path, line and token of every string that is a value in valid JSON."""
    path: list[str | int] = []
    line, before, is_key = 1, 0, False
    for match in _WORD.finditer(text):
        word, start = match.group(), match.start()
        line, before = line + text.count("\n", before, start), start
        if word == "{":
            path.append("")
            is_key = True
        elif word == "[":
            path.append(0)
        elif word in ("}", "]"):
            path.pop()
            is_key = False
        elif word == ",":
            last = path[-1]
            if isinstance(last, int):
                path[-1] = last + 1
            else:
                is_key = True
        elif word[0] == '"' and is_key:
            path[-1] = json.loads(word)
            is_key = False
        elif word[0] == '"':
            yield tuple(path), line, word
