"""Pictures as networks see them: each channel with the training pictures' own mean and deviation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

READY_BYTES = 2**28
"""Pictures that take no more than this as float32 are standardised once and kept; larger sets batch by batch."""

CHUNK = 512
"""Pictures that are standardised at a time."""

LEAST_DEVIATION = 1e-3


def scale_and_shift(images: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return what each channel (C,) of pictures (N, C, H, W) from 0 to 255 is multiplied by, and what is then added."""
    values = images.reshape(len(images), images.shape[1], -1)
    mean = values.mean(axis=(0, 2), dtype=np.float64) / 255
    deviation = np.maximum(values.std(axis=(0, 2), dtype=np.float64) / 255, LEAST_DEVIATION)
    return (1 / (255 * deviation)).astype(np.float32), (-mean / deviation).astype(np.float32)


def fits(images: npt.NDArray[np.uint8]) -> bool:
    """Tell whether the pictures are standardised once."""
    return 4 * images.size <= READY_BYTES


def standardised(
    images: npt.NDArray[np.uint8], scale: npt.NDArray[np.float32], shift: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return pictures (N, C, H, W) as float32 (N, H, W, C): every number is rounded twice, as torch does it."""
    found = np.empty((len(images), *images.shape[2:], images.shape[1]), dtype=np.float32)
    for start in range(0, len(images), CHUNK):
        some = images[start : start + CHUNK].transpose(0, 2, 3, 1).astype(np.float32)
        some *= scale
        some += shift
        found[start : start + CHUNK] = some
    return found
