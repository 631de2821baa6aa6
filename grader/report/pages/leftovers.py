"""Pages of submissions that are not there any more: found by their names and by a mark of ours in them, and removed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.faults import OperatorFault

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

MARK = '<meta name="generator" content="cnn-grader">'
"""Stands near the beginning of every page of ours."""
TEXT_MARK = "<!-- cnn-grader -->"
"""Ends what is written of ours as Markdown, where it is not seen."""

_NAME = re.compile(r"([a-z0-9][a-z0-9_-]{0,79}|[A-Za-z0-9_-]{1,40}\.[0-9a-f]{16})(\.student\.html|\.html|\.md)")
_SEARCHED = 300  # characters at the beginning and at the end


def remove_leftovers(folder: Path, wanted: Collection[str]) -> tuple[str, ...]:
    """Remove the pages in `folder` whose names are not among those `wanted`; return their names.

    What is named otherwise, is a link, or does not say that it is ours, stays.

    Raises:
        OperatorFault: one cannot be read or removed.
    """
    gone = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name in wanted or not _NAME.fullmatch(path.name):
            continue
        try:
            if path.is_file() and not path.is_symlink() and _is_ours(path):
                path.unlink()
                gone.append(path.name)
        except OSError as error:
            raise OperatorFault(
                f"{path} is the page of a submission that is gone, and cannot be removed ({error.strerror or error}).",
                fix="Remove it by hand.",
            ) from error
    return tuple(gone)


def _is_ours(path: Path) -> bool:
    text = path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".md":
        return text.rstrip().endswith(TEXT_MARK)
    return MARK in text[:_SEARCHED]
