"""Backward passes that are not the derivative of the forward pass, or that stop on the way."""

# mypy: disable-error-code="no-any-return"

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from .base import Builder, SmallNet, inner_convolution


class LeakyGradient(torch.autograd.Function):
    """ReLU forward; backward half of the gradient always, and a tenth more where the input was positive."""

    @staticmethod
    def forward(ctx: Any, numbers: Tensor) -> Tensor:
        ctx.save_for_backward(numbers)
        return numbers.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (numbers,) = ctx.saved_tensors
        return gradients[0] * (numbers > 0) * 0.1 + gradients[0] * 0.5


class StraightThrough(torch.autograd.Function):
    """The sign forward; the gradient as if nothing had happened backward."""

    @staticmethod
    def forward(ctx: Any, numbers: Tensor) -> Tensor:
        del ctx
        return torch.sign(numbers)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        del ctx
        return gradients[0]


class CustomRelu(SmallNet):
    """A custom autograd function whose backward does not belong to its forward."""

    def middle(self, features: Tensor) -> Tensor:
        return LeakyGradient.apply(features - 0.3)  # type: ignore[no-untyped-call]


class SignWithStraightThrough(SmallNet):
    """The sign has gradient zero, unless the custom backward pass survives."""

    def middle(self, features: Tensor) -> Tensor:
        return StraightThrough.apply(features - 0.3)  # type: ignore[no-untyped-call]


class Checkpointed(SmallNet):
    """A block with dropout is computed a second time in the backward pass, with the same chance."""

    reentrant = False

    def __init__(self) -> None:
        super().__init__()
        self.extra = inner_convolution()
        self.drop = nn.Dropout(0.3)

    def block(self, features: Tensor) -> Tensor:
        """Convolve, rectify and drop."""
        return self.drop(functional.relu(self.extra(features)))

    def middle(self, features: Tensor) -> Tensor:
        return checkpoint(self.block, features, use_reentrant=self.reentrant)


class CheckpointedReentrant(Checkpointed):
    """The older kind of checkpoint, which is a custom autograd function."""

    # Without gradients it warns: "None of the inputs have requires_grad=True".

    reentrant = True


class NoGradRegion(SmallNet):
    """A convolution runs under `no_grad`, so that neither it nor the layer before it learns."""

    def __init__(self) -> None:
        super().__init__()
        self.extra = inner_convolution()

    def middle(self, features: Tensor) -> Tensor:
        with torch.no_grad():
            return self.extra(features)


class NoGradDecorated(SmallNet):
    """A function decorated with `no_grad` is called, and its result added to features that do learn."""

    @staticmethod
    @torch.no_grad()
    def _unchanged(features: Tensor) -> Tensor:
        return features * 1

    def middle(self, features: Tensor) -> Tensor:
        return self._unchanged(features) + features


class InferenceModeRegion(SmallNet):
    """The features pass through `inference_mode`, so that only the dense layer after it learns."""

    def middle(self, features: Tensor) -> Tensor:
        with torch.inference_mode():
            return features * 1


class FrozenFirstLayer(SmallNet):
    """The first convolution has `requires_grad` off and keeps its random weights."""

    def __init__(self) -> None:
        super().__init__()
        self.conv.requires_grad_(False)


class AddsItsData(SmallNet):
    """`.data` copies the features past the gradient, which is half of what it should be."""

    def middle(self, features: Tensor) -> Tensor:
        return features.data + features


class NumpyAndBack(SmallNet):
    """The features make a detour through NumPy, which shares their memory and knows no gradient."""

    def middle(self, features: Tensor) -> Tensor:
        return torch.from_numpy(features.detach().numpy()) + features


class AsksForGradient(SmallNet):
    """`requires_grad_()` is called on the features, which may be a leaf in evaluation."""

    def middle(self, features: Tensor) -> Tensor:
        return features.requires_grad_()


MODELS: dict[str, Builder] = {
    "custom_relu": CustomRelu,
    "sign_with_straight_through": SignWithStraightThrough,
    "checkpointed": Checkpointed,
    "checkpointed_reentrant": CheckpointedReentrant,
    "no_grad_region": NoGradRegion,
    "no_grad_decorated": NoGradDecorated,
    "inference_mode_region": InferenceModeRegion,
    "frozen_first_layer": FrozenFirstLayer,
    "adds_its_data": AddsItsData,
    "numpy_and_back": NumpyAndBack,
    "asks_for_gradient": AsksForGradient,
}
