"""What a symptom looks at, and the decorator that makes one of a function."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.records import Fix

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.records import Break, Layer, Role, Shape

BATCH = 7
"""Pictures in the batch that is sent through: a prime, so that it can be told from channels and sides."""
_MAP_AXES = 3  # (C, H, W)

LIVE = "live"
"""Stage of a break in the student's own notebook, where batches are theirs and no shape may be known."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the student reads about an error.

    Attributes:
        code: the number in the catalogue, `E02`; `E00` when the error is not in it.
        cause: what was expected and what was found, with numbers.
        help: the one thing to do next; empty when the evidence points to none.
        fix: the same as a change that a program can apply; None where the help is no such change.
    """

    code: str
    cause: str
    help: str = ""
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """An error with everything around it that is the grader's own measurement.

    Attributes:
        broke: where the student's code stopped.
        layers: the layers that ran before.
        classes: scores that the network must answer with.
        shape: one picture, `(3, 32, 32)`.
    """

    broke: Break
    layers: tuple[Layer, ...]
    classes: int
    shape: Shape

    @property
    def incoming(self) -> Shape:
        """Return the shape that came into the failing call, batch axis included; empty when it is not known."""
        if self.broke.inputs:
            return self.broke.inputs[0]
        if self.live:
            return _spoken(self.broke.message)
        return (BATCH, *self.layers[-1].outputs) if self.layers else ()

    @property
    def name(self) -> str:
        """Return the failing layer's name, else `This layer`."""
        return self.broke.layer or "This layer"

    @property
    def name_within(self) -> str:
        """Return the failing layer's name, else `this layer`, for the middle of a sentence."""
        return self.broke.layer or "this layer"

    @property
    def of_layer(self) -> str:
        """Return ` of fc1`, or nothing where the layer's name is not known."""
        return f" of {self.broke.layer}" if self.broke.layer else ""

    @property
    def in_forward(self) -> bool:
        """Tell whether pictures were on their way through the network, or may have been."""
        return self.broke.stage in ("forward", LIVE)

    @property
    def live(self) -> bool:
        """Tell whether this happened in the student's own notebook."""
        return self.broke.stage == LIVE

    @property
    def unseen_maps(self) -> bool:
        """Tell whether no shape is at hand, so that the numbers in the text are all there is."""
        return self.live and not self.broke.inputs

    def says(self, pattern: str, *kinds: str) -> re.Match[str] | None:
        """Return where the exception's text has the pattern, if it is one of these exception classes."""
        return re.search(pattern, self.broke.message, re.DOTALL) if not kinds or self.broke.kind in kinds else None

    def product(self) -> tuple[int, int, int] | None:
        """Return rows and columns that arrived at a product of matrices and the columns that it expects, as torch says.

        (4x7200 and 512x10) in this version, [4, 7200] X [512, 10] and m1: [4 x 7200], m2: [512 x 10] in others.
        """
        for pattern in _PRODUCTS:
            if found := self.says(pattern, "RuntimeError"):
                return int(found[1]), int(found[2]), int(found[3])
        return None

    def line_has(self, text: str) -> bool:
        """Tell whether the student's line has this text; a line that is not known does not contradict."""
        return not self.broke.source or text in self.broke.source

    def ran(self, role: Role) -> list[Layer]:
        """Return the layers of one role that ran before the error."""
        return [layer for layer in self.layers if layer.role is role]

    def setting(self, name: str, value: int) -> Fix | None:
        """Return the fix that gives a setting of the failing layer another value; None where it has no name."""
        return Fix("setting", self.broke.layer, name, value) if self.broke.layer else None

    def line(self, pattern: str, new: str) -> Fix | None:
        """Return the fix that rewrites what the pattern finds in the student's line; None where it finds nothing."""
        found = re.search(pattern, self.broke.source)
        return Fix("line", old=found[0], new=found.expand(new)) if found else None

    def factors(self, numbers: int) -> str:
        """Return ` (32 channels x 15 x 15)` where the last map that ran has that many numbers."""
        for layer in reversed(self.layers):
            if len(layer.outputs) >= _MAP_AXES:
                channels, *sides = layer.outputs
                return (
                    f" ({channels} channels x {' x '.join(map(str, sides))})"
                    if math.prod(layer.outputs) == numbers
                    else ""
                )
        return ""


_N = r"(\d{1,12})"
_PRODUCTS = (
    rf"\({_N}x{_N} and {_N}x{_N}\)",
    rf"\[{_N}, {_N}\] X \[{_N}, {_N}\]",
    rf"m1: \[{_N} x {_N}\], m2: \[{_N} x {_N}\]",
)
_SPOKEN = (
    (re.compile(r"expected input\[([\d, ]{1,60})\]|input of size: \[([\d, ]{1,60})\]"), ()),
    (re.compile(r"Given input size(?: per channel)?: \((\d+)x(\d+)x(\d+)\)"), (1,)),
    (re.compile(r"input size per channel: \((\d+) x (\d+)\)"), (1, 1)),
    (re.compile(r"\((\d{1,12})x(\d{1,12}) and |m1: \[(\d{1,12}) x (\d{1,12})\]"), ()),
)
"""Where torch's own words say what came in, and the axes that they leave out."""


def _spoken(message: str) -> Shape:
    """Return the shape of which an exception's text speaks; empty where it speaks of none."""
    for pattern, left_out in _SPOKEN:
        if found := pattern.search(message):
            numbers = re.findall(r"\d{1,12}", " ".join(one for one in found.groups() if one))
            return (*left_out, *map(int, numbers))
    return ()


Said = tuple[str, str] | tuple[str, str, Fix | None]
"""Cause and help, and where there is one the fix."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One kind of error: its number in the catalogue and the function that recognises and explains it."""

    code: str
    recognise: Callable[[Scene], Said | None]


def symptom(code: str) -> Callable[[Callable[[Scene], Said | None]], Symptom]:
    """Make a symptom of a function that returns cause and help, or None when the error is another one."""
    return lambda recognise: Symptom(code, recognise)
