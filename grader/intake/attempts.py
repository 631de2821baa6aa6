"""Which files of one student count: the latest attempt, and the latest of files with one name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from grader.intake.listing import Entry, Item, free_path, same
from grader.intake.names import Sign, without_copy_marks

_AGAIN = re.compile(r"-([0-9]{1,3})$")
_COPY = re.compile(r"(?:-([0-9]{1,3})|\(([0-9]{1,3})\))$")


@dataclass(frozen=True, slots=True)
class Part:
    """One item of a student's, with what its name says; None when it says nothing."""

    item: Item
    sign: Sign | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What counts of a student's items.

    Attributes:
        entries: files under the student's own names.
        superseded: names of files of earlier attempts.
        late: whether one of the files that count is late.
        handed_in: when the last of the files that count came, in ISO 8601; empty when that is not known.
        trouble: why one of the items that count cannot be opened at all; empty when all can.
    """

    entries: tuple[Entry, ...]
    superseded: tuple[str, ...]
    late: bool
    trouble: str = ""
    handed_in: str = ""


def latest(parts: Sequence[Part]) -> Counted:
    """Return the files that count.

    A later attempt of Blackboard's stands in place of all earlier ones. On Canvas and in Drive a file stands in place
    of an earlier one of the same name, `cnn-1.ipynb` (Canvas) or `cnn (1).ipynb` (Drive) in place of `cnn.ipynb`;
    files of other names belong to the same submission.
    """
    counting, superseded = _of_newest_attempt(parts)
    kept: dict[str, Part] = {}
    files = [part for part in counting if not part.item.is_folder and not _is_receipt(part)]
    originals = {same(_own(part)) for part in files}
    for part in sorted(files, key=_age):
        key = _original(part, originals)
        if key in kept:
            superseded.append(_own(kept[key]))
        kept[key] = part
    used = [*kept.values(), *(part for part in counting if part.item.is_folder or _is_receipt(part))]
    entries = [replace(one, path=_own(part)) for part in kept.values() for one in part.item.entries]
    entries += _below([part for part in used if part.item.is_folder], {same(one.path) for one in entries})
    return Counted(
        tuple(sorted(entries, key=lambda one: one.path)),
        tuple(sorted(superseded)),
        any(part.sign.late for part in used if part.sign),
        next((part.item.trouble for part in used if part.item.trouble), ""),
        max((part.sign.handed_in for part in used if part.sign and not part.sign.receipt), default=""),
    )


def _of_newest_attempt(parts: Sequence[Part]) -> tuple[list[Part], list[str]]:
    """Return the parts of the newest attempt or of none, and the names of earlier attempts' files."""
    # Of attempts, those with files count: a comment that is sent later does not take a notebook back.
    with_files = [part for part in parts if part.sign and not part.sign.receipt]
    newest = max((part.sign.attempt for part in with_files or parts if part.sign), default="")
    counting = [part for part in parts if part.sign is None or part.sign.attempt == newest]
    earlier = [part for part in parts if part.sign and part.sign.attempt != newest and not part.sign.receipt]
    return counting, [_own(part) for part in earlier]


def _below(folders: Sequence[Part], taken: set[str]) -> list[Entry]:
    """Return the files of folders; where two have one path, the folder's name goes before the second."""
    return [
        replace(entry, path=free_path(entry.path, part.item.name, taken))
        for part in folders
        for entry in part.item.entries
    ]


def _is_receipt(part: Part) -> bool:
    return part.sign is not None and part.sign.receipt


def _own(part: Part) -> str:
    return (part.sign.own if part.sign else "") or part.item.name


def _age(part: Part) -> tuple[int, int, str]:
    """Sort by the platform's number, then by the mark of a second hand-in, then by name."""
    number = part.sign.number if part.sign else 0
    again = _COPY.search(PurePosixPath(_own(part)).stem)
    return number, int(again[1] or again[2]) if again else 0, _own(part)


def _original(part: Part, originals: Collection[str]) -> str:
    """Return what two versions of one file have in common: `cnn.ipynb` for `cnn-1.ipynb` where that is there.

    Moodle and Blackboard put no such marks into names: there `cnn-1.ipynb` is a file of its own.
    """
    own = same(_own(part))
    while (part.sign is None or part.sign.platform == "Canvas") and (base := _unmarked(own, originals)):
        own = base
    return own


def _unmarked(own: str, originals: Collection[str]) -> str:
    path = PurePosixPath(own)
    shorter = (_AGAIN.sub("", path.stem), without_copy_marks(path.stem))
    bases = (same(stem + path.suffix) for stem in shorter if stem and stem != path.stem)
    return next((base for base in bases if base in originals), "")
