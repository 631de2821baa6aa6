"""Read a class's folder: one scan, no link followed, no file opened."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from grader.faults import OperatorFault
from grader.intake.listing import CODE, Entry, Item, Listing, has_ending, is_skipped, most_telling
from grader.records import Place

MAX_SCANNED = 20_000
"""Files below one item that are looked at; whatever lies beyond is somebody's pictures."""
_GRADEBOOK = "gradebook.sqlite"


def list_folder(folder: Path) -> Listing:
    """Return what lies in `folder`.

    Raises:
        OperatorFault: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as found:
            items = [item(one) for one in found if not is_skipped(one.name)]
    except OSError as error:
        raise OperatorFault(f"{folder} cannot be read: {error.strerror}.") from error
    return Listing(folder.resolve().name, tuple(sorted(items, key=lambda one: one.name)))


def item(found: os.DirEntry[str]) -> Item:
    """Return one file or folder with everything below it."""
    is_folder, trouble = _kind(found, found.name)
    if is_folder:
        return folder_item(found.name, found.path)
    if trouble:
        return Item(found.name, (), trouble=trouble)
    return Item(found.name, (Entry(found.name, Place(found.path)),))


def folder_item(name: str, path: str) -> Item:
    """Return a folder with everything below it; links in it are named and not followed."""
    entries: list[Entry] = []
    top: set[str] = set()
    trouble = ""
    waiting, scanned = [("", path)], 0
    while waiting and len(entries) + scanned < MAX_SCANNED:
        prefix, below = waiting.pop()
        scanned += 1
        try:
            with os.scandir(below) as scan:
                found = sorted(itertools.islice(scan, MAX_SCANNED), key=lambda one: one.name)
        except OSError as error:
            trouble = trouble or f"{prefix or name} cannot be read: {error.strerror}."
            continue
        top = top if prefix else {one.name for one in found}
        for one in found:
            if is_skipped(one.name):
                continue
            is_folder, reason = _kind(one, prefix + one.name)
            if is_folder:
                waiting.append((f"{prefix}{one.name}/", one.path))
            else:
                entries.append(Entry(prefix + one.name, Place(one.path), reason))
    has_code = any(has_ending(one.path, CODE) for one in entries)
    if _GRADEBOOK in top and not has_code:  # what an earlier batch wrote
        return Item(name, (), is_folder=True, is_output=True)
    return Item(name, most_telling(entries), True, "" if has_code else trouble, ".git" in top)


def _kind(found: os.DirEntry[str], path: str) -> tuple[bool, str]:
    """Tell whether it is a folder, and say why it cannot be read; empty when it is a file."""
    try:
        if found.is_symlink():
            return False, f"{path} is a link, not a file."
        if found.is_dir(follow_symlinks=False):
            return True, ""
        return False, "" if found.is_file(follow_symlinks=False) else f"{path} is not a regular file."
    except OSError as error:
        return False, f"{path} cannot be read: {error.strerror}."
