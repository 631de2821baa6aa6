"""Memory between passes: counters, caches, running statistics, and layers made on the way."""

# mypy: disable-error-code="no-any-return"

import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet, inner_convolution


def channel_means(features: Tensor) -> Tensor:
    """Return the mean of each channel over batch and map, cut off from the gradient."""
    return features.mean((0, 2, 3)).detach()


class PassCounter(SmallNet):
    """A Python number counts the passes and scales the features, also in evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.passes = 0

    def middle(self, features: Tensor) -> Tensor:
        self.passes += 1
        return features * (1.0 / self.passes)


class RunningMeanInPlace(SmallNet):
    """A buffer of running means is changed in place under `no_grad`, as batch norm does it."""

    means: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(8))

    def middle(self, features: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                self.means.mul_(0.9).add_(features.mean((0, 2, 3)), alpha=0.1)
        return features - self.means.view(1, -1, 1, 1)


class RunningMeanAssigned(SmallNet):
    """A buffer of running means is replaced by a new tensor on every training pass."""

    means: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(8))

    def middle(self, features: Tensor) -> Tensor:
        if self.training:
            self.means = 0.9 * self.means + 0.1 * channel_means(features)
        return features - self.means.view(1, -1, 1, 1)


class RunningMeanAttribute(SmallNet):
    """Running means live in a plain attribute, outside the state dict, and are replaced on every training pass."""

    def __init__(self) -> None:
        super().__init__()
        self.means = torch.zeros(8)

    def middle(self, features: Tensor) -> Tensor:
        if self.training:
            self.means = 0.9 * self.means + 0.1 * channel_means(features)
        return features - self.means.view(1, -1, 1, 1)


class RunningMeanAttributeInPlace(SmallNet):
    """Running means live in a plain attribute, outside the state dict, and are changed in place."""

    def __init__(self) -> None:
        super().__init__()
        self.means = torch.zeros(8)

    def middle(self, features: Tensor) -> Tensor:
        if self.training:
            self.means.mul_(0.9).add_(channel_means(features), alpha=0.1)
        return features - self.means.view(1, -1, 1, 1)


class CachedConstant(SmallNet):
    """The first pass draws a random tensor and every later one adds it."""

    def __init__(self) -> None:
        super().__init__()
        self.position: Tensor | None = None

    def middle(self, features: Tensor) -> Tensor:
        if self.position is None:
            self.position = torch.randn(1, 8, 32, 32)
        return features + self.position


class LateParameter(SmallNet):
    """A parameter appears in the first pass, after the optimiser has been made."""

    def middle(self, features: Tensor) -> Tensor:
        if not hasattr(self, "scale"):
            self.scale = nn.Parameter(torch.randn(8))
        return features * self.scale.view(1, -1, 1, 1)


class LayerInForward(SmallNet):
    """Every pass makes a new convolution with new random weights."""

    def middle(self, features: Tensor) -> Tensor:
        return nn.Conv2d(8, 8, 3, padding=1)(features)


class LayerInForwardOnce(SmallNet):
    """The first pass makes a convolution and keeps it."""

    def middle(self, features: Tensor) -> Tensor:
        if not hasattr(self, "late"):
            self.late = inner_convolution()
        return self.late(features)


class LazyLayers(nn.Module):
    """Lazy layers have neither shape nor numbers before the first pass."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.LazyConv2d(8, 3)
        self.norm = nn.LazyBatchNorm2d()
        self.dense = nn.LazyLinear(5)

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.relu(self.norm(self.conv(pictures)))
        return self.dense(functional.max_pool2d(features, 4).flatten(1))


class LazyLayerNeverCalled(SmallNet):
    """A lazy layer is never called, so that counting the parameters raises even after a pass."""

    # sum(p.numel() for p in parameters()): ValueError, "Attempted to use an uninitialized parameter".

    def __init__(self) -> None:
        super().__init__()
        self.forgotten = nn.LazyLinear(5)


MODELS: dict[str, Builder] = {
    "pass_counter": PassCounter,
    "running_mean_in_place": RunningMeanInPlace,
    "running_mean_assigned": RunningMeanAssigned,
    "running_mean_attribute": RunningMeanAttribute,
    "running_mean_attribute_in_place": RunningMeanAttributeInPlace,
    "cached_constant": CachedConstant,
    "late_parameter": LateParameter,
    "layer_in_forward": LayerInForward,
    "layer_in_forward_once": LayerInForwardOnce,
    "lazy_layers": LazyLayers,
    "lazy_layer_never_called": LazyLayerNeverCalled,
}
