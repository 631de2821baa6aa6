"""Keep what was fetched, by its content: asked for again once an hour, and used as it is where nobody answers."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from grader.course.fetching import Bounds, FetchError, fetch

HOUR = 3600.0
"""Seconds after which a server is asked whether a file is still the same."""

AFTER_FAILURE = 60.0
"""Seconds after which a server that did not answer is asked again."""

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that was fetched.

    Attributes:
        url: where it came from.
        file: its name in the folder of files: its digest, and an ending.
        digest: SHA-256 of its content, in hexadecimal.
        etag: the server's mark for it; empty where there is none.
        asked: when the server last said that this is it, in seconds since 1970.
        failed: when it last did not answer; 0 when it did.
        reason: why it did not, the end of a sentence that begins with the URL.
    """

    url: str
    file: str
    digest: str
    etag: str
    asked: float
    failed: float = 0.0
    reason: str = ""


def _plain(_path: Path) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of what was fetched.

    Attributes:
        folder: made where it is missing.
        now: returns the seconds since 1970.
    """

    folder: Path
    now: Callable[[], float]

    def path(self, kept: Kept) -> Path:
        """Return where the bytes are."""
        return self.folder / "files" / kept.file

    def get(
        self, url: str, bounds: Bounds, *, wanted: str = "", fresh: bool = False, ending: Callable[[Path], str] = _plain
    ) -> Kept:
        """Return the file at `url`, fetched if it has to be.

        Args:
            url: what to get.
            bounds: how much of it.
            wanted: the digest that it is to have, in hexadecimal; a kept file that has it is not asked for again.
            fresh: ask the server also if it was asked within the hour.
            ending: says how a file is to be called at its end, such as `.zip`.

        Raises:
            FetchError: it cannot be had, or is another than `wanted`.
        """
        known = self._known(url)
        now = self.now()
        if known is not None and not fresh:
            if wanted and known.digest == wanted:
                return replace(known, failed=0.0, reason="")  # whatever the server would say, this is the file
            if not wanted and (0 <= now - known.asked < HOUR or 0 <= now - known.failed < AFTER_FAILURE):
                return known
        try:
            return self._asked(url, bounds, known, wanted, ending)
        except FetchError as error:
            if known is None or (wanted and known.digest != wanted):
                raise
            failed = replace(known, failed=now, reason=str(error))
            self._remember(failed)
            return failed

    def _asked(self, url: str, bounds: Bounds, known: Kept | None, wanted: str, ending: Callable[[Path], str]) -> Kept:
        try:
            files = self.folder / "files"
            files.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix="coming-", dir=files)
        except OSError as error:
            raise FetchError(f"cannot be kept in {self.folder}: {error.strerror or error}") from error
        coming = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                answer = fetch(url, cast("BinaryIO", stream), bounds, known.etag if known is not None else "")
            digest = answer.digest or (known.digest if known is not None else "")
            if wanted and digest != wanted:
                raise FetchError(f"has the SHA-256 {digest}, and the course file says {wanted}")
            if not answer.digest and known is not None:
                found = replace(known, asked=self.now(), failed=0.0, reason="")
            else:
                found = Kept(url, digest + ending(coming), digest, answer.etag, self.now())
                coming.replace(files / found.file)
        finally:
            coming.unlink(missing_ok=True)
        self._remember(found)
        if known is not None and known.file != found.file:
            self._drop(known.file)
        return found

    def _entry(self, url: str) -> Path:
        return self.folder / "addresses" / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"

    def _known(self, url: str) -> Kept | None:
        """Return what is kept of a URL; None when nothing is, or when it is damaged."""
        found = _read(self._entry(url))
        if found is None or found.url != url:
            return None
        try:
            with self.path(found).open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError:
            return None
        return found if digest == found.digest else None

    def _remember(self, kept: Kept) -> None:
        path = self._entry(kept.url)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_text(json.dumps({"version": _VERSION, **asdict(kept)}), encoding="utf-8")
        beside.replace(path)

    def _drop(self, file: str) -> None:
        """Remove a file that no address leads to any more."""
        others = (_read(one) for one in (self.folder / "addresses").glob("*.json"))
        if all(one is None or one.file != file for one in others):
            (self.folder / "files" / file).unlink(missing_ok=True)


def _read(path: Path) -> Kept | None:
    """Return what an entry says; None where there is none that can be read."""
    try:
        stored: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if stored["version"] != _VERSION:
            return None
        found = Kept(**{name: stored[name] for name in Kept.__dataclass_fields__})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if "/" not in found.file and "\\" not in found.file else None
