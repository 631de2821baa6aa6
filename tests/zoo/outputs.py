"""Answers that are not one tensor of shape (N, 5)."""

# mypy: disable-error-code="no-any-return"

from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet


class Answer(NamedTuple):
    """Scores and a second head, by name."""

    logits: Tensor
    auxiliary: Tensor


class DictOutput(SmallNet):
    """Forward returns a dictionary of scores and a mean."""

    def forward(self, pictures: Tensor) -> Any:
        return {"logits": super().forward(pictures), "auxiliary": pictures.mean()}


class TupleOutput(SmallNet):
    """Forward returns the scores and a number for each picture."""

    def forward(self, pictures: Tensor) -> Any:
        return super().forward(pictures), pictures.mean((1, 2, 3))


class NamedTupleOutput(SmallNet):
    """Forward returns a named tuple of two sets of scores."""

    def forward(self, pictures: Tensor) -> Any:
        scores = super().forward(pictures)
        return Answer(scores, scores * 2)


class TupleWhileTesting(SmallNet):
    """Training returns scores alone; evaluation returns scores and probabilities."""

    def forward(self, pictures: Tensor) -> Any:
        scores = super().forward(pictures)
        return scores if self.training else (scores, functional.softmax(scores, 1))


class NothingAndNumber(SmallNet):
    """Forward returns the scores, None and a Python number."""

    def forward(self, pictures: Tensor) -> Any:
        return super().forward(pictures), None, 3.0


class SqueezedScores(SmallNet):
    """`squeeze()` after the scores removes the batch axis of a single picture."""

    # N = 1 returns shape (5,).

    def forward(self, pictures: Tensor) -> Tensor:
        return super().forward(pictures).squeeze()


class SqueezedFeatures(SmallNet):
    """`squeeze()` in the middle removes the batch axis of a single picture, and the flatten then fails."""

    # N = 1: RuntimeError, "mat1 and mat2 shapes cannot be multiplied (8x64 and 512x5)".

    def middle(self, features: Tensor) -> Tensor:
        return features.squeeze()


class RowsCutTogether(nn.Module):
    """`view(-1, 256)` cuts each picture's 512 numbers in two and answers with two rows for each."""

    # Every N returns shape (2 * N, 5).

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.dense = nn.Linear(256, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.max_pool2d(functional.relu(self.conv(pictures)), 4)
        return self.dense(features.view(-1, 256))


class RowsOfTwoPictures(SmallNet):
    """`reshape(-1, 1024)` puts two pictures into a row, for a dense layer that expects one."""

    # N = 1, 7: RuntimeError, "shape '[-1, 1024]' is invalid for input of size 512" (3584).
    # N = 2, 64: RuntimeError, "mat1 and mat2 shapes cannot be multiplied (1x1024 and 512x5)" (32x1024).

    def forward(self, pictures: Tensor) -> Tensor:
        features = functional.max_pool2d(functional.relu(self.conv(pictures)), 4)
        return self.dense(features.reshape(-1, 1024))


MODELS: dict[str, Builder] = {
    "dict_output": DictOutput,
    "tuple_output": TupleOutput,
    "named_tuple_output": NamedTupleOutput,
    "tuple_while_testing": TupleWhileTesting,
    "nothing_and_number": NothingAndNumber,
    "squeezed_scores": SqueezedScores,
    "squeezed_features": SqueezedFeatures,
    "rows_cut_together": RowsCutTogether,
    "rows_of_two_pictures": RowsOfTwoPictures,
}
