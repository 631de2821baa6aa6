"""Arithmetic with the batch's size, which is a symbol while a graph with a free batch axis is traced."""

# mypy: disable-error-code="no-any-return"

import math

import torch
from torch import Tensor
from torch.nn import functional

from .base import Builder, SmallNet


class SumDividedByBatch(SmallNet):
    """A sum over everything is divided by `shape[0]`, so that the answer depends on the neighbours."""

    def middle(self, features: Tensor) -> Tensor:
        return features + features.sum() / features.shape[0]


class ReciprocalOfBatch(SmallNet):
    """`1 / size(0)` is a fraction of a symbol."""

    def middle(self, features: Tensor) -> Tensor:
        return features * (1 / features.size(0))


class LengthOfBatch(SmallNet):
    """`len()` must return a true integer."""

    def middle(self, features: Tensor) -> Tensor:
        return features / len(features)


class RootByMath(SmallNet):
    """`math.sqrt` takes the root of the batch's size."""

    def middle(self, features: Tensor) -> Tensor:
        return features / math.sqrt(features.shape[0])


class RootByPower(SmallNet):
    """`shape[0] ** 0.5` takes the root of the batch's size."""

    def middle(self, features: Tensor) -> Tensor:
        return features / (features.shape[0] ** 0.5)


class QuotientAsInteger(SmallNet):
    """A true division of the batch's size is turned back into an integer for `view`."""

    def middle(self, features: Tensor) -> Tensor:
        return features.view(int(features.shape[0] / 1), 8, 32, 32)


class LargerOfTwo(SmallNet):
    """`max(shape[0], 2)` differs from the size for a single picture only."""

    def middle(self, features: Tensor) -> Tensor:
        return features * max(features.shape[0], 2)


class SmallerOfTwo(SmallNet):
    """A slice ends at `min(shape[0], 64)`, which cuts batches larger than 64."""

    # N > 64 returns 64 rows.

    def middle(self, features: Tensor) -> Tensor:
        return features[: min(features.shape[0], 64)]


class ShapesAsTuples(SmallNet):
    """Shapes are put together from `size()[0]` and slices of a `torch.Size`."""

    def middle(self, features: Tensor) -> Tensor:
        flat = features.reshape(features.size()[0], -1)
        return flat.reshape((features.shape[0], *tuple(features.shape[1:])))


class HalvesOfBatch(SmallNet):
    """The batch is cut at `shape[0] // 2`, one half being empty for a single picture, and joined again."""

    def middle(self, features: Tensor) -> Tensor:
        half = features.shape[0] // 2
        return torch.cat([features[:half], features[half:]])


class ManySizes(SmallNet):
    """Products, quotients, `numel()` and a root of the batch's size in one expression."""

    def middle(self, features: Tensor) -> Tensor:
        size = features.shape[0]
        there = features.reshape(size * features.shape[2], -1)
        back = there.reshape(size, 8, 32, 32)
        return back * (1.0 / size) + features.numel() // size * 1e-6 + size**0.5


class ViewBySize(SmallNet):
    """The flatten is `view(x.size(0), -1)`, the commonest of all."""

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.max_pool2d(functional.relu(self.conv(pictures)), 4)
        return self.dense(features.view(features.size(0), -1))


class ViewByLength(SmallNet):
    """The flatten is `view(len(x), -1)`."""

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.max_pool2d(functional.relu(self.conv(pictures)), 4)
        return self.dense(features.view(len(features), -1))


class ViewByInteger(SmallNet):
    """The flatten is a `view` by `int(x.shape[0])`."""

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.max_pool2d(functional.relu(self.conv(pictures)), 4)
        return self.dense(features.view(int(features.shape[0]), -1))


class ReshapeByProduct(SmallNet):
    """The flatten multiplies the unpacked sizes, as textbooks do."""

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.max_pool2d(functional.relu(self.conv(pictures)), 4)
        batch, channels, height, width = features.shape
        return self.dense(torch.reshape(features, (batch, channels * height * width)))


MODELS: dict[str, Builder] = {
    "sum_divided_by_batch": SumDividedByBatch,
    "reciprocal_of_batch": ReciprocalOfBatch,
    "length_of_batch": LengthOfBatch,
    "root_by_math": RootByMath,
    "root_by_power": RootByPower,
    "quotient_as_integer": QuotientAsInteger,
    "larger_of_two": LargerOfTwo,
    "smaller_of_two": SmallerOfTwo,
    "shapes_as_tuples": ShapesAsTuples,
    "halves_of_batch": HalvesOfBatch,
    "many_sizes": ManySizes,
    "view_by_size": ViewBySize,
    "view_by_length": ViewByLength,
    "view_by_integer": ViewByInteger,
    "reshape_by_product": ReshapeByProduct,
}
