"""What a child does to itself before it looks at a job: limits, descriptors, environment.

These are robustness, not walls: they bound time, memory and files, and make sure that the whole tree can be
killed. The walls (`grader.sandbox.walls`) go up at the same place.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

from grader.sandbox.protocol import Limits

STDIN, STDOUT, STDERR, PAYLOAD, RESULT, SET_UP = range(6)
"""The descriptors of a child; the last one tells of its set-up, and is closed before the job begins.

A job of ours that is given files has them behind these; a student's has none.
"""

FIRST_FILE = SET_UP + 1

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

ISOLATION = (
    "own process group, killed whole at the deadline",
    "limits on wall clock, processor time, memory, file size and open files",
    "five descriptors, an environment of seven variables, a scratch folder of its own",
)
"""What holds without any walls, where there is fork."""


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies (Linux; elsewhere the control pipe tells)."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wake_with_parent() -> None:
    """Ask the kernel to wake this process when its parent dies, in case a job stopped it.

    It then finds its control socket closed, ends the job and everything below it, and goes. Were it killed at
    once, what a job started in sessions of its own would live on.
    """
    _prctl(PR_SET_PDEATHSIG, signal.SIGCONT)


def die_first() -> None:
    """Ask the kernel to end this process before any other when memory runs out; it must be dumpable."""
    _prctl(PR_SET_DUMPABLE, 1)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def adopt_orphans() -> None:
    """Become the parent of every orphan below this process, so that none outlives a job (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


_DEVICES = "CUDA_VISIBLE_DEVICES"
"""The operator's one variable that children have too: which of a machine's GPUs are this process's own."""


def environment(scratch: Path | str) -> dict[str, str]:
    """Return the whole environment of a child: nothing of the operator's but the choice of GPUs, a home there."""
    home = str(scratch)
    devices = {_DEVICES: os.environ[_DEVICES]} if _DEVICES in os.environ else {}
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": home,
        "TMPDIR": home,
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **devices,
    }


def warm_environment(scratch: Path | str) -> dict[str, str]:
    """Return the environment of a warm process: a child's, and what has to be known when a program starts.

    Huge pages halve the cost of a fork (glibc 2.35 and later); one order of sets makes every run alike; torch before
    2.13 asks for the user's name while it is imported, and behind walls the user has none.
    """
    once = {"PYTHONHASHSEED": "0", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1", "LOGNAME": "grader"}
    return {**environment(scratch), **once}


def arrange_descriptors(payload: int, result: int, stdout: int, stderr: int, set_up: int, *files: int) -> None:
    """Keep these descriptors, in the order of this module's constants, and close every other one."""
    null = os.open(os.devnull, os.O_RDWR)
    wanted = [null, stdout, stderr, payload, result, set_up, *files]
    high = [_above(one) for one in wanted]
    for target, one in enumerate(high):
        os.dup2(one, target)
    os.closerange(len(wanted), most_descriptors())


def _above(descriptor: int) -> int:
    """Copy a descriptor out of the way of those that are about to be set."""
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 64)


def most_descriptors() -> int:
    """Return a number above which no descriptor is open."""
    import resource

    return min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65_536)


def virtual_memory() -> tuple[int, int]:
    """Return (address space, data) of this process in bytes; zeros where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0, 0
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return tuple(int(fields.get(name, "0").split()[0]) * 1024 for name in ("VmSize", "VmData"))  # type: ignore[return-value]


def set_limits(limits: Limits, memory: tuple[int, int] | None = None, threads: int = 0) -> None:
    """Bound this process and what it starts.

    `memory` is what `virtual_memory` said; it is asked now when None. `threads` is 0 where processes of others count
    as well.
    """
    import resource

    megabyte = 2**20
    wanted = {
        resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1),
        resource.RLIMIT_FSIZE: (limits.file_megabytes * megabyte,) * 2,
        resource.RLIMIT_NOFILE: (64, 64),
        resource.RLIMIT_CORE: (0, 0),
    }
    if sys.platform == "linux":
        wanted[resource.RLIMIT_MEMLOCK] = (0, 0)
        wanted[resource.RLIMIT_MSGQUEUE] = (0, 0)
    if threads:
        wanted[resource.RLIMIT_NPROC] = (threads, threads)
    space, data = virtual_memory() if memory is None else memory
    if space and limits.memory_megabytes:
        budget = limits.memory_megabytes * megabyte
        wanted[resource.RLIMIT_DATA] = (data + budget,) * 2
        # Loose: the arenas of threads reserve address space that they never touch.
        wanted[resource.RLIMIT_AS] = (space + budget + 2 * 2**30,) * 2
    for what, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(what)[1]
        both = (soft, hard) if ceiling == resource.RLIM_INFINITY else (min(soft, ceiling), min(hard, ceiling))
        resource.setrlimit(what, both)


def fresh_streams() -> None:
    """Give Python new standard streams over the child's descriptors; odd characters never raise."""
    sys.stdin = open(STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as the process
    sys.stdout = open(STDOUT, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(STDERR, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
