"""A job of the tests' own that tries to reach the helper's socket from where student code runs."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any


def knock(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Any) -> None:
    """Try to make a socket, to connect to `path`, to open it and to list its folder; tell what came of each."""
    del blobs
    path = arguments["path"]
    attempts: dict[str, Callable[[], object]] = {
        "make": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close(),
        "connect": lambda: _connect(path),
        "list": lambda: list(Path(path).parent.iterdir()),
        "see": lambda: Path(path).stat(),
    }
    found = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError:
            found[name] = "blocked"
        else:
            found[name] = "open"
    channel.result({"outcome": "tried", "found": found})


def _connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
        way.connect(path)
