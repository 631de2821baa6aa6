"""Read a course file: its text becomes a `Course`, and every mistake in it is named with its line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from grader.course.names import is_url, printable
from grader.course.records import Course
from grader.faults import CourseFault

MOST = 2**20
"""Bytes of a course file, and of a rubric that is fetched."""

TEXTS = {"title": 120, "message": 300, "ask": 200, "rubric": 2000, "data": 2000}
"""The keys that hold text, and the most characters of each."""

DIGESTS = {"rubric_sha256": "rubric", "data_sha256": "data"}
"""The keys that hold a digest, and what it is of."""

KEYS = ("version", *TEXTS, *DIGESTS)
"""Every key of a course file."""


def contents(path: Path, origin: str) -> str:
    """Return the text of a course file or rubric; `origin` is what it is called in messages.

    Raises:
        CourseFault: it cannot be read, is too large, or is no text.
    """
    try:
        with path.open("rb") as stream:
            blob = stream.read(MOST + 1)
    except OSError as error:
        raise CourseFault(f"{origin} cannot be read: {error.strerror or error}.") from error
    if len(blob) > MOST:
        raise CourseFault(f"{origin} has more than {MOST // 2**20} MB, and is no small TOML file.")
    try:
        return blob.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CourseFault(f"{origin} is not text in UTF-8: byte {error.start + 1} does not belong there.") from error


def parse(text: str, origin: str) -> Course:
    """Read a course file from its text; `origin` is its path or URL, from which the names in it are seen.

    Raises:
        CourseFault: it has mistakes; each is named with its line.
    """
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        from grader.rubric.mistakes import syntax_fault  # brings pydantic, for which a check of a sound file has no use

        raise CourseFault(syntax_fault(text, origin, str(error)).what) from error
    except RecursionError as error:
        raise CourseFault(f"{origin}, line 1: the file is nested too deeply to be a course file.") from error
    mistakes = list(_mistakes(plain))
    if mistakes:
        raise CourseFault(_told(text, origin, mistakes))
    if "rubric" not in plain and "data" not in plain:
        raise CourseFault(f"{origin} names neither a rubric nor data.", fix='Write rubric = "FILE" into it.')
    found = {key: str(plain[key]).strip() for key in TEXTS if key in plain}
    found |= {key: located_from(origin, found[key]) for key in ("rubric", "data") if key in found}
    found |= {key: str(plain[key]).lower() for key in DIGESTS if key in plain}
    return Course(origin, **found)


def located_from(origin: str, name: str) -> str:
    """Return the path or URL that `name` stands for in the file at `origin`; never a path where that is a URL."""
    if is_url(name):
        return name
    if is_url(origin):
        return urljoin(origin, name)
    return os.path.abspath(Path(origin).parent / name)  # noqa: PTH100 - without following links


def _mistakes(plain: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each mistake: the key, and the end of a sentence that begins with it."""
    for key, value in plain.items():
        if key in TEXTS:
            yield from ((key, problem) for problem in _text_mistakes(value, TEXTS[key]))
        elif key in DIGESTS:
            if not isinstance(value, str) or not re.fullmatch("[0-9A-Fa-f]{64}", value):
                yield key, f"must be 64 hexadecimal digits in quotes, not {_shown(value)}"
            elif DIGESTS[key] not in plain:
                yield key, f"is of no use without {DIGESTS[key]}"
        elif key != "version":
            yield key, "is not a known key"
        elif value != 1 or isinstance(value, bool):
            yield key, f"must be 1, not {_shown(value)}"


def _text_mistakes(value: object, most: int) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"must be text in quotes, not {_shown(value)}"
    elif not value.strip():
        yield "must be text that says something"
    elif len(value) > most:
        yield f"must be at most {most} characters, not {len(value)}"
    elif "\0" in value:
        yield "must not hold a zero byte"


def _shown(value: object) -> str:
    import json

    return json.dumps(value, default=str)[:60]


def _told(text: str, origin: str, mistakes: list[tuple[str, str]]) -> str:
    """Return one line with all mistakes, as they stand in the file."""
    from grader.rubric.mistakes import line_of, nearest  # as above

    numbered = sorted(
        (line_of(text, (key,)), f"{printable(key)} {problem}{nearest(key, KEYS) if key not in KEYS else ''}")
        for key, problem in mistakes
    )
    (first, problem), *others = numbered
    return " ".join([f"{origin}, line {first}: {problem}.", *(f"Line {line}: {one}." for line, one in others)])
