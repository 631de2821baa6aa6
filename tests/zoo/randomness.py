"""Chance in forward: torch's generators, Python's, NumPy's, and layers that forget to stop."""

# mypy: disable-error-code="no-any-return"

import random
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet, inner_convolution


class DropoutFamily(SmallNet):
    """Four kinds of dropout in a row: single numbers, whole channels, and both in the alpha variant."""

    def __init__(self) -> None:
        super().__init__()
        self.single = nn.Dropout(0.3)
        self.channels = nn.Dropout2d(0.2)
        self.alpha = nn.AlphaDropout(0.1)
        self.alpha_channels = nn.FeatureAlphaDropout(0.1)

    def middle(self, features: Tensor) -> Tensor:
        return self.alpha_channels(self.alpha(self.channels(self.single(features))))


class DropoutWhileTesting(SmallNet):
    """`functional.dropout` without `self.training` stays on in evaluation."""

    def middle(self, features: Tensor) -> Tensor:
        return functional.dropout(features, 0.5)


class DropoutNeverOn(SmallNet):
    """An overridden `train()` keeps the whole network in evaluation mode, so that the dropout never works."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def train(self, mode: bool = True) -> Self:
        del mode
        return super().train(False)

    def middle(self, features: Tensor) -> Tensor:
        return self.drop(features)


class RandomisedRelu(SmallNet):
    """RReLU draws its slope for each number while training and takes the mean slope in evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.activation = nn.RReLU()

    def middle(self, features: Tensor) -> Tensor:
        return self.activation(features - 0.3)


class PythonCoin(SmallNet):
    """Python's `random` decides in training whether a layer is skipped, which a graph freezes."""

    def __init__(self) -> None:
        super().__init__()
        self.extra = inner_convolution()

    def middle(self, features: Tensor) -> Tensor:
        if self.training and random.random() < 0.5:
            return features
        return features + self.extra(features)


class TorchCoin(SmallNet):
    """A random tensor's `.item()` decides in training whether a layer is skipped."""

    def __init__(self) -> None:
        super().__init__()
        self.extra = inner_convolution()

    def middle(self, features: Tensor) -> Tensor:
        if self.training and torch.rand(1).item() < 0.5:
            return features
        return features + self.extra(features)


class StochasticDepth(SmallNet):
    """Each picture of a training batch keeps or loses the residual branch, drawn in place on a new tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.extra = inner_convolution()

    def middle(self, features: Tensor) -> Tensor:
        if not self.training:
            return features + self.extra(features)
        keep = 0.8
        mask = features.new_empty((features.shape[0], 1, 1, 1)).bernoulli_(keep)
        return features + self.extra(features) * mask / keep


class NumpyNoise(SmallNet):
    """NumPy draws one number per pass, in both modes, out of sight of torch's seed."""

    def middle(self, features: Tensor) -> Tensor:
        return features + float(np.random.randn())  # noqa: NPY002 - the global generator is the oddity


class NoiseWhileTraining(SmallNet):
    """Gaussian noise as a regulariser, off in evaluation as it should be."""

    def middle(self, features: Tensor) -> Tensor:
        return features + torch.randn_like(features) * 0.1 if self.training else features


class NoiseAlways(SmallNet):
    """Noise of the batch's size in both modes, part of it drawn and then drawn over in place."""

    def middle(self, features: Tensor) -> Tensor:
        everywhere = torch.randn(features.size(), device=features.device) * 0.1
        by_channel = torch.rand(features.size(0), 8, 1, 1).normal_(0, 0.1)
        return features + everywhere + by_channel


class ReseedsInForward(SmallNet):
    """Every pass sets torch's global seed, so that the noise and all later chance repeats."""

    def middle(self, features: Tensor) -> Tensor:
        torch.manual_seed(0)
        return features + torch.randn_like(features)


class OwnGenerator(SmallNet):
    """The noise comes from a generator object made in forward, which no graph can carry."""

    def middle(self, features: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return features + torch.randn(features.shape[0], 8, 32, 32, generator=generator)


MODELS: dict[str, Builder] = {
    "dropout_family": DropoutFamily,
    "dropout_while_testing": DropoutWhileTesting,
    "dropout_never_on": DropoutNeverOn,
    "randomised_relu": RandomisedRelu,
    "python_coin": PythonCoin,
    "torch_coin": TorchCoin,
    "stochastic_depth": StochasticDepth,
    "numpy_noise": NumpyNoise,
    "noise_while_training": NoiseWhileTraining,
    "noise_always": NoiseAlways,
    "reseeds_in_forward": ReseedsInForward,
    "own_generator": OwnGenerator,
}
