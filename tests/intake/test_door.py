"""Whose a file is when a table, a mark and a name all say something; nobody is lost, and nobody is split."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest

from grader import submissions
from grader.intake import archives
from grader.submissions import Bounds
from tests.intake.classes import zipped

CODE = b"from torch import nn\n"
CANVAS = "doejane_12345_987654_cnn.ipynb"


def folder_of(folder: Path, *files: str) -> Path:
    """Return a folder with these files, each of a line of Python."""
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CODE)
    return folder


def test_a_mapped_id_that_the_download_knows_is_one_submission(tmp_path: Path) -> None:
    """A file that is given to 12345 joins what Canvas has of 12345, whichever comes first by name."""
    mapping = tmp_path / "mapping.csv"
    for other in ("a.py", "zoo.py"):
        mapping.write_text(f"file,id,student\n{other},12345,Jane Doe\n")
        folder = folder_of(tmp_path / other, other, CANVAS)
        (found,) = submissions.discover(folder, mapping=mapping).submissions
        assert (found.id, found.student, found.files) == ("12345", "Jane Doe", tuple(sorted((other, "cnn.ipynb"))))


def test_a_name_of_the_roster_joins_the_id_of_the_download(tmp_path: Path) -> None:
    """`jdoe_final.py` is Jane's, whose Canvas id the roster has: one submission, not `12345` and `12345 (2)`."""
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name,username\n12345,Jane Doe,jdoe\n")
    folder = folder_of(tmp_path / "class", "jdoe_final.py", CANVAS)
    assert [one.id for one in submissions.discover(folder, roster=roster).submissions] == ["12345"]


def test_a_namesake_does_not_get_the_address(tmp_path: Path) -> None:
    """Two of one name, one of them in the roster: the other keeps the name of the download and gets no address."""
    roster = tmp_path / "roster.csv"
    folder = folder_of(tmp_path / "class", CANVAS, "doejane_22222_987655_cnn.ipynb")
    for number in ("12345", "U-77"):
        roster.write_text(f"id,name,email\n{number},Jane Doe,jane@x.edu\n")
        found = {one.id: one.email for one in submissions.discover(folder, roster=roster).submissions}
        assert found == {"12345": "jane@x.edu" if number == "12345" else "", "22222": ""}


def test_a_student_alone_is_enough_in_the_mapping(tmp_path: Path) -> None:
    """Without an id the name is shown; where the roster has that name once, it is that person."""
    folder = folder_of(tmp_path / "class", "a.py", "b.py")
    mapping, roster = tmp_path / "mapping.csv", tmp_path / "roster.csv"
    mapping.write_text("file,id,student\na.py,,Jane Doe\nb.py,,Bob Roe\n")
    roster.write_text("id,name\n7,Jane Doe\n")
    found = submissions.discover(folder, mapping=mapping, roster=roster)
    assert [(one.id, one.student) for one in found.submissions] == [("7", "Jane Doe"), ("b", "Bob Roe")]
    submissions.write_mapping(found, mapping)
    assert "b.py,,Bob Roe" in mapping.read_text()


def test_nobody_is_lost_who_handed_in_something_else(tmp_path: Path) -> None:
    """A text with only an address, a Word file and folders of them are rows; an empty folder is named in a note."""
    folder = folder_of(tmp_path, "good.py")
    (folder / "jane.txt").write_text("https://example.org/notebook\n")
    (folder / "notes.txt").write_text("see https://example.org\n")
    (folder / "essay.docx").write_bytes(b"PK")
    for name in ("ann", "eve"):
        (folder / name).mkdir()
    (folder / "ann" / "link.txt").write_text("https://example.org/notebook")
    intake = submissions.discover(folder)
    problems = {one.id: one.problem and one.problem.what for one in intake.submissions}
    assert set(problems) == {"ann", "essay", "good", "jane"}
    assert "Only a link" in str(problems["ann"])
    assert "Only a link" in str(problems["jane"])
    assert "eve" in intake.notes[-1]


def test_a_receipt_takes_no_notebook_back(tmp_path: Path) -> None:
    """A later attempt on Blackboard that is a comment alone leaves the files of the attempt before it."""
    head = "ps1_jdoe_attempt_2016-0"
    folder = folder_of(tmp_path, f"{head}1-30-20-30-10_net.py", f"{head}2-01-20-30-10.txt", f"{head}1-30-20-30-10.txt")
    (found,) = submissions.discover(folder).submissions
    assert (found.files, found.superseded, found.problem) == (("net.py",), (), None)


def test_a_gradescope_export_in_a_folder(tmp_path: Path) -> None:
    """The folder around an unpacked export is no student."""
    folder = folder_of(tmp_path, "assignment_9_export/submission_1/a.py", "assignment_9_export/submission_2/a.py")
    table = (
        "submission_1:\n  :submitters:\n  - :name: Ann\n    :sid: '5'\nsubmission_2:\n  :submitters:\n  - :name: Bob\n"
    )
    (folder / "assignment_9_export" / "submission_metadata.yml").write_text(table)
    assert [one.id for one in submissions.discover(folder).submissions] == ["2", "5"]


def test_a_class_zip_may_be_a_link(tmp_path: Path) -> None:
    """What the instructor names may be a link; what students hand in may not."""
    (tmp_path / "real.zip").write_bytes(zipped({CANVAS: CODE}))
    (tmp_path / "link.zip").symlink_to(tmp_path / "real.zip")
    (found,) = submissions.discover(tmp_path / "link.zip").submissions
    assert dict(submissions.read(found, Bounds()).code) == {"cnn.ipynb": CODE}


def test_a_zip_of_many_modules_in_the_class_zip_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of the inner archive is read once, not once a module, which took a student's 500 modules 43 s."""
    inner = {f"p/m{one}.py": CODE for one in range(50)}
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({"doejane_12345_987654_hw.zip": zipped(inner), "roebob_22345_987655_a.py": CODE}))
    found = {one.id: one for one in submissions.discover(path).submissions}
    tables: list[str] = []
    contents = archives.contents

    def counted(stream: BinaryIO, name: str, capacity: archives.Capacity) -> archives.Contents:
        tables.append(name)
        return contents(stream, name, capacity)

    monkeypatch.setattr(archives, "contents", counted)
    assert len(submissions.read(found["12345"], Bounds()).code) == 50
    assert len([name for name in tables if name.endswith("hw.zip")]) == 1
