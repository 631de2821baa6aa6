"""Tensors changed in place, directly and through views of them."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet, inner_convolution


class InPlaceArithmetic(SmallNet):
    """`+=`, `*=`, an in-place ReLU and assignments to slices of channels, all of which can be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.activation = nn.ReLU(inplace=True)
        self.extra = inner_convolution()

    def middle(self, features: Tensor) -> Tensor:
        result: Tensor = self.extra(features)
        result += features
        result *= 2
        result = self.activation(result).clone()
        result[:, 0] = 0
        result[:, 1:3] += 1
        return result


class InPlaceThroughViews(SmallNet):
    """A copy is changed through a view, and through a view of a transposed view."""

    def middle(self, features: Tensor) -> Tensor:
        rows = features.clone().view(features.size(0), 8, -1)
        same_rows = rows
        rows[:, 0].zero_()
        rows.transpose(1, 2)[:, 0, :].mul_(3.0)
        return same_rows.view(features.size(0), 8, 32, 32)


class FillsNewTensor(SmallNet):
    """A tensor of zeros is made for the batch and half of its channels are written."""

    def middle(self, features: Tensor) -> Tensor:
        half = torch.zeros(features.size(0), 8, 32, 32)
        half[:, :4] = features[:, :4]
        nothing = torch.zeros(features.size(0), 1, 1, 1, device=features.device)
        return half + nothing + torch.arange(32).float() * 0.01


class ChangesOriginalThroughView(SmallNet):
    """A tensor is changed through a flat view of it, which is lost where `reshape` makes a copy instead."""

    def middle(self, features: Tensor) -> Tensor:
        original = features - 0.2
        flat = original.view(features.size(0), -1)
        flat.mul_(0.5)
        flat[:, :100] = 0
        return original


class OverwritesWhatBackwardNeeds(SmallNet):
    """The result of a ReLU is changed in place, although its backward pass needs it."""

    # A backward pass raises RuntimeError, "has been modified by an inplace operation".

    def middle(self, features: Tensor) -> Tensor:
        features += 1
        return features


class ActivationInPlaceOnView(SmallNet):
    """An in-place ReLU runs on a view of a tensor, and the view is never mentioned again."""

    def middle(self, features: Tensor) -> Tensor:
        shifted = features - 0.2
        functional.relu(shifted.view(features.size(0), 8, -1), inplace=True)
        return shifted - 0.1


class ChangesItsInput(SmallNet):
    """The pictures that were passed in are scaled in place, so that a second pass sees other pictures."""

    def forward(self, pictures: Tensor) -> Tensor:
        return super().forward(pictures.div_(2))


MODELS: dict[str, Builder] = {
    "in_place_arithmetic": InPlaceArithmetic,
    "in_place_through_views": InPlaceThroughViews,
    "fills_new_tensor": FillsNewTensor,
    "changes_original_through_view": ChangesOriginalThroughView,
    "overwrites_what_backward_needs": OverwritesWhatBackwardNeeds,
    "activation_in_place_on_view": ActivationInPlaceOnView,
    "changes_its_input": ChangesItsInput,
}
