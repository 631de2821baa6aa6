"""The catalogue of attacks: every row of it is tried against the real thing, or says why it cannot be."""

from __future__ import annotations

from collections import Counter

from tests.attacks.catalogue import escaping, exhausting, files, forging, reports, secrets
from tests.attacks.catalogue.attack import Attack, NotApplicable
from tests.attacks.catalogue.traps import TRAPS

__all__ = ["ATTACKS", "NOT_APPLICABLE", "ROWS", "TRAPS", "Attack", "NotApplicable"]

ROWS = range(1, 98)
"""Numbers of the catalogue's rows about attacks; those of the traps follow."""

_ALL = [one for group in (forging, secrets, escaping, exhausting, files, reports) for one in group.ROWS]

NOT_APPLICABLE: dict[int, NotApplicable] = {one.row: one for one in _ALL if isinstance(one, NotApplicable)}


def _named() -> dict[str, Attack]:
    counts: Counter[int] = Counter()
    found = {}
    for one in _ALL:
        if isinstance(one, Attack):
            found[f"row{one.row:02d}{chr(ord('a') + counts[one.row])}"] = one
            counts[one.row] += 1
    return found


ATTACKS: dict[str, Attack] = _named()
"""Attacks by name: the row and a letter."""
