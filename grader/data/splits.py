"""Cut one set of pictures into those to train on and those to be examined with."""

from __future__ import annotations

import numpy as np

from grader.data.pictures import PictureSet, Split
from grader.faults import DataFault


def stratified(pictures: PictureSet, held_out_fraction: float, seed: int) -> Split:
    """Hold the same share of every class out, drawn with `seed`; both sides keep the order of the pictures.

    Every class is on both sides when it has at least two pictures.

    Raises:
        DataFault: a class has a single picture, or the share leaves one side empty.
    """
    if not 0 < held_out_fraction < 1:
        raise DataFault(f"The held-out share must lie between 0 and 1, not be {held_out_fraction}.")
    generator = np.random.Generator(np.random.PCG64(seed))
    held_out: list[int] = []
    for label, name in enumerate(pictures.classes):
        members = np.flatnonzero(pictures.labels == label)
        if len(members) < 2:
            found = "no picture" if len(members) == 0 else "one picture"
            raise DataFault(f"The class {name} has {found}.", fix="Every class needs at least two.")
        count = min(max(round(len(members) * held_out_fraction), 1), len(members) - 1)
        held_out.extend(generator.permutation(members)[:count].tolist())
    kept_back = np.zeros(len(pictures), dtype=bool)
    kept_back[held_out] = True
    return Split(pictures.subset(np.flatnonzero(~kept_back)), pictures.subset(np.flatnonzero(kept_back)))
