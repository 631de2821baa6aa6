"""Where the helper of a user is found: a socket in a folder that nobody else may enter.

The folder is opened once and everything goes through its descriptor, so that what was looked at is what is used.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

VARIABLE = "GRADER_WARM"
"""Environment variable that names another folder for the helper's socket, or says `off`."""

SOCKET, LOCK = "helper.sock", "helper.lock"


class NoPlaceError(Exception):
    """There is no folder that is this user's alone, or no helper is wanted or possible."""


class Place(NamedTuple):
    """The folder, open.

    Attributes:
        path: as it is called.
        descriptor: the folder itself.
    """

    path: Path
    descriptor: int

    @property
    def address(self) -> str:
        """Return what to bind and connect to; through the descriptor where the system can, however long the path is."""
        within = Path(f"/proc/self/fd/{self.descriptor}")
        return str((within if within.exists() else self.path) / SOCKET)

    def identity(self) -> tuple[int, int] | None:
        """Return the device and number of the socket's file; None when there is none."""
        try:
            found = os.stat(SOCKET, dir_fd=self.descriptor, follow_symlinks=False)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def clear(self) -> None:
        """Remove the socket's file."""
        with contextlib.suppress(OSError):
            os.unlink(SOCKET, dir_fd=self.descriptor)

    def lock(self) -> int | None:
        """Take the helper's place for as long as the returned descriptor is open; None when another has it.

        Raises:
            NoPlaceError: nothing can be locked here.
        """
        try:
            import fcntl
        except ImportError as error:
            raise NoPlaceError("This system has no locks on files.") from error
        descriptor = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=self.descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return None
            raise NoPlaceError(f"{self.path} cannot be locked: {error}.") from error
        return descriptor

    def listen(self) -> socket.socket:
        """Return the socket that others connect to; the lock has to be held."""
        self.clear()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listener.bind(self.address)
        finally:
            os.umask(before)
        listener.listen(8)
        return listener

    def connect(self, seconds: float) -> socket.socket:
        """Return a way to the helper of this user.

        Raises:
            NoPlaceError: nobody listens, or somebody else does.
        """
        way = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            way.settimeout(seconds)
            way.connect(self.address)
            own = is_own(way)
        except OSError as error:
            way.close()
            raise NoPlaceError("No helper is here.") from error
        if not own:
            way.close()
            raise NoPlaceError(f"Somebody else listens in {self.path}.")
        return way


def folder() -> Path:
    """Return the folder's path: the one that is named, one of this session, or one of the cache.

    Raises:
        NoPlaceError: no helper is wanted, or this system has no such sockets.
    """
    named = os.environ.get(VARIABLE, "")
    if named == "off":
        raise NoPlaceError(f"{VARIABLE} says off.")
    if not hasattr(socket, "AF_UNIX") or not hasattr(os, "geteuid"):
        raise NoPlaceError("This system has no sockets that belong to a user.")
    if not all(Path(os.environ.get(one) or "/").is_absolute() for one in (VARIABLE, "GRADER_CACHE")):
        raise NoPlaceError(
            "A helper stays in no folder, so paths that it takes from the environment have to be absolute."
        )
    if named:
        return Path(named)
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    if session and Path(session).is_absolute() and Path(session).is_dir():
        return Path(session) / "cnn-grader"
    import platformdirs

    return Path(platformdirs.user_cache_dir("cnn-grader")) / "helper"


@contextmanager
def opened() -> Iterator[Place]:
    """Give the folder, made where it is missing.

    Raises:
        NoPlaceError: there is none that is this user's alone.
    """
    path = folder()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise NoPlaceError(f"{path} cannot be used: {error.strerror}.") from error
    try:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid():
            raise NoPlaceError(f"{path} belongs to user {found.st_uid}.")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise NoPlaceError(f"{path} is open to others; it has to be chmod 700.")
        yield Place(path, descriptor)
    finally:
        os.close(descriptor)


def is_own(way: socket.socket) -> bool:
    """Tell whether the process on the other side is this user's, where the system says whose it is."""
    if sys.platform != "linux":
        return True  # the folder's rights have to do
    return credentials(way)[1] == os.geteuid()


def credentials(way: socket.socket) -> tuple[int, int]:
    """Return the process and the user on the other side, as the kernel knows them; 0 for a process out of sight."""
    if sys.platform != "linux":
        return 0, os.geteuid()
    pid, user, _ = struct.unpack("3i", way.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return pid, user
