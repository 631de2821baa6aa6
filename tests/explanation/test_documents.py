"""Documents beside the notebook: read, bounded, and one that is broken costs only itself."""

from __future__ import annotations

import json
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.claims import Explained, read_explained
from grader.explanation import documents
from grader.explanation.documents import READERS, Text, UnreadableError, read_into
from grader.records import Passage
from grader.sandbox import explain as job
from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Limits
from tests.stress import STRESS

from .files import DOCUMENT, LAUGHS, OUTSIDE, packed, paragraphs, pdf, word

EXAMPLES = 300 if STRESS else 15
LIMITS = Limits(wall_seconds=30, cpu_seconds=30, memory_megabytes=1024)
TWO = paragraphs("The kernel sees", "three pixels.")


def text_of(path: str, blob: bytes) -> str:
    """Return the text of one document."""
    text = Text()
    read_into(text, path, blob)
    return str(text).strip()


@pytest.mark.parametrize(
    ("path", "blob", "said"),
    [
        ("a.md", "# Größe\nzwei Wörter".encode(), "# Größe\nzwei Wörter"),
        ("a.txt", "Größe".encode("cp1252"), "Größe"),
        ("a.TXT", "卷积".encode("utf-16"), "卷积"),
        ("a.txt", b"\xef\xbb\xbfmarked", "marked"),
        ("a.rst", b"Title\n=====\r\ntext", "Title\n=====\ntext"),
        (
            "a.html",
            b"<title>t</title><p>One &amp; two</p><script>three()</script><pre>x = 4</pre>five",
            "One & two\nfive",
        ),
        ("a.docx", word(TWO), "The kernel sees\nthree pixels."),
        ("a.docx", word("<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>"), "a\tb\nc"),
        (
            "a.docx",
            word("<w:p><w:r><w:instrText>PAGE</w:instrText><w:delText>gone</w:delText></w:r></w:p>" + TWO),
            "The kernel sees\nthree pixels.",
        ),
        ("a.pdf", pdf("The kernel sees", "three pixels."), "The kernel sees\nthree pixels."),
        ("a.pdf", pdf("convolu-"), "convolu-"),
    ],
)
def test_kinds(path: str, blob: bytes, said: str) -> None:
    """Every kind is read as a person sees it: programs, field codes and deleted text are left out."""
    assert "\n".join(line for line in text_of(path, blob).split("\n") if line.strip()) == said


def test_word_shows_a_text_box_once() -> None:
    """Word writes a text box twice, the second time for old programs."""
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    twice = f'<mc:AlternateContent xmlns:mc="{mc}"><mc:Choice>{TWO}</mc:Choice><mc:Fallback>{TWO}</mc:Fallback></mc:AlternateContent>'
    assert text_of("a.docx", word(twice)).count("kernel") == 1


def problems_of(blobs: dict[str, bytes], seconds: float = 20) -> tuple[dict[str, str], list[str]]:
    """Return texts by name and problems, as the job makes them."""
    texts, problems = job.read_documents(blobs, seconds)
    return dict(texts), problems


HOSTILE = {
    "laughs.docx": (word("<w:p><w:r><w:t>&j;</w:t></w:r></w:p>", LAUGHS), "cannot be read (DTDForbidden)"),
    "outside.docx": (word("<w:p><w:r><w:t>&secret;</w:t></w:r></w:p>", OUTSIDE), "cannot be read (DTDForbidden)"),
    "bomb.docx": (packed({DOCUMENT: bytes(60 * 2**20)}), "unpacks to more than 20 MiB"),
    "empty.docx": (word("", name="word/other.xml"), "cannot be read (KeyError)"),
    "broken.docx": (word(TWO)[:-30], "cannot be read (BadZipFile)"),
    "torn.docx": (packed({DOCUMENT: b"<w:document"}), "cannot be read (ParseError)"),
    "long.docx": (
        word(paragraphs("word " * 300_000)),
        "is longer than 1,000,000 characters; only its beginning was read",
    ),
    "noise.pdf": (b"%PDF-1.4\n" + bytes(range(256)) * 20, "cannot be read ("),
    "circle.pdf": (pdf("a", kids="2 0 R"), ""),
    "bomb.pdf": (pdf(contents=[zlib.compress(bytes(200 * 2**20))]), "has pages that cannot be read (1)"),
    "pages.pdf": (pdf("a", kids="4 0 R " * 400), "has more than 300 pages; only the first ones were read"),
    "picture.pdf": (pdf(contents=[zlib.compress(b"q Q")]), "has no text that can be read"),
    "picture.docx": (word("<w:p/>"), "has no text that can be read"),
    "numbers.txt": (b"12 34", "has no text that can be read"),
    "binary.txt": (bytes(range(256)) * 10, "holds no text"),
    "large.txt": (b"a" * (documents.MOST_BYTES + 1), "has 20.0 MiB; at most 20 MiB are read"),
    "old.doc": (b"\xd0\xcf\x11\xe0", "is of a kind that cannot be read"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_a_sentence(name: str) -> None:
    """What means harm is refused within bounds, a human looks at it, and the others are read."""
    blob, said = HOSTILE[name]
    texts, problems = problems_of({name: blob, "z.md": b"still read"})
    assert len(problems) == 1
    assert problems[0].startswith(f"{name} {said}")
    assert problems[0].endswith("; a human looks at it.")
    assert texts["z.md"] == "still read"
    assert len(texts[name]) <= documents.MOST_CHARACTERS


def test_a_bomb_is_not_unpacked() -> None:
    """Of sixty megabytes in a Word file no more than the bound is ever in memory."""
    blob = packed({DOCUMENT: bytes(60 * 2**20)})
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableError):
            read_into(Text(), "a.docx", blob)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * documents.MOST_BYTES
    finally:
        tracemalloc.stop()


@contextmanager
def an_endless_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Word files be read by something that says two words and then never ends."""

    def read(text: Text, blob: bytes) -> None:
        text.add("two words")
        while True:
            pass

    monkeypatch.setattr(documents, "READERS", {**READERS, ".docx": read})
    yield
    monkeypatch.undo()


def test_an_endless_document_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading that never ends is stopped; what was read until then is kept and the others are read."""
    monkeypatch.setattr(job, "SECONDS_EACH", 0.2)
    with an_endless_reader(monkeypatch):
        texts, problems = problems_of({"a.docx": b"", "b.md": b"still read"})
    assert texts == {"a.docx": "two words", "b.md": "still read"}
    assert problems == [
        "a.docx takes longer than 0.2 s to read; what was read until then is kept; a human looks at it."
    ]


def test_all_documents_share_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time of all is used up, the rest is said and not read."""
    with an_endless_reader(monkeypatch):
        texts, problems = problems_of({f"{n}.docx": b"" for n in range(4)}, seconds=0.3)
    assert texts["0.docx"] == "two words"
    assert texts["3.docx"] == ""
    assert problems[-1].startswith("3.docx was not read, because the other documents took too long")


def test_many_documents() -> None:
    """Thirty documents are read; how many there are is said."""
    texts, problems = problems_of({f"{n:02}.md": b"a word" for n in range(40)})
    assert len(texts) == job.MOST_DOCUMENTS
    assert problems == ["There are 40 documents; the first 30 were read, a human looks at it."]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(sorted(READERS)), st.binary(max_size=400), st.integers(0, 400), st.integers(0, 255))
def test_any_bytes_are_read_or_refused(ending: str, noise: bytes, at: int, change: int) -> None:
    """Noise, and a sound document with one byte changed, end in a text or a sentence, never in an exception."""
    sound = {".docx": word(TWO), ".pdf": pdf("One two")}.get(ending, b"<p>One <b>two</b> &amp; three")
    at %= len(sound)
    for blob in (noise, sound[:at] + bytes([change]) + sound[at + 1 :]):
        texts, problems = problems_of({f"a{ending}": blob}, seconds=5)
        json.dumps([texts, problems]).encode()
        assert problems == [] or problems[0].startswith(f"a{ending} ")


def test_the_job(zygote: Zygote) -> None:
    """A child reads all kinds, says what it could not read, and the parent gets records."""
    files = {
        "a.md": b"Some own words.",
        "b.docx": word(TWO),
        "c.pdf": pdf("On paper."),
        "d.docx": b"PK",
        "\ud800\n.md": b"Odd.",
    }
    blobs = {name.encode("utf-8", "replace").decode(): blob for name, blob in files.items()}
    done = zygote.run("explain", {}, blobs, LIMITS)
    assert done.stopped is None
    found = read_explained(done.result())
    assert found.passages == (
        Passage("? .md", 1, "Odd."),
        Passage("a.md", 3, "Some own words."),
        Passage("b.docx", 5, "The kernel sees\nthree pixels."),
        Passage("c.pdf", 2, "On paper."),
    )
    assert found.problems == ("d.docx cannot be read (BadZipFile); a human looks at it.",)


def test_a_job_that_was_stopped() -> None:
    """No answer, or one that is none, is a problem and never an exception."""
    answers: tuple[Any, ...] = ({}, None, [], {"outcome": "crashed"}, {"outcome": "captured", "passages": []})
    for answer in answers:
        found = read_explained(answer)
        assert isinstance(found, Explained)
        assert found.passages == ()
        assert found.problems == ("The documents beside the notebook could not be read; a human looks at them.",)
