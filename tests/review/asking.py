"""Ask the application as a browser does, without a socket."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from typing import Any

    from starlette.types import ASGIApp

TOKEN = "a-token-of-this-run"
COOKIE = "grader_review_8765"
HOST = "127.0.0.1:8765"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass(slots=True)
class Browser:
    """Ask `app`; the headers are what a browser sends from our own page unless a test says otherwise."""

    app: ASGIApp
    headers: dict[str, str] = field(
        default_factory=lambda: {"host": HOST, "cookie": f"{COOKIE}={TOKEN}", "origin": f"http://{HOST}"}
    )

    def get(self, path: str, **other: str) -> Answer:
        """Return a page."""
        return self._ask("GET", path, b"", other)

    def post(self, path: str, fields: Mapping[str, str], **other: str) -> Answer:
        """Send a form."""
        return self._ask("POST", path, urlencode(fields).encode(), other)

    def _ask(self, method: str, path: str, body: bytes, other: Mapping[str, str]) -> Answer:
        named = {name.replace("_", "-"): value for name, value in other.items()}
        headers = {**self.headers, "content-length": str(len(body)), **named}
        return asyncio.run(_asked(self.app, method, path, body, {k: v for k, v in headers.items() if v}))


async def _asked(app: ASGIApp, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    sent: list[MutableMapping[str, Any]] = []
    plain, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": plain,
        "raw_path": plain.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8765),
    }
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(0)
        return next(messages, {"type": "http.disconnect"})

    async def send(message: MutableMapping[str, Any]) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(one.get("body", b"") for one in sent[1:]).decode())
