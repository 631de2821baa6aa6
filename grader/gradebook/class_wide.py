"""What a gradebook holds of the class as a whole: who is in it, what the course gave out, who is like whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from grader.gradebook.file import explained, transaction
from grader.gradebook.store import Store, dump, named, storable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_THERE = "(submission IN (SELECT submission FROM present) OR NOT EXISTS (SELECT 1 FROM present))"
CURRENT = f"id IN (SELECT max(id) FROM reports WHERE {_THERE} GROUP BY submission)"  # noqa: S608 - our own words
"""What is true of the newest reports of those that are there; of everybody in a gradebook from before that was kept."""


class ClassWide(Store):
    """The tables about everybody."""

    def keep_present(self, submissions: Collection[str]) -> None:
        """Keep which submissions (ids) there are to be graded; reports of all others are history from now on."""
        with self._lock, explained(self._path), transaction(self._connection):
            self._connection.execute("DELETE FROM present")
            self._connection.executemany("INSERT INTO present VALUES (?)", [(storable(one),) for one in submissions])

    def absent(self) -> tuple[str, ...]:
        """Return the ids of submissions with a report that were not there the last time, sorted."""
        rows = self._read(f"SELECT DISTINCT submission FROM reports WHERE NOT {_THERE}")  # noqa: S608 - our own words
        return tuple(sorted(named(one) for (one,) in rows))

    def templates(self) -> dict[str, bytes]:
        """Return what the course gave out, by the names of the files: nobody is compared by it."""
        return dict(self._read("SELECT name, content FROM templates ORDER BY name"))

    def keep_template(self, name: str, content: bytes) -> None:
        """Keep a file that the course gave out, over one of the same name."""
        self._write(
            "INSERT OR REPLACE INTO templates (name, saved, content) VALUES (?, ?, ?)", name, self.now(), content
        )

    def forget_templates(self) -> None:
        """Forget every file that the course gave out."""
        self._write("DELETE FROM templates")

    def find_similarity(self, key: str) -> dict[str, Any] | None:
        """Return what comparing a class showed, under this key."""
        rows = self._read("SELECT value FROM similarities WHERE key = ?", key)
        return dict(json.loads(rows[0][0])) if rows else None

    def keep_similarity(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep what comparing a class showed; the last time alone."""
        self._write("DELETE FROM similarities")
        self._write("INSERT INTO similarities (key, saved, value) VALUES (?, ?, ?)", key, self.now(), dump(value))
