"""Saved weights: files that were handed in are loaded, as weights alone; others are skipped, and it is said.

    model.load_state_dict(torch.load("best.pt", map_location="cuda"))

Nothing is fetched, and no pickle of anything but weights is opened: it could run what it likes.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import safetensors.torch
import torch
import torch.utils.model_zoo

from grader.intake.listing import WEIGHTS
from grader.records import Repair
from grader.sandbox.standins.missing import Missing
from grader.sandbox.standins.origin import Origin


class Weights:
    """The files of weights of a submission, and what came of loading them."""

    def __init__(self, files: Mapping[str, bytes], repairs: list[Repair]) -> None:
        """Serve `files`, by path within the submission; say in `repairs` what was skipped."""
        self._files, self._repairs = files, repairs
        self._load: Callable[..., Any] = torch.load
        self._skipped = False

    def load(self, f: Any, *args: Any, **kwargs: Any) -> Any:
        """Stand for `torch.load`: the weights in a file that was handed in, else a stand-in."""
        if hasattr(f, "read"):
            return self._opened(f, "a file")
        path = os.fspath(f) if isinstance(f, (str, os.PathLike)) else str(f)
        blob = self.find(path)
        if blob is None:
            return self.absent(path)
        return self._opened(io.BytesIO(blob), path)

    def _opened(self, stream: Any, name: str) -> Any:
        try:
            return self._load(stream, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError):
            return self._closed(name)

    def load_file(self, filename: Any, *args: Any, **kwargs: Any) -> Any:
        """Stand for `safetensors.torch.load_file`."""
        path = os.fspath(filename)
        blob = self.find(path)
        if blob is None:
            return self.absent(path)
        try:
            return safetensors.torch.load(blob)
        except safetensors.SafetensorError:
            return self._closed(path)

    def _closed(self, name: str) -> Missing:
        self._say(f"{name} was skipped: it is damaged or holds more than weights, and the grader opens weights alone.")
        return Missing(name, _origin("pickle", name))

    def find(self, path: str) -> bytes | None:
        """Return the file at a path, or the one of that name: the path was another machine's."""
        wanted = PurePosixPath(path.replace("\\", "/"))
        whole = [name for name in self._files if PurePosixPath(name) == wanted]
        named = whole or [name for name in self._files if PurePosixPath(name).name == wanted.name]
        return self._files[named[0]] if len(named) == 1 else None

    def absent(self, path: str) -> Missing:
        """Return what stands for a file that was not handed in."""
        self._say(f"{path} was not handed in: its weights were skipped, and the network starts as it was made.")
        return Missing(path, _origin("file", path))

    def fetched(self, what: str, *args: Any, **kwargs: Any) -> Missing:
        """Return what stands for weights of the internet."""
        self._say(f"The weights at {what} were skipped: the grader fetches nothing.")
        return Missing(str(what), _origin("file", str(what)))

    def hub(self, repository: str, model: str = "", *args: Any, **kwargs: Any) -> Missing:
        """Stand for `torch.hub.load`: a network of the internet, which cannot be made up."""
        name = f"torch.hub.load({repository}, {model})"
        return Missing(name, _origin("network", name))

    def take(self, original: Callable[..., Any], module: Any, state: Any, *args: Any, **kwargs: Any) -> Any:
        """Stand for `load_state_dict`, which skips what was not here, and what was made of it."""
        whole = isinstance(state, Mapping)
        if isinstance(state, Missing) or (whole and any(isinstance(one, Missing) for one in state.values())):
            return torch.nn.modules.module._IncompatibleKeys([], [])
        if whole and not state and self._skipped:
            return torch.nn.modules.module._IncompatibleKeys([], [])
        return original(module, state, *args, **kwargs)

    def _say(self, message: str) -> None:
        self._skipped = True
        said = Repair("weights", message[:300])
        if said not in self._repairs:
            self._repairs.append(said)


def install_weights(files: Mapping[str, bytes], repairs: list[Repair]) -> None:
    """Let the student's code load weights from `files`, the submission's own, and from nowhere else."""
    weights = Weights({name: blob for name, blob in files.items() if name.lower().endswith(WEIGHTS)}, repairs)
    for owner in (torch.nn.Module, torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler):
        owner.load_state_dict = _taking(weights, owner.load_state_dict)  # type: ignore[method-assign]
    replaced: list[tuple[Any, str, Callable[..., Any]]] = [
        (torch, "load", weights.load),
        (torch.jit, "load", weights.load),
        (torch.hub, "load", weights.hub),
        (torch.hub, "load_state_dict_from_url", weights.fetched),
        (torch.hub, "download_url_to_file", lambda url, dst, *args, **kwargs: None),
        (torch.utils.model_zoo, "load_url", weights.fetched),
        (torch.serialization, "add_safe_globals", lambda safe_globals: None),
        (torch.serialization, "safe_globals", lambda safe_globals: contextlib.nullcontext()),
        (safetensors.torch, "load_file", weights.load_file),
    ]
    for module, name, stand_in in replaced:
        setattr(module, name, stand_in)


def _taking(weights: Weights, original: Callable[..., Any]) -> Callable[..., Any]:
    def load_state_dict(self: Any, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        return weights.take(original, self, state_dict, *args, **kwargs)

    return load_state_dict


def _origin(kind: str, name: str) -> Origin:
    """Return the origin of one file or network, whose parts are stand-ins like it."""
    origin = Origin(kind, name, lambda part: Missing(part, origin))
    return origin
