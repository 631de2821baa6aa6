"""Weights that are computed from other tensors on every pass."""

# mypy: disable-error-code="no-any-return"

import warnings

from torch import Tensor, nn
from torch.nn.utils import parametrizations, spectral_norm, weight_norm

from .base import Builder, SmallNet, inner_convolution


class WithInnerLayer(SmallNet):
    """Put one given layer, which keeps (N, 8, 32, 32), into the middle."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def middle(self, features: Tensor) -> Tensor:
        return self.inner(features)


def weight_norm_by_hook() -> nn.Module:
    """Build with the old `weight_norm`, which recomputes the weight in a forward-pre-hook and is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return WithInnerLayer(weight_norm(inner_convolution()))


def weight_norm_parametrised() -> nn.Module:
    """Build with the new weight norm, which hides the parameters under `parametrizations`."""
    return WithInnerLayer(parametrizations.weight_norm(inner_convolution()))


def spectral_norm_by_hook() -> nn.Module:
    """Build with the old `spectral_norm`, which takes a step of power iteration in each training pass."""
    return WithInnerLayer(spectral_norm(inner_convolution()))


def spectral_norm_parametrised() -> nn.Module:
    """Build with the new spectral norm, whose power iteration changes buffers under `no_grad`."""
    return WithInnerLayer(parametrizations.spectral_norm(inner_convolution()))


def orthogonal_dense() -> nn.Module:
    """Build a dense layer over the map's last axis that a matrix exponential keeps orthogonal."""
    return WithInnerLayer(parametrizations.orthogonal(nn.Linear(32, 32)))


MODELS: dict[str, Builder] = {
    "weight_norm_by_hook": weight_norm_by_hook,
    "weight_norm_parametrised": weight_norm_parametrised,
    "spectral_norm_by_hook": spectral_norm_by_hook,
    "spectral_norm_parametrised": spectral_norm_parametrised,
    "orthogonal_dense": orthogonal_dense,
}
