"""Advice on a design, after the lesson's "A Typical CNN": which way channels and kernels go, how often it pools."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from grader.advice.observed import Observed, Said, lengths, mistake
from grader.records import Layer, Role
from grader.wording import counted, named

IN_A_ROW = 5
"""Convolutions without a smaller map between them, beyond which it is said."""

SHOWN = 4


def _convolutions(observed: Observed) -> list[Layer]:
    """Return the convolutions that look at a neighbourhood, in order."""
    return [
        one for one in observed.on_path(Role.CONV) if len(one.outputs) == 3 and max(lengths(one, "kernel_size")) > 1
    ]


@mistake("A01", informs=True)
def which_way(observed: Observed) -> Said | None:
    """Name the direction in which channels and kernels go."""
    found = _convolutions(observed)
    channels, kernels = [one.outputs[0] for one in found], [max(lengths(one, "kernel_size")) for one in found]
    ways = [_way("channels", channels), _way("kernels", kernels)]
    if len(found) < 2 or not any(ways):
        return None
    title = f"{' and '.join(one for one in ways if one).capitalize()} on the way to the scores"
    help_text = (
        "Both ways occur: in the lesson kernels grow and channels shrink, in most published networks kernels stay "
        f"small and channels grow. Keep {observed.classes} or more numbers at the end."
    )
    return title, help_text, found[0].where


def _way(noun: str, numbers: Sequence[int]) -> str:
    """Say which way numbers go: `channels grow (16, 32, 64)`; nothing where they stay."""
    up, down = any(b > a for a, b in pairwise(numbers)), any(b < a for a, b in pairwise(numbers))
    if not up and not down:
        return ""
    word = "go up and down" if up and down else "grow" if up else "shrink"
    some = [*numbers[: SHOWN - 1], numbers[-1]] if len(numbers) > SHOWN else list(numbers)
    text = ", ".join(map(str, some[:-1]))
    return f"{noun} {word} ({text}, {'… ' if len(numbers) > SHOWN else ''}{some[-1]})"


@mistake("A02", said_by=("pooling",), informs=True)
def many_before_a_pooling(observed: Observed) -> Said | None:
    """Notice many convolutions in a row that leave the map as large as it is."""
    row: list[Layer] = []
    longest: list[Layer] = []
    for layer in observed.on_path(Role.CONV, Role.POOL):
        smaller = layer.role is Role.POOL or max(lengths(layer, "stride")) > 1
        row = [] if smaller else [*row, layer]
        longest = max(longest, row, key=len)
    if len(longest) <= IN_A_ROW:
        return None
    title = f"{counted(len(longest), 'convolution')} follow each other from {named(longest[0])} on without a pooling"
    help_text = "Put nn.MaxPool2d(2) after every few of them: what comes after then costs a quarter."
    return title, help_text, longest[0].where
