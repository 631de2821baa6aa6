"""Operations that are rare in student networks: spectra, einsum, patches, enlargement."""

# mypy: disable-error-code="no-any-return"

import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet


class Enlarges(SmallNet):
    """The maps are halved with bilinear interpolation and enlarged to a size taken from the shape."""

    def middle(self, features: Tensor) -> Tensor:
        halved = functional.interpolate(features, scale_factor=0.5, mode="bilinear", align_corners=False)
        return functional.interpolate(halved, size=features.shape[2:], mode="nearest")


class Einsum(SmallNet):
    """An einsum with a bare parameter mixes the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.mixing = nn.Parameter(torch.randn(8, 8) * 0.3)

    def middle(self, features: Tensor) -> Tensor:
        return torch.einsum("nchw,dc->ndhw", features, self.mixing)


class UnfoldAndFold(SmallNet):
    """A convolution by hand: patches, a matrix product and `fold`; and `Tensor.unfold`, which is another."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(8, 72) * 0.1)

    def middle(self, features: Tensor) -> Tensor:
        patches = functional.unfold(features, 3, padding=1)
        folded = functional.fold(self.kernel @ patches, (32, 32), 1)
        return folded + features.unfold(2, 3, 1).mean(-1).mean()


class FourierThereAndBack(SmallNet):
    """A complex spectrum is halved and transformed back; another is only measured."""

    def middle(self, features: Tensor) -> Tensor:
        halved = torch.fft.ifft2(torch.fft.fft2(features) * 0.5).real
        return halved + torch.fft.rfft2(features).abs().mean()


class ComplexParameter(SmallNet):
    """A learnt filter of complex numbers multiplies the spectrum."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = nn.Parameter(torch.randn(1, 8, 32, 17, dtype=torch.cfloat) * 0.1)

    def middle(self, features: Tensor) -> Tensor:
        return torch.fft.irfft2(torch.fft.rfft2(features) * self.filter, s=(32, 32))


class PixelShuffle(SmallNet):
    """Channels become pixels and pixels become channels again."""

    def __init__(self) -> None:
        super().__init__()
        self.spread = nn.PixelShuffle(2)
        self.gather = nn.PixelUnshuffle(2)

    def middle(self, features: Tensor) -> Tensor:
        return self.gather(functional.relu(self.spread(features) - 0.1))


class ChannelShuffle(SmallNet):
    """Groups of channels are interleaved, as ShuffleNet does it."""

    def __init__(self) -> None:
        super().__init__()
        self.shuffle = nn.ChannelShuffle(2)

    def middle(self, features: Tensor) -> Tensor:
        return self.shuffle(features)


class PoolsWithIndices(SmallNet):
    """Max pooling returns where each maximum was, and unpooling puts it back there."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)

    def middle(self, features: Tensor) -> Tensor:
        pooled, indices = self.pool(features)
        return self.unpool(pooled, indices)


class WarpsByGrid(SmallNet):
    """A spatial transformer turns each picture by a learnt affine map."""

    def __init__(self) -> None:
        super().__init__()
        self.affine = nn.Parameter(torch.tensor([[1.0, 0.1, 0.0], [-0.1, 1.0, 0.0]]))

    def middle(self, features: Tensor) -> Tensor:
        affine = self.affine.expand(features.size(0), 2, 3)
        grid = functional.affine_grid(affine, list(features.shape), align_corners=False)
        return functional.grid_sample(features, grid, align_corners=False)


MODELS: dict[str, Builder] = {
    "enlarges": Enlarges,
    "einsum": Einsum,
    "unfold_and_fold": UnfoldAndFold,
    "fourier_there_and_back": FourierThereAndBack,
    "complex_parameter": ComplexParameter,
    "pixel_shuffle": PixelShuffle,
    "channel_shuffle": ChannelShuffle,
    "pools_with_indices": PoolsWithIndices,
    "warps_by_grid": WarpsByGrid,
}
