"""Embedded pictures: ten kinds of pattern that need a convolution to be told apart.

They grow the lesson's zebra and checkerboard into a real task. Colours, polarity, scale, phase, tilt, lighting, noise
and patches of clutter are drawn anew for every picture and say nothing about its class; only the texture does.

The bytes are the same on every machine, which a golden hash in the tests holds:

- numbers come from the raw output of PCG64, which numpy promises never to change (NEP 19; it does not promise that of
  `Generator`'s distributions);
- arithmetic is what IEEE 754 rounds exactly (+, -, *, /, sqrt, floor) on single elements. There is no sine, whose last
  bit depends on the processor, and no sum over an axis, whose order does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from grader.data.pictures import PictureSet, Split

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

Field: TypeAlias = "NDArray[np.float64]"

SIDE = 32  # pixels; the course's pictures are 3x32x32 and so its notebooks fit unchanged
LEAST_SIDE = 16  # pixels of the smallest picture that is cut out of them; a texture has to be seen twice

_TRAIN_STREAM, _HELD_OUT_STREAM = 0, 1

# How hard the task is. The numbers were chosen by training under the default recipe (500 steps, 4,000 pictures, three
# to five seeds): dense layers alone reach 0.53, one convolution 0.73, two 0.93, the reference 0.95 and a network with
# batch normalisation 0.98. Another number changes every golden hash and asks for these to be measured again.
_PERIOD = (5.0, 10.0)  # pixels from one stripe to the next
_TILT = 0.12  # largest tangent of half the tilt: 0.12 is 13.7 degrees
_CONTRAST = (0.22, 0.80)  # largest difference of the two colours in any channel, of 1
_GREY = 0.4  # how much of that difference is brightness rather than hue
_SHADE = 0.20  # largest change of brightness from one border to the opposite one, of 1
_NOISE = (0.02, 0.19)  # half width of the noise of one pixel, of 1
_PATCHES = 3  # how many patches of clutter may lie on one picture
_PATCH_CHANCE = 0.5  # how probable each of them is
_PATCH_SIDE = (4.0, 12.0)  # pixels


class _Draws:
    """Draw numbers from one stream of PCG64."""

    def __init__(self, *entropy: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(entropy))

    def uniform(self, low: float, high: float, *shape: int) -> Field:
        """Return numbers from `low` to `high` of the given shape."""
        # The top 53 bits of a word, as Generator.random makes them.
        words = self._bits.random_raw(math.prod(shape)) >> np.uint64(11)
        return low + (high - low) * (words.astype(np.float64) * 2.0**-53).reshape(shape)

    def each(self, low: float, high: float, count: int) -> Field:
        """Return one number for each picture, of shape (count, 1, 1)."""
        return self.uniform(low, high, count, 1, 1)

    def sign(self, count: int) -> Field:
        """Return -1 or 1 for each picture, of shape (count, 1, 1)."""
        return np.copysign(1.0, self.each(-1, 1, count))

    def octets(self, *shape: int) -> NDArray[np.uint8]:
        """Return whole numbers from 0 to 255 of the given shape, eight from each word."""
        size = math.prod(shape)
        # Read as little-endian words, so that a big-endian machine cuts them into the same octets.
        words = self._bits.random_raw(-(-size // 8)).astype("<u8")
        return words.view(np.uint8)[:size].reshape(shape)


@dataclass(frozen=True, slots=True)
class _Canvas:
    """Say where the pixels of n pictures lie after shift and tilt, and how coarse each picture is."""

    draws: _Draws
    x: Field  # pixels to the right of the shifted centre, (n, 32, 32)
    y: Field  # pixels below the shifted centre, (n, 32, 32)
    period: Field  # pixels, (n, 1, 1)

    def __len__(self) -> int:
        return len(self.x)

    def each(self, low: float, high: float) -> Field:
        return self.draws.each(low, high, len(self))


def _wave(position: Field) -> Field:
    """Return a triangle wave of period 1 between -1 (at 0.5) and 1 (at 0)."""
    return np.abs(position - np.floor(position) - 0.5) * 4 - 1


def _stripes(canvas: _Canvas, across: Field) -> Field:
    """Return stripes; `across` is the distance in pixels at right angles to them."""
    return (_wave(across / canvas.period) + canvas.each(-0.35, 0.35)) * canvas.period / 4


def _rows(canvas: _Canvas) -> Field:
    return _stripes(canvas, canvas.y)


def _columns(canvas: _Canvas) -> Field:
    return _stripes(canvas, canvas.x)


def _rising(canvas: _Canvas) -> Field:
    return _stripes(canvas, (canvas.x + canvas.y) * np.sqrt(0.5))


def _falling(canvas: _Canvas) -> Field:
    return _stripes(canvas, (canvas.x - canvas.y) * np.sqrt(0.5))


def _checks(canvas: _Canvas) -> Field:
    return _wave(canvas.x / canvas.period) * _wave(canvas.y / canvas.period) * canvas.period / 4


def _zigzag(canvas: _Canvas) -> Field:
    # Half of them run from side to side and half from top to bottom, so that direction does not give them away.
    turned = canvas.each(0, 1) < 0.5
    along, across = np.where(turned, canvas.y, canvas.x), np.where(turned, canvas.x, canvas.y)
    swing = canvas.each(0.30, 0.50) * canvas.period
    return _stripes(canvas, across + swing * _wave(along / (canvas.period * canvas.each(1.4, 2.0))))


def _rings(canvas: _Canvas) -> Field:
    # Measured from a centre near the middle: far away, rings would be stripes.
    x, y = canvas.x - canvas.each(-8, 8), canvas.y - canvas.each(-8, 8)
    return _stripes(canvas, np.sqrt(x * x + y * y))


def _cells(canvas: _Canvas) -> tuple[Field, Field, Field]:
    """Return the distance from the middle of the cell of a square grid, right and down, and the cell's side."""
    side = 3 + canvas.period * 0.85
    across, down = canvas.x / side, canvas.y / side
    return (across - np.floor(across) - 0.5) * side, (down - np.floor(down) - 0.5) * side, side


def _dots(canvas: _Canvas) -> Field:
    across, down, side = _cells(canvas)
    return side * canvas.each(0.26, 0.40) - np.sqrt(across * across + down * down)


def _crosses(canvas: _Canvas) -> Field:
    across, down, side = _cells(canvas)
    across, down = np.abs(across), np.abs(down)
    arm, half_width = side * canvas.each(0.40, 0.48), side * canvas.each(0.09, 0.14)
    return np.maximum(
        np.minimum(arm - across, half_width - down),
        np.minimum(arm - down, half_width - across),
    )


def _blobs(canvas: _Canvas) -> Field:
    """Return heights drawn at the corners of a grid and blended smoothly between them."""
    count, corners = len(canvas), 16
    heights = canvas.draws.uniform(-1, 1, count, corners, corners)
    side = canvas.period * 0.75
    across, down = canvas.x / side, canvas.y / side
    left, top = np.floor(across), np.floor(down)
    right_share, lower_share = _smooth(across - left), _smooth(down - top)
    picture = np.arange(count)[:, None, None]

    def height(column: Field, row: Field) -> Field:
        return heights[picture, row.astype(np.int64) % corners, column.astype(np.int64) % corners]

    upper = height(left, top) * (1 - right_share) + height(left + 1, top) * right_share
    lower = height(left, top + 1) * (1 - right_share) + height(left + 1, top + 1) * right_share
    return (upper * (1 - lower_share) + lower * lower_share) * side


def _smooth(share: Field) -> Field:
    """Ease from 0 to 1 with level ends (the cubic 3t^2 - 2t^3)."""
    return share * share * (3 - 2 * share)


_TEXTURES: dict[str, Callable[[_Canvas], Field]] = {
    "blobs": _blobs,
    "checks": _checks,
    "columns": _columns,
    "crosses": _crosses,
    "dots": _dots,
    "falling": _falling,
    "rings": _rings,
    "rising": _rising,
    "rows": _rows,
    "zigzag": _zigzag,
}

CLASSES = tuple(_TEXTURES)  # alphabetical, as the loaders sort them


def generate(count: int, seed: int) -> PictureSet:
    """Draw `count` pictures of shape (3, 32, 32) in ten classes, shuffled and as even as `count` allows.

    The same `count` and `seed` give the same bytes on every machine.

    Raises:
        ValueError: `count` or `seed` is negative.

    """
    return _generate(count, seed, _TRAIN_STREAM)


def split(train_count: int, held_out_count: int, seed: int, held_out_seed: int) -> Split:
    """Draw both sides of a split, each from a seed of its own.

    A seed that only the instructor knows gives held-out pictures that nobody has seen. The sides come from different
    streams: no picture is on both, even where the two seeds are equal.

    Raises:
        ValueError: A count or a seed is negative.

    """
    return Split(
        _generate(train_count, seed, _TRAIN_STREAM),
        _generate(held_out_count, held_out_seed, _HELD_OUT_STREAM),
    )


def fits(shape: tuple[int, int, int]) -> bool:
    """Tell whether patterns can be had as (C, H, W): in colour or in grey, and no larger than they are drawn."""
    channels, *sides = shape
    return channels in (1, 3) and all(LEAST_SIDE <= side <= SIDE for side in sides)


def fitted(pictures: PictureSet, shape: tuple[int, int, int]) -> PictureSet:
    """Return the pictures as (C, H, W): cut from their middle, and in grey where one channel is asked for.

    Grey is 0.299 of red, 0.587 of green and 0.114 of blue (ITU-R BT.601), in whole numbers.

    Raises:
        ValueError: `shape` does not fit.

    """
    if not fits(shape):
        msg = f"patterns cannot be had as {shape}"
        raise ValueError(msg)
    channels, height, width = shape
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    images = pictures.images[:, :, top : top + height, left : left + width]
    if channels == 1:
        shares = np.array([299, 587, 114], dtype=np.uint32).reshape(1, 3, 1, 1)
        weighted = images.astype(np.uint32) * shares
        images = ((weighted[:, :1] + weighted[:, 1:2] + weighted[:, 2:] + 500) // 1000).astype(np.uint8)
    return replace(pictures, images=np.ascontiguousarray(images))


def _generate(count: int, seed: int, stream: int) -> PictureSet:
    if count < 0 or seed < 0:
        msg = f"count and seed must not be negative, and are {count} and {seed}"
        raise ValueError(msg)
    labels = np.arange(count, dtype=np.int64) % len(CLASSES)
    labels = labels[np.argsort(_Draws(seed, stream).uniform(0, 1, count), kind="stable")]
    images = np.empty((count, 3, SIDE, SIDE), dtype=np.uint8)
    for label, texture in enumerate(_TEXTURES.values()):
        places = np.flatnonzero(labels == label)
        if len(places):
            images[places] = _draw(texture, _Draws(seed, stream, label), len(places))
    return PictureSet(images, labels, CLASSES, f"patterns, seed {seed}")


def _draw(texture: Callable[[_Canvas], Field], draws: _Draws, count: int) -> NDArray[np.uint8]:
    """Return `count` pictures of one class as uint8 (count, 3, 32, 32)."""
    canvas = _canvas(draws, count)
    # The edge is one pixel wide, as a camera would see it.
    ink = np.clip(texture(canvas) + 0.5, 0, 1)[:, None]
    # Two colours around a middle one: either may be the lighter and every hue is as likely, in every class.
    contrast = draws.uniform(*_CONTRAST, count, 1, 1, 1)
    direction = _GREY * draws.sign(count)[:, None] + (1 - _GREY) * draws.uniform(-1, 1, count, 3, 1, 1)
    direction = direction / np.max(np.abs(direction), axis=1, keepdims=True) * contrast / 2
    middle = contrast / 2 + draws.uniform(0, 1, count, 3, 1, 1) * (1 - contrast)
    picture = middle + direction * (2 * ink - 1)
    picture += _shade(draws, count)
    _cover_with_patches(draws, picture)
    # The sum of two evenly spread octets has a triangular distribution, which is close enough to a bell.
    grain = draws.octets(2, *picture.shape)
    noise = draws.uniform(*_NOISE, count, 1, 1, 1)
    picture += noise * ((grain[0].astype(np.float64) + grain[1]) / 255 - 1)
    pixels: NDArray[np.uint8] = np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8)
    return pixels


def _canvas(draws: _Draws, count: int) -> _Canvas:
    period = draws.each(*_PERIOD, count)
    # A turn by the angle with tan(angle / 2) = t, without a sine: cos = (1-tt)/(1+tt), sin = 2t/(1+tt).
    tilt = draws.each(-_TILT, _TILT, count)
    cosine, sine = (1 - tilt * tilt) / (1 + tilt * tilt), 2 * tilt / (1 + tilt * tilt)
    pixels = np.arange(SIDE) - (SIDE - 1) / 2
    right, down = pixels[None, None, :], pixels[None, :, None]
    x = cosine * right - sine * down + draws.each(-0.5, 0.5, count) * period * 2
    y = sine * right + cosine * down + draws.each(-0.5, 0.5, count) * period * 2
    return _Canvas(draws, x, y, period)


def _shade(draws: _Draws, count: int) -> Field:
    """Return a change of brightness that grows from one side to another, (count, 1, 32, 32)."""
    along = np.arange(SIDE) / (SIDE - 1) - 0.5
    right, down = draws.uniform(-_SHADE, _SHADE, 2, count, 1, 1, 1)
    shade: Field = right * along + down * along[:, None]
    return shade


def _cover_with_patches(draws: _Draws, picture: Field) -> None:
    """Paint rectangles of one colour each over parts of the pictures, in place."""
    count = len(picture)
    pixels = np.arange(SIDE)
    for _ in range(_PATCHES):
        there = draws.each(0, 1, count) < _PATCH_CHANCE
        (left, top), (width, height) = (
            draws.uniform(-4, SIDE - 4, 2, count, 1, 1),
            draws.uniform(*_PATCH_SIDE, 2, count, 1, 1),
        )
        columns = (pixels >= left) & (pixels < left + width)
        rows = (pixels[:, None] >= top) & (pixels[:, None] < top + height)
        covered = (there & columns & rows)[:, None]
        np.copyto(picture, draws.uniform(0, 1, count, 3, 1, 1), where=covered)
