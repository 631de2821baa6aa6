"""Ordinary student networks as classes: nothing here may trouble the grader."""

# mypy: disable-error-code="no-any-return"

import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet


class AllFunctions(nn.Module):
    """Everything without weights is a function, and the flatten is a `view`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.hidden = nn.Linear(16 * 5 * 5, 32)
        self.dense = nn.Linear(32, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.max_pool2d(functional.relu(self.conv1(pictures)), 2)
        features = functional.avg_pool2d(torch.relu(self.conv2(features)), (2, 2))
        features = features.view(-1, 16 * 5 * 5)
        return functional.log_softmax(self.dense(torch.tanh(self.hidden(features))), dim=1)


class TensorMethods(SmallNet):
    """Activation, global maximum and softmax are methods of the tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(8, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        features: Tensor = self.conv(pictures).relu()
        return self.dense(features.amax((2, 3))).softmax(1)


class ResidualBlock(nn.Module):
    """Two convolutions with batch norm and the input, or a 1x1 convolution of it, added."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        result = functional.relu(self.norm1(self.conv1(features)))
        result = self.norm2(self.conv2(result))
        result += self.shortcut(features)
        return functional.relu(result)


class ResnetLike(nn.Module):
    """Three residual blocks in a ModuleList, then a global average."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.blocks = nn.ModuleList([ResidualBlock(8, 8, 1), ResidualBlock(8, 16, 2), ResidualBlock(16, 32, 2)])
        self.dense = nn.Linear(32, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.relu(self.stem(pictures))
        for block in self.blocks:
            features = block(features)
        return self.dense(functional.adaptive_avg_pool2d(features, 1).flatten(1))


class DenselyConnected(SmallNet):
    """Each convolution sees the results of all before it, joined by channel."""

    def __init__(self) -> None:
        super().__init__()
        self.growing = nn.ModuleList([nn.Conv2d(8 + 4 * step, 4, 3, padding=1) for step in range(3)])
        self.mixing = nn.Conv2d(8 + 4 * 3, 8, 1)

    def middle(self, features: Tensor) -> Tensor:
        for layer in self.growing:
            features = torch.cat([features, functional.relu(layer(features))], dim=1)
        return functional.relu(self.mixing(features))


class Inception(SmallNet):
    """Three kernels and a pooling look at the same maps, and their results are joined."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(8, 2, 1)
        self.middling = nn.Conv2d(8, 2, 3, padding=1)
        self.wide = nn.Conv2d(8, 2, 5, padding=2)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.after_pool = nn.Conv2d(8, 2, 1)

    def middle(self, features: Tensor) -> Tensor:
        branches = [self.narrow(features), self.middling(features), self.wide(features)]
        branches.append(self.after_pool(self.pool(features)))
        return functional.relu(torch.cat(branches, 1))


class SqueezeAndExcitation(SmallNet):
    """Each channel is multiplied by a number between 0 and 1 computed from all channels' means."""

    def __init__(self) -> None:
        super().__init__()
        self.squeeze = nn.Linear(8, 2)
        self.excite = nn.Linear(2, 8)

    def middle(self, features: Tensor) -> Tensor:
        means = features.mean(dim=(2, 3))
        gates = torch.sigmoid(self.excite(functional.relu(self.squeeze(means))))
        return features * gates[:, :, None, None]


class TwoInputsOfOne(nn.Module):
    """Two small networks look at the colours and at the grey picture and vote with learnt weights."""

    def __init__(self) -> None:
        super().__init__()
        self.colour = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(6), nn.Flatten(), nn.Linear(200, 5))
        self.grey = nn.Sequential(nn.Conv2d(1, 4, 5), nn.ReLU(), nn.AvgPool2d(7), nn.Flatten(), nn.Linear(64, 5))
        self.vote = nn.Parameter(torch.zeros(2))

    def forward(self, pictures: Tensor) -> Tensor:
        weights = self.vote.softmax(0)
        grey = pictures.mean(1, keepdim=True)
        return weights[0] * self.colour(pictures) + weights[1] * self.grey(grey)


class MaxoutChannels(SmallNet):
    """Maxout: of each pair of channels the larger number stays, in place of an activation."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs = nn.Conv2d(8, 16, 3, padding=1)

    def middle(self, features: Tensor) -> Tensor:
        first, second = self.pairs(features).chunk(2, dim=1)
        return torch.maximum(first, second)


class NormalisesItsInput(SmallNet):
    """Mean and deviation of the colours are buffers, and forward normalises the pictures itself."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.49, 0.48, 0.45]).view(1, 3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.25, 0.24, 0.26]).view(1, 3, 1, 1), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        return super().forward((pictures - self.mean) / self.deviation)


MODELS: dict[str, Builder] = {
    "all_functions": AllFunctions,
    "tensor_methods": TensorMethods,
    "resnet_like": ResnetLike,
    "densely_connected": DenselyConnected,
    "inception": Inception,
    "squeeze_and_excitation": SqueezeAndExcitation,
    "two_inputs_of_one": TwoInputsOfOne,
    "maxout_channels": MaxoutChannels,
    "normalises_its_input": NormalisesItsInput,
}
