"""Optimisers belong to training, which does not happen here: whatever they are given, they can be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def install_optimisers() -> None:
    """Let making an optimiser or a scheduler never stop the function that builds the model beside it.

    def build_model(lr=None):
        model = Net()
        return model, torch.optim.Adam(model.parameters(), lr=lr)
    """
    for package in (torch.optim, torch.optim.lr_scheduler):
        for made in vars(package).values():
            if (
                isinstance(made, type)
                and made.__module__.startswith("torch.optim")
                and made is not torch.optim.Optimizer
            ):
                made.__init__ = _lenient(made.__init__)  # type: ignore[misc]


def _lenient(original: Callable[..., None]) -> Callable[..., None]:
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            original(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - a rate of None, weights of another kind: none of it is about the model
            self.not_made = str(error)

    return made
