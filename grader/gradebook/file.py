"""The gradebook's file: its tables, how an older file becomes a current one, and what SQLite's errors mean."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grader.faults import GraderFault, OperatorFault, StorageFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION = 0x63_6E_6E_67
"""What `PRAGMA application_id` of every gradebook says (`cnng`)."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT, started REAL NOT NULL, finished REAL, command TEXT NOT NULL,
            options TEXT NOT NULL, rubric TEXT NOT NULL, rubric_hash TEXT NOT NULL, versions TEXT NOT NULL,
            fingerprint TEXT NOT NULL)""",
        """CREATE TABLE reports (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs (id), saved REAL NOT NULL,
            submission TEXT NOT NULL, status TEXT NOT NULL, capture_key TEXT NOT NULL,
            training_key TEXT NOT NULL, score_key TEXT NOT NULL, report TEXT NOT NULL)""",
        "CREATE INDEX reports_of_submission ON reports (submission, id)",
        """CREATE TABLE captures (
            key TEXT PRIMARY KEY, saved REAL NOT NULL, meta TEXT NOT NULL, frames BLOB NOT NULL)""",
        """CREATE TABLE trainings (
            key TEXT PRIMARY KEY, saved REAL NOT NULL, seconds REAL NOT NULL, training TEXT NOT NULL,
            shape TEXT NOT NULL, logits BLOB NOT NULL)""",
        "CREATE TABLE reference_results (key TEXT PRIMARY KEY, saved REAL NOT NULL, value TEXT NOT NULL)",
    ),
    (
        "DROP TABLE reference_results",
        "ALTER TABLE captures ADD COLUMN graph TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE trainings ADD COLUMN content TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE trainings ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '{}'",
        "CREATE INDEX trainings_of_content ON trainings (content, saved)",
        "CREATE TABLE explanations (key TEXT PRIMARY KEY, saved REAL NOT NULL, value TEXT NOT NULL)",
    ),
    (
        "ALTER TABLE reports ADD COLUMN kept TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE standards (key TEXT PRIMARY KEY, saved REAL NOT NULL, value TEXT NOT NULL)",
    ),
    (
        """CREATE TABLE marks (
            id INTEGER PRIMARY KEY AUTOINCREMENT, saved REAL NOT NULL, submission TEXT NOT NULL,
            criterion TEXT NOT NULL, points REAL, comment TEXT NOT NULL, who TEXT NOT NULL, seen TEXT NOT NULL,
            undoes INTEGER UNIQUE REFERENCES marks (id))""",
        "CREATE INDEX marks_of_submission ON marks (submission, id)",
        # Whatever a later version of this program does, what a human gave is not changed and does not go.
        "CREATE TRIGGER marks_stay BEFORE UPDATE ON marks BEGIN SELECT RAISE(ABORT, 'a mark is never changed'); END",
        "CREATE TRIGGER marks_last BEFORE DELETE ON marks BEGIN SELECT RAISE(ABORT, 'a mark is never deleted'); END",
        "CREATE TABLE templates (name TEXT PRIMARY KEY, saved REAL NOT NULL, content BLOB NOT NULL)",
        # Without a row nothing is known of who is there, and everybody is taken to be.
        "CREATE TABLE present (submission TEXT PRIMARY KEY)",
        "CREATE TABLE similarities (key TEXT PRIMARY KEY, saved REAL NOT NULL, value TEXT NOT NULL)",
        "CREATE TABLE renderings (key TEXT PRIMARY KEY, saved REAL NOT NULL, value BLOB NOT NULL)",
        "ALTER TABLE trainings ADD COLUMN samples TEXT NOT NULL DEFAULT '[]'",
        "CREATE TABLE quarantine (key TEXT PRIMARY KEY, saved REAL NOT NULL, reason TEXT NOT NULL)",
    ),
)
"""`MIGRATIONS[n]` takes a file from schema n to schema n + 1; an entry that was released is never edited."""

SCHEMA = len(MIGRATIONS)
"""The newest schema that this version reads, and the one that it writes; kept in `PRAGMA user_version`."""

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_FORBIDDEN = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}


def connect(path: Path, patience: float) -> sqlite3.Connection:
    """Open the file at `path` with the current schema; make it, and its folder, where there is none.

    The connection is in autocommit mode and may be used from several threads, one at a time.

    Raises:
        OperatorFault: the file is locked, no gradebook, from a newer version, or cannot be written.

    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write everything inside the block, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors inside the block into a fault that says what to do.

    Raises:
        OperatorFault: for what the operator can mend.
        StorageFault: when the disk is full or broken.
        GraderFault: for anything else that SQLite complains of.

    """
    try:
        yield
    except sqlite3.Error as error:
        raise _fault(path, error) from error
    except OSError as error:
        raise OperatorFault(
            f"The gradebook {path} cannot be written ({error.strerror or error}).", fix="Choose another --out folder."
        ) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what is not ours before anything is written, then bring the schema up to date."""
    application, schema, tables = (
        connection.execute(question).fetchone()[0]
        for question in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
    )
    if application != APPLICATION and (tables or application or schema):
        raise OperatorFault(
            f"{path} is a database, but not a gradebook.", fix="Move it away or choose another --out folder."
        )
    if schema > SCHEMA:
        raise OperatorFault(
            f"The gradebook {path} was written by a newer grader (schema {schema}; this one reads up to {SCHEMA}).",
            fix="Upgrade the grader or choose another --out folder.",
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # Also when nothing is to be migrated: a lock or a read-only file is found now and not after an hour's work.
    with transaction(connection):
        # Read again: another process may have made the tables while this one waited for the lock.
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        for statement in (statement for migration in MIGRATIONS[schema:] for statement in migration):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _fault(path: Path, error: sqlite3.Error) -> OperatorFault | GraderFault:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind, the rest the variety
    if code in _BUSY:
        return OperatorFault(
            f"The gradebook {path} is in use: another process is writing it.", fix="Wait for that one to end or end it."
        )
    if code in _FORBIDDEN:
        return OperatorFault(
            f"The gradebook {path} cannot be written ({error}).",
            fix="Give yourself the right to write that folder or choose another --out folder.",
        )
    if code in _DISK:
        return StorageFault(
            f"The disk is full or failed while the gradebook {path} was in use ({error}).",
            fix="Free some space, then run the same command again; it goes on where it stopped.",
        )
    if code == sqlite3.SQLITE_NOTADB:
        return OperatorFault(f"{path} is not a gradebook.", fix="Move it away or choose another --out folder.")
    if code == sqlite3.SQLITE_CORRUPT:
        return OperatorFault(
            f"The gradebook {path} is damaged ({error}).",
            fix="Restore it from a backup or move it away and start anew.",
        )
    return GraderFault(f"The gradebook {path} could not be used.", f"{type(error).__name__}: {error}.")
