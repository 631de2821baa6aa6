"""The frame of every page: one file that loads nothing, runs at most our own script, and says so to the browser."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from grader.report.html_parts import escaped
from grader.report.pages.leftovers import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


PAGE, FRAME = "page.css", "frame.css"
"""The style of a page, and that of a frame in it."""


def document(title: str, body: str, *, scripted: bool = False, framed: bool = False) -> str:
    """Return a whole page; `body` is HTML, `scripted` pages sort and filter their table, `framed` ones have a frame.

    Its policy forbids every request and form, every address of a frame, and every script and style but those that are
    named by their digests; what stands in a frame of the page itself is bound by it as well.
    """
    script = _file("page.js") if scripted else ""
    running = f"<script>{script}</script>" if script else ""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n{head(PAGE, script, (FRAME,) if framed else ())}'
        f"<title>{escaped(title)}</title>\n</head>\n<body>\n{body}\n{running}\n</body>\n</html>\n"
    )


def head(style: str, script: str = "", inner: Sequence[str] = ()) -> str:
    """Return what every page and frame begins with: its policy, then its style, before anything of a student's.

    Allowed are the style, the script and the styles `inner` of frames, each by its digest.
    """
    styles = " ".join(_digest(_file(one)) for one in (style, *inner))
    running = _digest(script) if script else "'none'"
    policy = (
        f"default-src 'none'; style-src {styles}; script-src {running}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return (
        f'<meta charset="utf-8">\n{MARK}\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<style>{_file(style)}</style>\n"
    )


def section(name: str, title: str, content: str) -> str:
    """Return a part of a page under a heading that can be linked to; nothing where there is no content."""
    if not content:
        return ""
    return f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>{content}</section>'


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are HTML; the first of each row names it."""
    top = "".join(f'<th scope="col">{one}</th>' for one in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{one}</td>" for one in others)}</tr>'
        for first, *others in rows
    )
    named = escaped(caption)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{named}"><table class="listed">'
        f'<caption class="unseen">{named}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Return words with what they stand for, which is HTML; those without are left out."""
    inner = "".join(f"<dt>{word}</dt><dd>{said}</dd>" for word, said in rows if said)
    return f"<dl>{inner}</dl>" if inner else ""


def frame_style() -> str:
    """Return how a policy names the style of a frame, for pages that are not made here."""
    return _digest(_file(FRAME))


@cache
def _file(name: str) -> str:
    return resources.files(__package__ or "").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
