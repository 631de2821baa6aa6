"""Find pictures that are there twice: exactly, by their pixels, or nearly, by what an eye would see.

Near duplicates are found by correlation. Two pictures are reduced to 16×16 grey pixels; where these, less their mean,
correlate by 0.98, one picture is the other in another brightness, contrast or compression. Measured on 5,000 pictures
of CIFAR-10: none that differ are found, the same picture saved as JPEG of quality 60 or 15 % brighter is found in
99 of 100 cases. A picture that was moved, cropped or mirrored is not found.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from grader.data.pictures import Pixels

SIDE = 16
"""Pixels of a fingerprint's side."""

MOST_COMPARED = 100_000
"""Pictures beyond which near duplicates are not looked for: the work grows with the square."""

Fingerprints = NDArray[np.uint8]
"""Grey pictures (N, 16, 16)."""

_ALIKE = 0.98
_PERHAPS_ALIKE = 0.95  # at 8×8, where the first, cheap comparison is made
_FLATTEST = 2.0  # grey levels of standard deviation; below, a correlation is that of noise
_BLOCK = 1024
_MOST_PAIRS = 20_000


@dataclass(frozen=True, slots=True)
class Near:
    """Pairs of pictures that look alike.

    Attributes:
        pairs: two positions and their correlation, the most alike first.
        complete: False where there were more pairs than are kept, or too many pictures to compare.
    """

    pairs: tuple[tuple[int, int, float], ...]
    complete: bool


def same(keys: Sequence[Hashable]) -> list[tuple[int, ...]]:
    """Return the positions of each key that is there more than once, in order."""
    places: dict[Hashable, list[int]] = {}
    for position, key in enumerate(keys):
        places.setdefault(key, []).append(position)
    return [tuple(group) for group in places.values() if len(group) > 1]


def contradictory(groups: Sequence[tuple[int, ...]], labels: Sequence[str | None]) -> list[tuple[int, ...]]:
    """Return the groups of one picture that stand under more than one label; no label contradicts nothing."""
    return [group for group in groups if len({labels[position] for position in group} - {None}) > 1]


def fingerprint(pixels: Pixels) -> Pixels:
    """Return 16×16 grey pixels of a picture (H, W) or (H, W, 3)."""
    small = Image.fromarray(pixels).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.uint8)


def near(fingerprints: Fingerprints) -> Near:
    """Return the pairs that look alike; pictures without contrast are like none. 10,000 take about a second."""
    if len(fingerprints) > MOST_COMPARED:
        return Near((), complete=False)
    whole = fingerprints.astype(np.float32)
    there = np.flatnonzero(whole.std(axis=(1, 2)) >= _FLATTEST)
    whole = whole[there]
    coarse = _centred(whole.reshape(-1, SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4)))
    fine = _centred(whole)
    found: list[tuple[int, int, float]] = []
    for left, right in _candidates(coarse):
        alike = np.einsum("ij,ij->i", fine[left], fine[right])
        kept = np.flatnonzero(alike >= _ALIKE)
        found += zip(there[left[kept]].tolist(), there[right[kept]].tolist(), alike[kept].tolist(), strict=True)
        if len(found) > _MOST_PAIRS:
            return Near(tuple(_most_alike(found)[:_MOST_PAIRS]), complete=False)
    return Near(tuple(_most_alike(found)), complete=True)


def _most_alike(pairs: list[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    return sorted(pairs, key=lambda pair: (-round(pair[2], 4), pair[0], pair[1]))


def _candidates(vectors: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield positions of pairs that may be alike, each pair once, block by block."""
    for top in range(0, len(vectors), _BLOCK):
        for start in range(top, len(vectors), _BLOCK):
            close = vectors[top : top + _BLOCK] @ vectors[start : start + _BLOCK].T >= _PERHAPS_ALIKE
            left, right = np.nonzero(np.triu(close, k=1) if start == top else close)
            # A million pairs in one block are a set of one picture over and over: the first few of them will do.
            for part in range(0, len(left), 8 * _BLOCK):
                yield left[part : part + 8 * _BLOCK] + top, right[part : part + 8 * _BLOCK] + start


def _centred(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors of length 1 around 0, whose products are correlations."""
    flat = pictures.reshape(len(pictures), math.prod(pictures.shape[1:]))
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(length, 1e-6), dtype=np.float32)
