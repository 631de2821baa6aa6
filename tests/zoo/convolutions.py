"""Convolutions with every setting that changes how they are written down."""

# mypy: disable-error-code="no-any-return"

import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet


class WithConvolution(SmallNet):
    """Put one given convolution, 8 channels to 8, into the middle."""

    def __init__(self, convolution: nn.Module) -> None:
        super().__init__()
        self.convolution = convolution

    def middle(self, features: Tensor) -> Tensor:
        return self.convolution(features)


def depthwise_same() -> nn.Module:
    """Build a depthwise convolution whose padding is the word `same`."""
    return WithConvolution(nn.Conv2d(8, 8, 3, padding="same", groups=8))


def dilated_groups() -> nn.Module:
    """Build a convolution in two groups that looks at every second pixel."""
    return WithConvolution(nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=2))


def reflect_padding() -> nn.Module:
    """Build a convolution that mirrors the border, which is a padding of its own before it."""
    return WithConvolution(nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect"))


def circular_padding() -> nn.Module:
    """Build a convolution that wraps around the border, with the word `same`."""
    return WithConvolution(nn.Conv2d(8, 8, 3, padding="same", padding_mode="circular"))


def uneven_same_kernel() -> nn.Module:
    """Build a dilated 4x2 kernel with padding `same`, which needs more padding on one side."""
    return WithConvolution(nn.Conv2d(8, 8, (4, 2), padding="same", dilation=2))


def transposed_then_pooled() -> nn.Module:
    """Build a transposed convolution that doubles the map and an average pooling that halves it."""
    return WithConvolution(nn.Sequential(nn.ConvTranspose2d(8, 8, 2, stride=2), nn.AvgPool2d(2)))


class AllKinds(SmallNet):
    """All of these convolutions one after the other, without any activation between them."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(8, 8, 3, padding="same", groups=8)
        self.dilated = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=2)
        self.transposed = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.reflecting = nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect")
        self.circular = nn.Conv2d(8, 8, 3, padding="same", padding_mode="circular")
        self.uneven = nn.Conv2d(8, 8, (4, 2), padding="same", dilation=2)

    def middle(self, features: Tensor) -> Tensor:
        features = self.transposed(self.dilated(self.depthwise(features)))
        features = self.reflecting(functional.avg_pool2d(features, 2))
        return self.uneven(self.circular(features))


class WeightsWithoutLayer(SmallNet):
    """The kernel is a bare parameter and the convolution a function call."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(8, 8, 3, 3) * 0.1)

    def middle(self, features: Tensor) -> Tensor:
        return functional.conv2d(features, self.kernel, padding=1)


class ConvolutionOverRows(nn.Module):
    """A 1-d convolution reads the picture as 96 channels of one row of 32 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(96, 16, 3)
        self.dense = nn.Linear(16 * 15, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        rows = functional.relu(self.conv(pictures.flatten(1, 2)))
        return self.dense(functional.max_pool1d(rows, 2).flatten(1))


class ConvolutionOverColours(nn.Module):
    """A 3-d convolution treats the colours as a third direction."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(1, 8, (3, 3, 3))
        self.dense = nn.Linear(8 * 15 * 15, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        maps = functional.relu(self.conv(pictures.unsqueeze(1)))
        return self.dense(functional.max_pool3d(maps, (1, 2, 2)).flatten(1))


MODELS: dict[str, Builder] = {
    "depthwise_same": depthwise_same,
    "dilated_groups": dilated_groups,
    "reflect_padding": reflect_padding,
    "circular_padding": circular_padding,
    "uneven_same_kernel": uneven_same_kernel,
    "transposed_then_pooled": transposed_then_pooled,
    "all_kinds_of_convolution": AllKinds,
    "weights_without_layer": WeightsWithoutLayer,
    "convolution_over_rows": ConvolutionOverRows,
    "convolution_over_colours": ConvolutionOverColours,
}
