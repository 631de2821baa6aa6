"""Tensors and modules with more than one name, and names that are easily taken for one another."""

# mypy: disable-error-code="no-any-return"

import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet, inner_convolution


class TiedWeights(SmallNet):
    """Two convolutions hold one weight tensor and a bias each."""

    def __init__(self) -> None:
        super().__init__()
        self.first = inner_convolution()
        self.second = inner_convolution()
        self.second.weight = self.first.weight

    def middle(self, features: Tensor) -> Tensor:
        return self.second(functional.relu(self.first(features)))


class SharedModule(SmallNet):
    """One convolution is registered under two names, and one batch norm runs twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = inner_convolution()
        self.again = self.first
        self.norm = nn.BatchNorm2d(8)

    def middle(self, features: Tensor) -> Tensor:
        features = functional.relu(self.norm(self.first(features)))
        return self.norm(self.again(features))


class TiedAcrossModes(SmallNet):
    """Training and evaluation call different convolutions that hold the same weight and bias."""

    def __init__(self) -> None:
        super().__init__()
        self.while_training = inner_convolution()
        self.while_testing = inner_convolution()
        self.while_testing.weight = self.while_training.weight
        self.while_testing.bias = self.while_training.bias

    def middle(self, features: Tensor) -> Tensor:
        return self.while_training(features) if self.training else self.while_testing(features)


class AliasedData(SmallNet):
    """Two different parameters lie over the same storage, so that each optimiser step moves it twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = inner_convolution()
        self.second = inner_convolution()
        self.second.weight = nn.Parameter(self.first.weight.data)

    def middle(self, features: Tensor) -> Tensor:
        return self.second(functional.relu(self.first(features)))


class CollidingNames(SmallNet):
    """`inner.scale` and `inner__scale` become the same key once dots are replaced by underscores."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.ParameterDict({"scale": torch.ones(8, 1, 1)})
        self.inner__scale = nn.Parameter(torch.full((8, 1, 1), 3.0))

    def middle(self, features: Tensor) -> Tensor:
        return features * self.inner["scale"] + self.inner__scale


class CollidingConstants(SmallNet):
    """Training has one more unnamed constant, so that equal generated names mean different numbers."""

    def middle(self, features: Tensor) -> Tensor:
        if self.training:
            features = features * torch.tensor(2.0)
        return features + torch.tensor(5.0)


class LayersInPythonList(SmallNet):
    """A convolution lives in a Python list, where `parameters()` and the optimiser do not find it."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden_layers = [inner_convolution()]

    def middle(self, features: Tensor) -> Tensor:
        for layer in self.hidden_layers:
            features = layer(features)
        return features


class UnusedLayer(SmallNet):
    """A convolution is registered, counted by `parameters()` and never called."""

    def __init__(self) -> None:
        super().__init__()
        self.forgotten = inner_convolution()


class ResultThrownAway(SmallNet):
    """A convolution runs, but nothing uses its result."""

    def __init__(self) -> None:
        super().__init__()
        self.wasted = inner_convolution()

    def middle(self, features: Tensor) -> Tensor:
        self.wasted(features)
        return features


MODELS: dict[str, Builder] = {
    "tied_weights": TiedWeights,
    "shared_module": SharedModule,
    "tied_across_modes": TiedAcrossModes,
    "aliased_data": AliasedData,
    "colliding_names": CollidingNames,
    "colliding_constants": CollidingConstants,
    "layers_in_python_list": LayersInPythonList,
    "unused_layer": UnusedLayer,
    "result_thrown_away": ResultThrownAway,
}
