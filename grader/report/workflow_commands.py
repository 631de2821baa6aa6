"""Say something to GitHub Actions by lines on standard output, so that no text of a student's is a command as well.

A line that begins with `::` (spaces before it do not count), or has `##[` anywhere, is a command of the runner's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.report.annotations import Annotation
from grader.report.plain import inert

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def command(name: str, message: str, properties: Mapping[str, object] | None = None) -> str:
    """Return one command on one line, with everything escaped that would end it or begin another."""
    said = ",".join(f"{key}={_escaped(str(value), _PROPERTY)}" for key, value in (properties or {}).items())
    return f"::{name}{' ' if said else ''}{said}::{_escaped(message, _DATA)}"


def annotation_lines(found: Sequence[Annotation]) -> list[str]:
    """Return the commands that put remarks beside lines of the pushed files."""
    return [
        command(
            str(one.level),
            one.message,
            {**({"file": one.path, "line": one.line} if one.path else {}), "title": one.title},
        )
        for one in found
    ]


def unread(text: str, token: str) -> str:
    """Return text between two commands that let the runner obey nothing in it; `token` must be one nobody knows."""
    return f"{command('stop-commands', token)}\n{text.rstrip()}\n::{token}::"


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(letter, letter) for letter in inert(text))
