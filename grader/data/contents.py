"""Look at every picture of a source once, whatever is wrong with it: what `grader data inspect` reasons about."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from grader.data import decode, loaders
from grader.data.duplicates import SIDE, Fingerprints, fingerprint
from grader.data.loaders import Found
from grader.data.pictures import PictureSet, Pixels, ordered
from grader.data.writing import SIDES
from grader.faults import DataFault

THUMBNAIL = 64
"""Pixels of the longer side of an example."""

Read = Callable[[], tuple[Pixels, str]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture before it was looked at: `side` is empty where the source is not split."""

    name: str
    label: str | None
    side: str
    read: Read


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture that could be decoded.

    Attributes:
        name: what it is called.
        label: its class; None where it has none.
        side: `train`, `held_out`, or empty where the source is not split.
        size: (width, height) in pixels.
        mode: how colours are stored, in Pillow's words.
        digest: SHA-256 of its size and of its pixels as RGB.
    """

    name: str
    label: str | None
    side: str
    size: tuple[int, int]
    mode: str
    digest: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """Everything that a source holds.

    Attributes:
        layout: how it is stored.
        classes: the names that it declares; for files those of the labels.
        seen: the pictures that could be decoded.
        fingerprints: one for each of them, as `duplicates.near` compares.
        brightest: the largest value of any pixel.
        examples: small pictures (H, W, 3) of each class, for a contact sheet.
        faults: everything that is wrong with files and labels.
    """

    layout: str
    classes: tuple[str, ...]
    seen: tuple[Seen, ...]
    fingerprints: Fingerprints
    brightest: int
    examples: dict[str, list[Pixels]]
    faults: tuple[DataFault, ...]


def look(path: Path, examples: int) -> Contents:
    """Decode every picture at `path`, one at a time, and keep `examples` small ones of each class.

    Raises:
        DataFault: nothing known lies there, or arrays that cannot be read.
    """
    found = loaders.recognise(path)
    samples, classes, faults = _samples(found)
    wanted = _spread([sample.label for sample in samples], examples)
    seen: list[Seen] = []
    marks: list[Pixels] = []
    shown: dict[str, list[Pixels]] = {name: [] for name in classes}
    brightest = 0
    for position, sample in enumerate(samples):
        try:
            pixels, mode = sample.read()
        except DataFault as fault:
            faults.append(fault)
            continue
        seen.append(_seen(sample, pixels, mode))
        marks.append(fingerprint(pixels))
        brightest = max(brightest, int(pixels.max()))
        if sample.label is not None and position in wanted:
            shown[sample.label].append(_small(pixels))
    fingerprints = np.array(marks, dtype=np.uint8).reshape(-1, SIDE, SIDE)
    return Contents(found.layout, classes, tuple(seen), fingerprints, brightest, shown, tuple(faults))


def _samples(found: Found) -> tuple[list[Sample], tuple[str, ...], list[DataFault]]:
    places = found.sides or (found,)
    if all(place.listed is not None for place in places):
        samples: list[Sample] = []
        faults: list[DataFault] = []
        for name, place in zip(SIDES if found.sides else ("",), places, strict=True):
            assert place.listed is not None
            listing = place.listed(place.path)
            samples += [Sample(str(e.path), e.label, name, partial(decode.original, e.path)) for e in listing.entries]
            faults += listing.faults
        labels = {sample.label for sample in samples if sample.label is not None}
        return samples, ordered(labels), faults
    pictures = found.load(None)
    if isinstance(pictures, PictureSet):
        return list(_of_arrays(pictures, "")), pictures.classes, []
    both = zip(SIDES, (pictures.train, pictures.held_out), strict=True)
    return [sample for name, side in both for sample in _of_arrays(side, name)], pictures.train.classes, []


def _of_arrays(pictures: PictureSet, side: str) -> Iterator[Sample]:
    for position, label in enumerate(pictures.labels.tolist()):
        read = partial(_unpacked, pictures, position)
        yield Sample(pictures.name(position), pictures.classes[label], side, read)


def _unpacked(pictures: PictureSet, position: int) -> tuple[Pixels, str]:
    image = pictures.images[position]
    if len(image) == 1:
        return np.repeat(image[0][..., None], 3, axis=2), "L"
    return np.ascontiguousarray(image.transpose(1, 2, 0)), "RGB"


def _seen(sample: Sample, pixels: Pixels, mode: str) -> Seen:
    height, width = pixels.shape[:2]
    digest = hashlib.sha256(f"{width}x{height}\n".encode() + np.ascontiguousarray(pixels).tobytes()).digest()
    return Seen(sample.name, sample.label, sample.side, (width, height), mode, digest)


def _spread(labels: Sequence[str | None], count: int) -> set[int]:
    """Return up to `count` positions of each label, spread evenly from its first to its last."""
    places: dict[str | None, list[int]] = {}
    for position, label in enumerate(labels):
        places.setdefault(label, []).append(position)
    return {
        members[step * (len(members) - 1) // max(count - 1, 1)] for members in places.values() for step in range(count)
    }


def _small(pixels: Pixels) -> Pixels:
    picture = Image.fromarray(pixels)
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(picture, dtype=np.uint8)
