"""The gradebook keeps what was done, whatever ends the process."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import threading
from contextlib import closing
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from grader.faults import GraderFault
from grader.gradebook import Entry, Gradebook, Invocation, StoredCapture, StoredTraining
from grader.gradebook import file as gradebook_file
from grader.records import (
    Advice,
    Break,
    CurvePoint,
    Finding,
    Keys,
    Layer,
    Model,
    Outcome,
    Place,
    Reference,
    Repair,
    Report,
    Role,
    Sample,
    Score,
    SourceText,
    Status,
    Submission,
    Training,
    Where,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

INVOCATION = Invocation(
    ("grader", "batch", "in\udcff"), {"workers": 2, "only": None}, "# ünïcode\n", {"torch": "2.13"}, {"cpu": "x"}
)
TRAINING = Training({"name": "course", "steps": 500}, 7, 500, 12.5, (CurvePoint(1, 2.3), CurvePoint(2, 0.5)), 0.75)
FULL = Report(
    status=Status.GRADED,
    submission=Submission("ada", "Ada \u202e Lovelace", ("a.ipynb",), (Place("/in/a.ipynb"),)),
    model=Model("Net", "the last one", Where("a.ipynb", 3, 1), 10, 20, (Repair("device", "It was moved."),)),
    layers=(
        Layer(
            Role.CONV,
            "conv2d",
            "conv1",
            Where("a.ipynb", 3, 12),
            (3, 8, 8),
            (4, 6, 6),
            {"kernel_size": [3, 3]},
            9,
            8,
            True,
        ),
    ),
    findings=(Finding("conv", "There is one", Outcome.PENDING, None, 3, "Why", "What next", {"n": [1, 2.5, None]}),),
    advice=(Advice("softmax", "A softmax", "None needed"),),
    training=TRAINING,
    score=Score(0.5, (0.4, 0.6), 100, Reference((0.6, 0.7), 0.65, 0.05, 0.55)),
    points=1.5,
    max_points=3,
    human_points=None,
    human_max=20,
    stopped="student-error",
    isolation={"mode": "none"},
    versions={"grader": "0"},
    keys=Keys("c", "t", "s"),
    broke=Break("forward", "RuntimeError", "text \udcff", Where("a.ipynb", 3, 4), "x = 1", "fc1", ((7, 3), ())),
    notes=("A note.",),
)


def report(name: str, points: float = 1.0, keys: Keys = FULL.keys) -> Report:
    """Return a report on the submission of that name."""
    return replace(FULL, submission=Submission(name, name, ()), points=points, keys=keys)


@pytest.fixture
def ticking() -> Callable[[], float]:
    """Return a clock that says 0, 1, 2 and so on."""
    ticks = count()
    return lambda: float(next(ticks))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the gradebook is, in a folder that is not there yet."""
    return tmp_path / "results" / "gradebook.sqlite"


@pytest.fixture
def book(path: Path, ticking: Callable[[], float]) -> Iterator[Gradebook]:
    """Return an open gradebook."""
    with Gradebook.open(path, ticking) as opened:
        yield opened


def test_a_report_comes_back_as_it_was(book: Gradebook) -> None:
    """Every field of every record survives, but a folder on disk and a layer's file, which the JSON leaves out."""
    book.save_report(book.start_run(INVOCATION), FULL)
    (again,) = book.current_reports()
    layer = replace(FULL.layers[0], where=Where(None, 3, 12))
    assert again == replace(FULL, submission=replace(FULL.submission, places=()), layers=(layer,))


def test_odd_numbers_come_back(book: Gradebook) -> None:
    """A loss that went to infinity is still infinite when it is read."""
    endless = replace(TRAINING, curve=(CurvePoint(1, float("inf")),))
    book.save_report(book.start_run(INVOCATION), replace(FULL, training=endless))
    assert book.current_reports()[0].training == endless


def test_a_run_comes_back_as_it_was(book: Gradebook) -> None:
    """A run says when it began and ended, what it was asked to do, and the hash of its rubric."""
    first, second = book.start_run(INVOCATION), book.start_run(INVOCATION)
    book.finish_run(first)
    one, two = book.runs()
    assert (one.id, one.started, one.finished, one.invocation) == (first, 0.0, 2.0, INVOCATION)
    assert (two.id, two.finished) == (second, None)
    assert one.rubric_hash == hashlib.sha256("# ünïcode\n".encode()).hexdigest()


def test_a_capture_comes_back_as_it_was(book: Gradebook) -> None:
    """Its graph is bytes, any bytes, and is read only when asked for; the newest under a key wins."""
    stored = StoredCapture("digest", {"stopped": None, "seconds": 0.25}, bytes(range(256)) * 1000, b"\x00" * 77)
    assert book.find_capture("key") is None
    assert book.load_capture("key") is None
    assert book.save_capture("key", StoredCapture("none", {}))
    assert book.save_capture("key", stored)
    assert book.load_capture("key") == stored
    assert book.find_capture("key") == replace(stored, document=b"", tensors=b"")


def test_a_capture_that_is_too_large_is_not_kept(path: Path) -> None:
    """What SQLite cannot hold is not an error: the work is done again next time."""
    connection = gradebook_file.connect(path, 1)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 8192)
    with Gradebook(connection, path, float) as book:
        assert not book.save_capture("large", StoredCapture("d", {}, b"x" * 8000))
        assert book.save_capture("small", StoredCapture("d", {}, b"x" * 7000))
        assert book.find_capture("large") is None


def test_the_source_comes_back_as_it_was_read(book: Gradebook) -> None:
    """The code of a capture is kept with it; what is no code is left out, and an unknown key has none."""
    listed = [{"file": "a.ipynb", "cell": 2, "text": "x = 1"}, {"file": "b.py", "cell": None, "text": "y"}]
    book.save_capture("key", StoredCapture("none", {"facts": {"source": [*listed, {"file": 3}, "text"]}}))
    assert book.find_source("key") == (SourceText("a.ipynb", 2, "x = 1"), SourceText("b.py", None, "y"))
    assert book.find_source("other") == ()


def test_a_training_comes_back_as_it_was(book: Gradebook) -> None:
    """Logits come back to the bit, with their shape and the record of the training."""
    logits = struct.pack("<6f", 0.1, -2.5, float("inf"), float("-inf"), 1e-45, 3.0)
    stored = StoredTraining(TRAINING, (2, 3), logits, "content", (Sample(3, 1, 0.25), Sample(5)))
    assert book.find_training("key") is None
    book.save_training("key", stored)
    assert book.find_training("key") == stored


def test_a_layout_comes_back_as_it_was(book: Gradebook) -> None:
    """Notebooks that were laid out are kept packed."""
    value = {"stopped": None, "answer": {"notebooks": [{"file": "ä.ipynb", "cells": [{"html": "<p>x</p>" * 9_000}]}]}}
    assert book.find_rendering("key") is None
    book.save_rendering("key", {})
    book.save_rendering("key", value)
    assert book.find_rendering("key") == value


def test_a_training_from_an_older_grader(book: Gradebook, path: Path) -> None:
    """A training that was kept before anybody asked what a network knew at its start is still read."""
    book.save_training("key", StoredTraining(TRAINING, (0, 3), b""))
    with closing(sqlite3.connect(path)) as connection, connection:
        (kept,) = connection.execute("SELECT training FROM trainings").fetchone()
        plain = {key: value for key, value in json.loads(kept).items() if not key.endswith(("_start", "_handed_in"))}
        connection.execute("UPDATE trainings SET training = ?", (json.dumps(plain),))
    assert set(json.loads(kept)) - set(plain) == {
        "accuracy_handed_in", "accuracy_at_start", "asked_at_start", "chance_at_start"
    }  # fmt: skip
    found = book.find_training("key")
    assert found is not None
    assert found.training == TRAINING


def test_work_from_before_does_not_count(book: Gradebook) -> None:
    """A run that does everything again asks for work from its beginning on; older work is not found then."""
    book.save_capture("key", StoredCapture("none", {}))  # at second 0
    book.save_training("key", StoredTraining(TRAINING, (0, 3), b""))  # at second 1
    run = book.start_run(INVOCATION)
    book.save_report(run, report("a"))  # at second 3
    assert book.find_capture("key", since=0) is not None
    assert book.find_capture("key", since=1) is None
    assert book.find_training("key", since=1) is not None
    assert book.find_training("key", since=2) is None
    assert book.unchanged("a", FULL.keys, since=3) is not None
    assert book.unchanged("a", FULL.keys, since=4) is None


def test_the_same_training_elsewhere(book: Gradebook) -> None:
    """A training is also known by what it is without the hardware; the latest is found."""
    for key, device in (("k1", "cpu"), ("k2", "cuda")):
        training = replace(TRAINING, hardware={"device": device})
        book.save_training(key, StoredTraining(training, (0, 3), b"", "content"))
    found = book.find_training_elsewhere("content")
    assert found is not None
    assert (found[0], found[1].training.hardware) == ("k2", {"device": "cuda"})
    assert book.find_training_elsewhere("other") is None


def test_which_hardware_a_report_was_trained_on(book: Gradebook) -> None:
    """Each current report's hardware is known by its training; older reports and those without one do not count."""
    for key, device in (("t1", "cpu"), ("t2", "cuda")):
        training = replace(TRAINING, hardware={"device": device})
        book.save_training(key, StoredTraining(training, (0, 3), b""))
    run = book.start_run(INVOCATION)
    for name, key in (("a", "t2"), ("a", "t1"), ("b", "t2"), ("c", "")):
        book.save_report(run, report(name, keys=Keys("c", key, "s")))
    assert book.hardware() == {"a": {"device": "cpu"}, "b": {"device": "cuda"}}


def test_the_last_change(book: Gradebook) -> None:
    """The run that saved the latest report, and when; a run that saved nothing changed nothing."""
    assert book.last_change() is None
    run = book.start_run(INVOCATION)
    book.save_report(run, report("a"))
    book.start_run(INVOCATION)
    assert book.last_change() == (run, 1.0)


def test_logits_fit_their_shape() -> None:
    """Bytes that are not as long as their shape says are refused."""
    with pytest.raises(ValueError, match="23 bytes are not float32 logits"):
        StoredTraining(TRAINING, (2, 3), b"x" * 23)


def test_an_explanation_comes_back_as_it_was(book: Gradebook) -> None:
    """What was read from documents is JSON under a key."""
    value = {"stopped": None, "answer": {"passages": [{"words": 3}]}}
    assert book.find_explanation("key") is None
    book.save_explanation("key", value)
    assert book.find_explanation("key") == value


def test_the_newest_report_is_current(book: Gradebook) -> None:
    """One report a submission is current, sorted by id; the others are history, the oldest first."""
    first, second = book.start_run(INVOCATION), book.start_run(INVOCATION)
    for run, name, points in ((first, "b", 1), (first, "a", 2), (second, "b", 3), (second, "b", 2.5)):
        book.save_report(run, report(name, points))
    assert [(one.submission.id, one.points) for one in book.current_reports()] == [("a", 2), ("b", 2.5)]
    assert [(entry.run, entry.report.points) for entry in book.history("b")] == [(first, 1), (second, 3), (second, 2.5)]
    assert [entry.saved for entry in book.history("b")] == [2.0, 4.0, 5.0]
    assert isinstance(book.history("a")[0], Entry)
    assert book.history("nobody") == ()


def test_names_that_are_not_utf8_stay_apart(book: Gradebook) -> None:
    """Two file names that differ in a byte that is not UTF-8 are two submissions, and sort as others do."""
    run = book.start_run(INVOCATION)
    names = ["caf\udce9", "caf\udce8", "caf\\udce9", "a\x00b", ""]
    for name in names:
        book.save_report(run, report(name))
    assert [one.submission.id for one in book.current_reports()] == sorted(names)
    assert all(len(book.history(name)) == 1 for name in names)


def test_equal_keys_mean_unchanged(book: Gradebook) -> None:
    """Only a current report with the same three keys is unchanged; one that is older is not."""
    run = book.start_run(INVOCATION)
    book.save_report(run, report("a", 1, Keys("c1", "t", "s")))
    book.save_report(run, report("a", 2, Keys("c2", "t", "s")))
    found = book.unchanged("a", Keys("c2", "t", "s"))
    assert found is not None
    assert found.points == 2
    for keys in (Keys("c1", "t", "s"), Keys("c2", "t", "x"), Keys("c2", "x", "s")):
        assert book.unchanged("a", keys) is None
    assert book.unchanged("b", Keys("c2", "t", "s")) is None


def test_our_faults_are_tried_again(book: Gradebook) -> None:
    """A fault of the grader's, or a report without a capture key, never counts as done."""
    run = book.start_run(INVOCATION)
    book.save_report(run, replace(report("a"), status=Status.GRADER_FAULT))
    book.save_report(run, report("b", keys=Keys()))
    assert book.unchanged("a", FULL.keys) is None
    assert book.unchanged("b", Keys()) is None


def test_a_report_belongs_to_a_run(book: Gradebook) -> None:
    """A report of a run that was never started is a bug of ours and is not written."""
    with pytest.raises(GraderFault, match="FOREIGN KEY"):
        book.save_report(99, FULL)
    assert book.current_reports() == ()


def test_threads_may_write_at_once(book: Gradebook) -> None:
    """Four threads that write and read at once lose nothing."""
    run = book.start_run(INVOCATION)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for index in range(25):
                book.save_report(run, report(f"{number}-{index:02}"))
                book.save_capture(f"{number}-{index}", StoredCapture("d", {}, b"x" * 1000))
                assert book.find_capture(f"{number}-{index}") is not None
                assert len(book.history(f"{number}-{index:02}")) == 1
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(book.current_reports()) == 100


def test_a_report_of_another_version_is_ours_to_explain(book: Gradebook, path: Path) -> None:
    """A row that this version cannot read names the file; it does not end in a KeyError."""
    book.save_report(book.start_run(INVOCATION), FULL)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("""UPDATE reports SET report = '{"version": 2}'""")
    connection.close()
    with pytest.raises(GraderFault, match=r"cannot be read.*version 2"):
        book.history("ada")


def test_a_clock_that_is_set_back_loses_nothing(tmp_path: Path) -> None:
    """What a run saves after it began counts as new, and what was there before as old, whatever the clock says."""
    times = iter([1000.0, 1000.0, 400.0, 300.0, 200.0, 900.0, 2000.0])
    with Gradebook.open(tmp_path / "gradebook.sqlite", lambda: next(times)) as book:
        book.save_training("before", StoredTraining(TRAINING, (0, 3), b""))
    with Gradebook.open(tmp_path / "gradebook.sqlite", lambda: next(times)) as book:
        since = book.from_now()  # the clock was right again at first, and was then set back
        book.save_training("after", StoredTraining(TRAINING, (0, 3), b""))
        assert since > 1000
        assert book.find_training("before", since) is None
        assert book.find_training("after", since) is not None
        book.save_training("later", StoredTraining(TRAINING, (0, 3), b""))
        assert book.find_training("later", since) is not None
