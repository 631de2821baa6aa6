"""Landlock: which files a process may open, whatever user it runs as (Linux 5.13 and later).

Rights are given for folders with everything below them. Programs can be started from nowhere, TCP is denied (version
4), and so are signals and abstract sockets to the world outside (version 6). What Landlock does not cover are
`stat`, `chmod` and their relatives, and UDP: the seccomp filter has to.

Numbers and structures are those of linux/landlock.h; the calls have the same numbers on all architectures.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_QUERY = 1
_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights on files each version knows; 16 from version 5 on."""

_TCP = 3
"""Binding and connecting."""
_SCOPES = 3
"""Abstract sockets and signals."""


def version() -> int:
    """Return the kernel's version of Landlock; 0 when there is none or it is switched off."""
    found: int = ctypes.CDLL(None, use_errno=True).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_QUERY)
    return max(found, 0)


def restrict(read: Iterable[str], listed: Iterable[str], write: Iterable[str]) -> int:
    """Deny this process everything but reading below `read`, listing `listed` and using `write`; return the version.

    Paths that do not exist are passed over. Mounting is impossible afterwards.

    Raises:
        OSError: the kernel refuses, or has no Landlock.
    """
    known = version()
    if not known:
        raise OSError(95, "landlock: not in this kernel, or switched off")
    rights = (1 << _FILE_RIGHTS.get(known, 16)) - 1
    ruleset, known = _ruleset(rights, known)
    try:
        everything = rights & ~(EXECUTE | _MAKE_CHAR | _MAKE_BLOCK)
        for paths, access in ((read, READ_FILE | READ_DIR), (listed, READ_DIR), (write, everything)):
            for path in paths:
                _allow(ruleset, path, access)
        _call("landlock_restrict_self", _RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return known


def _ruleset(rights: int, known: int) -> tuple[int, int]:
    """Return a ruleset and the version that is really there: some kernels claim a version without all of its parts."""
    attribute = struct.pack("QQQ", rights, _TCP, _SCOPES)
    sizes = [(24, known), (16, min(known, 5)), (8, min(known, 3))]
    wanted = 24 if known >= 6 else 16 if known >= 4 else 8
    for size, really in sizes:
        if size > wanted:
            continue
        try:
            return _call("landlock_create_ruleset", _CREATE_RULESET, attribute[:size], ctypes.c_size_t(size), 0), really
        except OSError:
            if size == sizes[-1][0]:
                raise
    raise AssertionError


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = access if os.path.isdir(path) else access & _FOR_FILES  # noqa: PTH112 - no Path in a fresh fork
        rule = struct.pack("=Qi", allowed, descriptor)
        if allowed:
            _call(f"landlock_add_rule {path}", _ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)


def _call(name: str, number: int, *arguments: object) -> int:
    result: int = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result
