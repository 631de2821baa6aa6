"""What a symptom looks at, and the decorator that makes one of a function."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.records import Break, Layer, Role, Shape

BATCH = 7
"""Pictures in the batch that is sent through: a prime, so that it can be told from channels and sides."""
_MAP_AXES = 3  # (C, H, W)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the student reads about an error.

    Attributes:
        code: the number in the catalogue, `E02`; `E00` when the error is not in it.
        cause: what was expected and what was found, with numbers.
        help: the one thing to do next; empty when the evidence points to none.
    """

    code: str
    cause: str
    help: str = ""


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
        """Tell whether pictures were on their way through the network."""
        return self.broke.stage == "forward"

    def says(self, pattern: str, *kinds: str) -> re.Match[str] | None:
        """Return where the exception's text has the pattern, if it is one of these exception classes."""
        return re.search(pattern, self.broke.message, re.DOTALL) if not kinds or self.broke.kind in kinds else None

    def line_has(self, text: str) -> bool:
        """Tell whether the student's line has this text; a line that is not known does not contradict."""
        return not self.broke.source or text in self.broke.source

    def ran(self, role: Role) -> list[Layer]:
        """Return the layers of one role that ran before the error."""
        return [layer for layer in self.layers if layer.role is role]

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


Said = tuple[str, str]
"""Cause and help."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One kind of error: its number in the catalogue and the function that recognises and explains it."""

    code: str
    recognise: Callable[[Scene], Said | None]


def symptom(code: str) -> Callable[[Callable[[Scene], Said | None]], Symptom]:
    """Make a symptom of a function that returns cause and help, or None when the error is another one."""
    return lambda recognise: Symptom(code, recognise)
