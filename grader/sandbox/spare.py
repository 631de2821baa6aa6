"""Where processes cannot be forked: one process, imported in advance, for each job."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from grader.faults import GraderFault
from grader.sandbox import confine
from grader.sandbox.command import command
from grader.sandbox.outcome import GRACE_SECONDS, Collector, Done, Files, Listen, verdict
from grader.sandbox.protocol import Limits, pack

ISOLATION = (
    "a process group of its own, killed whole at the deadline",
    "limits on wall clock and, where the system has them, on processor time and file size",
    "an environment of seven variables, a scratch folder of its own",
)
"""What holds where there is no fork."""


class Spare:
    """Where there is no fork: one process, imported in advance, for each job."""

    def __init__(self, *, warm: bool = True, jobs: Mapping[str, str] | None = None) -> None:
        """Start the first spare; with `jobs`, as names of modules, it imports no torch and runs these alone."""
        self._warm = warm and jobs is None
        self._options = () if jobs is None else ("--bare", "--jobs", json.dumps(dict(jobs)))
        self._closed = False
        self._current: subprocess.Popen[bytes] | None = None
        self._next: subprocess.Popen[bytes] | None = None
        self._scratch: dict[int, str] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True)
        self._next = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        folder = tempfile.mkdtemp(prefix="job-", dir=self._folder.name)
        environment = {**confine.warm_environment(folder), **_needed_on_windows()}
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command("--spare", "--folder", folder, *self._options, warm=self._warm),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
            start_new_session=os.name == "posix",
        )
        self._scratch[process.pid] = folder
        return process

    def run(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        blobs: Mapping[str, bytes],
        limits: Limits,
        listen: Listen | None = None,
        files: Files | None = None,
    ) -> Done:
        """Run one job in the spare process, and start the next spare meanwhile."""
        if self._closed:
            raise GraderFault("The run was stopped.")
        process = self._current = self._next or self._start()
        self._next = self._start()
        payload = pack({**arguments, **{name: str(path) for name, path in (files or {}).items()}}, blobs)
        request = json.dumps({"kind": kind, "limits": limits.to_json(), "payload": len(payload)}).encode()
        collector = Collector(limits, listen)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            threading.Thread(target=_drain, args=(process.stdout, collector.take_frames), daemon=True),
            threading.Thread(target=_drain, args=(process.stderr, collector.take_output), daemon=True),
        ]
        for reader in readers:
            reader.start()
        started = time.monotonic()
        with contextlib.suppress(OSError):
            process.stdin.write(len(request).to_bytes(8, "little") + request + payload)
            process.stdin.close()
        killed = _wait(process, collector, started + limits.wall_seconds)
        for reader in readers:
            reader.join(GRACE_SECONDS)
        shutil.rmtree(self._scratch.pop(process.pid), ignore_errors=True)
        status = process.returncode
        report = {
            "signal": max(0, -status),
            "code": max(0, status),
            "killed": killed,
            "cpu": None,
            "memory": None,
            "active": ISOLATION,
        }
        return verdict(report, collector, limits, time.monotonic() - started)

    def interrupt(self) -> None:
        """Kill the job's process tree, from any thread; no other job starts."""
        self._closed = True
        if self._current is not None:
            _kill_tree(self._current)

    def abandon(self) -> None:
        """End the job that runs, from any thread; without one nothing happens."""
        current = self._current
        if current is not None and current.poll() is None:
            _kill_tree(current)

    def stop(self) -> None:
        """End the spare."""
        if self._next is not None:
            self._next.kill()
            self._next.wait()
            for stream in (self._next.stdin, self._next.stdout, self._next.stderr):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
            self._next = None
        self._folder.cleanup()


def _needed_on_windows() -> dict[str, str]:
    """Return what Windows programs cannot start without."""
    return {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "TMP") if name in os.environ and os.name == "nt"}


def _drain(stream: Any, take: Callable[[bytes], None]) -> None:
    with contextlib.suppress(ValueError, OSError), stream:
        while chunk := stream.read1(1 << 20) if isinstance(stream, io.BufferedReader) else stream.read(1 << 20):
            take(chunk)


def _wait(process: subprocess.Popen[bytes], collector: Collector, deadline: float) -> str | None:
    """Wait for the process or its deadline; kill its tree then."""
    killed = None
    while True:
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                killed = "wall"
            elif collector.flooded or collector.malformed:
                killed = "parent"
            if killed:
                _kill_tree(process)
        else:
            _kill_tree(process)
            return killed


def _kill_tree(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
