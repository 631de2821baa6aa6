"""What the pages of a submission are called: its id may hold anything that a file name or an LMS can."""

from __future__ import annotations

import hashlib
import re

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")
_RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d")  # files of these names are devices on Windows
_SLUG = 40


def page_name(submission: str) -> str:
    """Return the beginning of the file names of this submission's pages: its id, where every system takes that.

    Any other id becomes what can be read of it, a full stop and a digest. A plain one has no full stop, so no two ids
    meet, also where `Ada` and `ada` are one file.
    """
    if _PLAIN.fullmatch(submission) and not _RESERVED.fullmatch(submission):
        return submission
    digest = hashlib.sha256(submission.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{_OTHER.sub('-', submission)[:_SLUG].strip('-') or 'id'}.{digest}"
