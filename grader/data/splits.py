"""Cut one set of pictures into those to train on and those to be examined with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from grader.data.duplicates import contradictory, same
from grader.data.pictures import PictureSet, Split
from grader.faults import DataFault

_SMALLEST_CLASS = 2  # pictures: one for each side
_NAMED = 5  # cases that a message names


def stratified(pictures: PictureSet, held_out_fraction: float, seed: int) -> Split:
    """Hold the same share of every class out, drawn with `seed`; both sides keep the order of the pictures.

    Every class is on both sides, however small the share. Copies of one picture, by its pixels, stay together: a
    picture that was learned by heart is never examined. Copies that would make the held-out side larger than its share
    stay on the training side, so that side may be smaller by less than the largest number of copies. `seed` is not
    negative.

    Raises:
        DataFault: the share is not between 0 and 1, a class has fewer than two different pictures, or one picture has
            two labels.
    """
    if not 0 < held_out_fraction < 1:
        raise DataFault(
            f"The held-out share must lie between 0 and 1, not be {held_out_fraction}.",
            fix="Set held_out_fraction under [data] in the rubric, or --held-out; 0.2 is usual.",
        )
    groups = same(pictures.digests())
    _refuse_contradictions(pictures, groups)
    copies = {position: group for group in groups for position in group}
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
        drawn = members[np.argsort(bits.random_raw(len(members)), kind="stable")].tolist()
        # Copies come together, where the first of them was drawn.
        dealt = list(dict.fromkeys(copies.get(position, (position,)) for position in drawn))
        if len(dealt) < _SMALLEST_CLASS:
            raise DataFault(
                f"The class {name} has {len(members)} copies of one picture, such as {pictures.name(drawn[0])}.",
                fix="Every class needs at least two different pictures.",
            )
        is_held_out[_taken(dealt, count)] = True
    return Split(pictures.subset(np.flatnonzero(~is_held_out)), pictures.subset(np.flatnonzero(is_held_out)))


def _taken(dealt: Sequence[tuple[int, ...]], count: int) -> list[int]:
    """Return `count` positions, or as few less as groups that stay together allow; at least one group."""
    chosen: list[int] = []
    for group in dealt:
        if len(chosen) + len(group) <= count:
            chosen += group
    smallest = min(dealt, key=len)
    return chosen or list(smallest)


def refuse_shared(split: Split) -> None:
    """Hold the two sides apart.

    Raises:
        DataFault: a picture, by its pixels, is on both sides; names the first few.
    """
    cases = shared(split)
    if not cases:
        return
    pairs = [f"{split.train.name(one)} = {split.held_out.name(other)}" for one, other in cases[:_NAMED]]
    more = f" and {len(cases) - _NAMED:,} more" if len(cases) > _NAMED else ""
    raise DataFault(
        f"{len(cases):,} held-out pictures are also among those to train on: {', '.join(pairs)}{more}.",
        fix="Remove them from one side, or leave them out of the training side with --drop-shared.",
    )


def shared(split: Split) -> list[tuple[int, int]]:
    """Return where the two sides hold the same pixels: a position in `train` for each such held-out position."""
    known = {digest: position for position, digest in reversed(list(enumerate(split.train.digests())))}
    held_out = enumerate(split.held_out.digests())
    return [(known[digest], position) for position, digest in held_out if digest in known]


def without_shared(split: Split) -> Split:
    """Return the split without the training pictures that are also held out.

    Raises:
        DataFault: no training picture of a class is left.
    """
    held_out = set(split.held_out.digests())
    keep = [position for position, digest in enumerate(split.train.digests()) if digest not in held_out]
    train = split.train.subset(keep)
    examined = set(split.held_out.labels.tolist())
    lost = sorted(examined - set(train.labels.tolist()))
    if lost:
        raise DataFault(
            f"Every training picture of the class {train.classes[lost[0]]} is also held out.",
            fix="Add other pictures to the training side.",
        )
    return Split(train, split.held_out)


def _refuse_contradictions(pictures: PictureSet, groups: Sequence[tuple[int, ...]]) -> None:
    labels = [pictures.classes[number] for number in pictures.labels.tolist()]
    cases = contradictory(groups, labels)
    if not cases:
        return
    first, other = cases[0][0], next(one for one in cases[0] if labels[one] != labels[cases[0][0]])
    more = f" (and {len(cases) - 1:,} more like it)" if len(cases) > 1 else ""
    raise DataFault(
        f"{pictures.name(first)} ({labels[first]}) and {pictures.name(other)} ({labels[other]}) are the same picture "
        f"under two labels{more}.",
        fix="Correct the label or remove the picture; `grader data inspect` lists them all.",
    )
