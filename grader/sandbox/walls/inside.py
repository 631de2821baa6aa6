"""What a child does to itself, in the order in which it has to be done, before it looks at its job.

1. namespaces of its own, where the kernel lets it: users, processes, mounts, IPC
2. nothing on `/proc`, an empty file system of 16 MB in memory to write to
3. the descriptors of a job and no others
4. limits (`confine.set_limits`)
5. no new privileges, no capabilities, not to be traced
6. Landlock, which forbids mounting, and therefore comes after it
7. the seccomp filter, which forbids almost everything above, and therefore comes last

What was done is told on a descriptor that is closed before the first byte of student code is read, so that no student
can make a failure of ours, or hide one.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from grader.sandbox import confine
from grader.sandbox.protocol import Limits
from grader.sandbox.walls import kernel, landlock, seccomp
from grader.sandbox.walls.view import OTHER_USER, SCRATCH, View

OWN_JOBS = frozenset({"describe", "train"})
"""What runs on an accelerator, where one was asked for."""

SCRATCH_BYTES = 16 * 2**20
SCRATCH_FILES = 512
MOST_THREADS = 32

NAMESPACES = ("user", "pid", "mount", "ipc")


@dataclass(frozen=True, slots=True)
class Walls:
    """What is put up.

    Attributes:
        namespaces: own users, processes, mounts and IPC for every child.
        mounts: whether the warm process has a mount view of its own, so that there is nothing to be changed.
        view: what may be read.
        accelerator: whether trainers drive an accelerator.
        counts_threads: whether the number of threads can be limited: no other process counts towards it.
    """

    namespaces: bool
    mounts: bool
    view: View
    accelerator: bool = False
    counts_threads: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "view": self.view.to_json()}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Walls:
        """Read what `to_json` returned."""
        return cls(**{**plain, "view": View.from_json(plain["view"])})

    def on_device(self, kind: str) -> bool:
        """Tell whether a job of that kind may drive the accelerator."""
        return self.accelerator and kind in OWN_JOBS


@dataclass(frozen=True, slots=True)
class Programs:
    """The filters, read before there is nothing left to read."""

    private: bytes
    shared: bytes
    accelerator: bytes

    @classmethod
    def load(cls) -> Programs:
        """Read them for this machine; raise OSError where there are none."""
        return cls(*(seccomp.read(one) for one in ("private", "shared", "accelerator")))

    def fitting(self, walls: Walls, kind: str) -> bytes:
        """Return the filter for a job of that kind."""
        if walls.on_device(kind):
            return self.accelerator
        return self.private if walls.mounts else self.shared


def settle_in_namespaces(uid: int, gid: int) -> None:
    """Be somebody and see nothing, as the first process of namespaces of one's own.

    uid, gid: who this process was outside of them. It must be dumpable, to write its own uid_map.
    """
    kernel.map_ids(uid, gid, OTHER_USER)
    private = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    kernel.mount("none", "/", "none", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", "/proc", "tmpfs", private | kernel.MS_RDONLY, "size=4k")
    kernel.mount("tmpfs", SCRATCH, "tmpfs", private, f"size={SCRATCH_BYTES},nr_inodes={SCRATCH_FILES},mode=0700")


def close_the_gates(walls: Walls, programs: Programs, kind: str, limits: Limits, memory: tuple[int, int]) -> list[str]:
    """Do steps 4 to 7; return what is in force, in words.

    `memory` is what `confine.virtual_memory` said before `/proc` was covered. Raises OSError where a wall cannot be
    put up: there is no job without it.
    """
    own = walls.namespaces and not walls.on_device(kind)
    confine.set_limits(limits, memory, MOST_THREADS if own or walls.counts_threads else 0)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    read, write = list(walls.view.read), ["/dev/null"]
    if own:
        write.append(SCRATCH)
    if walls.on_device(kind):
        read += ["/proc", *walls.view.devices]
        write += [one for one in walls.view.devices if one.startswith("/dev/")]
    version = landlock.restrict([*read, "/dev/urandom"], walls.view.listed, write)
    seccomp.restrict(programs.fitting(walls, kind))
    active = ["limits", "no new privileges", "no capabilities", f"Landlock {version}", "seccomp"]
    if walls.mounts:
        active.insert(0, "mount view and network of its own")
    if own:
        active.insert(0, "users, processes, mounts and IPC of its own")
    return active


def forget_handlers(keep: Sequence[int] = (signal.SIGPIPE, signal.SIGXFSZ)) -> None:
    """Give every signal its default meaning again; Python's own exceptions stay."""
    for number in range(1, signal.NSIG):
        if number not in (signal.SIGKILL, signal.SIGSTOP, *keep):
            try:
                signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError):
                continue  # reserved by the C library
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
