"""Run a job in a process of its own, so that what ends the process ends neither the test nor the tests after it."""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grader.sandbox.confine import virtual_memory
from grader.sandbox.protocol import Channel, FrameReader, Kind

Job = Callable[[dict[str, Any], dict[str, bytes], Channel], None]

MEMORY = 2 * 2**30
"""Bytes that a process may have on top of what it begins with."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended.

    Attributes:
        answer: of the job; None when the process died before.
        reached: number of the last call that was begun.
        how: name of the signal that ended it, or its exit code.
    """

    answer: dict[str, Any] | None
    reached: int | None
    how: str


def in_a_child(job: Job, arguments: dict[str, Any], memory: int = MEMORY) -> Ended:
    """Run `job`, which prints `call N` before each of its calls."""
    incoming, outgoing = os.pipe()
    with tempfile.TemporaryFile() as said:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python's for a fork beside other threads
            child = os.fork()
        if child == 0:
            _child(job, arguments, outgoing, said.fileno(), memory)
        os.close(outgoing)
        reader = FrameReader()
        while data := os.read(incoming, 65_536):
            reader.feed(data)
        os.close(incoming)
        _, status = os.waitpid(child, 0)
        said.seek(0)
        lines = [line.split() for line in said.read().decode().splitlines() if line.startswith("call ")]
    answer = json.loads(reader.frames[Kind.RESULT]) if Kind.RESULT in reader.frames else None
    code = os.waitstatus_to_exitcode(status)
    return Ended(
        answer, int(lines[-1][1]) if lines else None, signal.Signals(-code).name if code < 0 else f"exit {code}"
    )


def _child(job: Job, arguments: dict[str, Any], outgoing: int, said: int, memory: int) -> None:
    """Bound this process, run the job and end."""
    code = 1
    try:
        faulthandler.disable()
        warnings.simplefilter("ignore")
        os.dup2(said, 1)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - it ends with the process
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (virtual_memory()[1] + memory,) * 2)
        job(arguments, {}, Channel(outgoing))
        code = 0
    except BaseException:  # noqa: BLE001 - the process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(code)
