"""Where processes can be forked: one warm process, a fork of it for each job."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.faults import GraderFault
from grader.sandbox import confine
from grader.sandbox.command import command
from grader.sandbox.outcome import GRACE_SECONDS, Collector, Done, Files, Listen, verdict
from grader.sandbox.protocol import Limits, pack
from grader.sandbox.walls.fence import NONE, Fence
from grader.sandbox.walls.view import OTHER_USER, SCRATCH, behind

START_SECONDS = 180.0


class Zygote:
    """A warm process that forks one child for each job."""

    def __init__(
        self,
        fence: Fence = NONE,
        *,
        warm: bool = True,
        bare: bool = False,
        pages: bool = False,
        jobs: Mapping[str, str] | None = None,
    ) -> None:
        """Start it behind `fence`; `ready()` waits until it has imported everything.

        A `bare` one imports no torch and runs canaries alone, and `jobs`: more jobs, as names of modules. One for
        `pages` has imported what lays out notebooks.
        """
        self.fence = fence
        self.active: tuple[str, ...] = ()
        kind = [*(["--bare"] if bare else []), *(["--pages"] if pages else [])]
        self._options = [*kind, *(["--jobs", json.dumps(dict(jobs))] if jobs else [])]
        self._warm = warm and not bare
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.start()

    def start(self) -> None:
        """Start the process without waiting for it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        walls = self.fence.walls
        options = ["--control", str(theirs.fileno()), *self._options]
        if walls is not None:
            options += ["--walls", json.dumps(walls.to_json())]
        user = None
        if walls is not None and self.fence.bubblewrap is not None:
            line = behind(self.fence.bubblewrap, walls.view, command(*options, warm=self._warm))
            folder, home = "/", SCRATCH
        else:
            self._folder = tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True)
            folder = home = self._folder.name
            if (walls is not None or self.fence.other_user) and os.geteuid() == 0:
                user = OTHER_USER
                os.chown(folder, user, user)
            line = command(*options, "--folder", folder, warm=self._warm)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                line,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=confine.warm_environment(home),
                cwd=folder,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        except OSError as error:
            ours.close()
            self.stop()
            who = "" if user is None else f" as user {user}, which a grader that root started becomes"
            raise GraderFault(f"{line[0]} cannot be started{who}.", str(error)) from error
        finally:
            theirs.close()
        self._control = ours
        self._is_ready = False

    def ready(self) -> None:
        """Wait until the warm process can take a job; raise GraderFault when it cannot start.

        One that was killed before it could is started once more.
        """
        if self._is_ready:
            return
        if not self._answers():
            text, again = self._last_words(), self._was_killed() and not self._closed
            self.stop()
            if again:
                self.start()
            if not again or not self._answers():
                self.stop()
                raise GraderFault("The sandbox's warm process did not start.", text)
        self._is_ready = True

    def _answers(self) -> bool:
        assert self._control is not None
        self._control.settimeout(START_SECONDS)
        try:
            return self._control.recv(64) == b"ready"
        except OSError:
            return False

    def _was_killed(self) -> bool:
        """Tell whether somebody killed the process, or what bubblewrap started."""
        code = self._process.poll() if self._process is not None else None
        return code in (-signal.SIGKILL, 128 + signal.SIGKILL)

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
        """End the process and its jobs, from any thread; the job that runs ends, and no other starts."""
        self._closed = True
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_RDWR)

    def abandon(self) -> None:
        """End the job that runs, from any thread; without one nothing happens."""
        control = self._control
        if control is not None:
            with contextlib.suppress(OSError):
                control.send(b"kill")

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
        files: Files | None = None,
    ) -> Done:
        """Run one job to its end; restart the warm process when it did not survive the job."""
        if self._closed:
            raise GraderFault("The run was stopped.")
        if self._control is None:
            self.start()
        self.ready()
        assert self._control is not None
        collector = Collector(limits, listen)
        started = time.monotonic()
        numbered = {name: confine.FIRST_FILE + index for index, name in enumerate(files or {})}
        payload = pack({**arguments, **numbered}, blobs)
        report = self._exchange(kind, payload, list((files or {}).values()), limits, collector)
        wall = time.monotonic() - started
        if report is None:
            self.stop()
        done = verdict(report, collector, limits, wall)
        self.active = done.active or self.active
        return done

    def _exchange(
        self, kind: str, payload: bytes, files: Sequence[Path], limits: Limits, collector: Collector
    ) -> dict[str, Any] | None:
        """Send the job and read until its end; None when the warm process died."""
        assert self._control is not None
        opened = [os.open(one, os.O_RDONLY | os.O_CLOEXEC) for one in files]
        pipes = [os.pipe() for _ in range(3)]
        job = _in_memory(payload)
        try:
            request = json.dumps({"kind": kind, "limits": limits.to_json()}).encode()
            socket.send_fds(self._control, [request], [job, *(write for _, write in pipes), *opened])
        except OSError:
            for read, _ in pipes:
                os.close(read)
            return None
        finally:
            for one in (job, *opened):
                os.close(one)
            for _, write in pipes:
                os.close(write)
        try:
            return self._listen([read for read, _ in pipes], limits, collector)
        finally:
            for read, _ in pipes:
                os.close(read)

    def _listen(self, reads: list[int], limits: Limits, collector: Collector) -> dict[str, Any] | None:
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
                # After the job's end its pipes are drained; only what outlived a killed zygote can still write.
                events = selector.select(0.05 if not waiting else max(0.05, min(1.0, deadline - time.monotonic())))
                if not waiting and (not events or time.monotonic() > deadline):
                    break
                for key, _ in events:
                    if key.fileobj is self._control:
                        message = self._receive()
                        selector.unregister(self._control)
                        report, waiting = (json.loads(message) if message else None), False
                        deadline = time.monotonic() + GRACE_SECONDS
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
    """Return a descriptor of an anonymous file that holds `payload`; nobody can change it any more."""
    if hasattr(os, "memfd_create"):
        import fcntl

        descriptor = os.memfd_create("job", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with open(descriptor, "wb", closefd=False) as stream:
            stream.write(payload)
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        return descriptor
    with tempfile.TemporaryFile() as stream:
        stream.write(payload)
        stream.flush()
        return os.dup(stream.fileno())
