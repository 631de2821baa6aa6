"""Paths and URLs as they are written and said."""

from __future__ import annotations

import re


def is_url(text: str) -> bool:
    """Tell whether a text is a URL, of whatever kind, and not a path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text) is not None


def printable(text: str) -> str:
    """Return text of a server's with `?` for each character that acts instead of being seen."""
    return "".join(one if one.isprintable() else "?" for one in text)


def last_part(source: str) -> str:
    """Return what a path or URL is called at its end."""
    path = source.partition("?")[0].partition("#")[0] if is_url(source) else source.replace("\\", "/")
    return path.rstrip("/").rpartition("/")[2] or source
