"""Archives as listings: the zip that an LMS gave out, and the one that a student zipped."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from grader.faults import OperatorFault, StudentFault
from grader.intake import archives
from grader.intake.gradescope import METADATA
from grader.intake.listing import ARCHIVE, CODE, Entry, Item, Listing, free_path, has_ending, most_telling, same, stem
from grader.intake.names import signs
from grader.intake.reading import Bounds, Reader, open_archive
from grader.records import Place

_MOST_ARCHIVES = 5  # of one submission that are opened


def list_archive(path: Path) -> Listing:
    """Return what lies in the zip of a class; a member that cannot be read is an item with its reason.

    Raises:
        OperatorFault: it is no zip archive, or cannot be read.
    """
    try:
        with open_archive(str(path), path.name) as stream:
            found = archives.contents(stream, path.name, archives.CLASS)
    except StudentFault as fault:
        raise OperatorFault(fault.what, fix="Give the zip that the LMS gave out, or a folder.") from fault
    leaving = [Item(one.path, (), trouble=one.trouble) for one in found.members if one.leaves]
    inside = [one for one in found.members if not one.leaves]
    wrapper = _wrapper(inside)
    within = len(wrapper) + 1 if wrapper else 0
    groups: dict[str, list[Entry]] = defaultdict(list)
    folders: set[str] = set()
    for one in inside:
        top, slash, below = one.path[within:].partition("/")
        if slash:
            folders.add(top)
        groups[top].append(Entry(below or top, Place(str(path), (one.path,)), one.trouble))
    clones = {name[within:] for name in found.clones if not wrapper or name.startswith(f"{wrapper}/")}
    items = [Item(name, most_telling(entries), name in folders, "", name in clones) for name, entries in groups.items()]
    return Listing(path.stem, tuple(sorted([*items, *leaving], key=lambda one: one.name)), wrapper)


def _wrapper(members: list[archives.Member]) -> str:
    """Return the one folder that holds everything; empty when there is none, or when it is one student's."""
    tops = {one.path.partition("/")[0] for one in members}
    if len(tops) != 1 or any("/" not in one.path for one in members):
        return ""
    top = next(iter(tops))
    return "" if signs([top]) or re.fullmatch(r"submission_\d+", top) else top


def expanded(entries: tuple[Entry, ...], bounds: Bounds) -> tuple[tuple[Entry, ...], str]:
    """Return the entries with archives in place of which their files stand, and why one cannot be opened.

    A student's own zip is opened when there is no code beside it, one level deep and in memory.
    """
    if any(has_ending(one.path, CODE) for one in entries):
        return entries, ""
    found = [one for one in entries if not has_ending(one.path, ARCHIVE) or one.trouble]
    closed = [one for one in entries if has_ending(one.path, ARCHIVE) and not one.trouble]
    found += closed[_MOST_ARCHIVES:]
    taken = {same(one.path) for one in found}
    with Reader(bounds.total) as reader:
        for entry in closed[:_MOST_ARCHIVES]:
            try:
                contents = reader.contents(entry.place, entry.path)
            except StudentFault as fault:
                return entries, f"{fault.what} {fault.fix}".strip()
            leaving = next((one for one in contents.members if one.leaves), None)
            if leaving is not None:
                return entries, f"In {entry.path}, {leaving.trouble}"
            home = stem(entry.path)  # two archives may hold one path
            found += [
                Entry(
                    free_path(one.path, home, taken),
                    replace(entry.place, members=(*entry.place.members, one.path)),
                    one.trouble,
                )
                for one in contents.members
            ]
    nested = [one.path for one in found if has_ending(one.path, ARCHIVE) and one not in entries]
    if nested and not any(has_ending(one.path, CODE) for one in found):
        return most_telling(found), f"{nested[0]} is an archive inside an archive, which is not opened."
    return most_telling(found), ""


def metadata_of(listing: Listing) -> bytes | None:
    """Return the table that comes with a Gradescope export; None when there is none.

    Raises:
        OperatorFault: it is there and cannot be read.
    """
    entry = next((one.entries[0] for one in listing.items if one.name == METADATA and one.entries), None)
    if entry is None:
        return None
    try:
        with Reader(Bounds().total) as reader:
            return reader.read(METADATA, entry.place, Bounds().notebook)
    except StudentFault as fault:
        raise OperatorFault(f"{METADATA} of the export cannot be read: {fault.what}") from fault
