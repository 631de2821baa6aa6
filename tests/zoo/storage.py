"""Tensors that are large, oddly laid out in memory, or hardly tensors at all."""

# mypy: disable-error-code="no-any-return"

import warnings

import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet


class FiftyMillionParameters(nn.Module):
    """One dense layer holds 49 million weights, 197 MB."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 3, padding=1)
        self.hidden = nn.Linear(64 * 16 * 16, 3000)
        self.dense = nn.Linear(3000, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.max_pool2d(functional.relu(self.conv(pictures)), 2)
        return self.dense(functional.relu(self.hidden(features.flatten(1))))


class ChannelsLastWeights(SmallNet):
    """The weights lie in memory with the channels last, which a file of plain numbers does not keep."""

    def __init__(self) -> None:
        super().__init__()
        self.wider = nn.Conv2d(8, 64, 3, padding=1)
        self.narrower = nn.Conv2d(64, 8, 3, padding=1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def middle(self, features: Tensor) -> Tensor:
        return self.narrower(self.wider(features))


class TransposedParameter(SmallNet):
    """A parameter is a transposed view, so that its strides are not those of its shape."""

    def __init__(self) -> None:
        super().__init__()
        self.mixing = nn.Parameter(torch.randn(4, 8).t() @ torch.randn(4, 8))
        self.mixing.data = self.mixing.data.t()

    def middle(self, features: Tensor) -> Tensor:
        return torch.einsum("nchw,dc->ndhw", features, self.mixing)


class ExpandedBuffer(SmallNet):
    """A buffer of eight numbers has the memory of one, stride 0."""

    offset: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("offset", torch.randn(1, 1, 1).expand(8, 1, 1))

    def middle(self, features: Tensor) -> Tensor:
        return features + self.offset


class ScalarParameter(SmallNet):
    """A parameter has no axis at all."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.0))

    def middle(self, features: Tensor) -> Tensor:
        return features * self.scale


class BooleanMask(SmallNet):
    """A buffer of booleans blanks half of the map."""

    mask: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.arange(32) % 2 == 0)

    def middle(self, features: Tensor) -> Tensor:
        return features.masked_fill(self.mask, 0.0)


class SparseBuffer(SmallNet):
    """A sparse matrix permutes the channels."""

    permutation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("permutation", torch.eye(8).flip(0).to_sparse())

    def middle(self, features: Tensor) -> Tensor:
        channels_first = features.transpose(0, 1)
        mixed = torch.sparse.mm(self.permutation, channels_first.flatten(1))
        return mixed.view(8, -1, 32, 32).transpose(0, 1)


class QuantisedBuffer(SmallNet):
    """A buffer of 8-bit numbers with a scale is turned into floats on every pass."""

    offset: Tensor

    def __init__(self) -> None:
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # deprecated
            offset = torch.quantize_per_tensor(torch.randn(8, 1, 1), 0.1, 0, torch.quint8)
        self.register_buffer("offset", offset)

    def middle(self, features: Tensor) -> Tensor:
        return features + self.offset.dequantize()


class MetaDense(SmallNet):
    """The dense layer's weights were made on the meta device and have shapes but no numbers."""

    # Every N: RuntimeError, "Tensor on device meta is not on the expected device cpu!".

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(8 * 8 * 8, 5, device="meta")


class MetaConvolution(SmallNet):
    """The convolution's weights were made on the meta device, which torch 2.13 does not notice."""

    # Every N runs in evaluation, and the answer is made of uninitialised memory. A backward pass raises
    # RuntimeError, "expected device meta but got cpu".

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, device="meta")


MODELS: dict[str, Builder] = {
    "fifty_million_parameters": FiftyMillionParameters,
    "channels_last_weights": ChannelsLastWeights,
    "transposed_parameter": TransposedParameter,
    "expanded_buffer": ExpandedBuffer,
    "scalar_parameter": ScalarParameter,
    "boolean_mask": BooleanMask,
    "sparse_buffer": SparseBuffer,
    "quantised_buffer": QuantisedBuffer,
    "meta_dense": MetaDense,
    "meta_convolution": MetaConvolution,
}
