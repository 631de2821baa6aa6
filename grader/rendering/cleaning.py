"""HTML that a student may have written into a text cell -> the few tags that lay out words, closed, without attributes.

Everything else loses its tags and keeps its words, but what is no word (scripts, styles, whole documents) goes whole.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from html.parser import HTMLParser

_KEPT = frozenset(
    "p br hr h1 h2 h3 h4 h5 h6 ul ol li dl dt dd table thead tbody tr th td blockquote pre code em strong b i u s del "
    "sub sup span div center kbd small".split()
)
_VOID = frozenset({"br", "hr"})
_GONE = frozenset("script style template iframe object embed svg math noscript textarea title select xmp".split())
_CLASSES = re.compile(r"[a-z][a-z0-9]{0,2}|highlight")
"""Pygments' names for the parts of code, and its frame."""
_DEEPEST = 60
_WRITTEN = re.compile(
    rf"""[^<]*(?:(?:
        </?(?:{"|".join(sorted(_KEPT - _VOID))})(?:\x20class="[a-z0-9\x20-]{{0,40}}")?>
        | <(?:{"|".join(sorted(_VOID))})>
        | <img\x20src="data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=]*"\x20alt="[^"<>]*">
    )[^<]*)*""",
    re.VERBOSE,
)
"""All that is ever written here and by the exporter: words, tags of layout with a class, pictures of ours."""


def is_layout(markup: str) -> bool:
    """Tell whether HTML is of the kind that is written here: nothing in it acts, loads or leads anywhere."""
    return _WRITTEN.fullmatch(markup) is not None


def cleaned(markup: str, pictures: Mapping[str, str]) -> str:
    """Return inert HTML in which every tag that is open is closed.

    `pictures` are those that may be shown, as data of ours, by the name after `attachment:`.
    """
    reader = _Reader(pictures)
    reader.feed(markup)
    reader.close()
    return reader.written()


class _Reader(HTMLParser):
    def __init__(self, pictures: Mapping[str, str]) -> None:
        super().__init__(convert_charrefs=True)
        self._pictures = pictures
        self._parts: list[str] = []
        self._open: list[str] = []
        self._gone = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _GONE:
            self._gone += 1
        elif tag == "img" and not self._gone:
            self._picture(dict(attrs))
        elif tag in _VOID and not self._gone:
            self._parts.append(f"<{tag}>")
        elif tag in _KEPT and not self._gone and len(self._open) < _DEEPEST:
            named = dict(attrs).get("class") or ""
            self._open.append(tag)
            self._parts.append(f'<{tag} class="{named}">' if _CLASSES.fullmatch(named) else f"<{tag}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _GONE:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _GONE:
            self._gone -= self._gone > 0
        elif tag in self._open and not self._gone:
            while self._open:
                last = self._open.pop()
                self._parts.append(f"</{last}>")
                if last == tag:
                    return

    def handle_data(self, data: str) -> None:
        if not self._gone:
            self._parts.append(html.escape(data))

    def _picture(self, attributes: dict[str, str | None]) -> None:
        said = html.escape((attributes.get("alt") or "")[:200])
        ours = self._pictures.get((attributes.get("src") or "").removeprefix("attachment:"))
        if ours is not None:
            self._parts.append(f'<img src="{ours}" alt="{said}">')
        else:
            self._parts.append(f"<span>[picture: {said}]</span>" if said else "<span>[picture]</span>")

    def written(self) -> str:
        """Return everything, with what is still open closed."""
        return "".join((*self._parts, *(f"</{tag}>" for tag in reversed(self._open))))
