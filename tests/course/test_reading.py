"""A course file's text becomes a record, and every mistake in it is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course.reading import KEYS, MOST, contents, parse
from grader.faults import CourseFault

HERE, URL = "/course/grader.toml", "https://example.edu/dl/grader.toml"
WHOLE = """
version = 1
title = "Assignment 2"
message = "Hand in by Friday."
ask = "https://forum.example.edu"
rubric = "first.toml"
rubric_sha256 = "AA{0}"
data = "handout.zip"
data_sha256 = "bb{0}"
""".format("0" * 62)


def test_every_key() -> None:
    """A file with every key is read, and what it names is seen from where it lies."""
    found = parse(WHOLE, HERE)
    assert set(found._fields) - {"origin"} == set(KEYS) - {"version"}
    assert (found.title, found.message, found.ask) == (
        "Assignment 2",
        "Hand in by Friday.",
        "https://forum.example.edu",
    )
    assert (found.rubric, found.data) == ("/course/first.toml", "/course/handout.zip")
    assert found.rubric_sha256 == "aa" + "0" * 62


@pytest.mark.parametrize(
    ("origin", "name", "place"),
    [
        (HERE, "../a.toml", "/a.toml"),
        (HERE, "/elsewhere/a.toml", "/elsewhere/a.toml"),
        (HERE, "https://example.org/a.toml", "https://example.org/a.toml"),
        (URL, "a.toml", "https://example.edu/dl/a.toml"),
        (URL, "../a.toml", "https://example.edu/a.toml"),
        (URL, "/etc/passwd", "https://example.edu/etc/passwd"),
        (URL, "file:///etc/passwd", "file:///etc/passwd"),
    ],
)
def test_names_are_seen_from_the_file(origin: str, name: str, place: str) -> None:
    """A relative name is resolved against the file's folder or URL; what came from a URL never names a path."""
    assert parse(f'rubric = "{name}"', origin).rubric == place


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names neither a rubric nor data"),
        ('title = "A"', "names neither a rubric nor data"),
        ('\nrubrik = "a"', "line 2: rubrik is not a known key; did you mean rubric."),
        ("rubric = 3", "line 1: rubric must be text in quotes, not 3."),
        ('rubric = "a"\ntitle = "  "', "line 2: title must be text that says something."),
        (f'rubric = "a"\nmessage = "{"x" * 301}"', "line 2: message must be at most 300 characters, not 301."),
        ('rubric = "a\\u0000b"', "line 1: rubric must not hold a zero byte."),
        (
            'rubric = "a"\nrubric_sha256 = "ab"',
            'line 2: rubric_sha256 must be 64 hexadecimal digits in quotes, not "ab".',
        ),
        (f'rubric = "a"\ndata_sha256 = "{"0" * 64}"', "line 2: data_sha256 is of no use without data."),
        ('rubric = "a"\nversion = 2', "line 2: version must be 1, not 2."),
        ('rubric = "a"\nversion = true', "line 2: version must be 1, not true."),
        ('rubric = "a"\n[data]\nsource = "b"', 'line 2: data must be text in quotes, not {"source": "b"}.'),
        ("rubric = a", "line 1, column 10: this is not TOML: invalid value."),
        ('"\\u001b[2J" = 1', "line 1: ?[2J is not a known key."),
        ("a = " + "[" * 5000, "line 1: the file is nested too deeply to be a course file."),
    ],
)
def test_mistakes_have_a_line(text: str, said: str) -> None:
    """Each mistake names the line, the key, and the key that was probably meant."""
    with pytest.raises(CourseFault) as caught:
        parse(text, HERE)
    assert str(caught.value).startswith(HERE)
    assert said in str(caught.value)


def test_all_mistakes_are_named() -> None:
    """Three mistakes are said at once, in the order of the file."""
    with pytest.raises(CourseFault) as caught:
        parse('titel = "A"\nrubric = ""\ndate = "x"\n', HERE)
    assert str(caught.value) == (
        "/course/grader.toml, line 1: titel is not a known key; did you mean title. Line 2: rubric must be text that "
        "says something. Line 3: date is not a known key; did you mean data."
    )


def test_bytes(tmp_path: Path) -> None:
    """A file that is too large or no text is refused; a byte order mark is none of its text."""
    path = tmp_path / "grader.toml"
    path.write_bytes(b"\xef\xbb\xbfrubric = 'a'")
    assert contents(path, "it") == "rubric = 'a'"
    path.write_bytes(b"#" * (MOST + 1))
    with pytest.raises(CourseFault, match="it has more than 1 MB"):
        contents(path, "it")
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(CourseFault, match="it is not text in UTF-8: byte 10 does not belong"):
        contents(path, "it")
    with pytest.raises(CourseFault, match="it cannot be read: No such file"):
        contents(tmp_path / "none", "it")
