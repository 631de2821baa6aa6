"""The warm process: torch is imported once, then every job is a fork of it.

It holds no data, no labels, no rubric and never runs a student's statement: a job's payload travels in a
descriptor that only the fork reads. It runs one job at a time; when the job's process ends, or has to, everything
below it is killed. It ends with its parent: a closed control socket is enough.

Where there is no fork, the same module serves one job from standard input and ends (`--spare`).
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from grader.sandbox import confine
from grader.sandbox.protocol import MOST_FILES, Channel, Limits, unpack
from grader.sandbox.supervising import remove, supervise
from grader.sandbox.walls import inside, kernel
from grader.sandbox.walls.inside import Walls
from grader.sandbox.walls.view import SCRATCH

JOBS = {
    "canary": "grader.sandbox.walls.canary",
    "capture": "grader.sandbox.capture",
    "describe": "grader.training.jobs",
    "examine": "grader.training.jobs",
    "explain": "grader.sandbox.explain",
    "render": "grader.sandbox.render",
    "train": "grader.training.jobs",
}
"""What a job may be: a function of that name in that module, `(arguments, blobs, channel) -> None`."""

Job = Callable[[dict[str, Any], dict[str, bytes], Channel], None]

CRASHED = 70
"""Exit status of a job whose function raised."""

NOT_SET_UP = 91
"""Exit status of a child whose walls could not be put up."""

_NEVER_RAN: dict[str, Any] = {"signal": 0, "code": NOT_SET_UP, "killed": None, "cpu": 0.0, "memory": 0}
"""What is reported of a child that could not be forked."""


def load_jobs(more: dict[str, str] | None = None) -> dict[str, Job]:
    """Import everything that jobs need, torch and the export machinery included; `more` are jobs of a test's own."""
    import torch
    import torch._dynamo.aot_compile
    import torch._inductor.compiler_bisector
    import torch.export._trace

    torch.set_num_threads(1)
    torch.backends.mha.set_fastpath_enabled(False)
    # Behind the walls there is no /proc to read the processor's features from, and kernels are chosen by them.
    torch._nnpack_available()
    for late in ("numpy.ctypeslib", "numpy.ma"):  # which a child would import: `numpy.unique` does
        importlib.import_module(late)
    jobs = {**JOBS, **(more or {})}
    return {name: getattr(importlib.import_module(module), name) for name, module in jobs.items()}


def bare_jobs(more: dict[str, str] | None = None) -> dict[str, Job]:
    """Import the one job that needs no torch, and `more` of that kind."""
    jobs = {"canary": JOBS["canary"], **(more or {})}
    return {name: getattr(importlib.import_module(module), name) for name, module in jobs.items()}


def warm_up() -> None:
    """Export and train a tiny network once: the first time imports compiler machinery worth seconds."""
    import torch
    from torch import nn
    from torch.export import Dim, export

    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 2))
    pictures = torch.zeros(4, 3, 8, 8)
    # First the step: a build for CUDA that finds no GPU pretends to have eight once it has exported, and then the first
    # backward starts a thread for each, which no fork survives.
    optimiser = torch.optim.AdamW(net.parameters(), fused=True)
    torch.nn.functional.cross_entropy(net(pictures), torch.zeros(4, dtype=torch.int64)).backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    export(net, (pictures,), dynamic_shapes=({0: Dim("n")},), strict=False)


def run_job(job: Job, payload: bytes, channel: Channel) -> int:
    """Run one job; return the exit status. A fault of ours is reported with its traceback."""
    try:
        arguments, blobs = unpack(payload)
        job(arguments, blobs, channel)
    except BaseException:  # noqa: BLE001 - whatever it is, the parent has to know
        with contextlib.suppress(OSError):
            channel.result({"outcome": "crashed", "trace": traceback.format_exc()[-4000:]})
        return CRASHED
    return 0


@dataclass(frozen=True, slots=True)
class Site:
    """Where children are made.

    Attributes:
        folder: for scratch folders; None where a child has a file system of its own, or may write nothing.
        walls: what is put up around a child; None for limits alone.
        programs: its filters; None without walls.
        ids: user and group of this process.
    """

    folder: str | None
    walls: Walls | None
    programs: inside.Programs | None
    ids: tuple[int, int] = field(default_factory=lambda: (os.getuid(), os.getgid()))

    def scratch(self) -> str:
        """Return the folder that the next child starts in."""
        if self.folder is not None:
            return tempfile.mkdtemp(prefix="job-", dir=self.folder)
        return SCRATCH if self.walls is not None and self.walls.namespaces else "/"

    def apart(self, kind: str) -> bool:
        """Tell whether a child of that kind has namespaces of its own."""
        return self.walls is not None and self.walls.namespaces and not self.walls.on_device(kind)

    def fork(self, kind: str) -> int:
        """Fork a child for a job of that kind; return its number, 0 in the child.

        Raises OSError where it cannot be had.
        """
        return kernel.fork_into(*inside.NAMESPACES) if self.apart(kind) else os.fork()

    def clear(self, scratch: str) -> None:
        """Remove what a child was given to write to."""
        if self.folder is not None:
            remove(scratch)


def _child(job: Job, request: dict[str, Any], descriptors: list[int], set_up: int, scratch: str, site: Site) -> int:
    """Become the job: from here on only what the walls left is there."""
    limits, kind = Limits(**request["limits"]), request["kind"]
    payload, result, stdout, stderr, *files = descriptors
    memory = confine.virtual_memory()
    os.setsid()
    confine.die_with_parent()
    confine.die_first()
    if site.apart(kind):
        inside.settle_in_namespaces(*site.ids)
    confine.arrange_descriptors(payload, result, stdout, stderr, set_up, *files)
    os.chdir(scratch)
    os.umask(0o077)
    os.environ.clear()
    os.environ.update(confine.environment(scratch))
    tempfile.tempdir = scratch
    confine.fresh_streams()
    if site.walls is None or site.programs is None:
        confine.set_limits(limits, memory)
        active = list(confine.ISOLATION)
    else:
        active = inside.close_the_gates(site.walls, site.programs, kind, limits, memory)
    inside.forget_handlers()
    os.write(confine.SET_UP, json.dumps({"active": active}).encode())
    os.close(confine.SET_UP)  # the last word of this process that is trusted
    size = os.fstat(confine.PAYLOAD).st_size
    blob = os.pread(confine.PAYLOAD, size, 0)
    while len(blob) < size:
        blob += os.pread(confine.PAYLOAD, size - len(blob), len(blob))
    return run_job(job, blob, Channel(confine.RESULT))


def serve(control: socket.socket, jobs: dict[str, Job], site: Site) -> None:
    """Fork a child for each job that arrives on `control`, until it closes."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 65_536, 4 + MOST_FILES)
        if not message:
            return
        if not descriptors:
            continue  # the wish to kill a job that had ended by then
        request = json.loads(message)
        scratch = site.scratch()
        told, tell = os.pipe()
        pid: int | None = None
        try:
            pid = site.fork(request["kind"])
        except OSError as error:
            _tell_failure(error, tell)
        if pid == 0:
            status = NOT_SET_UP
            try:
                control.close()
                os.close(told)
                status = _child(jobs[request["kind"]], request, list(descriptors), tell, scratch, site)
            except BaseException as error:  # noqa: BLE001 - the set-up itself failed, and the parent has to know
                _tell_failure(error, tell)
            finally:
                os._exit(status)
        for one in (*descriptors, tell):
            os.close(one)
        report = _NEVER_RAN if pid is None else supervise(pid, Limits(**request["limits"]), control)
        site.clear(scratch)
        if report is None:
            return
        control.send(json.dumps({**report, **_set_up(told)}).encode())


def _tell_failure(error: BaseException, tell: int) -> None:
    """Say why the walls could not be put up, on whichever number the descriptor has by now."""
    said = json.dumps({"error": f"{type(error).__name__}: {error}"[:400]}).encode()
    for descriptor in (tell, confine.SET_UP):
        try:
            os.write(descriptor, said)
        except OSError:
            continue
        return


def _set_up(told: int) -> dict[str, Any]:
    """Return what a child said of its set-up: `active` walls, or its `error`."""
    try:
        os.set_blocking(told, False)
        said = os.read(told, 4096)
    except BlockingIOError:
        said = b""
    finally:
        os.close(told)
    found: dict[str, Any] = json.loads(said) if said else {"error": "it ended before its walls stood"}
    return found


def main(arguments: list[str]) -> None:
    """Serve jobs on an inherited socket (`--control FD`), or one job on the standard streams (`--spare`)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--control", type=int)
    parser.add_argument("--spare", action="store_true")
    parser.add_argument("--folder")
    parser.add_argument("--walls", type=json.loads)
    parser.add_argument("--jobs", type=json.loads, default={})
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--warm", action="store_true")
    parser.add_argument("--pages", action="store_true")
    options = parser.parse_args(arguments)
    gc.disable()  # what is imported stays: looking through it for garbage takes a fifth of the start
    if options.spare:
        _serve_one(options.folder, options.jobs if options.bare else None, warm=options.warm)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it closes the control socket
    confine.wake_with_parent()
    confine.adopt_orphans()
    control = socket.socket(fileno=options.control)
    walls = None if options.walls is None else Walls.from_json(options.walls)
    site = Site(options.folder, None, None) if walls is None else Site(None, walls, inside.Programs.load())
    jobs = bare_jobs(options.jobs) if options.bare else load_jobs(options.jobs)
    if options.warm:
        warm_up()
    if options.pages:
        importlib.import_module(JOBS["render"]).get_ready()
    if walls is not None:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    gc.collect()
    gc.freeze()
    gc.enable()
    control.send(b"ready")
    serve(control, jobs, site)
    if options.folder is not None:
        remove(options.folder)  # the parent does it too, if it still lives


def _serve_one(folder: str, bare: dict[str, str] | None, *, warm: bool) -> None:
    """Serve one job: its header and payload on stdin, frames on stdout; prints go to stderr. `bare`: without torch."""
    results = os.dup(1)
    os.dup2(2, 1)
    jobs = load_jobs() if bare is None else bare_jobs(bare)
    if warm:
        warm_up()
    gc.enable()
    source = sys.stdin.buffer
    length = int.from_bytes(source.read(8), "little")
    if not length:
        return
    request = json.loads(source.read(length))
    payload = source.read(request["payload"])
    os.chdir(folder)
    with contextlib.suppress(ImportError, ValueError, OSError):
        confine.set_limits(Limits(**request["limits"]))
    status = run_job(jobs[request["kind"]], payload, Channel(results))
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1:])
