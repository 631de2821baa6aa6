"""Say what is wrong with a rubric: where in the file, which key, and in which words."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING

from grader.faults import RubricFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

KeyPath = tuple[str | int, ...]

_KEY = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_KEYS})\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(rf"\s*({_KEYS})\s*=")


def line_of(text: str, path: KeyPath) -> int:
    """Return the line on which a key stands, else that of the nearest table around it, else 1."""
    wanted = tuple(part for part in path if isinstance(part, str))
    table: tuple[str, ...] = ()
    open_quote, best, best_length = "", 1, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not open_quote:  # `guide = """…` goes on over lines that may look like keys
            header, assignment = _HEADER.match(line), _ASSIGNMENT.match(line)
            here = _split(header[1]) if header else table + _split(assignment[1]) if assignment else ()
            table = here if header else table
            if len(here) > best_length and here == wanted[: len(here)]:
                best, best_length = number, len(here)
        for quote in ('"""', "'''"):
            if open_quote in ("", quote) and line.count(quote) % 2:
                open_quote = "" if open_quote else quote
    return best


def _split(keys: str) -> tuple[str, ...]:
    return tuple(key.strip("\"'") for key in re.findall(_KEY, keys))


def _dotted(path: KeyPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def fault(text: str, origin: str, mistakes: Iterable[tuple[KeyPath, str]]) -> RubricFault:
    """Return the fault of these mistakes; its sentence is about the one that stands highest in the file."""
    each = dict.fromkeys((line_of(text, path), _dotted(path), problem) for path, problem in mistakes)
    found = sorted(each, key=lambda one: one[0])
    line, key, problem = found[0]
    more = f"There {'is 1' if len(found) == 2 else f'are {len(found) - 1}'} more." if len(found) > 1 else ""
    fix = f"grader rubric check {origin} names them all." if more else ""
    return RubricFault(f"{origin}, line {line}: {key} {problem}.", more, fix, tuple(found))


def syntax_fault(text: str, origin: str, message: str) -> RubricFault:
    """Make one sentence of what tomllib says about a file that is not TOML."""
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = int(found[1]) if found else max(len(text.splitlines()), 1)
    place = f"line {line}, column {found[2]}" if found else f"line {line}"
    problem = message.partition(" (at")[0].rstrip(".")
    said = f"this is not TOML: {problem[:1].lower()}{problem[1:]}"
    return RubricFault(f"{origin}, {place}: {said}.", mistakes=((line, "", said),))


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean X` for the most similar name, else an empty string."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}" if close else ""


def worded(mistake: ErrorDetails, known_keys: Iterable[str]) -> str:
    """Say what is wrong at one place as the end of a sentence that begins with the key."""
    kind, path = mistake["type"], mistake["loc"]
    if kind == "extra_forbidden":
        return "is not a known key" + nearest(str(path[-1]), known_keys)
    if kind == "missing":
        return "is missing; a shape is channels, height and width" if isinstance(path[-1], int) else "is missing"
    if kind not in _WANTED:
        return f"is wrong: {mistake['msg'][:1].lower()}{mistake['msg'][1:]}"
    wanted = _WANTED[kind].format(**mistake.get("ctx", {}))
    return f"must be {wanted}, not {json.dumps(mistake['input'], default=str)[:60]}"


_WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text in quotes",
    "string_too_short": "text that says something",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "literal_error": "{expected}",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "too_long": "a list or table of at most {max_length}",
    "too_short": "a list or table of at least {min_length}",
}
