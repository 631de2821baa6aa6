"""Number types other than float32, and detours through them."""

import torch
from torch import Tensor

from .base import Builder, SmallNet


class DoubleWeights(SmallNet):
    """All weights are float64 and nobody converts the pictures."""

    # Every N: RuntimeError, "Input type (float) and bias type (double) should be the same".

    def __init__(self) -> None:
        super().__init__()
        self.double()


class DoubleInside(SmallNet):
    """All weights are float64 and forward converts the pictures; the scores are float64."""

    def __init__(self) -> None:
        super().__init__()
        self.double()

    def forward(self, pictures: Tensor) -> Tensor:
        return super().forward(pictures.double())


class HalfWeights(SmallNet):
    """All weights are float16 and nobody converts the pictures."""

    # Every N: RuntimeError, "Input type (float) and bias type (c10::Half) should be the same".

    def __init__(self) -> None:
        super().__init__()
        self.half()


class HalfInside(SmallNet):
    """All weights are float16 and forward converts the pictures; the scores are float16."""

    def __init__(self) -> None:
        super().__init__()
        self.half()

    def forward(self, pictures: Tensor) -> Tensor:
        return super().forward(pictures.half())


class BfloatAutocast(SmallNet):
    """The weights are float32 and forward computes under autocast; the scores are bfloat16."""

    def forward(self, pictures: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return super().forward(pictures)


class ConvertsToWhatItIs(SmallNet):
    """`.to("cpu")`, `.float()` and `.type(torch.float32)` ask for what the features already are."""

    def middle(self, features: Tensor) -> Tensor:
        return features.to("cpu").float().type(torch.float32)


MODELS: dict[str, Builder] = {
    "double_weights": DoubleWeights,
    "double_inside": DoubleInside,
    "half_weights": HalfWeights,
    "half_inside": HalfInside,
    "bfloat_autocast": BfloatAutocast,
    "converts_to_what_it_is": ConvertsToWhatItIs,
}
