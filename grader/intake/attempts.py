"""Which files of one student count: the latest attempt, and the latest of files with one name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from grader.intake.listing import Entry, Item, same
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
    """

    entries: tuple[Entry, ...]
    superseded: tuple[str, ...]
    late: bool


def latest(parts: Sequence[Part]) -> Counted:
    """Return the files that count.

    A later attempt of Blackboard's stands in place of all earlier ones. Elsewhere a file stands in place of an
    earlier one of the same name, `cnn-1.ipynb` (Canvas) or `cnn (1).ipynb` (Drive) in place of `cnn.ipynb`; files of
    other names belong to the same submission.
    """
    # Of attempts, those with files count: a comment that is sent later does not take a notebook back.
    with_files = [part for part in parts if part.sign and not part.sign.receipt]
    newest = max((part.sign.attempt for part in with_files or parts if part.sign), default="")
    counting = [part for part in parts if part.sign is None or part.sign.attempt == newest]
    earlier = [part for part in parts if part not in counting]
    superseded = [_own(part) for part in earlier if not (part.sign and part.sign.receipt)]
    files = [part for part in counting if not part.item.is_folder and not (part.sign and part.sign.receipt)]
    kept: dict[str, Part] = {}
    originals = {same(_own(part)) for part in files}
    for part in sorted(files, key=_age):
        key = _original(_own(part), originals)
        if key in kept:
            superseded.append(_own(kept[key]))
        kept[key] = part
    entries = [replace(one, path=_own(part)) for part in kept.values() for one in part.item.entries]
    entries += _below([part for part in counting if part.item.is_folder], {same(one.path) for one in entries})
    late = any(part.sign.late for part in (*kept.values(), *counting) if part.sign and part not in earlier)
    return Counted(tuple(sorted(entries, key=lambda one: one.path)), tuple(sorted(superseded)), late)


def _below(folders: Sequence[Part], taken: set[str]) -> list[Entry]:
    """Return the files of folders; where two have one path, the folder's name goes before the second."""
    found: list[Entry] = []
    for part in folders:
        for entry in part.item.entries:
            path = entry.path if same(entry.path) not in taken else f"{part.item.name}/{entry.path}"
            taken.add(same(path))
            found.append(replace(entry, path=path))
    return found


def _own(part: Part) -> str:
    return (part.sign.own if part.sign else "") or part.item.name


def _age(part: Part) -> tuple[int, int, str]:
    """Sort by the platform's number, then by the mark of a second hand-in, then by name."""
    number = part.sign.number if part.sign else 0
    again = _COPY.search(PurePosixPath(_own(part)).stem)
    return number, int(again[1] or again[2]) if again else 0, _own(part)


def _original(own: str, originals: set[str]) -> str:
    """Return what two versions of one file have in common: `cnn.ipynb` for `cnn-1.ipynb` where that is there."""
    path = PurePosixPath(own)
    for stem in (_AGAIN.sub("", path.stem), without_copy_marks(path.stem)):
        if stem and stem != path.stem and same(stem + path.suffix) in originals:
            return same(stem + path.suffix)
    return same(own)
