"""Cut one set of pictures into those to train on and those to be examined with."""

from __future__ import annotations

import numpy as np

from grader.data.pictures import PictureSet, Split
from grader.faults import DataFault

_SMALLEST_CLASS = 2  # pictures: one for each side


def stratified(pictures: PictureSet, held_out_fraction: float, seed: int) -> Split:
    """Hold the same share of every class out, drawn with `seed`; both sides keep the order of the pictures.

    Every class is on both sides, however small the share. `seed` is not negative.

    Raises:
        DataFault: the share is not between 0 and 1, or a class has fewer than two pictures.
    """
    if not 0 < held_out_fraction < 1:
        raise DataFault(
            f"The held-out share must lie between 0 and 1, not be {held_out_fraction}.",
            fix="Set held_out_fraction under [data] in the rubric; 0.2 is usual.",
        )
    # Raw words, because numpy may change Generator.permutation in any release and never changes these (NEP 19):
    # an upgrade in the week of appeals must not deal the pictures anew.
    bits = np.random.PCG64(seed)
    is_held_out = np.zeros(len(pictures), dtype=bool)
    for label, name in enumerate(pictures.classes):
        members = np.flatnonzero(pictures.labels == label)
        if len(members) < _SMALLEST_CLASS:
            found = "no picture" if len(members) == 0 else "one picture"
            raise DataFault(f"The class {name} has {found}.", fix="Every class needs at least two.")
        count = min(max(round(len(members) * held_out_fraction), 1), len(members) - 1)
        drawn = np.argsort(bits.random_raw(len(members)), kind="stable")[:count]
        is_held_out[members[drawn]] = True
    return Split(pictures.subset(np.flatnonzero(~is_held_out)), pictures.subset(np.flatnonzero(is_held_out)))
