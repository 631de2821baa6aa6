"""The connection that everything in a gradebook is read and written through: one lock, one clock."""

from __future__ import annotations

import json
import math
import threading
from typing import TYPE_CHECKING, Any

from grader.gradebook.file import explained, transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

_DATED = ("reports", "captures", "trainings", "explanations")
"""Tables of work of which it is asked when it was done."""


class Store:
    """One file and its clock; safe to call from several threads."""

    def __init__(self, connection: sqlite3.Connection, path: Path, clock: Callable[[], float]) -> None:
        """Take over a connection whose schema is current; `Gradebook.open` is the way to get one."""
        self._connection = connection
        self._path = path
        self._clock = clock
        self._latest: float | None = None
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the seconds since 1970, or the latest that this file knows: a clock that is set back costs nothing."""
        self._latest = max(self._clock(), self._known_latest())
        return self._latest

    def from_now(self) -> float:
        """Return a moment that is later than anything that is kept, and not later than what will be."""
        self._latest = max(self._clock(), math.nextafter(self._known_latest(), math.inf))
        return self._latest

    def _known_latest(self) -> float:
        if self._latest is None:
            several = " UNION ALL ".join(f"SELECT max(saved) AS at FROM {one}" for one in _DATED)  # noqa: S608 - our own
            self._latest = self._read(f"SELECT max(at) FROM ({several})")[0][0] or 0.0  # noqa: S608 - the same
        return self._latest

    def _write(self, statement: str, *values: object) -> int:
        with self._lock, explained(self._path), transaction(self._connection):
            return self._connection.execute(statement, values).lastrowid or 0

    def _read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock, explained(self._path):
            return self._connection.execute(statement, values).fetchall()


def dump(value: object) -> str:
    """Return a value as compact JSON."""
    return json.dumps(value, separators=(",", ":"))


def storable(name: str) -> str | bytes:
    """Return a name as SQLite can hold it: a file name that is not UTF-8 has lone surrogates, and becomes a blob.

    A blob never equals a text, so no two names meet.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")
    return name


def named(stored: str | bytes) -> str:
    """Return the name that `storable` made storable."""
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogatepass")
