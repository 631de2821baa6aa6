"""torchvision's transforms: those that are used most do their work on PIL pictures and tensors, others pass on.

Like the real ones, those that work on tensors are modules: a network may normalise its pictures by one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional


def _pair(size: Any) -> tuple[int, int]:
    several = list(size) if isinstance(size, Sequence) else [size, size]
    return (int(several[0]), int(several[-1]))


class Transform(nn.Module):
    """A transform that takes any arguments and leaves a picture as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take any arguments."""
        super().__init__()

    def forward(self, *pictures: Any) -> Any:
        """Return what it is given, changed by `change`."""
        first = self.change(pictures[0])
        return first if len(pictures) == 1 else (first, *pictures[1:])

    def change(self, picture: Any) -> Any:
        """Return the picture."""
        return picture


class Compose(Transform):
    """One transform after the other."""

    def __init__(self, transforms: Sequence[Callable[..., Any]], *args: Any, **kwargs: Any) -> None:
        """Keep the transforms as they are: none of them is a layer."""
        super().__init__()
        self.transforms = list(transforms)

    def forward(self, *pictures: Any) -> Any:
        """Return what the last one returns."""
        found: Any = pictures if len(pictures) > 1 else pictures[0]
        for one in self.transforms:
            found = one(*found) if len(pictures) > 1 else one(found)
        return found


class ToTensor(Transform):
    """From a PIL picture or an array (H, W, C) to a tensor (C, H, W), bytes scaled to 0 to 1."""

    def change(self, picture: Any) -> Any:
        """Return the tensor."""
        if isinstance(picture, torch.Tensor):
            return picture
        array = np.array(picture)
        found = torch.from_numpy(array[None] if array.ndim == 2 else array.transpose(2, 0, 1)).contiguous()
        return found.float() / 255 if found.dtype == torch.uint8 else found


class PILToTensor(ToTensor):
    """From a PIL picture to a tensor of bytes (C, H, W)."""

    def change(self, picture: Any) -> Any:
        """Return the tensor."""
        found = super().change(picture)
        return found if isinstance(picture, torch.Tensor) else (found * 255).round().to(torch.uint8)


class ToPILImage(Transform):
    """From a tensor (C, H, W) or an array to a PIL picture."""

    def change(self, picture: Any) -> Any:
        """Return the picture."""
        if isinstance(picture, Image.Image):
            return picture
        if isinstance(picture, torch.Tensor):
            scaled = picture.mul(255).byte() if picture.is_floating_point() else picture
            picture = scaled.permute(1, 2, 0).numpy()
        array = np.asarray(picture)
        return Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)


class ToDtype(Transform):
    """Tensors to a type, scaled between bytes and floating point."""

    def __init__(self, dtype: torch.dtype = torch.float32, scale: bool = False) -> None:
        """Keep the type; scale: whether bytes become 0 to 1."""
        super().__init__()
        self.dtype, self.scale = dtype, scale

    def change(self, picture: Any) -> Any:
        """Return the tensor of that type."""
        if not isinstance(picture, torch.Tensor):
            return picture
        down = self.scale and not picture.is_floating_point() and self.dtype.is_floating_point
        return picture.to(self.dtype) / 255 if down else picture.to(self.dtype)


class ConvertImageDtype(ToDtype):
    """Tensors to a type, always scaled."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        """Keep the type."""
        super().__init__(dtype, scale=True)


class Normalize(Transform):
    """(picture - mean) / std for each channel."""

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        """Keep mean and std of each channel."""
        super().__init__()
        self.mean, self.std, self.inplace = mean, std, inplace

    def change(self, picture: Any) -> Any:
        """Return the normalised tensor."""
        mean, std = (torch.as_tensor(one, dtype=picture.dtype).reshape(-1, 1, 1) for one in (self.mean, self.std))
        return (picture - mean) / std


class Resize(Transform):
    """To a size; of a single number, the shorter side."""

    def __init__(self, size: Any, *args: Any, **kwargs: Any) -> None:
        """Keep the size: (H, W) or one number."""
        super().__init__()
        self.size = size

    def change(self, picture: Any) -> Any:
        """Return the picture with that size."""
        height, width = _sizes(picture)
        if isinstance(self.size, Sequence) and len(self.size) == 2:
            new = _pair(self.size)
        else:
            short = _pair(self.size)[0]
            new = (short, int(short * width / height)) if height <= width else (int(short * height / width), short)
        return _resized(picture, new)


class CenterCrop(Transform):
    """The middle of a picture."""

    def __init__(self, size: Any, *args: Any, **kwargs: Any) -> None:
        """Keep the size: (H, W) or one number."""
        super().__init__()
        self.size = _pair(size)

    def change(self, picture: Any) -> Any:
        """Return the middle, on black where the picture is smaller."""
        (height, width), (new_height, new_width) = _sizes(picture), self.size
        return _cropped(picture, round((height - new_height) / 2), round((width - new_width) / 2), self.size)


class RandomCrop(Transform):
    """A part of a picture at random."""

    def __init__(self, size: Any, padding: Any = None, *args: Any, **kwargs: Any) -> None:
        """Keep the size and the padding of each side."""
        super().__init__()
        self.size = _pair(size)
        self.padding = max(_pair(padding)) if padding else 0

    def change(self, picture: Any) -> Any:
        """Return the part."""
        (height, width), (new_height, new_width) = _sizes(picture), self.size
        spare = [max(0, old + 2 * self.padding - new) for old, new in ((height, new_height), (width, new_width))]
        top, left = (int(torch.randint(0, one + 1, ())) - self.padding for one in spare)
        return _cropped(picture, top, left, self.size)


class RandomResizedCrop(Resize):
    """The whole picture at the size that is asked for."""

    def __init__(self, size: Any, *args: Any, **kwargs: Any) -> None:
        """Keep the size: (H, W) or one number."""
        super().__init__(_pair(size))


class RandomHorizontalFlip(Transform):
    """The mirrored picture, with a probability."""

    axis, transpose = -1, Image.Transpose.FLIP_LEFT_RIGHT

    def __init__(self, p: float = 0.5) -> None:
        """Keep the probability."""
        super().__init__()
        self.p = p

    def change(self, picture: Any) -> Any:
        """Return the picture or its mirror image."""
        if float(torch.rand(())) >= self.p:
            return picture
        return picture.flip(self.axis) if isinstance(picture, torch.Tensor) else picture.transpose(self.transpose)


class RandomVerticalFlip(RandomHorizontalFlip):
    """The picture upside down, with a probability."""

    axis, transpose = -2, Image.Transpose.FLIP_TOP_BOTTOM


class Pad(Transform):
    """Black around a picture."""

    def __init__(self, padding: Any, *args: Any, **kwargs: Any) -> None:
        """Keep the padding: one number, (left and right, top and bottom) or all four."""
        super().__init__()
        sides = list(padding) if isinstance(padding, Sequence) else [padding]
        self.sides: list[int] = sides if len(sides) == 4 else [*_pair(sides), *_pair(sides)]

    def change(self, picture: Any) -> Any:
        """Return the larger picture."""
        height, width = _sizes(picture)
        left, top, right, bottom = self.sides
        return _cropped(picture, -top, -left, (height + top + bottom, width + left + right))


class Grayscale(Transform):
    """A picture without colours, in one channel or three."""

    def __init__(self, num_output_channels: int = 1) -> None:
        """Keep the number of channels."""
        super().__init__()
        self.channels = num_output_channels

    def change(self, picture: Any) -> Any:
        """Return the grey picture."""
        if isinstance(picture, torch.Tensor):
            parts = zip((0.2989, 0.587, 0.114), picture.unbind(-3), strict=False)
            grey = picture if picture.shape[-3] == 1 else sum(part * share for share, part in parts)
            grey = grey if picture.shape[-3] == 1 else grey.unsqueeze(-3)  # type: ignore[union-attr]
            return grey.expand(*picture.shape[:-3], self.channels, *picture.shape[-2:])  # type: ignore[union-attr]
        grey = picture.convert("L")
        return grey if self.channels == 1 else Image.merge("RGB", [grey] * 3)


class Lambda(Transform):
    """Any function as a transform."""

    def __init__(self, lambd: Callable[..., Any], *args: Any) -> None:
        """Keep the function."""
        super().__init__()
        self.lambd = lambd

    def change(self, picture: Any) -> Any:
        """Return what the function returns."""
        return self.lambd(picture)


class RandomApply(Compose):
    """Transforms that are used with a probability."""

    def __init__(self, transforms: Sequence[Callable[..., Any]], p: float = 0.5) -> None:
        """Keep the transforms and the probability."""
        super().__init__(transforms)
        self.p = p

    def forward(self, *pictures: Any) -> Any:
        """Return the picture, changed or not."""
        return super().forward(*pictures) if random.random() < self.p else pictures[0]  # noqa: S311 - no secret


class RandomChoice(Compose):
    """One of several transforms."""

    def forward(self, *pictures: Any) -> Any:
        """Return what one of them returns."""
        return random.choice(self.transforms)(*pictures)  # noqa: S311 - no secret


def _sizes(picture: Any) -> tuple[int, int]:
    """Return (height, width)."""
    if isinstance(picture, torch.Tensor):
        return picture.shape[-2], picture.shape[-1]
    return picture.height, picture.width


def _resized(picture: Any, size: tuple[int, int]) -> Any:
    if not isinstance(picture, torch.Tensor):
        return picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    batch = picture if picture.dim() == 4 else picture[None]
    floating = batch if batch.is_floating_point() else batch.float()
    found = functional.interpolate(floating, size=size, mode="bilinear", align_corners=False, antialias=True)
    found = found if batch.is_floating_point() else found.round().to(batch.dtype)
    return found if picture.dim() == 4 else found[0]


def _cropped(picture: Any, top: int, left: int, size: tuple[int, int]) -> Any:
    """Return the part of that size that begins at (top, left), black where it lies outside."""
    height, width = _sizes(picture)
    if not isinstance(picture, torch.Tensor):
        return picture.crop((left, top, left + size[1], top + size[0]))
    return functional.pad(picture, (-left, left + size[1] - width, -top, top + size[0] - height))


def transforms() -> dict[str, Any]:
    """Return the stand-ins of `torchvision.transforms` by name; `*` makes one for any other class."""
    named = [one for one in globals().values() if isinstance(one, type) and issubclass(one, Transform)]
    found: dict[str, Any] = {one.__name__: one for one in named}
    found.update(ToImage=PILToTensor, ToPureTensor=Transform, Scale=Resize, RandomSizedCrop=RandomResizedCrop)
    return {**found, "*": lambda name: type(name, (Transform,), {})}


FUNCTIONS: dict[str, Any] = {
    "to_tensor": ToTensor(),
    "pil_to_tensor": PILToTensor(),
    "to_image": PILToTensor(),
    "to_pil_image": lambda picture, mode=None: ToPILImage()(picture),
    "normalize": lambda tensor, mean, std, inplace=False: Normalize(mean, std)(tensor),
    "resize": lambda img, size, *args, **kwargs: Resize(size)(img),
    "center_crop": lambda img, output_size: CenterCrop(output_size)(img),
    "hflip": RandomHorizontalFlip(1.0),
    "vflip": RandomVerticalFlip(1.0),
    "crop": lambda img, top, left, height, width: _cropped(img, top, left, (height, width)),
    "pad": lambda img, padding, *args, **kwargs: Pad(padding)(img),
    "rgb_to_grayscale": lambda img, num_output_channels=1: Grayscale(num_output_channels)(img),
}
"""Stand-ins of `torchvision.transforms.functional`."""
