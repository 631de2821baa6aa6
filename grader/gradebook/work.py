"""Finished work that need not be done again: captures, trainings, documents, layouts, the reference."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import zlib
from typing import Any

from grader.gradebook.records import StoredCapture, StoredTraining
from grader.gradebook.store import Store, dump
from grader.records import CurvePoint, Sample, SourceText, Training


class FinishedWork(Store):
    """The tables of finished work, each by its key."""

    def find_capture(self, key: str, since: float = 0) -> StoredCapture | None:
        """Return what was captured under this key at `since` or later, its graph left out."""
        rows = self._read("SELECT graph, meta FROM captures WHERE key = ? AND saved >= ? AND graph != ''", key, since)
        return StoredCapture(rows[0][0], json.loads(rows[0][1])["captured"]) if rows else None

    def load_capture(self, key: str) -> StoredCapture | None:
        """Return what was captured under this key, with its graph."""
        rows = self._read("SELECT graph, meta, frames FROM captures WHERE key = ?", key)
        if not rows:
            return None
        graph, meta, frames = rows[0]
        plain = json.loads(meta)
        split = plain["document_bytes"]
        return StoredCapture(graph, plain["captured"], frames[:split], frames[split:])

    def save_capture(self, key: str, capture: StoredCapture) -> bool:
        """Keep a capture, over one with the same key; return False where it is too large for SQLite (1 GB)."""
        meta = dump({"captured": capture.meta, "document_bytes": len(capture.document)})
        frames = capture.document + capture.tensors
        limit = self._connection.getlimit(sqlite3.SQLITE_LIMIT_LENGTH)
        if len(key) + len(meta) + len(frames) >= limit - 1024:
            return False
        self._write(
            "INSERT OR REPLACE INTO captures (key, saved, meta, frames, graph) VALUES (?, ?, ?, ?, ?)",
            key,
            self.now(),
            meta,
            frames,
            capture.graph,
        )
        return True

    def find_source(self, key: str) -> tuple[SourceText, ...]:
        """Return the code that was captured under this key, as it was read; empty where it is not known."""
        found = self.find_capture(key)
        return found.source if found is not None else ()

    def find_training(self, key: str, since: float = 0) -> StoredTraining | None:
        """Return the training that ended under this key at `since` or later."""
        rows = self._read(
            "SELECT training, shape, logits, content, samples FROM trainings WHERE key = ? AND saved >= ?", key, since
        )
        if not rows:
            return None
        training, shape, logits, content, samples = rows[0]
        plain = json.loads(training)
        curve = tuple(CurvePoint(**point) for point in plain["curve"])
        shown = tuple(Sample(**one) for one in json.loads(samples))
        return StoredTraining(Training(**{**plain, "curve": curve}), tuple(json.loads(shape)), logits, content, shown)

    def find_training_elsewhere(self, content: str) -> tuple[str, StoredTraining] | None:
        """Return key and training of the same content on whatever hardware, the latest."""
        rows = self._read("SELECT key FROM trainings WHERE content = ? ORDER BY saved DESC LIMIT 1", content)
        found = self.find_training(rows[0][0]) if rows else None
        return (rows[0][0], found) if found is not None else None

    def save_training(self, key: str, stored: StoredTraining) -> None:
        """Keep a finished training, over one with the same key."""
        self._write(
            "INSERT OR REPLACE INTO trainings (key, saved, seconds, training, shape, logits, content, fingerprint,"
            " samples) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            key,
            self.now(),
            stored.training.seconds,
            dump(dataclasses.asdict(stored.training)),
            dump(stored.shape),
            stored.logits,
            stored.content,
            json.dumps(stored.training.hardware, sort_keys=True),
            dump([dataclasses.asdict(one) for one in stored.samples]),
        )

    def find_explanation(self, key: str) -> dict[str, Any] | None:
        """Return what was read from documents under this key."""
        rows = self._read("SELECT value FROM explanations WHERE key = ?", key)
        return dict(json.loads(rows[0][0])) if rows else None

    def save_explanation(self, key: str, value: dict[str, Any]) -> None:
        """Keep what was read from documents, over what has the same key."""
        self._write(
            "INSERT OR REPLACE INTO explanations (key, saved, value) VALUES (?, ?, ?)",
            key,
            self.now(),
            dump(value),
        )

    def has_rendering(self, key: str) -> bool:
        """Tell whether notebooks were laid out under this key."""
        return bool(self._read("SELECT 1 FROM renderings WHERE key = ?", key))

    def find_rendering(self, key: str) -> dict[str, Any] | None:
        """Return the notebooks that were laid out under this key."""
        rows = self._read("SELECT value FROM renderings WHERE key = ?", key)
        return dict(json.loads(zlib.decompress(rows[0][0]))) if rows else None

    def save_rendering(self, key: str, value: dict[str, Any]) -> None:
        """Keep notebooks that were laid out, over what has the same key; their HTML is packed, to an eighth or so."""
        self._write(
            "INSERT OR REPLACE INTO renderings (key, saved, value) VALUES (?, ?, ?)",
            key,
            self.now(),
            zlib.compress(dump(value).encode()),
        )

    def find_reference(self, key: str) -> str | None:
        """Return what is remembered of the reference under this key, as it was kept."""
        rows = self._read("SELECT value FROM standards WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def keep_reference(self, key: str, value: str) -> None:
        """Keep what is remembered of the reference, so that a gradebook can be judged again on another machine."""
        self._write("INSERT OR IGNORE INTO standards (key, saved, value) VALUES (?, ?, ?)", key, self.now(), value)

    def find_quarantine(self, key: str, since: float = 0) -> tuple[str, str, str] | None:
        """Return why the job under this key was put aside at `since` or later; None where it was not."""
        rows = self._read("SELECT reason FROM quarantine WHERE key = ? AND saved >= ?", key, since)
        if not rows:
            return None
        what, why, fix = json.loads(rows[0][0])
        return what, why, fix

    def save_quarantine(self, key: str, reason: tuple[str, str, str]) -> None:
        """Put a job aside that took several workers with it; the latest reason is kept."""
        self._write(
            "INSERT OR REPLACE INTO quarantine (key, saved, reason) VALUES (?, ?, ?)", key, self.now(), dump(reason)
        )
