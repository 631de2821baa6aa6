"""Batch normalisation in its awkward settings, and its relatives."""

# mypy: disable-error-code="no-any-return"

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet


class BatchNorm(SmallNet):
    """Ordinary batch norm, which updates two buffers and a counter on every training pass."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(8)

    def middle(self, features: Tensor) -> Tensor:
        return self.norm(features)


class BatchNormCumulative(SmallNet):
    """`momentum=None` averages over all batches so far, so that a Python number depends on a counter tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(8, momentum=None)

    def middle(self, features: Tensor) -> Tensor:
        return self.norm(features)


class BatchNormWithoutStatistics(SmallNet):
    """Evaluation, too, uses the batch's own mean, so that a picture's answer depends on its neighbours."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(8, track_running_stats=False)

    def middle(self, features: Tensor) -> Tensor:
        return self.norm(features)


class BatchNormAlwaysTraining(SmallNet):
    """`functional.batch_norm(training=True)` updates its statistics and ignores them, in evaluation too."""

    mean: Tensor
    variance: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(8))
        self.register_buffer("variance", torch.ones(8))

    def middle(self, features: Tensor) -> Tensor:
        return functional.batch_norm(features, self.mean, self.variance, training=True)


class BatchNormKeptInEvaluation(SmallNet):
    """An overridden `train()` leaves the batch norm in evaluation mode while the rest trains."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(8)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        self.norm.eval()
        return self

    def middle(self, features: Tensor) -> Tensor:
        return self.norm(features)


class BatchNormAfterFlatten(nn.Module):
    """Batch norm over single numbers, which cannot train on a batch of one picture."""

    # Evaluation runs at every N. Training at N = 1: ValueError, "Expected more than 1 value per channel".

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.hidden = nn.Linear(8 * 8 * 8, 16)
        self.norm = nn.BatchNorm1d(16)
        self.dense = nn.Linear(16, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.max_pool2d(functional.relu(self.conv(pictures)), 4)
        return self.dense(functional.relu(self.norm(self.hidden(features.flatten(1)))))


class InstanceNormWithStatistics(SmallNet):
    """Instance norm that, unlike its default, learns a scale and keeps running statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm2d(8, affine=True, track_running_stats=True)

    def middle(self, features: Tensor) -> Tensor:
        return self.norm(features)


class LocalResponseNorm(SmallNet):
    """AlexNet's norm over neighbouring channels, which is a padded 3-d average pooling inside."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LocalResponseNorm(3)

    def middle(self, features: Tensor) -> Tensor:
        return self.norm(features)


MODELS: dict[str, Builder] = {
    "batch_norm": BatchNorm,
    "batch_norm_cumulative": BatchNormCumulative,
    "batch_norm_without_statistics": BatchNormWithoutStatistics,
    "batch_norm_always_training": BatchNormAlwaysTraining,
    "batch_norm_kept_in_evaluation": BatchNormKeptInEvaluation,
    "batch_norm_after_flatten": BatchNormAfterFlatten,
    "instance_norm_with_statistics": InstanceNormWithStatistics,
    "local_response_norm": LocalResponseNorm,
}
