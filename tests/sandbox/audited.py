"""A capture job that tells on its standard output whatever it tried beyond building and running the model on noise."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from grader.sandbox.capture import capture
from grader.sandbox.protocol import Channel

MARK = "ATTEMPT "
"""Begins a line that tells of an attempt."""

NETWORK = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.bind",
    "socket.sendto",
    "urllib.Request",
)
PROGRAMS = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "pty.spawn",
)
FILES = (
    "os.mkdir os.rename os.remove os.rmdir os.link os.symlink os.truncate os.chmod os.chown os.utime os.listdir os.scandir "
    "os.chdir shutil.copyfile shutil.move shutil.rmtree shutil.unpack_archive glob.glob sqlite3.connect"
).split()
"""Audit events whose first argument is a path."""
LOOKS = ("os.listdir", "os.scandir", "glob.glob")

_OURS: tuple[str | Path, ...] = (
    *sysconfig.get_paths().values(),
    sys.base_prefix,
    Path(torch.__file__).parents[1],
    Path(__file__).parents[2],
)
_SYSTEM = ("/proc", "/sys", "/dev/null", "/dev/urandom", "/usr/lib", "/usr/share", "/lib", "/etc/ld.so.cache")
READABLE = (*(str(Path(one).resolve()) for one in _OURS), *_SYSTEM)
"""Python's own files, the system's libraries and this project's: what an import or a kernel reads."""


def audited(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Channel) -> None:
    """Capture, and print a line for each attempt at the network, a program, a file or a training step."""
    scratch = str(Path.cwd().resolve())
    told = os.dup(1)
    busy = False

    def tell(what: str) -> None:
        os.write(told, f"{MARK}{what}\n".encode(errors="replace"))

    def watch(event: str, given: tuple[Any, ...]) -> None:
        nonlocal busy
        if busy:
            return
        busy = True
        try:
            if event in NETWORK or event in PROGRAMS:
                tell(f"{event} {given!r:.200}")
            elif event == "open" and isinstance(given[0], str | bytes):
                _, mode, flags = given
                writes = any(letter in (mode or "") for letter in "wax+") or bool(
                    (flags or 0) & (os.O_WRONLY | os.O_RDWR)
                )
                if not inside(given[0], scratch, writes=writes):
                    tell(f"open {given[0]!r} {mode}")
            elif event in FILES and isinstance(given[0], str | bytes | os.PathLike):
                if inside(given[0], scratch, writes=event not in LOOKS):
                    return
                tell(f"{event} {given[0]!r}")
        finally:
            busy = False

    register_optimizer_step_pre_hook(lambda *rest: tell("a training step"))
    sys.addaudithook(watch)
    capture(arguments, blobs, channel)


def inside(path: Any, scratch: str, *, writes: bool) -> bool:
    """Tell whether a path lies where a job may write, or else read."""
    text = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - following links would be a look at the disk
    allowed = (scratch,) if writes else (scratch, *READABLE)
    return text == "/dev/null" or any(text == one or text.startswith(f"{one}/") for one in allowed)
