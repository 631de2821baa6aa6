"""Lightning as far as a network needs it: modules with hyperparameters, and nothing that trains."""

from __future__ import annotations

import argparse
import inspect
import random
import sys
import types
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch

from grader.sandbox.standins.settings import Settings


class Hyperparameters:
    """`save_hyperparameters()` and `self.hparams`."""

    @property
    def hparams(self) -> Settings:
        """Return what was saved; entries can be read as attributes and as items."""
        return vars(self).setdefault("_hparams", Settings())  # type: ignore[no-any-return]

    @hparams.setter
    def hparams(self, values: Any) -> None:
        """Save settings as a whole, as old notebooks do."""
        self.save_hyperparameters(values)

    @property
    def hparams_initial(self) -> Settings:
        """Return a copy of what was saved."""
        return Settings(self.hparams)

    def save_hyperparameters(
        self, *chosen: Any, ignore: Any = (), frame: types.FrameType | None = None, logger: bool = True
    ) -> None:
        """Save the arguments of the `__init__` that calls this, and of those that called it; or what is given.

        save_hyperparameters()         save_hyperparameters("width", "rate")          save_hyperparameters(config)
        """
        arguments = _arguments(self, frame or sys._getframe(1))
        if any(not isinstance(one, str) for one in chosen):
            for one in chosen:
                found = vars(one) if isinstance(one, argparse.Namespace) else one
                self.hparams.update(found if isinstance(found, Mapping) else _named(found, arguments))
            return
        left_out = {ignore} if isinstance(ignore, str) else set(ignore or ())
        names = set(chosen or arguments) - left_out
        self.hparams.update({name: value for name, value in arguments.items() if name in names})


def _named(value: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in arguments.items() if one is value}


def _arguments(owner: object, frame: types.FrameType | None) -> dict[str, Any]:
    """Return the arguments of the constructors of `owner` that run, the outermost's last."""
    found: dict[str, Any] = {}
    while frame is not None:
        names, _, keywords, values = inspect.getargvalues(frame)
        if not names or values.get(names[0]) is not owner:
            break
        found.update({name: values[name] for name in names[1:] if name in values})
        found.update(values.get(keywords, {}) if keywords else {})
        frame = frame.f_back
    return found


class LightningModule(Hyperparameters, torch.nn.Module):
    """A module that logs nothing and trains nothing."""

    automatic_optimization = True
    current_epoch = global_step = local_rank = global_rank = 0
    example_input_array: Any = None
    logger: Any = None
    loggers: tuple[Any, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take any arguments."""
        super().__init__()

    device = property(lambda self: torch.device("cpu"))
    dtype = property(lambda self: torch.get_default_dtype())

    @property
    def trainer(self) -> Any:
        """Return what a Trainer says of itself before it trains, or what was put here."""
        return vars(self).setdefault("_trainer", _Trainer())

    @trainer.setter
    def trainer(self, trainer: Any) -> None:
        """Keep another trainer."""
        vars(self)["_trainer"] = trainer

    def log(self, *args: Any, **kwargs: Any) -> None:
        """Log nothing."""

    log_dict = print = manual_backward = toggle_optimizer = untoggle_optimizer = log

    def optimizers(self, *args: Any, **kwargs: Any) -> Any:
        """Return no optimiser."""
        return []

    lr_schedulers = optimizers

    def freeze(self) -> None:
        """Take every parameter out of the training."""
        self.requires_grad_(requires_grad=False)
        self.eval()

    def unfreeze(self) -> None:
        """Take every parameter into the training."""
        self.requires_grad_()
        self.train()

    def all_gather(self, data: Any, *args: Any, **kwargs: Any) -> Any:
        """Return what there is on this one machine."""
        return data

    def training_step(self, *args: Any, **kwargs: Any) -> Any:
        """Train nothing; as validating, testing and the hooks around them, for classes that call `super()`."""

    validation_step = test_step = predict_step = configure_optimizers = setup = prepare_data = training_step
    on_train_start = on_train_end = on_fit_start = on_fit_end = training_step
    on_train_epoch_start = on_train_epoch_end = on_validation_epoch_start = on_validation_epoch_end = training_step

    @classmethod
    def load_from_checkpoint(cls, checkpoint_path: Any = None, *args: Any, **kwargs: Any) -> Self:
        """Make the network anew with the settings of the checkpoint and the given ones, and load its weights.

        A checkpoint that was not handed in is skipped as any file of weights.
        """
        saved = torch.load(checkpoint_path)
        settings = saved.get("hyper_parameters", {}) if isinstance(saved, Mapping) else {}
        accepted = {"map_location", "hparams_file", "strict", "weights_only"}
        given = {name: value for name, value in kwargs.items() if name not in accepted}
        network = cls(**{**settings, **given})
        network.load_state_dict(saved["state_dict"])
        return network


class _Trainer:
    """What `self.trainer` is asked for."""

    current_epoch = global_step = global_rank = 0
    max_epochs = num_devices = world_size = 1
    is_global_zero = True
    sanity_checking = training = testing = validating = predicting = False
    estimated_stepping_batches = 1000
    datamodule = logger = None


class LightningDataModule(Hyperparameters):
    """A data module that prepares nothing by itself."""

    trainer: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take any arguments."""
        super().__init__()

    def prepare_data(self) -> None:
        """Prepare nothing."""

    def setup(self, stage: str | None = None) -> None:
        """Prepare nothing."""


class Callback:
    """Base of what is called during training, which there is none of here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take any arguments."""


def seed_everything(seed: int | None = None, *args: Any, **kwargs: Any) -> int:
    """Seed torch, Python and numpy, as Lightning does."""
    chosen = int(seed or 0)
    random.seed(chosen)
    np.random.seed(chosen)  # noqa: NPY002 - what the student's code seeds
    torch.manual_seed(chosen)
    return chosen


class PyTorchModelHubMixin:
    """huggingface_hub's mixin: what it fetches is made anew."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Take any keywords."""
        super().__init_subclass__()

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> Self:
        """Make the network with the given settings, and skip its weights as any that would be fetched."""
        network = cls(**kwargs)
        where = str(args[0] if args else "the hub")
        network.load_state_dict(torch.hub.load_state_dict_from_url(where))  # type: ignore[attr-defined]
        return network

    def save_pretrained(self, *args: Any, **kwargs: Any) -> None:
        """Save nothing."""

    push_to_hub = save_pretrained


NAMES: dict[str, Any] = {
    "LightningModule": LightningModule,
    "LightningDataModule": LightningDataModule,
    "Callback": Callback,
    "seed_everything": seed_everything,
    "data_loader": lambda function: function,
}
