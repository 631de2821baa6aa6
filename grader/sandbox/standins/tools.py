"""Stand-ins of small tools that student code runs through: progress bars, metrics and other devices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Any, Self

import torch

from grader.sandbox.standins.origin import NotHereError


class Progress:
    """A progress bar that passes its iterable through and shows nothing."""

    def __init__(self, iterable: Iterable[Any] = (), *args: Any, **kwargs: Any) -> None:
        """Take what tqdm takes."""
        self.iterable = iterable
        self.total = kwargs.get("total")
        self.n = 0

    def __iter__(self) -> Iterator[Any]:
        """Iterate over what it was given."""
        return iter(self.iterable)

    def __len__(self) -> int:
        """Return how much it was given."""
        return len(self.iterable) if isinstance(self.iterable, Sized) else int(self.total or 0)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Let exceptions through."""

    def __getattr__(self, name: str) -> Any:
        """Return a method that does nothing: `set_postfix`, `update`, `close`."""
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None

    @classmethod
    def write(cls, *args: Any, **kwargs: Any) -> None:
        """Write nothing."""

    @classmethod
    def pandas(cls, *args: Any, **kwargs: Any) -> None:
        """Prepare nothing."""


def numbers(*bounds: int, **kwargs: Any) -> Progress:
    """Stand for `tqdm.trange`."""
    return Progress(range(*bounds))


class Metric(torch.nn.Module):
    """A metric of torchmetrics: a module that a network may hold, and no layer. It measures nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take any arguments."""
        super().__init__()

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """Return 0 for predictions and labels; refuse to be a layer."""
        if len(args) + len(kwargs) == 1:
            raise NotHereError(f"torchmetrics is not installed, and {type(self).__name__} is a metric, not a layer")
        return torch.zeros(())

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take nothing in."""

    def compute(self) -> torch.Tensor:
        """Return 0."""
        return torch.zeros(())

    def reset(self) -> None:
        """Forget nothing."""

    def clone(self, *args: Any, **kwargs: Any) -> Metric:
        """Return another one."""
        return Metric()


def metric(name: str) -> type[Metric]:
    """Return the stand-in for a metric's class."""
    return type(name, (Metric,), {})


def processor(*args: Any, **kwargs: Any) -> torch.device:
    """Stand for `xm.xla_device()` and `torch_directml.device()`."""
    return torch.device("cpu")
