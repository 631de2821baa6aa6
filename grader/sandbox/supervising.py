"""Watch over one job of the warm process: wait for its end or its deadline, and leave nothing of it behind."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Any

from grader.sandbox.protocol import Limits


def supervise(pid: int, limits: Limits, control: socket.socket) -> dict[str, Any] | None:
    """Wait for the job or its deadline, kill everything below it; None when the parent is gone."""
    deadline = time.monotonic() + limits.wall_seconds
    killed = None
    orphaned = False
    watch = os.pidfd_open(pid)
    try:
        readable: list[Any] = [watch, control]
        ready, _, _ = select.select(readable, [], [], max(0.0, deadline - time.monotonic()))
        if watch not in ready:
            killed = "parent" if control in ready else "wall"
            orphaned = control in ready and not control.recv(16)
        if killed:
            os.killpg(pid, signal.SIGKILL) if _is_leader(pid) else os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
    finally:
        os.close(watch)
    _kill_orphans()
    if orphaned:
        return None
    return {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "code": 0 if os.WIFSIGNALED(status) else os.WEXITSTATUS(status),
        "killed": killed,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss * 1024,
    }


def remove(folder: str) -> None:
    """Remove a job's folder, whatever the job did to the rights of what is in it; links are not followed."""
    with contextlib.suppress(OSError):
        Path(folder).chmod(0o700)
        for inside, folders, _ in os.walk(folder):
            for path in (Path(inside, one) for one in folders):
                if not path.is_symlink():
                    path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _is_leader(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def _kill_orphans() -> int:
    """Kill and reap whatever a job left behind; return how many processes that were.

    Orphans become children of this process (it is their subreaper), also those that made sessions of their own.
    """
    count = 0
    while True:
        for child in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return count
        count += 1


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as listing:
            return [int(one) for one in listing.read().split()]
    except OSError:
        return []
