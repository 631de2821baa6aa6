"""What stands out in a captured network without being a layer: single calls, pixels that are never read."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from grader.records.outcomes import Where


class SpotKind(StrEnum):
    """What a call does that the table of layers does not show."""

    DROPOUT = "dropout"
    """Dropout that stays on in evaluation."""
    NOISE = "noise"
    """Random numbers that reach the answer in evaluation."""
    BATCH_STATISTICS = "batch_statistics"
    """A batch norm that goes by the batch in evaluation."""
    DETACH = "detach"
    """A result that is cut off from its gradient."""
    MADE_IN_FORWARD = "made_in_forward"
    """A layer whose weights are drawn at every call."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One call that stands out.

    Attributes:
        kind: what it does.
        name: the student's name for it, else the operator's.
        where: the student's line.
        number: the probability of a dropout; 0 for all others.
    """

    kind: SpotKind
    name: str
    where: Where = field(default_factory=Where)
    number: float = 0.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which pixels can change the answer, whatever the weights are.

    Attributes:
        pixels: of one picture, height x width.
        read: how many of them reach the answer, through any colour.
        top: rows at the upper edge that are never read.
        bottom: rows at the lower edge.
        left: columns at the left edge.
        right: columns at the right edge.
        channels: colours that are read.
    """

    pixels: int
    read: int
    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0
    channels: int = 0

    @property
    def unread(self) -> float:
        """Return the share of the pixels that are never read."""
        return 1 - self.read / self.pixels


@dataclass(frozen=True, slots=True)
class Twice:
    """A layer that is called several times while another of its size is never called.

    Attributes:
        name: the layer that is called.
        times: how often.
        unused: the layer that is not.
        where: the line of its second call.
    """

    name: str
    times: int
    unused: str
    where: Where = field(default_factory=Where)
