"""System calls that Python 3.11 has no function for; each raises OSError with the call's name.

Linux on x86-64 and 64-bit ARM. Nothing here decides anything: `inside` says in which order the calls are made.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
from pathlib import Path

NEW_NAMESPACES = {"mount": 0x0002_0000, "ipc": 0x0800_0000, "user": 0x1000_0000, "pid": 0x2000_0000}
"""Flags of clone(2), by the namespace that is made."""

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
MS_REC, MS_PRIVATE = 0x4000, 0x4_0000

PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_GET_TID_ADDRESS = 40
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

SECCOMP_SET_MODE_FILTER = 1

_CAPABILITY_VERSION_3 = 0x2008_0522
_NUMBERS = {
    "x86_64": {"capset": 126, "clone": 56, "seccomp": 317},
    "aarch64": {"capset": 91, "clone": 220, "seccomp": 277},
}
_EINVAL = 22
_CHILD_CLEARTID, _CHILD_SETTID = 0x20_0000, 0x100_0000


def architecture() -> str:
    """Return the processor's name as the kernel gives it."""
    return platform.machine()


def call(name: str, number: int, *arguments: object) -> int:
    """Make a system call by its number."""
    return _checked(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments), name)


def prctl(option: int, value: int = 0) -> None:
    """Set a property of this process."""
    library = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    _checked(library.prctl(option, ctypes.c_ulong(value), zero, zero, zero), f"prctl {option}")


def fork_into(*namespaces: str) -> int:
    """Fork a child that is the first process of namespaces of its own; return its number, 0 in the child.

    Like `os.fork`, for a process of one thread, and at half the cost of a fork that unshares and forks again: what is
    copied are the page tables of a process that has torch imported.
    """
    flags = signal.SIGCHLD | _CHILD_CLEARTID | _CHILD_SETTID
    for one in namespaces:
        flags |= NEW_NAMESPACES[one]
    python, library = ctypes.pythonapi, ctypes.PyDLL(None, use_errno=True)
    number, zero, tid = _number("clone"), ctypes.c_ulong(0), ctypes.c_void_p()
    # Where the C library keeps a thread's number: abort(3) and others use it. Unknown, it stays the parent's.
    library.prctl(PR_GET_TID_ADDRESS, ctypes.byref(tid), zero, zero, zero)
    last = (tid, zero) if architecture() == "x86_64" else (zero, tid)
    python.PyOS_BeforeFork()
    child: int = library.syscall(number, ctypes.c_ulong(flags), zero, zero, *last)
    if child == 0:
        python.PyOS_AfterFork_Child()
        return 0
    python.PyOS_AfterFork_Parent()
    return _checked(child, "clone")


def map_ids(uid: int, gid: int, inside: int) -> None:
    """Be user and group `inside` in the new user namespace; the process must be dumpable."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{inside} {uid} 1"), ("gid_map", f"{inside} {gid} 1")):
        Path("/proc/self", name).write_text(text, encoding="ascii")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount a file system, or change how one is mounted."""
    words = (one.encode() for one in (source, target, kind))
    library = ctypes.CDLL(None, use_errno=True)
    _checked(library.mount(*words, ctypes.c_ulong(flags), data.encode()), f"mount {target}")


def drop_capabilities() -> None:
    """Give up every capability, also those that a program with more rights would bring back."""
    library = ctypes.CDLL(None, use_errno=True)
    for one in range(64):
        zero = ctypes.c_ulong(0)
        if library.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(one), zero, zero, zero) < 0 and ctypes.get_errno() == _EINVAL:
            break  # past the last capability; EPERM on the way only says that there is none to drop
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    call("capset", _number("capset"), header, bytes(24))


def load_filter(program: bytes) -> None:
    """Load a compiled seccomp program; it needs no_new_privs, and stays for good."""
    buffer = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    call("seccomp", _number("seccomp"), SECCOMP_SET_MODE_FILTER, 0, described)


def _number(name: str) -> int:
    numbers = _NUMBERS.get(architecture())
    if numbers is None:
        raise OSError(38, f"{name}: the walls are not built for {architecture()}")
    return numbers[name]


def _checked(result: int, name: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result
