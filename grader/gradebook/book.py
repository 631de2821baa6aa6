"""Read and write the gradebook.

Each write is one transaction of a write-ahead log, so a killed process loses what was in flight and nothing
else. One connection behind one lock serves all threads of a process; a second process waits for its turn.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import sqlite3
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any

from grader.faults import GraderFault, OperatorFault
from grader.gradebook.file import connect, explained, transaction
from grader.gradebook.records import Entry, Invocation, Run, StoredCapture, StoredTraining
from grader.records import CurvePoint, Keys, Mark, Report, Sample, SourceText, Status, Training, report_from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self


FILE = "gradebook.sqlite"
"""What the gradebook of a results folder is called."""

_DATED = ("reports", "captures", "trainings", "explanations")
"""Tables of work of which it is asked when it was done."""


class Gradebook:
    """Keep runs, reports and finished work in one file; safe to call from several threads.

    `Gradebook.open` makes one. Use it as a context manager, or call `close`.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, clock: Callable[[], float]) -> None:
        """Take over a connection whose schema is current; `Gradebook.open` is the way to get one."""
        self._connection = connection
        self._path = path
        self._clock = clock
        self._latest: float | None = None
        self._lock = threading.Lock()

    @classmethod
    def of(cls, results: Path, *, create: bool = False, patience: float = 5.0) -> Self:
        """Open the gradebook of a results folder, whose clock is this machine's; `patience` is that of `open`.

        Raises:
            OperatorFault: as for `open`.

        """
        return cls.open(results / FILE, time.time, create=create, patience=patience)

    @classmethod
    def open(cls, path: Path, clock: Callable[[], float], *, create: bool = True, patience: float = 5.0) -> Self:
        """Open the gradebook at `path`; make it, and its folder, where there is none and `create` allows it.

        `clock` returns seconds since 1970. `patience` is how many seconds each write waits for another process.

        Raises:
            OperatorFault: it is missing, locked, no gradebook, from a newer version, or cannot be written.

        """
        if not path.is_file() and not create:
            raise OperatorFault(f"There is no gradebook at {path}.", fix="Run `grader batch` with --out first.")
        return cls(connect(path, patience), path, clock)

    def close(self) -> None:
        """Close the file; the last one to do so folds the write-ahead log into it."""
        with self._lock, explained(self._path):
            self._connection.close()

    def __enter__(self) -> Self:
        """Return the gradebook itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, whatever happened."""
        self.close()

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

    def start_run(self, invocation: Invocation) -> int:
        """Record that a run begins; return its number."""
        rubric_hash = hashlib.sha256(invocation.rubric.encode()).hexdigest()
        return self._write(
            "INSERT INTO runs (started, command, options, rubric, rubric_hash, versions, fingerprint)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            self.now(),
            _dump(invocation.command),
            _dump(invocation.options),
            invocation.rubric,
            rubric_hash,
            _dump(invocation.versions),
            _dump(invocation.fingerprint),
        )

    def finish_run(self, run: int) -> None:
        """Record that a run came to its end."""
        self._write("UPDATE runs SET finished = ? WHERE id = ?", self.now(), run)

    def runs(self) -> tuple[Run, ...]:
        """Return every run, the oldest first."""
        rows = self._read(
            "SELECT id, started, finished, command, options, rubric, versions, fingerprint, rubric_hash"
            " FROM runs ORDER BY id"
        )
        return tuple(_run(row) for row in rows)

    def last_change(self) -> tuple[int, float] | None:
        """Return number and time (seconds since 1970) of the latest run that saved a report; None before the first."""
        rows = self._read("SELECT run, saved FROM reports ORDER BY id DESC LIMIT 1")
        return (rows[0][0], rows[0][1]) if rows else None

    def save_report(self, run: int, report: Report, kept: Mapping[str, Any] | None = None) -> None:
        """Make `report` its submission's current one; those before it become history.

        `kept` is what judging it again takes besides finished work (`grader.kept`), as plain JSON values.
        """
        keys = report.keys
        self._write(
            "INSERT INTO reports (run, saved, submission, status, capture_key, training_key, score_key, report, kept)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            run,
            self.now(),
            _storable(report.submission.id),
            str(report.status),
            keys.capture,
            keys.training,
            keys.score,
            _dump(report.to_json()),
            _dump(dict(kept)) if kept is not None else "",
        )

    def current_reports(self) -> tuple[Report, ...]:
        """Return the newest report of each submission, sorted by the submission's id."""
        rows = self._read("SELECT report FROM reports WHERE id IN (SELECT max(id) FROM reports GROUP BY submission)")
        return tuple(sorted((self._report(text) for (text,) in rows), key=lambda report: report.submission.id))

    def current_entries(self) -> tuple[tuple[Entry, dict[str, Any] | None], ...]:
        """Return the newest report of each submission, sorted by id, with what was kept beside it (None: nothing)."""
        rows = self._read(
            "SELECT run, saved, report, kept FROM reports WHERE id IN (SELECT max(id) FROM reports GROUP BY submission)"
        )
        found = [
            (Entry(run, saved, self._report(text)), dict(json.loads(kept)) if kept else None)
            for run, saved, text, kept in rows
        ]
        return tuple(sorted(found, key=lambda one: one[0].report.submission.id))

    def history(self, submission: str) -> tuple[Entry, ...]:
        """Return every report of the submission with this id, the oldest first."""
        rows = self._read(
            "SELECT run, saved, report FROM reports WHERE submission = ? ORDER BY id", _storable(submission)
        )
        return tuple(Entry(run, saved, self._report(text)) for run, saved, text in rows)

    def kept_of(self, submission: str) -> dict[str, Any] | None:
        """Return what was kept beside the newest report of the submission with this id (None: nothing)."""
        rows = self._read(
            "SELECT kept FROM reports WHERE submission = ? ORDER BY id DESC LIMIT 1", _storable(submission)
        )
        return dict(json.loads(rows[0][0])) if rows and rows[0][0] else None

    def save_mark(self, mark: Mark) -> Mark:
        """Add what a human gave; return it with its number and the time, which are the gradebook's to say.

        Marks hang on the submission's id and the criterion's, so they outlive every report.
        """
        saved = self.now()
        number = self._write(
            "INSERT INTO marks (saved, submission, criterion, points, comment, who, seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
            saved,
            _storable(mark.submission),
            mark.criterion,
            mark.points,
            mark.comment,
            mark.who,
            mark.seen,
        )
        return dataclasses.replace(mark, id=number, saved=saved, undoes=None)

    def undo_mark(self, number: int, who: str) -> bool:
        """Take back the entry of this number by a further one; return False where that was done already."""
        with self._lock, explained(self._path), transaction(self._connection):
            done = self._connection.execute(
                "INSERT OR IGNORE INTO marks (saved, submission, criterion, points, comment, who, seen, undoes)"
                " SELECT ?, submission, criterion, NULL, '', ?, '', id FROM marks WHERE id = ?",
                (self.now(), who, number),
            )
            return done.rowcount == 1

    def marks(self, submission: str | None = None) -> tuple[Mark, ...]:
        """Return everything that humans gave, in its order; of one submission, or of all where it is None."""
        columns = "SELECT id, saved, submission, criterion, points, comment, who, seen, undoes FROM marks"
        if submission is None:
            rows = self._read(f"{columns} ORDER BY id")
        else:
            rows = self._read(f"{columns} WHERE submission = ? ORDER BY id", _storable(submission))
        return tuple(Mark(number, saved, _name(of), *rest) for number, saved, of, *rest in rows)

    def unchanged(self, submission: str, keys: Keys, since: float = 0) -> Report | None:
        """Return the submission's current report if it was made from the same things at `since` or later, else None.

        A fault of the grader's is always worth another try, and so is a report without a capture key.
        """
        if not keys.capture:
            return None
        rows = self._read(
            "SELECT report FROM reports WHERE id = (SELECT max(id) FROM reports WHERE submission = ?)"
            " AND capture_key = ? AND training_key = ? AND score_key = ? AND status != ? AND saved >= ?",
            _storable(submission),
            keys.capture,
            keys.training,
            keys.score,
            str(Status.GRADER_FAULT),
            since,
        )
        return self._report(rows[0][0]) if rows else None

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
        meta = _dump({"captured": capture.meta, "document_bytes": len(capture.document)})
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
            _dump(dataclasses.asdict(stored.training)),
            _dump(stored.shape),
            stored.logits,
            stored.content,
            json.dumps(stored.training.hardware, sort_keys=True),
            _dump([dataclasses.asdict(one) for one in stored.samples]),
        )

    def hardware(self, since: float = 0) -> dict[str, dict[str, Any]]:
        """Return, for each submission, the hardware that its current report was trained on."""
        rows = self._read(
            "SELECT reports.submission, trainings.fingerprint FROM reports JOIN trainings"
            " ON trainings.key = reports.training_key WHERE reports.saved >= ?"
            " AND reports.id IN (SELECT max(id) FROM reports GROUP BY submission)",
            since,
        )
        return {_name(submission): json.loads(fingerprint) for submission, fingerprint in rows}

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
            _dump(value),
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
            zlib.compress(_dump(value).encode()),
        )

    def find_reference(self, key: str) -> str | None:
        """Return what is remembered of the reference under this key, as it was kept."""
        rows = self._read("SELECT value FROM standards WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    def keep_reference(self, key: str, value: str) -> None:
        """Keep what is remembered of the reference, so that a gradebook can be judged again on another machine."""
        self._write("INSERT OR IGNORE INTO standards (key, saved, value) VALUES (?, ?, ?)", key, self.now(), value)

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
        self._write("INSERT INTO similarities (key, saved, value) VALUES (?, ?, ?)", key, self.now(), _dump(value))

    def _write(self, statement: str, *values: object) -> int:
        with self._lock, explained(self._path), transaction(self._connection):
            return self._connection.execute(statement, values).lastrowid or 0

    def _read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock, explained(self._path):
            return self._connection.execute(statement, values).fetchall()

    def _report(self, text: str) -> Report:
        try:
            return report_from_json(json.loads(text))
        except (KeyError, TypeError, ValueError) as error:
            raise GraderFault(
                f"A report in {self._path} cannot be read.", f"{type(error).__name__}: {error}."
            ) from error


def _run(row: tuple[Any, ...]) -> Run:
    number, started, finished, command, options, rubric, versions, fingerprint, rubric_hash = row
    asked = Invocation(
        tuple(json.loads(command)), json.loads(options), rubric, json.loads(versions), json.loads(fingerprint)
    )
    return Run(number, started, finished, asked, rubric_hash)


def _dump(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _storable(name: str) -> str | bytes:
    """Return a name as SQLite can hold it: a file name that is not UTF-8 has lone surrogates, and becomes a blob.

    A blob never equals a text, so no two names meet.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")
    return name


def _name(stored: str | bytes) -> str:
    """Return the name that `_storable` made storable."""
    return stored if isinstance(stored, str) else stored.decode("utf-8", "surrogatepass")
