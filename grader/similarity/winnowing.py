"""Fingerprints of a stream of tokens, by the winnowing of Schleimer, Wilkerson and Aiken as copydetect does it.

copydetect counts characters, so each token is given one of its own. Of the library its functions are used and not its
command: importing the package as a whole imports matplotlib for a report of its own, which takes a second and wants to
write a cache. Its list of boilerplate is not used either: it takes every fingerprint that a submission has twice for
boilerplate (`assume_unique`), so what counts for nobody is taken out here.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
import types
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

LENGTH = 10
"""Tokens of a fingerprint, about one and a half lines."""
WINDOW = 3
"""Any run of `LENGTH + WINDOW - 1` tokens that two share is found."""


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """What a stream is compared by: for each fingerprint the places at which it begins."""

    places: dict[int, list[int]] = field(default_factory=dict)

    def without(self, common: frozenset[int]) -> Fingerprints:
        """Return those that are none of the `common` ones."""
        return Fingerprints({one: where for one, where in self.places.items() if one not in common})

    def covered(self, of: Iterable[int] | None = None) -> set[int]:
        """Return the indexes of the tokens that some of them, or all, cover."""
        chosen = self.places if of is None else (one for one in of if one in self.places)
        return {index for one in chosen for start in self.places[one] for index in range(start, start + LENGTH)}


class Rarity:
    """How rare each fingerprint is in a class."""

    def __init__(self, given: Sequence[Fingerprints]) -> None:
        """Count how many have each."""
        self._people = len(given)
        self._seen = Counter(key for one in given for key in one.places)

    def share(self, first: Fingerprints, second: Fingerprints) -> float:
        """Return which share of what two have is common to both (Dice), each fingerprint by its bits of surprise.

        Stock phrases, which a fifth of the class has, count little; what only one has counts most, so that it speaks
        for two who each have something of their own.
        """
        both = self._bits(first.places.keys() & second.places.keys())
        whole = self._bits(first.places) + self._bits(second.places)
        return min(1.0, 2 * both / whole) if whole else 0.0

    def _bits(self, keys: Iterable[int]) -> float:
        return sum(math.log2((self._people + 1) / self._seen[key]) for key in keys)


class Alphabet:
    """One character for each token, the same in all submissions."""

    def __init__(self) -> None:
        """Start without any."""
        self._known: dict[str, str] = {}

    def text(self, tokens: Sequence[str]) -> str:
        """Return the tokens as a text of as many characters."""
        return "".join([self._known.setdefault(one, chr(0x1_0000 + len(self._known))) for one in tokens])


def library() -> Any | None:
    """Return copydetect's functions; None where it is not installed."""
    if "copydetect" not in sys.modules:
        found = importlib.util.find_spec("copydetect")
        if found is None or found.submodule_search_locations is None:
            return None
        package = types.ModuleType("copydetect")
        package.__path__ = list(found.submodule_search_locations)
        package.__spec__ = found
        sys.modules["copydetect"] = package
    return importlib.import_module("copydetect.utils")


def fingerprints(found: Any, text: str) -> Fingerprints:
    """Return the fingerprints of a text, by the functions that `library` returned."""
    if len(text) < LENGTH + WINDOW - 1:
        return Fingerprints()
    _, places = found.get_document_fingerprints(text, LENGTH, WINDOW)
    return Fingerprints({int(one): [int(where) for where in indexes] for one, indexes in places.items()})


def shared_counts(sets: Sequence[frozenset[int]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return how many elements each two sets share, as a matrix; what only one has costs nothing."""
    count = len(sets)
    seen: dict[int, int] = {}
    for one in sets:
        for element in one:
            seen[element] = seen.get(element, 0) + 1
    column = {element: index for index, element in enumerate(one for one, times in seen.items() if times > 1)}
    total = np.zeros((count, count), np.float32)
    rows = [sorted(column[element] for element in one if element in column) for one in sets]
    width = 4096
    for start in range(0, len(column), width):
        block = np.zeros((count, width), np.float32)
        for index, row in enumerate(rows):
            inside = [one - start for one in row if start <= one < start + width]
            block[index, inside] = 1
        total += block @ block.T
    return total
