"""A model object that no line of the notebook makes: captured here in the kernel, as it is, and not in the sandbox.

The grader never sees such an object, only what the notebook's code makes; whoever shows the report has to say so.
"""

from __future__ import annotations

import copy
import time
import warnings
from typing import TYPE_CHECKING, Any

from grader.sandbox.outcome import Done
from grader.sandbox.protocol import Channel, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.sandbox.launch import Worker
    from grader.sandbox.outcome import Files, Listen
    from grader.sandbox.protocol import Limits


class _Kept(Channel):
    """Keeps the frames of a job in this process."""

    def __init__(self) -> None:
        """Begin with none."""
        self.frames: dict[Kind, bytes] = {}

    def _send(self, kind: Kind, payload: bytes) -> None:
        self.frames[kind] = payload


class CapturedHere:
    """A worker whose captures are of one object in this process; everything else goes to the worker below."""

    def __init__(self, below: Worker, model: Any, cells: Mapping[str, tuple[str, int | None]]) -> None:
        """Take the worker for everything else, and a `torch.nn.Module`, of which a copy is captured on the CPU.

        `cells` are the names under which the notebook's cells are compiled, each with file and number.
        """
        self._below, self._model, self._cells = below, model, cells

    def run(
        self,
        kind: str,
        arguments: Mapping[str, Any],
        blobs: Mapping[str, bytes],
        limits: Limits,
        listen: Listen | None = None,
        files: Files | None = None,
    ) -> Done:
        """Run a job to its end."""
        if kind != "capture":
            return self._below.run(kind, arguments, blobs, limits, listen, files)
        started = time.monotonic()
        return Done(self._captured(dict(arguments)), None, "", time.monotonic() - started, None)

    def interrupt(self) -> None:
        """End the job that runs below."""
        self._below.interrupt()

    def abandon(self) -> None:
        """End the job that runs below; the next one is run."""
        self._below.abandon()

    def stop(self) -> None:
        """End the worker below."""
        self._below.stop()

    def _captured(self, arguments: dict[str, Any]) -> Mapping[Kind, bytes]:
        import torch

        from grader.sandbox.capture import Task, capture_object
        from grader.sandbox.network import Places

        kept = _Kept()
        task = Task(**{**arguments, "shape": tuple(arguments["shape"])})
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            capture_object(copy.deepcopy(self._model).cpu(), task, kept, Places(self._cells))
        return kept.frames
