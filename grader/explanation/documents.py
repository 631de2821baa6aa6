"""Read the files beside the notebook: text, Markdown, web pages, PDF and Word, all of them hostile bytes.

Nothing here bounds time: the job that calls it does, and keeps what was read until then.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import PurePosixPath

from defusedxml.ElementTree import XMLParser

from grader.explanation.bounds import inert

MOST_BYTES = 20 * 2**20
"""Of one document, and of the text part of a Word file when it is unpacked."""

MOST_CHARACTERS = 1_000_000
"""Of the text of one document; a thesis has half of it."""

MOST_PAGES = 300
"""Of a PDF."""

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BREAKS = {f"{_WORD}{name}": sign for name, sign in (("p", "\n"), ("br", "\n"), ("cr", "\n"), ("tab", "\t"))}
_UNSHOWN = frozenset({_FALLBACK, f"{_WORD}instrText", f"{_WORD}delText"})
_SILENT = frozenset({"script", "style", "pre", "title", "svg", "template"})
_LINES = frozenset("p pre br div li tr h1 h2 h3 h4 h5 h6 table ul ol section article blockquote td th".split())
_HYPHEN = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")
_NUL_SEEN = 4_096


class UnreadableError(Exception):
    """A document cannot be read; its text ends a sentence that begins with the document's name."""


class Text:
    """The text of one document while it is read; what was read before a break stays.

    Raises UnreadableError when more comes than `MOST_CHARACTERS`.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self._parts: list[str] = []
        self._room = MOST_CHARACTERS

    def add(self, part: str) -> None:
        """Keep a piece of text as far as there is room."""
        self._parts.append(part[: max(self._room, 0)])
        self._room -= len(part)
        if self._room < 0:
            raise UnreadableError(f"is longer than {MOST_CHARACTERS:,} characters; only its beginning was read")

    def __str__(self) -> str:
        """Return what was read so far, inert."""
        return inert("".join(self._parts))


def read_into(text: Text, path: str, blob: bytes) -> None:
    """Read the document `blob` into `text`, by the ending of its path.

    Raises:
        UnreadableError: it is too large, locked or of an unknown kind; anything else that a broken document leads to
            comes through as it is.
    """
    if len(blob) > MOST_BYTES:
        raise UnreadableError(f"has {len(blob) / 2**20:.1f} MiB; at most {MOST_BYTES // 2**20} MiB are read")
    reader = READERS.get(PurePosixPath(path).suffix.lower())
    if reader is None:
        raise UnreadableError("is of a kind that cannot be read")
    reader(text, blob)


def _plain(text: Text, blob: bytes) -> None:
    text.add(_decoded(blob))


def _decoded(blob: bytes) -> str:
    """Return text, whatever editor wrote it: UTF-16 with its mark, UTF-8, else the Windows alphabet."""
    if blob[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return blob.decode("utf-16", "replace")
    if b"\0" in blob[:_NUL_SEEN]:
        raise UnreadableError("holds no text")
    try:
        return blob.decode("utf-8-sig")
    except UnicodeDecodeError:
        return blob.decode("cp1252", "replace")


class _Page(HTMLParser):
    """Collect what a web page shows; programs, styles and preformatted code are left out."""

    def __init__(self, text: Text) -> None:
        """Write into `text`."""
        super().__init__(convert_charrefs=True)
        self._text, self._silent = text, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, or what is not shown."""
        self._silent += tag in _SILENT
        if tag in _LINES:
            self._text.add("\n")

    def handle_endtag(self, tag: str) -> None:
        """End a line, or what is not shown."""
        self._silent -= tag in _SILENT and self._silent > 0
        if tag in _LINES:
            self._text.add("\n")

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if not self._silent:
            self._text.add(data)


def _page(text: Text, blob: bytes) -> None:
    page = _Page(text)
    page.feed(_decoded(blob))
    page.close()


class _WordText:
    """Collect the text of a Word file from its tags as they pass by; no tree is built."""

    def __init__(self, text: Text) -> None:
        """Write into `text`."""
        self._text, self._hidden, self._open = text, 0, 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Enter a tag."""
        self._hidden += tag in _UNSHOWN
        self._open += tag == f"{_WORD}t"
        if tag in _BREAKS and tag != f"{_WORD}p" and not self._hidden:
            self._text.add(_BREAKS[tag])

    def end(self, tag: str) -> None:
        """Leave a tag."""
        self._hidden -= tag in _UNSHOWN
        self._open -= tag == f"{_WORD}t"
        if tag == f"{_WORD}p" and not self._hidden:
            self._text.add("\n")

    def data(self, data: str) -> None:
        """Keep what stands in a text tag."""
        if self._open and not self._hidden:
            self._text.add(data)

    def close(self) -> None:
        """End; everything was kept on the way."""


def _word(text: Text, blob: bytes) -> None:
    """Read `word/document.xml` alone: nothing else in the file is unpacked."""
    with zipfile.ZipFile(io.BytesIO(blob)) as archive:
        part = archive.getinfo("word/document.xml")
        with archive.open(part) as stream:
            xml = stream.read(MOST_BYTES + 1)
    if len(xml) > MOST_BYTES:
        raise UnreadableError(f"unpacks to more than {MOST_BYTES // 2**20} MiB")
    parser = XMLParser(target=_WordText(text), forbid_dtd=True)
    parser.feed(xml)
    parser.close()


def _pdf(text: Text, blob: bytes) -> None:
    """Read page by page; a page that cannot be read is passed over and said at the end."""
    from pypdf import PdfReader  # 0.2 s, and few hand in a PDF

    document = PdfReader(io.BytesIO(blob), strict=False)
    if document.is_encrypted and not document.decrypt(""):
        raise UnreadableError("is locked with a password")
    broken = 0
    for number, page in enumerate(document.pages):
        if number >= MOST_PAGES:
            raise UnreadableError(f"has more than {MOST_PAGES} pages; only the first ones were read")
        try:
            found = page.extract_text()
        except Exception:  # noqa: BLE001 - whatever a broken page does to the reader, the others may be whole
            broken += 1
            continue
        text.add(_HYPHEN.sub("", found) + "\n")
    if broken:
        raise UnreadableError(f"has pages that cannot be read ({broken})")


READERS: Mapping[str, Callable[[Text, bytes], None]] = {
    ".md": _plain,
    ".markdown": _plain,
    ".txt": _plain,
    ".rst": _plain,
    ".html": _page,
    ".htm": _page,
    ".pdf": _pdf,
    ".docx": _word,
}
"""How a document is read, by the ending of its name."""
