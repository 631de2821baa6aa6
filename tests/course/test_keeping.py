"""What was fetched is kept: asked again once an hour, used where nobody answers, never believed blindly."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from grader.course.fetching import SMALL, FetchError
from grader.course.keeping import AFTER_FAILURE, HOUR, Store
from tests.course.conftest import Clock, Site


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Store:
    """Return an empty store."""
    return Store(tmp_path / "course", clock)


def digest(blob: bytes) -> str:
    """Return what a file is kept by."""
    return hashlib.sha256(blob).hexdigest()


def files(store: Store) -> list[bytes]:
    """Return what is kept."""
    return sorted(one.read_bytes() for one in (store.folder / "files").iterdir())


def test_once_an_hour(site: Site, store: Store, clock: Clock) -> None:
    """Within the hour nobody is asked, after it only for changes; `fresh` asks at once."""
    site.files["/a"] = b"one"
    url = site.url("/a")
    first = store.get(url, SMALL)
    clock.seconds += HOUR - 1
    assert store.get(url, SMALL) == first
    assert len(site.asked) == 1
    clock.seconds += 2
    assert store.get(url, SMALL) == replace(first, asked=clock.seconds)
    assert site.asked[1:] == [("/a", first.etag)]
    store.get(url, SMALL, fresh=True)
    assert len(site.asked) == 3
    clock.seconds -= 10 * HOUR  # a clock that was set back is no reason to wait for hours
    store.get(url, SMALL)
    assert len(site.asked) == 4


def test_a_change_takes_the_place_of_what_was(site: Site, store: Store, clock: Clock) -> None:
    """A new version is kept and the old one goes, unless another address leads to it."""
    site.files |= {"/a": b"one", "/b": b"one"}
    store.get(site.url("/a"), SMALL)
    store.get(site.url("/b"), SMALL)
    site.files["/a"] = b"two"
    found = store.get(site.url("/a"), SMALL, fresh=True)
    assert store.path(found).read_bytes() == b"two"
    assert files(store) == [b"one", b"two"]
    site.files["/b"] = b"two"
    store.get(site.url("/b"), SMALL, fresh=True)
    assert files(store) == [b"two"]


def test_offline(site: Site, store: Store, clock: Clock) -> None:
    """The copy is used with the reason, for a minute nobody is asked again, and then all is as before."""
    site.files["/a"] = b"one"
    url = site.url("/a")
    kept = store.get(url, SMALL)
    del site.files["/a"]
    clock.seconds += HOUR
    found = store.get(url, SMALL)
    assert (found.failed, found.asked) == (clock.seconds, kept.asked)
    assert found.reason.startswith("is not there: the server answered 404")
    assert store.path(found).read_bytes() == b"one"
    clock.seconds += AFTER_FAILURE - 1
    assert store.get(url, SMALL) == found
    assert len(site.asked) == 2
    site.files["/a"] = b"one"
    clock.seconds += 2
    assert store.get(url, SMALL).failed == 0


def test_nothing_kept(site: Site, store: Store) -> None:
    """Without a copy it is a fault, and nothing of the attempt stays."""
    with pytest.raises(FetchError, match="404"):
        store.get(site.url("/a"), SMALL)
    assert files(store) == []


def test_a_damaged_copy_is_none(site: Site, store: Store) -> None:
    """A copy whose bytes have changed is fetched again, whole."""
    site.files["/a"] = b"one"
    found = store.get(site.url("/a"), SMALL)
    store.path(found).write_bytes(b"0ne")
    again = store.get(site.url("/a"), SMALL)
    assert store.path(again).read_bytes() == b"one"
    assert site.asked[-1] == ("/a", "")


def test_a_damaged_entry_is_none(site: Site, store: Store) -> None:
    """What says which copy is whose may be broken, of another version, or lead elsewhere; it is written again."""
    site.files["/a"] = b"one"
    store.get(site.url("/a"), SMALL)
    (entry,) = (store.folder / "addresses").iterdir()
    for number, (old, new) in enumerate([("{", "["), ('"version": 1', '"version": 0'), (digest(b"one"), "../x")]):
        entry.write_text(entry.read_text().replace(old, new))
        assert store.path(store.get(site.url("/a"), SMALL)).read_bytes() == b"one"
        assert len(site.asked) == number + 2


def test_a_wanted_digest(site: Site, store: Store, clock: Clock) -> None:
    """A copy that has it is used without asking; another one is asked for at once, and refused if it stays another."""
    site.files["/a"] = b"one"
    url = site.url("/a")
    found = store.get(url, SMALL, wanted=digest(b"one"))
    clock.seconds += 100 * HOUR
    assert store.get(url, SMALL, wanted=digest(b"one")) == found
    assert len(site.asked) == 1
    with pytest.raises(
        FetchError, match=f"has the SHA-256 {digest(b'one')}, and the course file says {digest(b'two')}"
    ):
        store.get(url, SMALL, wanted=digest(b"two"))
    assert files(store) == [b"one"]
    site.files["/a"] = b"two"
    changed = store.get(url, SMALL, wanted=digest(b"two"))
    assert store.path(changed).read_bytes() == b"two"
