"""Who may ask: only a browser of this machine that was given this run's token, and only from our own page.

The server listens on the loopback address alone. That keeps other machines out, and nobody on this one: not other
users, not a page of the internet in the same browser (which can post to any address), and not a name that such a page
makes point here (DNS rebinding). So every request shows the token, which the address that is printed hands over once;
its `Host` is a name of the loopback address; and whatever changes something says that it comes from our page.
"""

from __future__ import annotations

import hmac
import re
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from grader.report.pages.document import frame_style

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_MOST_BODY = 64 * 1024
_SAFE = ("GET", "HEAD")
POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {frame_style()}; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # Not `no-referrer`: with that a form says that it comes from `null`.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Let nothing through to the pages but what may ask; put the headers on whatever goes back."""

    def __init__(self, app: ASGIApp, token: str, cookie: str) -> None:
        """Stand before `app`; `cookie` is the name under which a browser keeps the token."""
        self._app, self._token, self._cookie = app, token, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or hand on one request."""
        if scope["type"] != "http":
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        answer = self._answer(scope)
        await (self._app if answer is None else answer)(scope, receive, sealed)

    def _answer(self, scope: Scope) -> Response | None:
        """Return what is said instead of the page; None where the page may be seen."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not _HOST.fullmatch(host):
            return _refused(421, "This server answers to 127.0.0.1 and localhost alone.")
        handed = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] == "GET" and scope["path"] == "/" and handed and self._is_token(handed):
            # Out of the address at once, so that it is in no history, no screenshot and no Referer.
            response = RedirectResponse("/", 303)
            response.set_cookie(self._cookie, self._token, path="/", httponly=True, samesite="strict")
            return response
        if not self._is_token(_cookie_of(headers, self._cookie)):
            return _refused(
                403,
                "This page is for whoever started it. Open the address that `grader review` printed when it began; "
                "each run has its own.",
            )
        if scope["method"] not in _SAFE:
            if not _is_own(headers, host):
                return _refused(403, "This did not come from a page of this server, so nothing was changed.")
            length = headers.get("content-length", "")
            if not length.isdecimal() or int(length) > _MOST_BODY:
                return _refused(413, "That is more than a comment; nothing was saved.")
        return None

    def _is_token(self, handed: str) -> bool:
        return hmac.compare_digest(handed.encode("utf-8", "surrogatepass"), self._token.encode())


def _cookie_of(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:  # another program's cookie for this address, written as none may be
        return ""
    return found.value if found is not None else ""


def _is_own(headers: Headers, host: str) -> bool:
    """Tell whether what changes something was sent by our own page."""
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    return headers.get("origin", "").lower() == f"http://{host.lower()}"


def _refused(status: int, why: str) -> Response:
    return PlainTextResponse(f"{why}\n", status)
