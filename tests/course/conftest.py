"""A site on this machine, a clock that is set by hand, and folders of one test's own."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from grader.course import Surroundings


@dataclass(slots=True)
class Site:
    """What a server has, and what it was asked.

    Attributes:
        files: bytes by path.
        moved: where a path sends on to.
        how: `stall`, `trickle`, `cut` or `unsized`, by path.
        asked: path and ETag of every request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"{self.address}{path}"


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            mark = self.headers.get("If-None-Match", "")
            site.asked.append((self.path, mark))
            blob, how = site.files.get(self.path), site.how.get(self.path, "")
            if self.path in site.moved:
                self.send_response(302)
                self.send_header("Location", site.moved[self.path])
                self.end_headers()
                return
            if blob is None:
                self.send_error(404, "Not\x1b[2J here")
                return
            etag = f'"{hashlib.sha256(blob).hexdigest()[:8]}"'
            if mark == etag:
                self.send_response(304)
                self.end_headers()
                return
            if how == "stall":
                site.over.wait(5)
            self.send_response(200)
            self.send_header("ETag", etag)
            if how != "unsized":
                self.send_header("Content-Length", str(len(blob) + (how == "cut")))
            self.end_headers()
            if how != "trickle":
                self.wfile.write(blob)
                return
            try:
                for one in blob:
                    self.wfile.write(bytes([one]))
                    time.sleep(0.05)
            except OSError:  # whoever asked is gone
                return

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve on this machine."""
    found = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    server.daemon_threads = True
    found.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield found
    found.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(slots=True)
class Clock:
    """A clock that stands until it is moved."""

    seconds: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """Return a clock of this test's own."""
    return Clock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder that stands for the user's own."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def around(tmp_path: Path, home: Path, clock: Clock) -> Surroundings:
    """Return surroundings of this test's own."""
    return Surroundings({"GRADER_CONFIG": str(tmp_path / "config")}, home, lambda: tmp_path / "cache", clock)


def nobody_there() -> str:
    """Return the address of a port of this machine at which nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return f"http://127.0.0.1:{server.server_port}"
