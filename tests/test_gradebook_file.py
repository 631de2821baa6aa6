"""The gradebook's file: what survives a kill, and what an operator is told when it cannot be used."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from grader.faults import GraderFault, OperatorFault
from grader.gradebook import Gradebook, Invocation
from grader.gradebook import file as gradebook_file
from grader.records import Keys, Report, Status, Submission

INVOCATION = Invocation(("grader", "batch"), {}, "", {}, {})


def report(name: str) -> Report:
    """Return a report with nothing in it."""
    return Report(
        status=Status.STUDENT_FAULT,
        submission=Submission(name, name, ()),
        model=None,
        layers=(),
        findings=(),
        advice=(),
        training=None,
        score=None,
        points=0,
        max_points=30,
        human_points=None,
        human_max=20,
        stopped=None,
        isolation={},
        versions={},
        keys=Keys("c", "t", "s"),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the gradebook is, in a folder that is not there yet."""
    return tmp_path / "results" / "gradebook.sqlite"


CHILD = """
import json, os, sys, threading, time
from pathlib import Path
from grader.gradebook import Gradebook, Invocation, StoredCapture
from grader.records import report_from_json

plain = json.loads(sys.argv[2])
book = Gradebook.open(Path(sys.argv[1]), time.time)
run = book.start_run(Invocation((), {}, "", {}, {}))

def write():
    for index in range(100_000):
        plain["submission"]["id"] = f"{index:06}"
        book.save_capture(str(index), StoredCapture(os.urandom(200_000), {}))
        book.save_report(run, report_from_json(plain))
        os.write(1, f"{index}\\n".encode())

threading.Thread(target=write, daemon=True).start()
if sys.argv[3] == "exit":
    time.sleep(0.5)
    os._exit(1)
time.sleep(60)
"""


@pytest.mark.parametrize("way", ["exit", "kill"])
def test_a_killed_process_loses_nothing_that_it_had_written(way: str, path: Path) -> None:
    """After `os._exit` or SIGKILL in the middle of writing, every write that had returned is there and whole."""
    command = [sys.executable, "-c", CHILD, str(path), json.dumps(report("x").to_json()), way]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    ) as child:
        assert child.stdout is not None
        acknowledged = []
        for line in child.stdout:
            acknowledged.append(int(line))
            if way == "kill" and len(acknowledged) == 30:
                child.send_signal(signal.SIGKILL)
    assert child.returncode == (1 if way == "exit" else -signal.SIGKILL)
    assert acknowledged
    with Gradebook.open(path, float) as book:
        saved = {one.submission.id for one in book.current_reports()}
        assert {f"{index:06}" for index in acknowledged} <= saved
        assert all(book.find_capture(str(int(name))) for name in saved)
        (run,) = book.runs()
        assert run.finished is None
        book.save_report(run.id, report("after"))
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_it_opens_again(path: Path) -> None:
    """What one process wrote the next one reads; run numbers go on."""
    with Gradebook.open(path, float) as book:
        first = book.start_run(INVOCATION)
        book.save_report(first, report("ada"))
    with Gradebook.open(path, float, create=False) as book:
        assert len(book.current_reports()) == 1
        assert book.start_run(INVOCATION) == first + 1


def test_a_closed_gradebook_says_so(path: Path) -> None:
    """Leaving the block closes the file, and whoever writes after that has a bug."""
    with Gradebook.open(path, float) as book:
        pass
    with pytest.raises(GraderFault, match="closed"):
        book.current_reports()


def test_the_file_is_what_was_promised(path: Path) -> None:
    """The file has a write-ahead log, says its schema and is marked as ours."""
    with Gradebook.open(path, float):
        pass
    connection = sqlite3.connect(path)
    answers = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "user_version", "application_id")
    ]
    connection.close()
    assert answers == ["wal", gradebook_file.SCHEMA, gradebook_file.APPLICATION]


def test_an_older_gradebook_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of schema 1 gets what later schemas added and keeps what it had."""
    with Gradebook.open(path, float) as book:
        book.save_report(book.start_run(INVOCATION), report("ada"))
    later = (*gradebook_file.MIGRATIONS, ("ALTER TABLE runs ADD COLUMN note TEXT",))
    monkeypatch.setattr(gradebook_file, "MIGRATIONS", later)
    monkeypatch.setattr(gradebook_file, "SCHEMA", len(later))
    with Gradebook.open(path, float) as book:
        assert len(book.current_reports()) == 1
    connection = gradebook_file.connect(path, 1)
    assert connection.execute("SELECT note FROM runs").fetchall() == [(None,)]
    connection.close()


def refused(path: Path, *, create: bool = True) -> str:
    """Return what the operator is told, which names the file and one thing to do."""
    with pytest.raises(OperatorFault) as caught:
        Gradebook.open(path, float, create=create, patience=0.05)
    assert str(path) in caught.value.what
    assert caught.value.fix
    assert "\n" not in str(caught.value)
    return caught.value.what


def test_a_newer_gradebook_is_refused(path: Path) -> None:
    """A schema that this version does not know is left alone."""
    with Gradebook.open(path, float) as book:
        book.start_run(INVOCATION)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "newer grader (schema 99" in refused(path)


@pytest.mark.parametrize("content", [b"id,points\nada,3\n", b"\x89PNG" * 1000])
def test_a_file_that_is_no_database_is_refused(content: bytes, path: Path) -> None:
    """Another file under that name is left as it is."""
    path.parent.mkdir()
    path.write_bytes(content)
    assert "is not a gradebook" in refused(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE grade (id)", "PRAGMA user_version = 1", "PRAGMA application_id = 5"]
)
def test_a_database_of_somebody_else_is_refused(statement: str, path: Path) -> None:
    """A database that is not marked as a gradebook (nbgrader's has that name too) is left as it is."""
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
    before = path.read_bytes()
    assert "not a gradebook" in refused(path)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_gradebook(path: Path) -> None:
    """A file of no bytes, as a crash or `touch` leaves it, is a gradebook with nothing in it."""
    path.parent.mkdir()
    path.touch()
    with Gradebook.open(path, float) as book:
        assert book.current_reports() == ()


def test_a_locked_gradebook_is_refused(path: Path) -> None:
    """While another process writes, opening and writing wait for `patience` and then say so; reading goes on."""
    with Gradebook.open(path, float, patience=0.05) as book:
        run = book.start_run(INVOCATION)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert "another process is writing" in refused(path)
        with pytest.raises(OperatorFault, match="another process is writing"):
            book.save_report(run, report("ada"))
        assert len(book.runs()) == 1
        other.execute("ROLLBACK")
        other.close()
        book.save_report(run, report("ada"))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder in which not even root can write")
def test_a_folder_that_cannot_be_written_is_refused() -> None:
    """Where no file can be made, the operator is told before anything is graded."""
    assert "cannot be written" in refused(Path("/proc/gradebook.sqlite"))
    assert "cannot be written" in refused(Path("/proc/results/gradebook.sqlite"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root: may write everything")
def test_a_read_only_gradebook_is_refused(path: Path) -> None:
    """A gradebook that may be read but not written is found when it is opened."""
    with Gradebook.open(path, float):
        pass
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        assert "cannot be written" in refused(path)
    finally:
        path.parent.chmod(0o755)


def test_a_missing_gradebook_is_not_made_for_a_reader(path: Path) -> None:
    """A command that only reads is told what to run first, and no file appears."""
    assert "There is no gradebook" in refused(path, create=False)
    assert not path.parent.exists()


def test_a_damaged_gradebook_is_refused(path: Path) -> None:
    """A file that was cut short is damaged, said in one line."""
    with Gradebook.open(path, float) as book:
        run = book.start_run(INVOCATION)
        for index in range(50):
            book.save_report(run, report(str(index)))
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(OperatorFault, match="is damaged"), Gradebook.open(path, float) as book:
        book.current_reports()


def test_a_file_of_the_first_schema_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports of an older file stay; captures whose graph has no digest are made again."""
    with monkeypatch.context() as older:
        older.setattr(gradebook_file, "MIGRATIONS", gradebook_file.MIGRATIONS[:1])
        older.setattr(gradebook_file, "SCHEMA", 1)
        connection = gradebook_file.connect(path, 1)
        connection.execute("INSERT INTO captures VALUES ('key', 1.0, '{}', x'00')")
        connection.close()
    with Gradebook.open(path, float) as book:
        assert book.find_capture("key") is None
        assert book.hardware() == {}
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == gradebook_file.SCHEMA
    connection.close()
