"""Read the bytes of files where they lie: each once, within bounds, on disk or inside archives."""

from __future__ import annotations

import errno
import functools
import io
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Self

from grader.faults import StudentFault
from grader.intake import archives
from grader.intake.listing import ARCHIVE, CODE, DOCUMENTS, OTHER_ARCHIVES, WEIGHTS, Entry, has_ending
from grader.records import Place, Submission

MEGABYTE = 2**20
_LONGEST_LINK = 4096
_LINK = re.compile(rb"(?:\xef\xbb\xbf)?\s*https?://\S+\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a submission is read, in bytes.

    Attributes:
        notebook: of one file of code.
        total: of all its code, and of an archive inside an archive.
        document: of one file of the explanation.
        documents: of all of them.
        weights: of all files of saved weights.
    """

    notebook: int = 100 * MEGABYTE
    total: int = 200 * MEGABYTE
    document: int = 20 * MEGABYTE
    documents: int = 50 * MEGABYTE
    weights: int = 200 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Handed:
    """The bytes of a submission by path within it.

    Attributes:
        code: notebooks and modules.
        documents: files of the explanation.
        weights: saved weights that the code may load.
        notes: sentences on what was left out.
    """

    code: Mapping[str, bytes]
    documents: Mapping[str, bytes] = field(default_factory=dict)
    weights: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(submission: Submission, bounds: Bounds) -> Handed:
    """Return the bytes of every file that can hold code or explain it; what is hashed is what is graded.

    Raises:
        StudentFault: the submission was rejected, or a file of code is not a regular one, too large, damaged, or
            cannot be read.
    """
    problem = submission.problem
    if problem is not None and problem.kind == "rejected":
        raise StudentFault(problem.what, fix=problem.fix)
    located = list(zip(submission.files, submission.places, strict=True))
    with Reader(bounds.total) as reader:
        code = _code([one for one in located if has_ending(one[0], CODE)], reader, bounds)
        documents = _Shelf("left out of the explanation", bounds.document, bounds.documents)
        documents.fill([one for one in located if has_ending(one[0], DOCUMENTS)], reader)
        weights = _Shelf("not loaded", bounds.weights, bounds.weights)
        weights.fill([one for one in located if has_ending(one[0], WEIGHTS)] if code else [], reader)
    notes = [*documents.notes, *weights.notes]
    unopened = [name for name in submission.files if has_ending(name, (ARCHIVE, *OTHER_ARCHIVES))]
    notes += [f"{name} was not opened: an archive is opened when it is handed in by itself." for name in unopened]
    return Handed(code, documents.found, weights.found, tuple(notes))


def _code(located: Sequence[tuple[str, Place]], reader: Reader, bounds: Bounds) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    total = 0
    for name, place in located:
        found[name] = reader.read(name, place, bounds.notebook)
        total += len(found[name])
        if total > bounds.total:
            raise StudentFault(
                f"The submission is larger than {bounds.total // MEGABYTE} MB.", fix="Hand in the notebook alone."
            )
    return found


@dataclass(slots=True)
class _Shelf:
    """Files that are read as far as they fit; what does not is named.

    Attributes:
        without: what happens to a file that does not fit, after `was`.
        each: bytes of one file.
        left: bytes of all of them that there is still room for.
    """

    without: str
    each: int
    left: int
    found: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def fill(self, located: Sequence[tuple[str, Place]], reader: Reader) -> None:
        """Read files in order."""
        for name, place in located:
            try:
                self.found[name] = reader.read(name, place, min(self.each, self.left))
            except StudentFault as fault:
                self.notes.append(f"{name} was {self.without}: {fault.what}")
            else:
                self.left -= len(self.found[name])


class Reader:
    """Reads the files of one submission; an archive that holds several of them is opened once.

    Use it as a context manager. An archive inside an archive is held in memory while it is needed.
    """

    def __init__(self, most_of_archive: int) -> None:
        """Hold archives inside archives up to `most_of_archive` bytes."""
        self._most = most_of_archive
        self._streams: dict[Place, BinaryIO] = {}
        self._tables: dict[Place, Mapping[str, archives.Member]] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what was opened."""
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()
        self._tables.clear()

    def read(self, name: str, place: Place, most: int) -> bytes:
        """Return the bytes at a place, called `name` in messages.

        Raises:
            StudentFault: it is not a regular file, larger than `most`, damaged, or cannot be read.
        """
        if not place.members:
            with _opened(place.path, name) as stream:
                size = os.fstat(stream.fileno()).st_size
                blob = stream.read(most + 1) if size <= most else b""
        else:
            container = Place(place.path, place.members[:-1])
            member = self._members(container).get(place.members[-1])
            if member is None:
                raise StudentFault(f"{name} is not in the archive any more.", fix="Run the command again.")
            size = member.info.file_size
            blob = archives.read_member(self._stream(container), member, most) if size <= most else b""
        if size > most or len(blob) > most:
            raise StudentFault(
                f"{name} has {max(size, len(blob)) / MEGABYTE:,.0f} MB; at most {most // MEGABYTE} MB are read.",
                fix="Clear the outputs (Edit, Clear all outputs) and save the notebook again.",
            )
        return blob

    def contents(self, container: Place, name: str) -> archives.Contents:
        """Return what is in an archive of one student's.

        Raises:
            StudentFault: it cannot be opened, or has too many members.
        """
        return archives.contents(self._stream(container), name, archives.OWN)

    def _members(self, container: Place) -> Mapping[str, archives.Member]:
        stream = self._stream(container)
        if container.members:
            if container not in self._tables:
                found = self.contents(container, container.members[-1]).members
                self._tables[container] = {one.path: one for one in found}
            return self._tables[container]
        facts = os.fstat(stream.fileno())
        return _index(container.path, facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)

    def _stream(self, container: Place) -> BinaryIO:
        if container not in self._streams:
            name = os.path.basename((container.path, *container.members)[-1])  # noqa: PTH119  may be a member's
            if container.members:
                self._streams[container] = io.BytesIO(self.read(name, container, self._most))
            else:
                self._streams[container] = _opened(container.path, name)
        return self._streams[container]


def is_link(entry: Entry) -> bool:
    """Tell whether a small text holds nothing but an address."""
    if entry.trouble or not has_ending(entry.path, (".txt", ".html", ".htm")):
        return False
    try:
        with Reader(_LONGEST_LINK) as reader:
            return _LINK.fullmatch(reader.read(entry.path, entry.place, _LONGEST_LINK)) is not None
    except StudentFault:
        return False


@functools.lru_cache(maxsize=2)
def _index(path: str, *_version: int) -> Mapping[str, archives.Member]:
    """Return an archive's members by path, remembered while the archive stays what it is.

    The archive of a class is asked once for each of its 10,000 submissions; its table takes 0.2 s to read.
    """
    with _opened(path, os.path.basename(path)) as stream:  # noqa: PTH119  a name alone
        return {one.path: one for one in archives.contents(stream, path, archives.CLASS).members}


def open_archive(path: str, name: str) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        StudentFault: it is a link, not a regular file, or cannot be opened.
    """
    return _opened(path, name)


def _opened(path: str, name: str) -> BinaryIO:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.ELOOP:
            raise StudentFault(f"{name} is a link, not a file.") from error
        reason = getattr(error, "strerror", None) or "its name cannot be used"
        raise StudentFault(f"{name} cannot be read: {reason}.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StudentFault(f"{name} is not a regular file.")
    return open(descriptor, "rb")
