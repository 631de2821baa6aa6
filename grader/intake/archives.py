"""Read zip archives from strangers: bounded, in memory, one level, and never onto the disk.

Every number in an archive can lie. What counts is what really comes out of the decompressor, and an archive's table
of contents is not read when it is longer than its members could need.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, cast

from grader.faults import StudentFault
from grader.intake.listing import is_skipped
from grader.wording import counted

MEGABYTE = 2**20
MAX_RATIO = 200
"""How often larger than its compressed form a member of more than `SMALL` bytes may be."""
SMALL = 10 * MEGABYTE
MAX_PATH = 1_000

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_CLONE = re.compile(r"(.+?)/\.git/")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UTF8 = 0x800
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    struct.error,
)


@dataclass(frozen=True, slots=True)
class Capacity:
    """How long an archive's table of contents may be.

    Attributes:
        members: files and folders.
        contents: bytes of the table.
    """

    members: int
    contents: int


OWN = Capacity(20_000, 4 * MEGABYTE)
"""For what one student zipped, pictures included."""
CLASS = Capacity(400_000, 128 * MEGABYTE)
"""For what an LMS gave out."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive.

    Attributes:
        path: cleaned, with `/`; what cannot be cleaned stays as it was.
        info: what the archive says about it.
        trouble: why it cannot be read, a sentence; empty when nothing speaks against it.
        leaves: whether the path points out of the archive or is no path at all.
    """

    path: str
    info: zipfile.ZipInfo
    trouble: str = ""
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds.

    Attributes:
        members: its files, in its order, without tools' own.
        clones: folders in it that hold a `.git`.
    """

    members: tuple[Member, ...]
    clones: frozenset[str] = frozenset()


class _Cautious:
    """A stream whose reads are bounded, and in which no name of a member is decoded.

    `zipfile` reads the whole table of contents at once, as long as the archive claims it to be, and gives up on the
    archive when one name that is marked as UTF-8 is not. Without the mark it decodes every name as code page 437,
    which can be undone.
    """

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream = stream
        self._most = most
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > self._most:
            raise zipfile.BadZipFile("its table of contents is too long")
        data = self._stream.read(self._most if size is None or size < 0 else size)
        return _without_marks(data) if data.startswith(b"PK\x01\x02") else data


def _without_marks(table: bytes) -> bytes:
    changed, start = bytearray(table), 0
    while start + _CENTRAL.size <= len(changed) and changed[start : start + 4] == b"PK\x01\x02":
        fields = _CENTRAL.unpack_from(changed, start)
        struct.pack_into("<H", changed, start + 8, fields[3] & ~_UTF8)
        start += _CENTRAL.size + fields[10] + fields[11] + fields[12]
    return bytes(changed)


def contents(stream: BinaryIO, name: str, capacity: Capacity) -> Contents:
    """Return what is in an archive; tools' own files are left out, doubtful ones say why.

    Raises:
        StudentFault: it is not an archive, damaged, or has too many members.
    """
    try:
        cautious = cast("BinaryIO", _Cautious(stream, capacity.contents))
        with zipfile.ZipFile(cautious) as archive:
            infos = archive.infolist()
    except _BROKEN as error:
        raise StudentFault(f"{name} cannot be opened as a zip archive: {_said(error)}.", fix=_AGAIN) from error
    if len(infos) > capacity.members:
        raise StudentFault(
            f"{name} has {counted(len(infos), 'member')}; at most {capacity.members:,} are opened.", fix=_ALONE
        )
    clones = frozenset(match[1] for one in infos if (match := _CLONE.match(one.orig_filename.replace("\\", "/"))))
    return Contents(_told_apart(one for one in map(_member, infos) if one is not None), clones)


_AGAIN = "Make the archive again, or hand in the notebook itself."
_ALONE = "Hand in the notebook alone."


def _said(error: BaseException) -> str:
    text = str(error).strip().rstrip(".")
    return f"{text[:1].lower()}{text[1:200]}" if text else type(error).__name__


def _member(info: zipfile.ZipInfo) -> Member | None:
    raw = _decoded(info)
    path = raw.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if "\0" in raw or path.startswith("/") or re.match("[A-Za-z]:", path) or ".." in parts:
        return Member(path, info, f"{_shown(raw)} lies outside the archive.", leaves=True)
    clean = "/".join(parts)
    if path.endswith("/") or is_skipped(clean):
        return None
    if not parts or len(clean) > MAX_PATH:
        return Member(path, info, f"{_shown(raw)} is no usable name.", leaves=True)
    return Member(clean, info, _trouble(info, clean))


def _shown(name: str) -> str:
    return repr(name[:200]).strip("'\"")


def _decoded(info: zipfile.ZipInfo) -> str:
    """Return a member's name: what the archive says in Unicode, else UTF-8 where it is that, else code page 437."""
    raw = info.orig_filename.encode("cp437", "replace")
    told = _unicode_path(info.extra, raw)
    try:
        return (told or raw).decode("utf-8")
    except UnicodeDecodeError:
        return info.orig_filename


def _unicode_path(extra: bytes, raw: bytes) -> bytes | None:
    """Return the name from the field that older programs add beside one in their computer's own letters."""
    start = 0
    while start + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, start)
        field = extra[start + 4 : start + 4 + length]
        if kind == 0x7075 and length > 5 and field[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return field[5:]
        start += 4 + length
    return None


def _trouble(info: zipfile.ZipInfo, path: str) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return f"{path} is a link, not a file."
    if kind not in (0, stat.S_IFREG):
        return f"{path} is not a regular file."
    if info.flag_bits & _ENCRYPTED:
        return f"{path} is encrypted."
    if info.compress_type not in _METHODS:  # the others unpack a whole member at once, 3 GB from 1 KB
        return f"{path} is compressed in an unusual way (method {info.compress_type}), which is not unpacked."
    if info.file_size > SMALL and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        return f"{path} would grow to {info.file_size / MEGABYTE:,.0f} MB, more than {MAX_RATIO} times what it is."
    return ""


def _told_apart(found: Iterable[Member]) -> tuple[Member, ...]:
    """Mark members that stand in the archive twice under one path; only the first of them stays."""
    first: dict[str, Member] = {}
    for one in found:
        if one.path in first:
            first[one.path] = Member(one.path, one.info, f"{_shown(one.path)} is in the archive twice.", one.leaves)
        else:
            first[one.path] = one
    return tuple(first.values())


def read_member(stream: BinaryIO, member: Member, most: int) -> bytes:
    """Return what a member holds, at most `most` bytes.

    Raises:
        StudentFault: it is marked as trouble, larger than that, encrypted or damaged.
    """
    if member.trouble:
        raise StudentFault(member.trouble, fix=_AGAIN)
    try:
        with _opened(stream, member.info) as content:
            blob = content.read(most + 1)
    except _BROKEN as error:
        raise StudentFault(f"{member.path} in the archive is damaged: {_said(error)}.", fix=_AGAIN) from error
    if len(blob) > most:
        raise StudentFault(
            f"{member.path} has more than {most / MEGABYTE:,.0f} MB; no more is read.",
            fix="Clear the outputs (Edit, Clear all outputs) and save the notebook again.",
        )
    return blob


def _opened(stream: BinaryIO, info: zipfile.ZipInfo) -> zipfile.ZipExtFile:
    stream.seek(info.header_offset)
    header = stream.read(_LOCAL_HEADER.size)
    mark, name_length, extra_length = _LOCAL_HEADER.unpack(header)
    if mark != b"PK\x03\x04":
        raise zipfile.BadZipFile("a member is not where the archive says")
    stream.seek(name_length + extra_length, 1)
    return zipfile.ZipExtFile(cast("BinaryIO", _Limited(stream, info.compress_size)), "r", info)


class _Limited:
    """The part of a stream that holds one member."""

    def __init__(self, stream: BinaryIO, left: int) -> None:
        self._stream, self._left = stream, left

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        """Leave the stream open: it is the archive's."""

    @staticmethod
    def seekable() -> bool:
        return False
