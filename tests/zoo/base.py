"""The ordinary small network that most of the zoo bends in one place."""

# mypy: disable-error-code="no-any-return"
# torch's stubs let a module return Any; every forward in the zoo says Tensor.

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

Builder = Callable[[], nn.Module]


def inner_convolution() -> nn.Conv2d:
    """Return a convolution that fits into `SmallNet.middle`, 8 channels to 8 and no change of size."""
    return nn.Conv2d(8, 8, 3, padding=1)


class SmallNet(nn.Module):
    """Convolve, rectify, run `middle`, pool, flatten and answer with five scores; alone it has no oddity."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.dense = nn.Linear(8 * 8 * 8, 5)

    def middle(self, features: Tensor) -> Tensor:
        """Take and return maps of shape (N, 8, 32, 32); subclasses put their oddity here."""
        return features

    def forward(self, pictures: Tensor) -> Tensor:
        features = self.middle(functional.relu(self.conv(pictures)))
        return self.dense(functional.max_pool2d(features, 4).flatten(1))
