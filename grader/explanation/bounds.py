"""Make text inert and keep it small, so that it fits into a frame whatever a student wrote."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable

from grader.explanation.words import count, without_pictures
from grader.records import Passage, SourceText

PASSAGE_CHARACTERS = 20_000
ALL_CHARACTERS = 200_000
ALL_BYTES = 900_000
"""Of all texts together as JSON, in which a character takes up to twelve bytes."""
MOST_PASSAGES = 500
SOURCE_BYTES = 1_000_000
"""Of all code together as JSON, its places included."""
NAME_CHARACTERS = 200

_DROPPED = {code: None for code in (*range(9), *range(14, 32), *range(127, 160)) if code != 133}
_INERT = _DROPPED | dict.fromkeys((11, 12, 133, 0x2028, 0x2029), "\n")
"""Control characters go; what ends a line in some editors becomes a line's end."""


def inert(text: str) -> str:
    """Return text without control characters (tab and newline stay) and without lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_INERT)
    return text.encode("utf-8", "replace").decode("utf-8")


def named(path: str) -> str:
    """Return a path that can stand in a sentence: inert, on one line, bounded."""
    return " ".join(inert(path).split())[:NAME_CHARACTERS]


def bounded(pieces: Iterable[tuple[str, str]]) -> tuple[Passage, ...]:
    """Make passages of (where, text); words are counted before anything is cut, and pieces without words go.

    When the room for texts is used up, passages come without text; what comes after `MOST_PASSAGES` is one passage.
    """
    found: list[Passage] = []
    characters, size, more = ALL_CHARACTERS, ALL_BYTES, 0
    for where, raw in pieces:
        words = count(raw)
        if not words:
            continue
        if len(found) >= MOST_PASSAGES:
            more += words
            continue
        text = _fitting(inert(without_pictures(raw)).strip()[: min(PASSAGE_CHARACTERS, characters)], size)
        characters, size = characters - len(text), size - _bytes(text)
        found.append(Passage(where, words, text))
    return (*found, Passage("further places", more, "")) if more else tuple(found)


def bounded_source(pieces: Iterable[SourceText]) -> tuple[SourceText, ...]:
    """Return code in its order until the room is used up; the last piece may be cut."""
    found: list[SourceText] = []
    room = SOURCE_BYTES
    for piece in pieces:
        file, whole = named(piece.file), inert(piece.text)
        room -= _bytes(file) + 50
        text = _fitting(whole, room)
        if whole and not text:
            break
        room -= _bytes(text)
        found.append(SourceText(file, piece.cell, text))
    return tuple(found)


def _bytes(text: str) -> int:
    return len(json.dumps(text)) - 2


def _fitting(text: str, room: int) -> str:
    """Return the longest beginning that takes no more than `room` bytes as JSON."""
    if _bytes(text) <= room:
        return text
    return text[: bisect_right(range(1, len(text) + 1), room, key=lambda length: _bytes(text[:length]))]
