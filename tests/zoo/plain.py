"""Ordinary student networks as `nn.Sequential`: nothing here may trouble the grader."""

from collections import OrderedDict

from torch import nn

from .base import Builder, SmallNet


def lenet() -> nn.Module:
    """Build LeNet-5 as for MNIST, with tanh and average pooling, for three colours."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120),
        nn.Tanh(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, 5),
    )


def vgg_like() -> nn.Module:
    """Build pairs of 3x3 convolutions, written by a loop over a list of widths."""
    layers: list[nn.Module] = []
    channels = 3
    for width in (8, 8, "pool", 16, 16, "pool", 32, "pool"):
        if isinstance(width, int):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            channels = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 4 * 4, 32), nn.ReLU(inplace=True), nn.Linear(32, 5))


def _small(activation: nn.Module, *end: nn.Module, norm: nn.Module | None = None) -> nn.Sequential:
    """Build conv, norm, activation, pool, flatten, dense and whatever shall stand at the end."""
    between = [norm] if norm else []
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), *between, activation, nn.MaxPool2d(3), nn.Flatten(), nn.Linear(8 * 10 * 10, 5), *end
    )


def named_layers() -> nn.Module:
    """Build from an OrderedDict, so that layers have names in place of numbers."""
    layers = {"conv": nn.Conv2d(3, 8, 3), "relu": nn.ReLU(), "pool": nn.MaxPool2d(3), "flat": nn.Flatten()}
    return nn.Sequential(OrderedDict({**layers, "dense": nn.Linear(8 * 10 * 10, 5)}))


def fully_convolutional() -> nn.Module:
    """Build without any dense layer: a last convolution with five channels and a mean over the map."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )


def global_average_pool() -> nn.Module:
    """Build with a global average in place of a large flatten."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d((1, 1)),
        nn.Flatten(),
        nn.Linear(32, 5),
    )


def adaptive_max_pool() -> nn.Module:
    """Build with an adaptive max pooling to 3x3, which 30 pixels divide into evenly."""
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(3), nn.Flatten(), nn.Linear(72, 5))


def adaptive_pool_uneven() -> nn.Module:
    """Build with an adaptive average pooling of 30 pixels to 7x4, whose windows overlap."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d((7, 4)), nn.Flatten(), nn.Linear(8 * 28, 5)
    )


def lazy_linear() -> nn.Module:
    """Build with a LazyLinear after the flatten, so that nobody has to compute in_features."""
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.LazyLinear(5))


def depthwise_separable() -> nn.Module:
    """Build MobileNet's pair of a depthwise and a 1x1 convolution."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.ReLU6(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.ReLU6(),
        nn.Conv2d(8, 16, 1),
        nn.Hardswish(),
        nn.MaxPool2d(4),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, 5),
    )


def dilated() -> nn.Module:
    """Build with convolutions that skip pixels."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, dilation=2),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, dilation=3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * 11 * 11, 5),
    )


def channel_dropout() -> nn.Module:
    """Build with Dropout2d after the convolution and Dropout before the scores."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3),
        nn.ReLU(),
        nn.Dropout2d(0.2),
        nn.MaxPool2d(3),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(8 * 10 * 10, 5),
    )


MODELS: dict[str, Builder] = {
    "small_net": SmallNet,
    "lenet": lenet,
    "vgg_like": vgg_like,
    "named_layers": named_layers,
    "fully_convolutional": fully_convolutional,
    "global_average_pool": global_average_pool,
    "adaptive_max_pool": adaptive_max_pool,
    "adaptive_pool_uneven": adaptive_pool_uneven,
    "lazy_linear": lazy_linear,
    "depthwise_separable": depthwise_separable,
    "dilated": dilated,
    "channel_dropout": channel_dropout,
    "ends_in_softmax": lambda: _small(nn.ReLU(), nn.Softmax(1)),
    "ends_in_log_softmax": lambda: _small(nn.ReLU(), nn.LogSoftmax(1)),
    "ends_in_sigmoid": lambda: _small(nn.ReLU(), nn.Sigmoid()),
    "ends_in_relu": lambda: _small(nn.ReLU(), nn.ReLU()),
    "leaky_relu": lambda: _small(nn.LeakyReLU(0.1)),
    "learnt_relu": lambda: _small(nn.PReLU(8)),
    "elu": lambda: _small(nn.ELU()),
    "gelu": lambda: _small(nn.GELU()),
    "silu": lambda: _small(nn.SiLU()),
    "mish": lambda: _small(nn.Mish()),
    "tanh": lambda: _small(nn.Tanh()),
    "group_norm": lambda: _small(nn.ReLU(), norm=nn.GroupNorm(2, 8)),
    "layer_norm": lambda: _small(nn.ReLU(), norm=nn.LayerNorm([8, 30, 30])),
    "instance_norm": lambda: _small(nn.ReLU(), norm=nn.InstanceNorm2d(8)),
}
