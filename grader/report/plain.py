r"""Make text from strangers inert, whatever reads it: a terminal, a log, a page, a spreadsheet.

A class may be called `\x1b[2J` and a file `=HYPERLINK(...)`. Everything that a student can choose (names, file
names, source, exception texts) goes through one of these functions before a person sees it.
"""

from __future__ import annotations

import re

# C0 and C1 controls but tab (09) and newline (0a); DEL; Arabic letter mark, left-to-right and right-to-left mark
# (061c 200e 200f); line and paragraph separator and bidi embeddings (2028-202e); bidi isolates (2066-206f, with the
# deprecated ones); surrogates that are not half of a pair; interlinear annotation and what is no character at all.
_ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]"
)
_FORMULA = re.compile(r"\s*[=+\-@\uff0b\uff0d\uff1d\uff20]|[\t\r\n]")  # the wide ones count in some locales
_LAST_OF_ONE_BYTE = 0xFF


def inert(text: str) -> str:
    r"""Return `text` with every character that acts instead of being seen written as `\x1b` or `\u202e`.

    Newline and tab stay; a carriage return that belongs to a newline goes.
    """
    return _ACTIVE.sub(_escape, text.replace("\r\n", "\n"))


def inert_line(text: str, most: int = 300) -> str:
    r"""Return `inert(text)` on one line, newlines and tabs written as `\n` and `\t`, cut to `most` characters."""
    return shorten(inert(text[: most + 1]).replace("\n", "\\n").replace("\t", "\\t"), most)


def shorten(text: str, most: int) -> str:
    """Return at most `most` characters of `text`; an ellipsis stands for the rest."""
    return text if len(text) <= most else text[: most - 1] + "…"


def spreadsheet(text: str) -> str:
    """Return `text` inert and never a formula: where it begins like one, `'` goes before it (CWE-1236)."""
    safe = inert(text)
    return f"'{safe}" if _FORMULA.match(safe) else safe


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code <= _LAST_OF_ONE_BYTE else f"\\u{code:04x}"
