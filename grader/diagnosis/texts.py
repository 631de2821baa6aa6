"""The longer text for each code, as `grader check --explain CODE` prints it."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Longer:
    """What there is to know about one code.

    Attributes:
        title: what happened, as a sentence without its full stop.
        means: why it happens.
        seen: how to recognise it: torch's words, or where the report says it.
        before: an example with the mistake.
        after: the same without it.
    """

    title: str
    means: str
    seen: str
    before: str
    after: str


def texts() -> Mapping[str, Longer]:
    """Return the text of every code, read from the tables in `catalogue/`."""
    found: dict[str, Longer] = {}
    for file in sorted(resources.files("grader.diagnosis").joinpath("catalogue").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            tables = tomllib.loads(file.read_text(encoding="utf-8"))
            found |= {code: Longer(**table) for code, table in tables.items()}
    return dict(sorted(found.items()))


def nearest(code: str, known: Mapping[str, Longer]) -> str:
    """Return the code that was probably meant: e2 is E02; else the most similar."""
    plain = code.strip().upper()
    padded = f"{plain[:1]}{plain[1:].zfill(2)}"
    if padded in known:
        return padded
    kin = [one for one in known if one[:1] == padded[:1]]
    if kin and padded[1:].isdecimal():
        return min(kin, key=lambda one: abs(int(one[1:]) - int(padded[1:])))
    close = difflib.get_close_matches(padded, known, n=1, cutoff=0)
    return close[0] if close else ""
