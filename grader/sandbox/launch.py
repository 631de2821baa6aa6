"""The parent's side of the sandbox: keep a warm process, send it jobs, read frames, name how a job ended."""

from __future__ import annotations

import contextlib
import io
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from grader.faults import GraderFault
from grader.sandbox import confine
from grader.sandbox.protocol import FrameError, FrameReader, Kind, Limits, pack

START_SECONDS = 180.0
GRACE_SECONDS = 3.0
"""How much later than the warm process the parent itself gives a job up."""

Listen = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Done:
    """How a job ended.

    Attributes:
        frames: what came back, by kind; a claim where a student's code ran.
        stopped: None when the job ended by itself and spoke properly, else the outcome word.
        output: the beginning of its stdout and stderr.
        wall_seconds: from sending the job to its end.
        cpu_seconds: of the job's process; None where the system does not say.
        memory_bytes: its largest resident size; None where the system does not say.
    """

    frames: Mapping[Kind, bytes]
    stopped: str | None
    output: str
    wall_seconds: float
    cpu_seconds: float | None
    memory_bytes: int | None = None

    def result(self) -> dict[str, Any]:
        """Return the RESULT frame as an object; empty when there is none that can be read."""
        try:
            found = json.loads(self.frames.get(Kind.RESULT, b"{}"))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


class Worker(Protocol):
    """Something that runs jobs one after the other."""

    def run(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        blobs: Mapping[str, bytes],
        limits: Limits,
        listen: Listen | None = None,
    ) -> Done:
        """Run one job to its end."""

    def interrupt(self) -> None:
        """End the job that runs and take no other, from any thread."""

    def stop(self) -> None:
        """End the worker and everything below it."""


@dataclass(slots=True)
class _Collector:
    """What a job sends while it runs."""

    limits: Limits
    listen: Listen | None
    reader: FrameReader = field(default_factory=FrameReader)
    kept: bytearray = field(default_factory=bytearray)
    heard: int = 0
    malformed: bool = False

    def take_frames(self, chunk: bytes) -> None:
        if self.malformed:
            return
        try:
            self.reader.feed(chunk)
        except FrameError:
            self.malformed = True

    def take_output(self, chunk: bytes) -> None:
        self.heard += len(chunk)
        self.kept += chunk[: max(0, self.limits.output_bytes - len(self.kept))]
        if self.listen is not None:
            self.listen(chunk)

    @property
    def flooded(self) -> bool:
        return self.heard > self.limits.flood_bytes


def command(*options: str, warm: bool) -> list[str]:
    """Return the command line of a warm process: isolated from the environment, no bytecode written."""
    return [sys.executable, "-I", "-B", "-m", "grader.sandbox.zygote", *options, *(["--warm"] if warm else [])]


class Zygote:
    """A warm process that forks one child for each job."""

    def __init__(self, *, warm: bool = True) -> None:
        """Start it; `ready()` waits until it has imported everything."""
        self._warm = warm
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.start()

    def start(self) -> None:
        """Start the process without waiting for it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._folder = tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True)
        folder = self._folder.name
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command("--control", str(theirs.fileno()), "--folder", folder, warm=self._warm),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=confine.environment(folder),
            cwd=folder,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()
        self._control = ours
        self._is_ready = False

    def ready(self) -> None:
        """Wait until the warm process can take a job; raise GraderFault when it cannot start."""
        if self._is_ready:
            return
        assert self._control is not None
        self._control.settimeout(START_SECONDS)
        try:
            message = self._control.recv(64)
        except OSError:
            message = b""
        if message != b"ready":
            text = self._last_words()
            self.stop()
            raise GraderFault("The sandbox's warm process did not start.", text)
        self._is_ready = True

    def _last_words(self) -> str:
        process = self._process
        if process is None or process.stderr is None:
            return ""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)
        os.set_blocking(process.stderr.fileno(), False)
        lines = (process.stderr.read() or b"").decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else ""

    def interrupt(self) -> None:
        """Kill the process and its jobs, from any thread; the job that runs ends, and no other starts."""
        self._closed = True
        if self._process is not None:
            self._process.kill()

    def stop(self) -> None:
        """Close the control socket, which ends the process and its jobs; kill it if it lingers."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def run(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        blobs: Mapping[str, bytes],
        limits: Limits,
        listen: Listen | None = None,
    ) -> Done:
        """Run one job to its end; restart the warm process when it did not survive the job."""
        if self._closed:
            raise GraderFault("The run was stopped.")
        if self._control is None:
            self.start()
        self.ready()
        assert self._control is not None
        collector = _Collector(limits, listen)
        started = time.monotonic()
        report = self._exchange(kind, pack(arguments, blobs), limits, collector)
        wall = time.monotonic() - started
        if report is None:
            self.stop()
        return _verdict(report, collector, limits, wall)

    def _exchange(self, kind: str, payload: bytes, limits: Limits, collector: _Collector) -> dict[str, Any] | None:
        """Send the job and read until its end; None when the warm process died."""
        assert self._control is not None
        pipes = [os.pipe() for _ in range(3)]
        job = _in_memory(payload)
        try:
            request = json.dumps({"kind": kind, "limits": limits.to_json()}).encode()
            socket.send_fds(self._control, [request], [job, *(write for _, write in pipes)])
        except OSError:
            for read, _ in pipes:
                os.close(read)
            return None
        finally:
            os.close(job)
            for _, write in pipes:
                os.close(write)
        try:
            return self._listen([read for read, _ in pipes], limits, collector)
        finally:
            for read, _ in pipes:
                os.close(read)

    def _listen(self, reads: list[int], limits: Limits, collector: _Collector) -> dict[str, Any] | None:
        assert self._control is not None
        takes = dict(zip(reads, (collector.take_frames, collector.take_output, collector.take_output), strict=True))
        report: dict[str, Any] | None = None
        waiting = True
        deadline = time.monotonic() + limits.wall_seconds + GRACE_SECONDS
        asked_to_kill = False
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            for read in reads:
                selector.register(read, selectors.EVENT_READ)
            while waiting or len(selector.get_map()):
                # After the job's end its pipes are drained; nothing can write to them any more.
                events = selector.select(0.05 if not waiting else max(0.05, min(1.0, deadline - time.monotonic())))
                if not events and not waiting:
                    break
                for key, _ in events:
                    if key.fileobj is self._control:
                        message = self._receive()
                        selector.unregister(self._control)
                        report, waiting = (json.loads(message) if message else None), False
                        continue
                    chunk = os.read(key.fd, 1 << 20)
                    takes[key.fd](chunk) if chunk else selector.unregister(key.fd)
                if (collector.flooded or collector.malformed) and waiting and not asked_to_kill:
                    asked_to_kill = True
                    with contextlib.suppress(OSError):
                        self._control.send(b"kill")
                if waiting and time.monotonic() > deadline and self._process is not None:
                    self._process.kill()
                    deadline += 60
        return report

    def _receive(self) -> bytes:
        assert self._control is not None
        try:
            return self._control.recv(65_536)
        except OSError:
            return b""


def _in_memory(payload: bytes) -> int:
    """Return a descriptor of an anonymous file that holds `payload`."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("job")
        with open(descriptor, "wb", closefd=False) as stream:
            stream.write(payload)
        return descriptor
    with tempfile.TemporaryFile() as stream:
        stream.write(payload)
        stream.flush()
        return os.dup(stream.fileno())


class Spare:
    """Where there is no fork: one process, imported in advance, for each job."""

    def __init__(self, *, warm: bool = True) -> None:
        """Start the first spare."""
        self._warm = warm
        self._closed = False
        self._current: subprocess.Popen[bytes] | None = None
        self._next: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True)
        self._next = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        folder = self._folder.name
        environment = {**confine.environment(folder), **_needed_on_windows()}
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command("--spare", "--folder", folder, warm=self._warm),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
            start_new_session=os.name == "posix",
        )

    def run(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        blobs: Mapping[str, bytes],
        limits: Limits,
        listen: Listen | None = None,
    ) -> Done:
        """Run one job in the spare process, and start the next spare meanwhile."""
        import threading

        if self._closed:
            raise GraderFault("The run was stopped.")
        process = self._current = self._next or self._start()
        self._next = self._start()
        payload = pack(arguments, blobs)
        request = json.dumps({"kind": kind, "limits": limits.to_json(), "payload": len(payload)}).encode()
        collector = _Collector(limits, listen)
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
        status = process.returncode
        report = {"status": -status if status < 0 else status << 8, "killed": killed, "cpu": None, "memory": None}
        return _verdict(report, collector, limits, time.monotonic() - started)

    def interrupt(self) -> None:
        """Kill the job's process tree, from any thread; no other job starts."""
        self._closed = True
        if self._current is not None:
            _kill_tree(self._current)

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


def _wait(process: subprocess.Popen[bytes], collector: _Collector, deadline: float) -> str | None:
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


def _verdict(report: dict[str, Any] | None, collector: _Collector, limits: Limits, wall: float) -> Done:
    """Name how a job ended, in the words of the outcome table."""
    output = bytes(collector.kept).decode("utf-8", "replace")
    frames = collector.reader.frames
    if report is None:
        return Done(frames, "infra-error", output, wall, None)
    stopped = _word(report, collector, limits)
    return Done(frames, stopped, output, wall, report["cpu"], report["memory"])


def _word(report: dict[str, Any], collector: _Collector, limits: Limits) -> str | None:
    status = report["status"]
    number = os.WTERMSIG(status) if os.name == "posix" and os.WIFSIGNALED(status) else 0
    if collector.flooded:
        return "output-limit"
    if report["killed"] == "wall":
        return "wall-limit"
    if number in (signal.SIGKILL, getattr(signal, "SIGXCPU", 0)) and (report["cpu"] or 0) >= limits.cpu_seconds - 0.1:
        return "cpu-limit"
    if collector.malformed or (collector.reader.frames and not collector.reader.complete):
        return "malformed-result"
    if number:
        return f"killed-sig{number}"
    return None if Kind.RESULT in collector.reader.frames else "exited-without-result"


def worker(*, warm: bool = True, fork: bool | None = None) -> Worker:
    """Return the worker that fits this system: a zygote where processes can be forked, else a spare."""
    can_fork = sys.platform == "linux" if fork is None else fork
    return Zygote(warm=warm) if can_fork else Spare(warm=warm)
