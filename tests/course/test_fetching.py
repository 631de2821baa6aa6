"""One file over the network: what is refused, what is bounded, and what a server may not make us do."""

from __future__ import annotations

import hashlib
import io
import time

import pytest

from grader.course.fetching import Bounds, FetchError, fetch, refuse
from tests.course.conftest import Site, nobody_there

BOUNDS = Bounds(1000, 0.5, 0.3)


def test_a_file_and_its_mark(site: Site) -> None:
    """The bytes come with their digest, and a second time only the news that they are the same."""
    site.files["/a"] = b"x" * 1000
    into = io.BytesIO()
    answer = fetch(site.url("/a"), into, BOUNDS)
    assert into.getvalue() == site.files["/a"]
    assert answer.digest == hashlib.sha256(site.files["/a"]).hexdigest()
    again = fetch(site.url("/a"), into, BOUNDS, answer.etag)
    assert (again.digest, again.etag) == ("", answer.etag)
    assert site.asked == [("/a", ""), ("/a", answer.etag)]


def test_a_redirect_is_followed(site: Site) -> None:
    """A server may send on to another place."""
    site.files["/b"] = b"found"
    site.moved["/a"] = "/b"
    into = io.BytesIO()
    fetch(site.url("/a"), into, BOUNDS)
    assert into.getvalue() == b"found"


@pytest.mark.parametrize("place", ["http://example.edu/a", "file:///etc/passwd", "ftp://example.edu/a"])
def test_a_redirect_never_leaves_what_is_allowed(site: Site, place: str) -> None:
    """A server cannot send on to plain HTTP elsewhere, to a file, or to FTP."""
    site.moved["/a"] = place
    with pytest.raises(
        FetchError, match=r"sends on to .* is not fetched, as only https:// is|302 .*file:/+etc/passwd' is not allowed"
    ):
        fetch(site.url("/a"), io.BytesIO(), BOUNDS)


def test_redirects_end(site: Site) -> None:
    """A circle of redirects is given up."""
    site.moved["/a"] = "/a"
    with pytest.raises(FetchError, match="302"):
        fetch(site.url("/a"), io.BytesIO(), BOUNDS)
    assert len(site.asked) <= 6


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.edu/a", "only https:// is"),
        ("ftp://example.edu/a", "only https:// is"),
        ("file:///etc/passwd", "only https:// is"),
        ("data:text/plain,x", "only https:// is"),
        ("https://", "only https:// is"),
        ("http://127.0.0.1.example.edu/a", "only https:// is"),
        ("http://[::1", "is no address"),
        ("https://name:secret@example.edu/a", "holds a name or password"),
        ("https://name@example.edu/a", "holds a name or password"),
    ],
)
def test_what_is_refused_before_anything_is_sent(url: str, said: str) -> None:
    """Only HTTPS is asked, or this machine itself, and no password stands in an address; the text has none either."""
    with pytest.raises(FetchError, match=said) as caught:
        fetch(url, io.BytesIO(), BOUNDS)
    assert "secret" not in str(caught.value)


def test_what_is_allowed() -> None:
    """HTTPS to anywhere and HTTP to this machine may be asked for; not the latter from the former."""
    for url in ("https://example.edu/a", "http://localhost:1/a", "http://127.0.0.2/a", "http://[::1]:8/a"):
        assert refuse(url).hostname
    with pytest.raises(FetchError):
        refuse("http://localhost:1/a", after_https=True)


@pytest.mark.parametrize("how", ["", "unsized"])
def test_too_large(site: Site, how: str) -> None:
    """More bytes than allowed are not taken, whether the server says how many there are or not."""
    site.files["/a"], site.how["/a"] = b"x" * 1001, how
    into = io.BytesIO()
    with pytest.raises(FetchError, match="which is the most that is fetched"):
        fetch(site.url("/a"), into, BOUNDS)
    assert len(into.getvalue()) <= 1000


@pytest.mark.parametrize(
    ("how", "said"),
    [("stall", "did not come whole|does not answer"), ("trickle", "took more than 0.5 s"), ("cut", "900 of 901 bytes")],
)
def test_a_server_that_does_not_finish(site: Site, how: str, said: str) -> None:
    """A server that is silent, drips or hangs up is given up, soon."""
    site.files["/a"], site.how["/a"] = b"x" * 900, how
    started = time.monotonic()
    with pytest.raises(FetchError, match=said):
        fetch(site.url("/a"), io.BytesIO(), BOUNDS)
    assert time.monotonic() - started < 3


def test_a_file_that_is_not_there(site: Site) -> None:
    """The server's answer is said, and what it says cannot act on a terminal."""
    with pytest.raises(FetchError) as caught:
        fetch(site.url("/a"), io.BytesIO(), BOUNDS)
    assert str(caught.value) == "is not there: the server answered 404 Not?[2J here"


def test_nobody_there() -> None:
    """A server that is down is said."""
    with pytest.raises(FetchError, match="cannot be reached: Connection refused"):
        fetch(f"{nobody_there()}/a", io.BytesIO(), BOUNDS)
