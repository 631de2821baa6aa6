"""From a gradebook to files: which pages are written, where, and what the command says."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from grader import student_pages
from grader.cli import app
from grader.data import patterns
from grader.data.store import StoredSplit, store
from grader.faults import OperatorFault
from grader.gradebook import Gradebook, StoredCapture, StoredTraining
from grader.orders import rendering_key
from grader.publishing import ReportOptions, publish, run_report
from grader.records import Sample, Status
from grader.report.pages.teaching import teaching, teaching_json, teaching_table
from grader.scoring import confusion_table
from grader.scoring.answers import UNDECIDED, recalls
from grader.student_pages import StudentPages
from tests.report import samples

from .made import NOON, RUN

ROOT = Path(__file__).parents[2]
COUNT = len(samples.all_samples())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a batch with one report of each kind."""
    out = tmp_path / "results"
    with Gradebook.open(out / "gradebook.sqlite", lambda: NOON) as gradebook:
        run = gradebook.start_run(RUN.invocation)
        for report in samples.all_samples():
            gradebook.save_report(run, report)
        gradebook.finish_run(run)
    return out


@pytest.fixture
def said() -> Callable[[ReportOptions], str]:
    """Return a function that runs the command and returns what it printed."""

    def run(options: ReportOptions) -> str:
        file = io.StringIO()
        assert run_report(options, Console(file=file, width=100, color_system=None)) == 0
        return file.getvalue()

    return run


def test_three_files_a_student_and_one_of_the_class(folder: Path, said: Callable[[ReportOptions], str]) -> None:
    """All lie where `--json` says, below the folder, whatever an id holds."""
    found = json.loads(said(ReportOptions(folder, as_json=True)))
    pages = [found["class"], *(path for one in found["students"].values() for path in one.values())]
    assert len(found["students"]) == COUNT
    assert {str(one.relative_to(folder)) for one in folder.rglob("*") if one.suffix in (".html", ".md")} == set(pages)
    assert (folder / "index.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_one_line_says_where(folder: Path, said: Callable[[ReportOptions], str]) -> None:
    """A person reads how many, how long, and which file to open."""
    line = said(ReportOptions(folder)).replace("\n", "")
    assert line.startswith(f"The class and {COUNT} students as pages in ")
    assert line.endswith("results/index.html")


def test_only_what_changed_is_written_again(folder: Path) -> None:
    """A batch leaves pages alone whose reports are as they were, and makes those that are not there."""
    with Gradebook.open(folder / "gradebook.sqlite", lambda: NOON) as gradebook:
        publish(gradebook, folder)
        for name in ("ada.html", "cleo.html"):
            (folder / "students" / name).write_text("mine", encoding="utf-8")
        (folder / "students" / "gus.md").unlink()
        publish(gradebook, folder, {"ada"})
    assert "Ada Lovelace" in (folder / "students" / "ada.html").read_text(encoding="utf-8")
    assert (folder / "students" / "cleo.html").read_text(encoding="utf-8") == "mine"
    assert (folder / "students" / "gus.md").is_file()


def test_what_was_written_on_the_way_is_not_written_at_the_end(folder: Path) -> None:
    """While a batch runs each new report gets its pages; the end writes those that are missing or older than a mark."""
    with Gradebook.open(folder / "gradebook.sqlite", partial(next, itertools.count(NOON + 1))) as gradebook:
        pages = StudentPages(gradebook, folder)
        for name in ("ada", "cleo", "gus"):
            pages.write_newest(name)
        written = sorted(one.name for one in (folder / "students").iterdir())
        assert written[:3] == ["ada.html", "ada.md", "ada.student.html"]
        assert len(written) == 9
        assert "Ada Lovelace" in (folder / "students" / "ada.html").read_text(encoding="utf-8")
        for name in ("ada.html", "cleo.html"):
            (folder / "students" / name).write_text("mine", encoding="utf-8")
        (folder / "students" / "gus.md").unlink()
        newest = gradebook.newest("cleo")
        assert newest is not None
        gradebook.save_report(newest[0].run, replace(newest[0].report, notes=("once more",)))
        publish(gradebook, folder, {"ada", "cleo", "gus"}, pages)
    assert (folder / "students" / "ada.html").read_text(encoding="utf-8") == "mine"
    assert (folder / "students" / "gus.md").is_file()
    assert "once more" in (folder / "students" / "cleo.html").read_text(encoding="utf-8")
    assert len(list((folder / "students").iterdir())) == 3 * COUNT


def test_a_page_older_than_its_report_is_written_again(folder: Path) -> None:
    """A batch that was killed after it had saved a report, and before its page, leaves the page of the one before."""
    with Gradebook.open(folder / "gradebook.sqlite", lambda: NOON) as gradebook:
        publish(gradebook, folder)
        for name, moment in (("ada.html", NOON - 1), ("cleo.html", NOON + 1)):
            (folder / "students" / name).write_text("mine", encoding="utf-8")
            os.utime(folder / "students" / name, (moment, moment))
        publish(gradebook, folder, ())
    assert "Ada Lovelace" in (folder / "students" / "ada.html").read_text(encoding="utf-8")
    assert (folder / "students" / "cleo.html").read_text(encoding="utf-8") == "mine"


def test_a_page_that_fails_ends_no_night(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the way it is passed over; at the end, when every report is kept, it is said."""

    def broken(_: object) -> str:
        raise ValueError("a bug of ours")

    monkeypatch.setattr(student_pages, "own_page", broken)
    with Gradebook.open(folder / "gradebook.sqlite", lambda: NOON) as gradebook:
        pages = StudentPages(gradebook, folder)
        pages.write_newest("ada")
        pages.write_newest("nobody")
        assert not (folder / "students").exists()
        with pytest.raises(ValueError, match="a bug of ours"):
            publish(gradebook, folder, {"ada"}, pages)


def test_who_is_not_in_the_batch_is_not_in_the_class(folder: Path) -> None:
    """A gradebook may hold submissions that were taken away; the page is of those that are there."""
    with Gradebook.open(folder / "gradebook.sqlite", lambda: NOON) as gradebook:
        gradebook.keep_present(["ada"])
        publish(gradebook, folder)
    assert "cleo" not in (folder / "index.html").read_text(encoding="utf-8")
    assert sorted(one.name for one in (folder / "students").iterdir()) == ["ada.html", "ada.md", "ada.student.html"]


@pytest.mark.parametrize("words", [(), ("--stats",)])
def test_no_gradebook_is_one_line(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Nothing is made where there is no gradebook, nor in one without a report."""
    done = CliRunner().invoke(app, ["report", str(tmp_path), *words])
    assert isinstance(done.exception, OperatorFault)
    assert "no gradebook" in str(done.exception)
    assert not list(tmp_path.iterdir())
    Gradebook.open(tmp_path / "gradebook.sqlite", lambda: NOON).close()
    done = CliRunner().invoke(app, ["report", str(tmp_path), *words])
    assert "no report" in str(done.exception)


def test_what_a_rubric_lost_costs_the_confusions_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a run's rubric cannot be read any more (its own functions are gone), its pages have no table of confusions."""
    monkeypatch.setattr(student_pages, "is_complete", lambda _: True)
    split = StoredSplit(folder, "hash", ("cat", "dog"), (3, 8, 8), 4, 4)
    options = {"split": split.to_json(), "rubric": str(folder / "gone.toml"), "device": "cpu"}
    asked = replace(RUN.invocation, options=options, rubric=(ROOT / "rubrics" / "first_cnn.toml").read_text("utf-8"))
    own = f'{asked.rubric}\n[criteria.small]\npoints = 1\ncheck = "gone.py:small"\n'
    with Gradebook.open(folder / "gradebook.sqlite", lambda: NOON) as gradebook:
        pages = StudentPages(gradebook, folder)
        there = pages._assignment(replace(RUN, invocation=asked))
        assert there is not None
        assert there.data == split
        assert pages._assignment(replace(RUN, invocation=replace(asked, rubric=own))) is None


def test_statistics_are_counted(folder: Path, said: Callable[[ReportOptions], str]) -> None:
    """By hand: of eight, pooling failed once, the dense layer's size stopped two, and statuses add up."""
    found = json.loads(said(ReportOptions(folder, stats=True, as_json=True)))
    assert found == json.loads((folder / "stats.json").read_text(encoding="utf-8"))
    assert found["submissions"] == sum(found["statuses"].values()) == COUNT
    pool = next(one for one in found["criteria"] if one["criterion"] == "pool")
    assert pool["outcomes"]["failed"] == 1
    assert pool["judged"] == sum(pool["outcomes"][one] for one in ("passed", "failed"))
    assert pool["failed_share"] == pytest.approx(1 / pool["judged"])
    codes = {one["code"]: one["count"] for one in found["codes"]}
    assert codes["E02"] == sum(one.code == "E02" for one in samples.all_samples())
    assert found["statuses"][Status.GRADER_FAULT] == 1
    assert not list(folder.glob("*.html"))


def test_statistics_are_printed(folder: Path, said: Callable[[ReportOptions], str]) -> None:
    """What most failed stands first, with its count."""
    lines = said(ReportOptions(folder, stats=True)).splitlines()
    assert lines[0] == "Criteria that were failed"
    assert lines[1].split()[1:4] == ["of", lines[1].split()[2], "failed"]
    assert any("E02" in one for one in lines)


def test_the_table_is_long_and_safe() -> None:
    """One row for each submission and criterion; no cell is a formula; what is not known is blank."""
    reports = samples.all_samples()
    table = list(csv.DictReader(io.StringIO(teaching_table(reports))))
    assert len(table) == sum(len(one.findings) for one in reports)
    assert not [value for row in table for value in row.values() if value and value[0] in "=+@-"]
    row = next(one for one in table if (one["id"], one["criterion"]) == ("ada", "accuracy"))
    assert (row["points"], row["accuracy"], row["n"], row["parameters"]) == ("10", "0.7912", "4000", "87722")
    pending = next(one for one in table if (one["id"], one["criterion"]) == ("ada", "explanation"))
    assert pending["points"] == ""


def test_identical_networks_cost_once() -> None:
    """The cost of a class counts a training once, also where several reports share it."""
    one = samples.good()
    assert one.training is not None
    assert teaching((one, one)).training_seconds == one.training.seconds
    assert json.loads(teaching_json(teaching((samples.build_break(),))))["accuracy"] == {}


def test_a_confusion_table_has_every_picture_once() -> None:
    """Rows are the classes, columns the answers, the last one for no answer; its diagonal is the recall."""
    labels, answers = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 1, 1, UNDECIDED, 0, 2])
    table = confusion_table(answers, labels, 3)
    assert table == ((1, 1, 0, 0), (1, 1, 0, 1), (0, 0, 1, 0))
    found = recalls(answers, labels, ("a", "b", "c"))
    assert [table[index][index] for index in range(3)] == [one.right for one in found]
    assert [sum(row) for row in table] == [one.n for one in found]


def test_pages_of_who_is_gone_are_removed(folder: Path) -> None:
    """Of files that nobody needs those are removed that are called like a page and say that they are ours."""
    students = folder / "students"
    with Gradebook.open(folder / "gradebook.sqlite", lambda: NOON) as gradebook:
        publish(gradebook, folder)
        before = {one.name for one in students.iterdir()}
        page = (students / "ada.html").read_text(encoding="utf-8")
        (students / "notes.html").write_text("mine", encoding="utf-8")
        (students / "notes.md").write_text("mine", encoding="utf-8")
        (students / "Copy of ada.html").write_text(page, encoding="utf-8")
        (students / "linked.html").symlink_to(students / "cleo.html")
        (students / "kept.html").mkdir()
        gradebook.keep_present([one.submission.id for one in samples.all_samples() if one.submission.id != "ada"])
        publish(gradebook, folder, set())
    after = {one.name for one in students.iterdir()}
    assert before - after == {"ada.html", "ada.student.html", "ada.md"}
    assert after - before == {"notes.html", "notes.md", "Copy of ada.html", "linked.html", "kept.html"}


def test_the_last_batch_says_who_is_there(folder: Path, said: Callable[[ReportOptions], str]) -> None:
    """A gradebook keeps who was taken away; `report` shows those that were there the last time, without a word: all."""
    assert len(json.loads(said(ReportOptions(folder, as_json=True)))["students"]) == COUNT
    with Gradebook.open(folder / "gradebook.sqlite", lambda: NOON) as gradebook:
        gradebook.keep_present(["cleo", "nobody yet"])
        assert len(gradebook.absent()) == COUNT - 1
        assert gradebook.history("ada")
    assert set(json.loads(said(ReportOptions(folder, as_json=True)))["students"]) == {"cleo"}


def test_what_was_kept_of_a_notebook_is_on_the_page(folder: Path) -> None:
    """Laid out, stopped, not laid out yet, no notebook at all: each has its own line, or none."""
    report = replace(samples.good(), keys=replace(samples.good().keys, capture="k"))
    facts = {"source": [{"file": "a.ipynb", "cell": 1, "text": "x = 1"}]}
    cells = [{"cell": 1, "html": "<pre>laid out</pre>"}]
    answer = {"outcome": "rendered", "notebooks": [{"file": "a.ipynb", "cells": cells, "left_out": 0}], "problems": []}
    path = folder / "students" / "ada.html"
    with Gradebook.open(folder / "gradebook.sqlite", lambda: NOON) as gradebook:
        gradebook.save_report(gradebook.start_run(RUN.invocation), report)
        gradebook.save_capture("k", StoredCapture("none", {"facts": facts}))
        pages = []
        for kept in (None, {"stopped": "wall-limit", "answer": {}}, {"stopped": None, "answer": answer}):
            if kept is not None:
                gradebook.save_rendering(rendering_key("k"), kept)
            publish(gradebook, folder)
            pages.append(path.read_text(encoding="utf-8"))
        gradebook.save_capture(
            "k", StoredCapture("none", {"facts": {"source": [{**facts["source"][0], "file": "a.py"}]}})
        )
        publish(gradebook, folder)
    assert "was not laid out when it was graded" in pages[0]
    assert "was stopped (wall-limit)" in pages[1]
    assert "laid out&lt;/pre&gt;" in pages[2]
    assert "laid out" not in path.read_text(encoding="utf-8")


def test_samples_are_of_the_part_that_is_handed_out(tmp_path: Path) -> None:
    """Pictures and classes are those to train on; a position or an answer that is none is left out."""
    split = store(patterns.split(40, 30, 1, 2), tmp_path)
    training = samples.good().training
    assert training is not None
    samples_ = (Sample(3, 2, 0.75), Sample(39, 99, 0.5), Sample(40, 1, 0.5), Sample(-1, 1, 0.5), Sample(0))
    stored = StoredTraining(training, (0, 3), b"", "", samples_)
    with Gradebook.open(tmp_path / "gradebook.sqlite", lambda: NOON) as gradebook:
        shown = StudentPages(gradebook, tmp_path)._shown(stored, split)
    labels, images = np.load(split.train_labels), np.load(split.train_images)
    assert [one.true for one in shown] == [split.classes[labels[at]] for at in (3, 39, 0)]
    assert [(one.answer, one.probability) for one in shown] == [(split.classes[2], 0.75), (None, None), (None, None)]
    blob = base64.b64decode(shown[0].source.partition(",")[2])
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(blob))).transpose(2, 0, 1), images[3])
