"""What names say, and what only looks as if it said something."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import submissions
from grader.faults import OperatorFault
from grader.intake import names
from grader.intake.tables import visible
from grader.submissions import Bounds
from tests.intake.classes import zipped

CODE = b"from torch import nn\n"


def folder_of(folder: Path, *files: str) -> Path:
    """Return a folder with these files, each of a line of Python."""
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CODE + name.encode())
    return folder


def ids(folder: Path) -> list[str]:
    """Return the ids that are found."""
    return [one.id for one in submissions.discover(folder).submissions]


@pytest.mark.parametrize(
    ("name", "identity", "own", "late"),
    [
        ("doejane_12345_987654_cnn.ipynb", "12345", "cnn.ipynb", False),
        ("doejane_LATE_12345_987654_cnn.ipynb", "12345", "cnn.ipynb", True),
        ("doejane_12345_987654_a_99_1234567_b.py", "12345", "a_99_1234567_b.py", False),
        ("doejane_12345_link.html", "12345", "link.html", False),
        ("doejane_12345_text.html", "12345", "text.html", False),
        ("anon_Ab3dE_987654_hw.ipynb", "Ab3dE", "hw.ipynb", False),
        ("LATE_anon_Ab3dE_987654_hw.ipynb", "Ab3dE", "hw.ipynb", True),
        ("Jane Doe_123456_assignsubmission_file_cnn.ipynb", "123456", "cnn.ipynb", False),
        ("Participant_77_assignsubmission_file_cnn.ipynb", "77", "cnn.ipynb", False),
        ("Jane Doe_123456_assignsubmission_onlinetext", "123456", "", False),
    ],
)
def test_a_download_names_its_student(name: str, identity: str, own: str, late: bool) -> None:
    """Id, own name of the file and late mark are read from the platform's name for it."""
    found = names.signs([name])[name]
    assert (found.id, found.own, found.late) == (identity, own, late)


def test_names_in_a_table_stay_different() -> None:
    """Blanks at both ends, which every cell loses, and what does not print are written out; a backslash twice."""
    shown = [visible(one) for one in ("a", " a", "a ", "a b", "\\u0020a", "\U0001f40d", "\u202ea")]
    assert len(set(shown)) == len(shown)
    assert shown[1:4] == ["\\u0020a", "a\\u0020", "a b"]
    assert all(one == one.strip() and one.isprintable() for one in shown)


@pytest.mark.parametrize(
    "name",
    [
        "lab_2_12_net.py",
        "cnn_2024_12_v2.ipynb",
        "cnn_20260301_1530_final.ipynb",
        "My_Net_12345_987654_x.py",
        "model.py",
        "net_v1_2.ipynb",
    ],
)
def test_what_only_looks_like_a_download_stands_alone(name: str, tmp_path: Path) -> None:
    """Dates, versions and numbers of exercises are no ids."""
    assert ids(folder_of(tmp_path, name, "other.py")) == sorted([Path(name).stem, "other"])


def test_a_flat_folder_and_folders(tmp_path: Path) -> None:
    """Each file of a flat folder and each subfolder is one submission; other files are nobody's."""
    folder = folder_of(tmp_path, "net.py", "net.ipynb", "ada/main.py", "ada/blocks.py", "ada/data/y.csv", "notes.txt")
    (folder / "README.md").write_text("Hand in here.")
    found = submissions.discover(folder).submissions
    assert [one.id for one in found] == ["ada", "net.ipynb", "net.py"]
    assert found[0].files == ("blocks.py", "data/y.csv", "main.py")


def test_a_text_of_the_same_name_explains(tmp_path: Path) -> None:
    """`jane.md` belongs to `jane.ipynb`; a PDF without a notebook is a submission that a human asks about."""
    folder = folder_of(tmp_path, "jane.ipynb", "jane.md", "bob.pdf", "eve.url")
    found = {one.id: one for one in submissions.discover(folder).submissions}
    assert found["jane"].files == ("jane.ipynb", "jane.md")
    for name in ("bob", "eve"):
        problem = found[name].problem
        assert problem is not None
        assert (problem.kind, problem.fix) == ("human", "Ask for the .ipynb.")


def test_students_own_zip(tmp_path: Path) -> None:
    """A zip that is handed in alone is opened; beside a notebook it stays closed, and that is said."""
    (tmp_path / "doejane_12345_987654_hw.zip").write_bytes(zipped({"hw/net.py": CODE, "hw/__MACOSX/._net.py": b"x"}))
    (tmp_path / "roebob_22345_987655_hw.zip").write_bytes(zipped({"net.py": CODE}))
    (tmp_path / "roebob_22345_987656_cnn.py").write_bytes(CODE)
    found = {one.id: one for one in submissions.discover(tmp_path).submissions}
    assert found["12345"].files == ("hw/net.py",)
    handed = submissions.read(found["22345"], Bounds())
    assert set(handed.code) == {"cnn.py"}
    assert "hw.zip was not opened" in handed.notes[0]


def test_github_classroom_clones(tmp_path: Path) -> None:
    """Folders with a `.git` are clones: what all names share is the assignment, the rest the student."""
    for user in ("octo-cat", "hubot"):
        folder_of(tmp_path, f"tiny-cnn-{user}/model.py", f"tiny-cnn-{user}/.git/config")
    assert ids(tmp_path) == ["hubot", "octo-cat"]


def test_drive_copies(tmp_path: Path) -> None:
    """A copy in Drive names its student; the second upload of the same title stands in place of the first."""
    folder = folder_of(
        tmp_path, "Jane Doe - CNN.ipynb", "Jane Doe - CNN (1).ipynb", "Bob Roe - CNN.ipynb", "Copy of cnn.ipynb"
    )
    found = {one.student: one for one in submissions.discover(folder).submissions}
    assert found["Jane Doe"].files == ("Jane Doe - CNN (1).ipynb",)
    assert found["Jane Doe"].superseded == ("Jane Doe - CNN.ipynb",)
    assert set(found) == {"Jane Doe", "Bob Roe", "Copy of cnn"}


def test_roster_names_the_students(tmp_path: Path) -> None:
    """Names and addresses come from the roster; whoever is not in it goes into the table to fill in."""
    folder = folder_of(tmp_path / "class", "doejane_12345_987654_cnn.ipynb", "jdoe2_final.py", "stranger.py")
    roster = tmp_path / "roster.csv"
    roster.write_text("ID;Name;Login ID;Email\n12345;Jane Doe;jdoe;jane@x.edu\n777;John Doe;jdoe2;john@x.edu\n")
    intake = submissions.discover(folder, roster=roster)
    found = {one.id: one for one in intake.submissions}
    assert (found["12345"].student, found["12345"].email) == ("Jane Doe", "jane@x.edu")
    assert found["777"].student == "John Doe"
    assert [one.file for one in intake.unknown] == ["stranger.py"]


def test_mapping_is_filled_in_and_read_back(tmp_path: Path) -> None:
    """What an instructor fills in wins over every name, all files of one id become one, and nothing is lost."""
    folder = folder_of(tmp_path / "class", "doejane_12345_987654_cnn.ipynb", "a.py", "b.py", "=c.py")
    mapping = tmp_path / "mapping.csv"
    mapping.write_text("file,id,student\na.py,12345,Jane Doe\n'=c.py,12345,Jane Doe\nb.py,,\n")
    intake = submissions.discover(folder, mapping=mapping)
    submissions.write_mapping(intake, mapping)
    assert "a.py,12345,Jane Doe" in mapping.read_text()
    assert "b.py,," in mapping.read_text()
    found = {one.id: one for one in intake.submissions}
    assert found["12345"].files == ("=c.py", "a.py", "cnn.ipynb")
    mapping.write_text(mapping.read_text().replace("b.py,,", "b.py,99,Bob"))
    again = {one.id: one.student for one in submissions.discover(folder, mapping=mapping).submissions}
    assert again["99"] == "Bob"


@pytest.mark.parametrize("text", ["", "colour,shape\nred,round\n", "id,name\n1,Ann\n1,Bob\n"])
def test_a_wrong_roster_is_the_operators_fault(tmp_path: Path, text: str) -> None:
    """An empty table, one without known columns, and one id for two people are said in a sentence."""
    (tmp_path / "roster.csv").write_text(text)
    with pytest.raises(OperatorFault, match="--roster"):
        submissions.discover(folder_of(tmp_path / "class", "a.py"), roster=tmp_path / "roster.csv")
