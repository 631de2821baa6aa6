"""Files that other programs read."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from grader.faults import OperatorFault
from grader.records import CurvePoint, Outcome, report_from_json
from grader.report.exports.csv import write_grades
from grader.report.exports.files import write_atomically
from grader.report.exports.report_json import as_json, write_report

from . import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Golden = Callable[[str, str], None]


def rows(path: Path) -> dict[str, dict[str, str]]:
    """Return the table by id."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_grades_look_as_they_did(tmp_path: Path, golden: Golden) -> None:
    """The table holds what is recorded in the golden."""
    write_grades(samples.all_samples(), tmp_path / "grades.csv")
    golden("grades.csv", (tmp_path / "grades.csv").read_bytes().decode())


def test_report_json_looks_as_it_did(tmp_path: Path, golden: Golden) -> None:
    """The document holds what is recorded in the golden."""
    write_report(samples.all_samples(), tmp_path / "report.json")
    golden("report.json", (tmp_path / "report.json").read_bytes().decode())


def test_what_is_not_decided_is_blank(tmp_path: Path) -> None:
    """A pending or failed-by-us criterion has no points in the table, and neither has a sum with such a part."""
    write_grades([samples.our_fault()], tmp_path / "grades.csv")
    row = rows(tmp_path / "grades.csv")["gus"]
    blank = ("points", "points_accuracy", "points_explanation", "human_points", "accuracy", "n")
    assert [row[column] for column in blank] == [""] * len(blank)
    assert row["points_conv"] == "4"


def test_an_error_is_blank_whatever_its_points_say(tmp_path: Path) -> None:
    """Even a zero beside an error is not written: the grader's fault is never lost points."""
    wrong = replace(samples.CONV, outcome=Outcome.ERROR, points=0)
    write_grades([replace(samples.good(), findings=(wrong,))], tmp_path / "grades.csv")
    assert {rows(tmp_path / "grades.csv")["ada"][column] for column in ("points", "points_conv")} == {""}


def test_a_criterion_that_others_lack_is_blank_there(tmp_path: Path) -> None:
    """Rows of different rubrics share one table; a criterion that a row has not is blank."""
    other = replace(samples.forward_break(), findings=(samples.CONV,))
    write_grades([samples.good(), other], tmp_path / "grades.csv")
    assert rows(tmp_path / "grades.csv")["cleo"]["points_pool"] == ""


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """No cell begins as a spreadsheet's formula does, nor holds a control character."""
    write_grades([samples.hostile()], tmp_path / "grades.csv")
    (row,) = rows(tmp_path / "grades.csv").values()
    for cell in row.values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert cell.isprintable()


def test_every_report_can_be_read_back(tmp_path: Path) -> None:
    """What was written is the fixed interface: each report is rebuilt from it as it was."""
    write_report(samples.all_samples(), tmp_path / "report.json")
    document = json.loads((tmp_path / "report.json").read_text())
    expected = sorted(samples.all_samples(), key=lambda report: report.submission.id)
    again = [report_from_json(one).to_json() for one in document["reports"]]
    assert json.dumps(again) == json.dumps([one.to_json() for one in expected])


def test_numbers_that_json_lacks_are_null(tmp_path: Path) -> None:
    """A loss that went to NaN is null, since `NaN` is not JSON."""
    report = samples.good()
    assert report.training is not None
    report = replace(report, training=replace(report.training, curve=(CurvePoint(1, float("nan")),)))
    assert as_json(report)["training"]["curve"] == [{"step": 1, "loss": None}]
    write_report([report], tmp_path / "report.json")
    assert "NaN" not in (tmp_path / "report.json").read_text()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """When the new text cannot be written the old file is whole and no draft is left."""
    path = tmp_path / "grades.csv"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_the_operators(tmp_path: Path) -> None:
    """A path below a file is said in one line with what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorFault, match=r"cannot be written .* --output"):
        write_grades([], tmp_path / "file" / "grades.csv")
