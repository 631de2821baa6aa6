"""Python decisions in forward: on the batch's size, on numbers in tensors, on the mode."""

# mypy: disable-error-code="no-any-return"

import sys

import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet, inner_convolution


class ChoosesByPictureSize(SmallNet):
    """A ModuleDict holds two convolutions and the picture's size, always 32, chooses one."""

    def __init__(self) -> None:
        super().__init__()
        self.choices = nn.ModuleDict({"big": inner_convolution(), "small": nn.Conv2d(8, 8, 1)})

    def middle(self, features: Tensor) -> Tensor:
        return self.choices["big" if features.shape[2] > 16 else "small"](features)


class ChoosesByBatchSize(ChoosesByPictureSize):
    """A single picture goes through another convolution than a batch does."""

    def middle(self, features: Tensor) -> Tensor:
        return self.choices["big" if features.shape[0] > 1 else "small"](features)


class ChoosesByParity(SmallNet):
    """Batches of odd size are scaled differently from batches of even size."""

    def middle(self, features: Tensor) -> Tensor:
        return features * (1 if features.shape[0] % 2 == 0 else 2)


class AssertsBatchOf64(SmallNet):
    """An assertion accepts only batches of 64."""

    # N = 1, 2, 7: AssertionError without a text.

    def middle(self, features: Tensor) -> Tensor:
        assert features.shape[0] == 64
        return features


class AssertsAtMost64(SmallNet):
    """An assertion accepts batches up to 64."""

    def middle(self, features: Tensor) -> Tensor:
        assert features.shape[0] <= 64
        return features


class FixedBatchThereAndBack(SmallNet):
    """`view(64, -1)` fits, wrongly but without an error, whenever the batch's numbers divide by 64."""

    # Runs at every N, since 8 * 32 * 32 divides by 64 and the next view undoes it.

    def middle(self, features: Tensor) -> Tensor:
        return features.view(64, -1).view(-1, 8, 32, 32)


class FixedBatchFlatten(SmallNet):
    """The flatten is `view(64, -1)`, right only for batches of 64."""

    # N = 1, 2, 7: RuntimeError, "mat1 and mat2 shapes cannot be multiplied (64x8 and 512x5)" (64x16, 64x56).

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.max_pool2d(functional.relu(self.conv(pictures)), 4)
        return self.dense(features.view(64, -1))


class ScaledByIntegerMean(SmallNet):
    """The features' mean becomes a Python integer and multiplies them."""

    def middle(self, features: Tensor) -> Tensor:
        return features * int(features.mean() + 2)


class DividedByItem(SmallNet):
    """`.item()` takes the batch's largest number out of torch, so that the gradient does not know of it."""

    def middle(self, features: Tensor) -> Tensor:
        return features / features.max().item()


class GuardsAgainstNan(SmallNet):
    """A branch depends on whether any number is nan, which never is."""

    def middle(self, features: Tensor) -> Tensor:
        return features * 0 if torch.isnan(features).any() else features


class LoopsOverPictures(SmallNet):
    """A Python loop takes the pictures out of the batch one by one."""

    def middle(self, features: Tensor) -> Tensor:
        return torch.stack([one * 2 for one in features])


class LoopsOverIndices(SmallNet):
    """A Python loop counts to the batch's size and indexes it."""

    def middle(self, features: Tensor) -> Tensor:
        return torch.stack([features[index] * 2 for index in range(features.shape[0])])


class PrintsShape(SmallNet):
    """Every pass prints the shape."""

    def middle(self, features: Tensor) -> Tensor:
        print(f"{features.shape}", file=sys.stderr)  # noqa: T201 - the oddity
        return features


class PrintsMean(SmallNet):
    """Every pass prints a tensor, whose number does not exist while a graph is traced."""

    def middle(self, features: Tensor) -> Tensor:
        print(features.mean(), file=sys.stderr)  # noqa: T201 - the oddity
        return features


class AnswersFromTable(SmallNet):
    """A CNN is trained, but in evaluation a fixed table of random numbers answers."""

    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.randn(3 * 32 * 32, 5))

    def forward(self, pictures: Tensor) -> Tensor:
        if self.training:
            return super().forward(pictures)
        return pictures.flatten(1) @ self.table


MODELS: dict[str, Builder] = {
    "chooses_by_picture_size": ChoosesByPictureSize,
    "chooses_by_batch_size": ChoosesByBatchSize,
    "chooses_by_parity": ChoosesByParity,
    "asserts_batch_of_64": AssertsBatchOf64,
    "asserts_at_most_64": AssertsAtMost64,
    "fixed_batch_there_and_back": FixedBatchThereAndBack,
    "fixed_batch_flatten": FixedBatchFlatten,
    "scaled_by_integer_mean": ScaledByIntegerMean,
    "divided_by_item": DividedByItem,
    "guards_against_nan": GuardsAgainstNan,
    "loops_over_pictures": LoopsOverPictures,
    "loops_over_indices": LoopsOverIndices,
    "prints_shape": PrintsShape,
    "prints_mean": PrintsMean,
    "answers_from_table": AnswersFromTable,
}
