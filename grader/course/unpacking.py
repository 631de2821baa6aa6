"""Pictures that come as one file: a zip is unpacked once, within bounds and by its content; others stay as they are."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from grader.faults import CourseFault, StudentFault
from grader.intake import archives

MEMBERS = archives.Capacity(200_000, 64 * archives.MEGABYTE)
"""Files of an archive, and bytes of its table of contents."""

MOST = 4_000 * archives.MEGABYTE
"""Bytes that come out of an archive, all files together."""

_ONE = 1_000 * archives.MEGABYTE
_DEEPEST = 3


def ending(path: Path) -> str:
    """Return `.npz` for an archive of arrays, `.zip` for any other, and nothing for what is no archive.

    An address need not say what a file is.
    """
    with path.open("rb") as stream:
        if stream.read(4) != b"PK\x03\x04":
            return ""
        try:
            found = archives.contents(stream, path.name, MEMBERS)
        except StudentFault:
            return ".zip"  # it is said when it is unpacked
    return ".npz" if found.members and all(one.path.endswith(".npy") for one in found.members) else ".zip"


def unpacked(path: Path, name: str, into: Path) -> Path:
    """Return where the pictures of `path` are: below `into` for a zip, else the file or folder itself.

    Raises:
        CourseFault: the zip, called `name` in messages, cannot be read, is a bomb, or holds what no archive of pictures
            has a use for.
    """
    if path.suffix.lower() != ".zip" or not path.is_file():
        return path
    try:
        with path.open("rb") as stream:
            target = into / hashlib.file_digest(stream, "sha256").hexdigest()
            if not target.is_dir():
                _unpack(stream, name, target)
    except StudentFault as fault:
        raise CourseFault(f"The course's data cannot be unpacked: {fault.what}") from fault
    except OSError as error:
        raise CourseFault(f"The course's data {name} cannot be unpacked: {error.strerror or error}.") from error
    return _inside(target)


def _unpack(stream: BinaryIO, name: str, target: Path) -> None:
    """Unpack all of an archive, or nothing."""
    found = archives.contents(stream, name, MEMBERS)
    for member in found.members:
        if member.trouble:
            raise StudentFault(f"{name}: {member.trouble}")
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="coming-", dir=target.parent))
    try:
        left = MOST
        for member in found.members:
            blob = archives.read_member(stream, member, min(left, _ONE))
            left -= len(blob)
            file = folder.joinpath(*member.path.split("/"))
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as written:
                written.write(blob)
        if not target.is_dir():  # another check may have been faster
            folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _inside(folder: Path) -> Path:
    """Return the folder that holds the pictures, where an archive wraps them in folders of their own."""
    for _ in range(_DEEPEST):
        inside = list(folder.iterdir())
        if len(inside) != 1 or not (inside[0].is_dir() or inside[0].suffix.lower() == ".npz"):
            break
        folder = inside[0]
        if folder.is_file():
            break
    return folder
