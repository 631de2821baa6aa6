"""What two gradebooks must have in common when one class was graded by one rubric: everything but the times."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

TIMES = frozenset({"seconds", "saved", "started", "finished"})


def contents(out: Path) -> dict[str, Any]:
    """Return reports (with how often each was saved), captures, trainings and explanations, without any times."""
    with closing(sqlite3.connect(out / "gradebook.sqlite")) as book, book:
        assert book.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {
            "reports": {
                name: (count, timeless(json.loads(text)))
                for name, count, text in book.execute(
                    "SELECT submission, (SELECT count(*) FROM reports AS all_of WHERE all_of.submission ="
                    " reports.submission), report FROM reports"
                    " WHERE id IN (SELECT max(id) FROM reports GROUP BY submission)"
                )
            },
            "captures": {
                key: (graph, timeless(json.loads(meta)), frames)
                for key, graph, meta, frames in book.execute("SELECT key, graph, meta, frames FROM captures")
            },
            "trainings": {
                key: (content, timeless(json.loads(training)), shape, logits)
                for key, content, training, shape, logits in book.execute(
                    "SELECT key, content, training, shape, logits FROM trainings"
                )
            },
            "explanations": {
                key: timeless(json.loads(value)) for key, value in book.execute("SELECT key, value FROM explanations")
            },
            "grades.csv": (out / "grades.csv").read_text(encoding="utf-8"),
        }


def timeless(plain: Any) -> Any:
    """Return plain values without whatever is a time."""
    if isinstance(plain, dict):
        return {key: timeless(value) for key, value in plain.items() if key not in TIMES}
    return [timeless(one) for one in plain] if isinstance(plain, list) else plain
