"""Read and write the gradebook.

Each write is one transaction of a write-ahead log, so a killed process loses what was in flight and nothing
else. One connection behind one lock serves all threads of a process; a second process waits for its turn.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from grader.faults import GraderFault, OperatorFault
from grader.gradebook.class_wide import CURRENT, ClassWide
from grader.gradebook.file import connect, explained
from grader.gradebook.marks import Marks
from grader.gradebook.records import Entry, Invocation, Run
from grader.gradebook.store import dump, named, storable
from grader.gradebook.work import FinishedWork
from grader.records import Keys, Report, Status, report_from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self


FILE = "gradebook.sqlite"
"""What the gradebook of a results folder is called."""


class Gradebook(Marks, FinishedWork, ClassWide):
    """Keep runs, reports and finished work in one file; safe to call from several threads.

    `Gradebook.open` makes one. Use it as a context manager, or call `close`.
    """

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

    def start_run(self, invocation: Invocation) -> int:
        """Record that a run begins; return its number."""
        rubric_hash = hashlib.sha256(invocation.rubric.encode()).hexdigest()
        return self._write(
            "INSERT INTO runs (started, command, options, rubric, rubric_hash, versions, fingerprint)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            self.now(),
            dump(invocation.command),
            dump(invocation.options),
            invocation.rubric,
            rubric_hash,
            dump(invocation.versions),
            dump(invocation.fingerprint),
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
            storable(report.submission.id),
            str(report.status),
            keys.capture,
            keys.training,
            keys.score,
            dump(report.to_json()),
            dump(dict(kept)) if kept is not None else "",
        )

    def current_reports(self) -> tuple[Report, ...]:
        """Return the newest report of each submission that is there, sorted by the submission's id."""
        rows = self._read(f"SELECT report FROM reports WHERE {CURRENT}")  # noqa: S608 - our own words
        return tuple(sorted((self._report(text) for (text,) in rows), key=lambda report: report.submission.id))

    def current_entries(self) -> tuple[tuple[Entry, dict[str, Any] | None], ...]:
        """Return what `current_reports` does as entries, with what was kept beside each (None: nothing)."""
        rows = self._read(f"SELECT run, saved, report, kept FROM reports WHERE {CURRENT}")  # noqa: S608 - our own words
        return tuple(sorted(map(self._with_kept, rows), key=lambda one: one[0].report.submission.id))

    def history(self, submission: str) -> tuple[Entry, ...]:
        """Return every report of the submission with this id, the oldest first."""
        rows = self._read(
            "SELECT run, saved, report FROM reports WHERE submission = ? ORDER BY id", storable(submission)
        )
        return tuple(Entry(run, saved, self._report(text)) for run, saved, text in rows)

    def newest(self, submission: str) -> tuple[Entry, dict[str, Any] | None] | None:
        """Return a submission's newest report with what was kept beside it (None: nothing); None without one."""
        rows = self._read(
            "SELECT run, saved, report, kept FROM reports WHERE submission = ? ORDER BY id DESC LIMIT 1",
            storable(submission),
        )
        return self._with_kept(rows[0]) if rows else None

    def kept_of(self, submission: str) -> dict[str, Any] | None:
        """Return what was kept beside the newest report of the submission with this id (None: nothing)."""
        newest = self.newest(submission)
        return newest[1] if newest is not None else None

    def unchanged(self, submission: str, keys: Keys, since: float = 0) -> Report | None:
        """Return the submission's current report if it was made from the same things at `since` or later, else None.

        A fault of the grader's is always worth another try, and so is a report without a capture key.
        """
        if not keys.capture:
            return None
        rows = self._read(
            "SELECT report FROM reports WHERE id = (SELECT max(id) FROM reports WHERE submission = ?)"
            " AND capture_key = ? AND training_key = ? AND score_key = ? AND status != ? AND saved >= ?",
            storable(submission),
            keys.capture,
            keys.training,
            keys.score,
            str(Status.GRADER_FAULT),
            since,
        )
        return self._report(rows[0][0]) if rows else None

    def hardware(self, since: float = 0) -> dict[str, dict[str, Any]]:
        """Return, for each submission, the hardware that its current report was trained on."""
        rows = self._read(
            "SELECT reports.submission, trainings.fingerprint FROM reports JOIN trainings"
            " ON trainings.key = reports.training_key WHERE reports.saved >= ?"
            " AND reports.id IN (SELECT max(id) FROM reports GROUP BY submission)",
            since,
        )
        return {named(submission): json.loads(fingerprint) for submission, fingerprint in rows}

    def _with_kept(self, row: tuple[Any, ...]) -> tuple[Entry, dict[str, Any] | None]:
        run, saved, text, kept = row
        return Entry(run, saved, self._report(text)), dict(json.loads(kept)) if kept else None

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
