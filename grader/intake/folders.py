"""Read a class's folder: one scan, no link followed, no file opened."""

from __future__ import annotations

import os
from pathlib import Path

from grader.faults import OperatorFault
from grader.intake.listing import SKIPPED_FOLDERS, Entry, Item, Listing, is_skipped, most_telling
from grader.records import Place

MAX_SCANNED = 20_000
"""Files below one item that are looked at; whatever lies beyond is somebody's pictures."""


def list_folder(folder: Path) -> Listing:
    """Return what lies in `folder`.

    Raises:
        OperatorFault: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as found:
            items = [item(one) for one in found if not _is_aside(one.name)]
    except OSError as error:
        raise OperatorFault(f"{folder} cannot be read: {error.strerror}.") from error
    return Listing(folder.resolve().name, tuple(sorted(items, key=lambda one: one.name)))


def _is_aside(name: str) -> bool:
    return is_skipped(name)


def item(found: os.DirEntry[str]) -> Item:
    """Return one file or folder with everything below it."""
    if found.is_symlink():
        return Item(found.name, (), trouble=f"{found.name} is a link, not a file.")
    if found.is_dir(follow_symlinks=False):
        return folder_item(found.name, found.path)
    if not found.is_file(follow_symlinks=False):
        return Item(found.name, (), trouble=f"{found.name} is not a regular file.")
    return Item(found.name, (Entry(found.name, Place(found.path)),))


def folder_item(name: str, path: str) -> Item:
    """Return a folder with everything below it; links in it are named and not followed."""
    entries: list[Entry] = []
    is_clone = is_output = False
    trouble = ""
    waiting = [("", path)]
    while waiting and len(entries) < MAX_SCANNED:
        prefix, below = waiting.pop()
        try:
            with os.scandir(below) as scan:
                found = sorted(scan, key=lambda one: one.name)
        except OSError as error:
            trouble = trouble or f"{prefix or name} cannot be read: {error.strerror}."
            continue
        is_clone = is_clone or (not prefix and any(one.name == ".git" for one in found))
        is_output = is_output or (not prefix and any(one.name == "gradebook.sqlite" for one in found))
        for one in found:
            if is_skipped(one.name) or one.name in SKIPPED_FOLDERS:
                continue
            inside = prefix + one.name
            if one.is_dir(follow_symlinks=False):
                waiting.append((f"{inside}/", one.path))
            else:
                entries.append(Entry(inside, Place(one.path), _trouble(one, inside)))
    if is_output:  # what an earlier batch wrote
        return Item(name, (), is_folder=True, is_output=True)
    return Item(name, most_telling(entries), True, trouble if not entries else "", is_clone)


def _trouble(found: os.DirEntry[str], path: str) -> str:
    if found.is_symlink():
        return f"{path} is a link, not a file."
    return "" if found.is_file(follow_symlinks=False) else f"{path} is not a regular file."
