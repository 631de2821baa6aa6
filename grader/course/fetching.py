"""Get one file over HTTPS: within a number of bytes and seconds, asked for only if it has changed."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.request
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPResponse
from typing import IO, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, urlsplit

from grader.course.names import printable
from grader.loopback import is_loopback

_CHUNK = 2**16
_NOT_MODIFIED = 304
_LONGEST_ETAG = 1000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is fetched.

    Attributes:
        most: bytes.
        seconds: for all of it.
        silent_seconds: without a byte.
    """

    most: int
    seconds: float
    silent_seconds: float = 10.0


SMALL = Bounds(2**20, 20.0)
"""For course files and rubrics."""

LARGE = Bounds(500 * 2**20, 1800.0)
"""For pictures."""


class FetchError(Exception):
    """The file did not come; the text is the end of a sentence that begins with its URL."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        digest: SHA-256 of what was written, in hexadecimal; empty when the file is the one that is known by its mark.
        etag: the server's mark for this version; empty when it gives none.
    """

    digest: str
    etag: str


def fetch(url: str, into: BinaryIO, bounds: Bounds, etag: str = "") -> Answer:
    """Write what lies at `url` into a stream, except where it is still the version that `etag` marks.

    Raises:
        FetchError: it is not allowed, not there, too large, too slow, or cut off.
    """
    until = time.monotonic() + bounds.seconds
    where = refuse(url)
    try:
        headers = {"User-Agent": "cnn-grader", **({"If-None-Match": etag} if etag else {})}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - `refuse` leaves https alone
        with _opener(local=is_loopback(where.hostname or "")).open(request, timeout=bounds.silent_seconds) as response:
            return _written(response, into, bounds, until)
    except HTTPError as error:
        error.close()
        if error.code == _NOT_MODIFIED and etag:
            return Answer("", etag)
        raise FetchError(f"is not there: the server answered {error.code} {_why(error.reason)}") from error
    except URLError as error:
        raise FetchError(f"cannot be reached: {_why(error.reason)}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"did not come whole: {_why(error)}") from error


def refuse(url: str, *, after_https: bool = False) -> SplitResult:
    """Return the parts of a URL that may be asked for: over HTTPS, or from this machine itself.

    Raises:
        FetchError: it may not.
    """
    try:
        parts = urlsplit(url)
        local = is_loopback(parts.hostname or "")
        known = parts.username is not None or parts.password is not None
    except ValueError as error:
        raise FetchError(f"is no address: {error}") from error
    if known:
        raise FetchError("holds a name or password, which everybody would read; leave them out")
    if parts.scheme == "https" and parts.hostname:
        return parts
    if parts.scheme == "http" and local and not after_https:
        return parts
    raise FetchError("is not fetched, as only https:// is")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow a server to another place, five times at most and never away from HTTPS."""

    max_redirections = 5

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        try:
            refuse(newurl, after_https=req.type == "https")
        except FetchError as error:
            fp.close()
            raise FetchError(f"sends on to {printable(newurl[:200])}, which {error}") from error
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _opener(*, local: bool) -> urllib.request.OpenerDirector:
    """Return what opens http and https and nothing else; through the environment's proxy, but for this machine."""
    opener = urllib.request.OpenerDirector()
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ]
    for one in handlers if local else [urllib.request.ProxyHandler(), *handlers]:
        opener.add_handler(one)
    return opener


def _written(response: HTTPResponse, into: BinaryIO, bounds: Bounds, until: float) -> Answer:
    told = response.headers.get("Content-Length", "")
    if told.isdigit() and int(told) > bounds.most:
        raise FetchError(_too_large(bounds))
    digest, count = hashlib.sha256(), 0
    while part := response.read1(_CHUNK):  # what has come by now, so that a trickle meets the clock
        count += len(part)
        if count > bounds.most:
            raise FetchError(_too_large(bounds))
        if time.monotonic() > until:
            raise FetchError(f"took more than {bounds.seconds:g} s")
        digest.update(part)
        into.write(part)
    if told.isdigit() and count != int(told):
        raise FetchError(f"did not come whole: {count:,} of {int(told):,} bytes")
    etag = response.headers.get("ETag", "")
    return Answer(digest.hexdigest(), etag if len(etag) <= _LONGEST_ETAG else "")


def _too_large(bounds: Bounds) -> str:
    return f"has more than {bounds.most / 2**20:,.0f} MB, which is the most that is fetched"


def _why(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return "the server does not answer"
    text = str(getattr(reason, "strerror", None) or reason or type(reason).__name__)
    return printable(" ".join(text.split())[:200]).rstrip(".")
