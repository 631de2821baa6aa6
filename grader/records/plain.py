"""Records as plain values, for JSON: what `dataclasses.asdict` does, without its copies."""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from functools import cache
from typing import Any

Names = tuple[str, ...]


@cache
def _fields(kind: Hashable) -> Names | None:
    """Return the names of a record's fields; None for what is no record."""
    found = getattr(kind, "__dataclass_fields__", None)
    return tuple(found) if found is not None else None


def plain(value: Any) -> Any:
    """Return dictionaries for records and lists for tuples; strings, numbers and None are themselves.

    Nothing is copied that cannot change. A class has 50 points of two curves in each report, so this is where a regrade
    spends its time.
    """
    kind = type(value)
    if kind in (str, int, float, bool, type(None)) or isinstance(value, Enum):
        return value
    if kind in (tuple, list):
        return [plain(one) for one in value]
    if kind is dict:
        return {key: plain(one) for key, one in value.items()}
    names = _fields(kind)  # type: ignore[arg-type]
    return value if names is None else {name: plain(getattr(value, name)) for name in names}
