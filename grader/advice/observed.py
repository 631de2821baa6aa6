"""What advice looks at, and the decorator that makes a piece of advice of a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from grader.records import (
    Advice,
    Break,
    Examination,
    Layer,
    Meaning,
    Practice,
    Repair,
    Role,
    Shape,
    Spot,
    SpotKind,
    Training,
    TrainingLoop,
    Where,
)
from grader.wording import spatial

Said = tuple[str, str, Where]
"""What was found, the one thing to do, and where."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything about a submission from which advice is drawn.

    Attributes:
        classes: scores that the network must answer with.
        shape: one picture, `(3, 32, 32)`.
        examination: what the replay showed; None when nothing was captured.
        practice: how the submission trains and measures, by its text: a child's claim.
        broke: where the student's own code stopped; None when it did not.
        repairs: what the grader did so that the submission could run.
        training: the training under the recipe; None when there was none.
    """

    classes: int
    shape: Shape
    examination: Examination | None = None
    practice: Practice = field(default_factory=Practice)
    broke: Break | None = None
    repairs: tuple[Repair, ...] = ()
    training: Training | None = None

    @property
    def whole(self) -> Examination | None:
        """Return the examination of a network that runs from the picture to its answer; else None."""
        return self.examination if self.examination is not None and self.examination.complete else None

    @property
    def meaning(self) -> Meaning | None:
        """Return what the network's answers are; None where it has none."""
        return self.whole.meaning if self.whole is not None else None

    @property
    def loop(self) -> TrainingLoop | None:
        """Return the loop that trains, the last one that is written; None where the text shows none."""
        return self.practice.loops[-1] if self.practice.loops else None

    def on_path(self, *roles: Role) -> list[Layer]:
        """Return the layers on the way to the scores that have one of the roles; all of them without roles."""
        layers = self.whole.layers if self.whole is not None else ()
        return [layer for layer in layers if layer.on_path and (not roles or layer.role in roles)]

    def spot(self, kind: SpotKind) -> Spot | None:
        """Return the first call that stands out by its kind; None where there is none."""
        found = self.whole.spots if self.whole is not None else ()
        return next((one for one in found if one.kind is kind), None)


Notice = Callable[[Observed], Said | None]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One kind of silent mistake, or of advice.

    Attributes:
        code: its number in the catalogue, `S01`; `A01` for advice on a design.
        notice: what finds it.
        said_by: criteria that say the same when they fail; it is then not repeated.
        informs: whether it is information alone: nothing is wrong, or the course teaches it so.
    """

    code: str
    notice: Notice
    said_by: tuple[str, ...] = ()
    informs: bool = False

    def advice(self, observed: Observed) -> Advice | None:
        """Return the advice that `observed` calls for; None when it calls for none."""
        said = self.notice(observed)
        return Advice(self.code, *said) if said is not None else None


def mistake(code: str, *, said_by: tuple[str, ...] = (), informs: bool = False) -> Callable[[Notice], Mistake]:
    """Make a mistake of a function that returns what was found, what to do and where, or None."""
    return lambda notice: Mistake(code, notice, said_by, informs)


def lengths(layer: Layer, setting: str, missing: int = 1) -> tuple[int, ...]:
    """Return a setting as one number for each axis of the map; `missing` where it is not known."""
    value = layer.settings.get(setting) or missing
    axes = max(len(spatial(layer.inputs)), 1)
    if isinstance(value, tuple | list):
        numbers = [one for one in value if isinstance(one, int)]
        return tuple(numbers) * (axes if len(numbers) == 1 else 1) or (missing,) * axes
    return (value if isinstance(value, int) else missing,) * axes


def at(where: Where) -> str:
    """Write a place in brackets: ` (cell 3, line 12)`; nothing where it is not known."""
    return f" ({where})" if str(where) else ""
