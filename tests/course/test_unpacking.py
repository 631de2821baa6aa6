"""A zip of pictures is unpacked whole or not at all, and never beyond its folder."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from grader.course.unpacking import ending, unpacked
from grader.faults import CourseFault


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """Write an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, blob in members.items():
            archive.writestr(name, blob)
    return path


def test_a_zip_with_a_folder_around_it(tmp_path: Path) -> None:
    """The folder that holds the pictures is found, a Mac's own files are not there, and it is unpacked once."""
    path = zipped(tmp_path / "a.zip", {"handout/y.csv": b"1", "handout/1.png": b"2", "__MACOSX/x": b"3"})
    found = unpacked(path, "a.zip", tmp_path / "into")
    assert sorted(one.name for one in found.iterdir()) == ["1.png", "y.csv"]
    before = found.stat().st_mtime_ns
    assert unpacked(path, "a.zip", tmp_path / "into") == found
    assert found.stat().st_mtime_ns == before
    assert len(list((tmp_path / "into").iterdir())) == 1


def test_a_zip_around_an_npz(tmp_path: Path) -> None:
    """An archive of one `.npz` gives that file."""
    path = zipped(tmp_path / "a.zip", {"x/pictures.npz": b"1"})
    assert unpacked(path, "a.zip", tmp_path / "into").name == "pictures.npz"


def test_what_is_no_zip_stays(tmp_path: Path) -> None:
    """A folder and a `.npz` are where they are."""
    assert unpacked(tmp_path, "x", tmp_path / "into") == tmp_path
    assert unpacked(tmp_path / "a.npz", "x", tmp_path / "into") == tmp_path / "a.npz"


def _link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../../evil.txt", "lies outside the archive"),
        ("/etc/evil", "lies outside the archive"),
        ("C:evil", "lies outside the archive"),
        ("..\\evil.txt", "lies outside the archive"),
        (_link(), "is a link, not a file"),
    ],
)
def test_a_member_that_leaves_stops_all(tmp_path: Path, name: str | zipfile.ZipInfo, said: str) -> None:
    """One hostile member is enough to unpack nothing."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("fine.png", b"1")
        archive.writestr(name, b"/etc/passwd")
    with pytest.raises(CourseFault, match=said):
        unpacked(path, "a.zip", tmp_path / "deep" / "into")
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["a.zip"]


def test_a_bomb(tmp_path: Path) -> None:
    """A member that would grow a thousandfold is refused before it does."""
    path = zipped(tmp_path / "a.zip", {"bomb.bin": bytes(30 * 2**20)})
    with pytest.raises(CourseFault, match="more than 200 times what it is"):
        unpacked(path, "a.zip", tmp_path / "into")


def test_a_member_that_is_in_the_way_of_another(tmp_path: Path) -> None:
    """A file that another member takes for a folder is said, and nothing stays."""
    path = zipped(tmp_path / "a.zip", {"a": b"1", "a/b": b"2"})
    with pytest.raises(CourseFault, match=r"data a\.zip cannot be unpacked"):
        unpacked(path, "a.zip", tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


def test_no_archive_at_all(tmp_path: Path) -> None:
    """A page that was saved as a zip is said."""
    (tmp_path / "a.zip").write_bytes(b"<html>sign in</html>")
    with pytest.raises(CourseFault, match=r"a\.zip cannot be opened as a zip archive"):
        unpacked(tmp_path / "a.zip", "a.zip", tmp_path / "into")


def test_an_address_need_not_say_what_a_file_is(tmp_path: Path) -> None:
    """Arrays and pictures are told apart by what is in the archive."""
    arrays = io.BytesIO()
    np.savez(arrays, x=np.zeros(3))
    (tmp_path / "a").write_bytes(arrays.getvalue())
    assert ending(tmp_path / "a") == ".npz"
    assert ending(zipped(tmp_path / "b", {"1.png": b"1", "y.npy": b"2"})) == ".zip"
    (tmp_path / "c").write_bytes(b"<html>")
    assert ending(tmp_path / "c") == ""
    (tmp_path / "d").write_bytes(b"PK\x03\x04 cut off")
    assert ending(tmp_path / "d") == ".zip"
