"""Try the walls from outside: canary jobs in a warm process, and what came of each attempt."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from grader.sandbox.outcome import Done
from grader.sandbox.protocol import Limits
from grader.sandbox.walls.canary import BLOCKED, OPEN, UNKNOWN

SMALL = (
    "read a file of this user's",
    "list a folder of this user's",
    "see that a file exists",
    "write a file",
    "change the rights of a file",
    "change the time of a file",
    "change its own programs",
    "read the grader's environment",
    "read another process's memory",
    "connect to a port of this machine",
    "send a datagram",
    "connect to a socket without a file",
    "signal the grader",
    "signal the process above it",
    "change the limits of the grader",
    "share memory",
    "become another user",
    "find open descriptors of others",
    "start many threads",
    "start a process",
    "start a program",
)
"""What one canary tries, one after the other."""

_LIMITS = Limits(wall_seconds=10, cpu_seconds=5, memory_megabytes=256, file_megabytes=4)


@dataclass(frozen=True, slots=True)
class Final:
    """An attempt that ends its process where the walls hold.

    Attributes:
        attempt: its name in `canary.FINAL`.
        words: how its end may be called; empty when any end but its own is a wall.
        limits: what it runs under.
    """

    attempt: str
    words: tuple[str, ...] = ()
    limits: Limits = _LIMITS


LAST: dict[str, Final] = {
    "trace a process": Final("trace", ("forbidden-syscall",)),
    "make namespaces": Final("namespaces", ("forbidden-syscall",)),
    "use more memory than its limit": Final("memory"),
    "fill the disk": Final("fill"),
    "print without end": Final("print", ("output-limit",)),
    "stay after its time": Final("sleep", ("wall-limit",), Limits(wall_seconds=0.2, memory_megabytes=256)),
    "use more processor time than its limit": Final(
        "processor", ("cpu-limit",), Limits(wall_seconds=60, cpu_seconds=1, memory_megabytes=256)
    ),
}
"""What a canary of its own tries."""

NAMES = (*SMALL, *LAST)


class Runner(Protocol):
    """A worker that runs canaries."""

    def run(self, kind: str, arguments: Mapping[str, Any], blobs: Mapping[str, bytes], limits: Limits) -> Done:
        """Run one job to its end."""


class SetUpError(Exception):
    """A canary's walls could not be put up; the text says why."""


def attempt(worker: Runner) -> dict[str, str]:
    """Return what came of every attempt, by name, in the order of `NAMES`.

    Raises:
        SetUpError: the walls could not be put up.
    """
    with _targets() as targets:
        seen = _small(worker, targets)
        for name, final in LAST.items():
            seen[name] = _final(worker, final)
        if (Path(targets["folder"]) / "written").exists():
            seen["write a file"] = OPEN
    return {name: seen.get(name, UNKNOWN) for name in NAMES}


def _small(worker: Runner, targets: Mapping[str, Any]) -> dict[str, str]:
    done = worker.run("canary", {**targets, "attempt": "small"}, {}, _LIMITS)
    _check(done)
    lines = (line.partition("\t") for line in done.output.splitlines())
    seen = {name: status for name, _, status in lines if name in SMALL}
    if len(seen) == len(SMALL) - 1 and SMALL[-1] not in seen and done.stopped == "exited-without-result":
        seen[SMALL[-1]] = OPEN  # the program took the canary's place
    return seen


def _final(worker: Runner, final: Final) -> str:
    done = worker.run("canary", {"attempt": final.attempt}, {}, final.limits)
    _check(done)
    if done.result().get("outcome") == "tried":
        return OPEN
    return BLOCKED if not final.words or done.stopped in final.words else UNKNOWN


def _check(done: Done) -> None:
    if done.stopped == "infra-error":
        raise SetUpError(done.trouble or "the warm process died")


@contextmanager
def _targets() -> Iterator[dict[str, Any]]:
    """Give what a canary is to reach for: a file that everybody may read, and doors that are open to all."""
    with (
        tempfile.TemporaryDirectory(prefix="canary-", ignore_cleanup_errors=True) as folder,
        _listening(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)) as port,
        _listening(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)) as datagrams,
        _listening(socket.AF_UNIX, socket.SOCK_STREAM, f"\0canary-{os.getpid()}-{threading.get_ident()}") as abstract,
    ):
        secret = Path(folder, "secret")
        secret.write_bytes(b"a file that a submission has no business with")
        Path(folder).chmod(0o777)
        secret.chmod(0o666)
        yield {
            "secret": str(secret),
            "folder": folder,
            "parent": os.getpid(),
            "port": port[1],
            "datagrams": datagrams[1],
            "abstract": abstract[1:].decode(),
        }


@contextmanager
def _listening(family: int, kind: int, address: Any) -> Iterator[Any]:
    """Listen on an address, answer datagrams, and give the address."""
    with socket.socket(family, kind) as one:
        one.bind(address)
        if kind == socket.SOCK_STREAM:
            one.listen()
            yield one.getsockname()
            return
        thread = threading.Thread(target=_echo, args=(one,), daemon=True)
        thread.start()
        try:
            yield one.getsockname()
        finally:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            thread.join(1)


def _echo(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            data, sender = one.recvfrom(64)
            if not sender:
                return
            one.sendto(data, sender)
