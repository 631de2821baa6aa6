"""A job of ours that tries what no submission may do, and says what happened; it needs no torch.

What is reported is what was seen. Every attempt prints its own line at once, and those that end a process, if the walls
do not hold, come last: a line that is missing is an attempt that was not stopped.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

BLOCKED, OPEN, UNKNOWN = "blocked", "not blocked", "not verified"

_PTRACE = {"x86_64": 101, "aarch64": 117}
_UNSHARE = {"x86_64": 272, "aarch64": 97}
_TRACE_ME = 0
_NEW_USER = 0x1000_0000
_SHORT = 0.5


class Answers(Protocol):
    """Where the job's answer goes."""

    def result(self, plain: dict[str, Any]) -> None:
        """Send what was found."""


def canary(arguments: dict[str, Any], blobs: dict[str, bytes], answers: Answers) -> None:
    """Run the job: `attempt` names one of those that end the process; the small ones all run together."""
    del blobs
    attempt = arguments["attempt"]
    if attempt == "small":
        for name, trial in _small(arguments):
            print(f"{name}\t{_tried(trial)}", flush=True)  # noqa: T201 - the parent reads it
    else:
        FINAL[attempt](arguments)
    answers.result({"outcome": "tried"})


def _tried(trial: Callable[[], object]) -> str:
    """Return what came of a trial: an error of the system's is a wall, any other says nothing about one."""
    try:
        trial()
    except (OSError, RuntimeError):
        return BLOCKED
    except Exception:  # noqa: BLE001 - whatever it is, nothing was learnt
        return UNKNOWN
    return OPEN


def _small(given: dict[str, Any]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name the attempts that leave the process as it is; the one that would replace it comes last."""
    import resource  # Windows has none, and imports this module for its words

    secret, folder, parent = Path(given["secret"]), Path(given["folder"]), int(given["parent"])
    yield "read a file of this user's", secret.read_bytes
    yield "list a folder of this user's", lambda: os.listdir(folder)  # noqa: PTH208 - one call
    yield "see that a file exists", secret.stat
    yield "write a file", lambda: (folder / "written").write_bytes(b"x")
    yield "change the rights of a file", lambda: secret.chmod(0o644)
    yield "change the time of a file", lambda: os.utime(secret)
    yield "change its own programs", lambda: open(__file__, "ab").close()
    yield "read the grader's environment", lambda: Path(f"/proc/{parent}/environ").read_bytes()
    yield "read another process's memory", lambda: open(f"/proc/{os.getppid()}/mem", "rb").close()
    yield "connect to a port of this machine", lambda: _connect(socket.AF_INET, ("127.0.0.1", given["port"]))
    yield "send a datagram", lambda: _send(given["datagrams"])
    yield "connect to a socket without a file", lambda: _connect(socket.AF_UNIX, f"\0{given['abstract']}")
    yield "signal the grader", lambda: _signal(parent)
    yield "signal the process above it", lambda: _signal(os.getppid())
    yield "change the limits of the grader", lambda: resource.prlimit(parent, resource.RLIMIT_CORE)
    yield "share memory", _share
    yield "become another user", lambda: os.setuid(0)
    yield "find open descriptors of others", _descriptors
    yield "start many threads", _threads
    yield "start a process", _fork
    yield "start a program", lambda: os.execv("/bin/true", ["true"])  # noqa: S606 - it must not work


def _connect(family: int, address: Any) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(_SHORT)
        one.connect(address)


def _send(port: int) -> None:
    """Send a datagram; on the way back comes an answer, without which it went into an empty network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(_SHORT)
        one.connect(("127.0.0.1", port))
        one.send(b"canary")
        one.recv(16)


def _signal(process: int) -> None:
    """Ask whether a process could be signalled; in a namespace of its own there is none above."""
    if process in (0, os.getpid()):
        raise ProcessLookupError
    os.kill(process, 0)


def _share() -> None:
    os.close(os.memfd_create("canary"))


def _descriptors() -> None:
    for one in range(5, 256):
        try:
            os.fstat(one)
        except OSError:
            continue
        return
    raise OSError


def _threads() -> None:
    enough = threading.Event()
    started = []
    try:
        for _ in range(200):
            one = threading.Thread(target=enough.wait, daemon=True)
            one.start()
            started.append(one)
    finally:
        enough.set()
        for one in started:
            one.join()


def _fork() -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


def _system_call(numbers: dict[str, int], *arguments: object) -> Callable[[dict[str, Any]], None]:
    def attempt(_given: dict[str, Any]) -> None:
        ctypes.CDLL(None).syscall(numbers[os.uname().machine], *arguments)

    return attempt


def _memory(_given: dict[str, Any]) -> None:
    kept = []
    with contextlib.suppress(MemoryError):
        while True:
            kept.append(bytearray(2**24))
            if len(kept) > 64:  # a gigabyte, four times the limit of the trial
                return
    kept.clear()
    raise SystemExit(0)


def _processor(_given: dict[str, Any]) -> None:
    until = time.process_time() + 10
    while time.process_time() < until:
        pass


def _sleep(_given: dict[str, Any]) -> None:
    print("asleep", flush=True)  # noqa: T201 - the parent reads it
    time.sleep(30)


def _print(_given: dict[str, Any]) -> None:
    for _ in range(1000):
        os.write(1, bytes(2**16))


def _fill(given: dict[str, Any]) -> None:
    """Write sixty-four megabytes into the folder that the job starts in."""
    del given
    block = bytes(2**20)
    with open("filled", "wb") as stream:
        stream.writelines(block for _ in range(64))


FINAL: dict[str, Callable[[dict[str, Any]], None]] = {
    "trace": _system_call(_PTRACE, _TRACE_ME, 0, 0, 0),
    "namespaces": _system_call(_UNSHARE, ctypes.c_ulong(_NEW_USER)),
    "memory": _memory,
    "processor": _processor,
    "sleep": _sleep,
    "print": _print,
    "fill": _fill,
}
"""Attempts that end the process where the walls hold."""
