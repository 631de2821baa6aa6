"""One bad file is one row with its reason; nothing is written, and the files beside it are graded."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import submissions
from grader.faults import OperatorFault, StudentFault
from grader.records import Submission
from grader.submissions import Bounds
from tests.intake.classes import zipped

CODE = b"from torch import nn\n"
GOOD = "good_10001_700001_net.py"
BAD = "evil_10002_700002_hw.zip"
MEGABYTE = 2**20


def symlink_member(path: Path) -> None:
    """Write a zip whose only member is a link to /etc/passwd."""
    info = zipfile.ZipInfo("net.py")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, "/etc/passwd")


def bomb(path: Path) -> None:
    """Write a zip of a megabyte that would become a gigabyte."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("net.ipynb", "w", force_zip64=True) as member,
    ):
        for _ in range(256):
            member.write(bytes(MEGABYTE))


def lying(path: Path) -> None:
    """Write a zip that says of 40 MB that they are 100 bytes."""
    blob = zipped_small(b"0" * (40 * MEGABYTE))
    for offset, mark in ((22, b"PK\x03\x04"), (24, b"PK\x01\x02")):
        at = blob.index(mark) + offset
        blob = blob[:at] + (100).to_bytes(4, "little") + blob[at + 4 :]
    path.write_bytes(blob)


def zipped_small(content: bytes) -> bytes:
    """Return a deflated zip of one notebook."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net.ipynb", content)
    return stream.getvalue()


def encrypted(path: Path) -> None:
    """Write a zip whose member says that it is encrypted."""
    blob = bytearray(zipped({"net.py": CODE}))
    for offset, mark in ((6, b"PK\x03\x04"), (8, b"PK\x01\x02")):
        blob[blob.index(mark) + offset] |= 1
    path.write_bytes(bytes(blob))


def unusual(path: Path) -> None:
    """Write a zip whose member is compressed by LZMA, which unpacks a whole member at once."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("net.py", CODE)


def damaged(path: Path) -> None:
    """Write a zip whose member does not fit its checksum."""
    blob = zipped({"net.py": CODE})
    path.write_bytes(blob.replace(CODE, CODE.upper()))
    assert zlib.crc32(CODE) != zlib.crc32(CODE.upper())


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no zip": (lambda path: path.write_bytes(os.urandom(3000)), "cannot be opened as a zip archive"),
    "empty": (lambda path: path.write_bytes(b""), "cannot be opened as a zip archive"),
    "cut off": (lambda path: path.write_bytes(zipped({"net.py": CODE})[:60]), "cannot be opened as a zip archive"),
    "outside": (lambda path: path.write_bytes(zipped({"../../evil.py": CODE})), "lies outside the archive"),
    "absolute": (lambda path: path.write_bytes(zipped({"/etc/evil.py": CODE})), "lies outside the archive"),
    "drive": (lambda path: path.write_bytes(zipped({"C:\\evil.py": CODE})), "lies outside the archive"),
    "backslashes": (lambda path: path.write_bytes(zipped({"..\\evil.py": CODE})), "lies outside the archive"),
    "nested": (lambda path: path.write_bytes(zipped({"in.zip": zipped({"a.py": CODE})})), "inside an archive"),
    "bomb": (bomb, "256 MB"),
    "lying": (lying, "damaged"),
    "encrypted": (encrypted, "encrypted"),
    "damaged": (damaged, "damaged"),
    "method": (unusual, "compressed in an unusual way"),
    "link": (symlink_member, "is a link"),
}


def reason(submission: Submission) -> str:
    """Return why a submission cannot be read, from its problem or from reading it."""
    with pytest.raises(StudentFault) as caught:
        submissions.read(submission, Bounds())
    return str(caught.value)


@pytest.mark.parametrize("case", CASES)
def test_a_bad_archive_is_one_row(case: str, tmp_path: Path) -> None:
    """In a folder and in the class's own zip: the reason is said, the neighbour is read, nothing is written."""
    make, said = CASES[case]
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / GOOD).write_bytes(CODE)
    make(folder / BAD)
    (tmp_path / "class.zip").write_bytes(zipped({one.name: one.read_bytes() for one in folder.iterdir()}))
    before = sorted(tmp_path.rglob("*"))
    for path in (folder, tmp_path / "class.zip"):
        found = {one.id: one for one in submissions.discover(path).submissions}
        assert set(found) == {"10001", "10002"}
        assert dict(submissions.read(found["10001"], Bounds()).code) == {"net.py": CODE}
        assert said in reason(found["10002"])
    assert sorted(tmp_path.rglob("*")) == before


def test_members_of_the_class_zip_that_leave_it(tmp_path: Path) -> None:
    """A path outside the archive is a row of its own; everybody else is graded."""
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({GOOD: CODE, "../../evil_10002_700002_net.py": CODE}))
    found = submissions.discover(path).submissions
    assert [one.id for one in found if one.problem is None] == ["10001"]
    (bad,) = [one for one in found if one.problem]
    assert "lies outside the archive" in reason(bad)


@pytest.mark.parametrize("kind", ["fifo", "link", "folder link", "large", "unreadable"])
def test_files_that_are_none(kind: str, tmp_path: Path) -> None:
    """A pipe, a link, 200 MB and a file without rights are rows; none of them is opened to its end."""
    (tmp_path / GOOD).write_bytes(CODE)
    bad = tmp_path / "evil_10002_700002_net.ipynb"
    match kind:
        case "fifo":
            os.mkfifo(bad)
        case "link":
            bad.symlink_to("/etc/passwd")
        case "folder link":
            bad.symlink_to("/etc", target_is_directory=True)
        case "large":
            bad.touch()
            os.truncate(bad, 200 * MEGABYTE)
        case _:
            bad.write_bytes(CODE)
            bad.chmod(0)
            if os.geteuid() == 0:
                pytest.skip("root: may read every file")
    found = {one.id: one for one in submissions.discover(tmp_path).submissions}
    assert set(found) == {"10001", "10002"}
    said = reason(found["10002"])
    assert any(word in said for word in ("not a regular file", "is a link", "200 MB", "cannot be read"))
    assert dict(submissions.read(found["10001"], Bounds()).code) == {"net.py": CODE}


def test_a_link_in_a_folder_is_called_one(tmp_path: Path) -> None:
    """A link beside an honest module is refused as what it is, in words that a student knows."""
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "net.py").write_bytes(CODE)
    (tmp_path / "ada" / "other.py").symlink_to("/etc/passwd")
    (found,) = submissions.discover(tmp_path).submissions
    assert reason(found) == "other.py is a link, not a file."


def test_only_the_argument_itself_is_the_operators(tmp_path: Path) -> None:
    """No such path, a class zip that is none, and an empty folder end the command; bad files never do."""
    (tmp_path / "class.zip").write_bytes(b"PK nothing")
    (tmp_path / "empty").mkdir()
    for name in ("nowhere", "class.zip", "empty"):
        with pytest.raises(OperatorFault):
            submissions.discover(tmp_path / name)


def test_large_classes_are_found_quickly_enough(tmp_path: Path) -> None:
    """3,000 files of 1,000 students are grouped without comparing everybody with everybody."""
    files = {
        f"student{one}_{10_000 + one}_{700_000 + 3 * one + number}_{name}": CODE
        for one in range(1_000)
        for number, name in enumerate(("a.py", "b.py", "notes.md"))
    }
    path = tmp_path / "class.zip"
    path.write_bytes(zipped(files))
    found = submissions.discover(path).submissions
    assert len(found) == 1_000
    assert all(one.files == ("a.py", "b.py", "notes.md") for one in found)
