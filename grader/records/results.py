"""What came of a grading: verdicts, the model, its training and its score."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from grader.records.outcomes import Outcome, Repair, Where


@dataclass(frozen=True, slots=True)
class Finding:
    """One criterion's verdict.

    Attributes:
        criterion: its id.
        title: a sentence that can be true.
        outcome: how it ended.
        points: what was earned; None while pending and after a fault of the grader's.
        max_points: what can be earned.
        rationale: what was expected and what was found, with numbers.
        help: one next step; empty unless the evidence points to it.
        evidence: the numbers behind the rationale.
    """

    criterion: str
    title: str
    outcome: Outcome
    points: float | None
    max_points: float
    rationale: str = ""
    help: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advice:
    """A piece of advice; it never costs points.

    Attributes:
        code: its number in the catalogue of silent mistakes, `S01`.
        title: what was found, with numbers, without a full stop.
        help: the one thing to do.
        where: the student's line.
    """

    code: str
    title: str
    help: str
    where: Where = field(default_factory=Where)


@dataclass(frozen=True, slots=True)
class Model:
    """The model that was found.

    Attributes:
        name: of its class, or of the variable that holds it.
        how: in which shape it was written: `class`, `sequential`, `expression`, …
        where: the line that defines it.
        parameters: numbers that it learns; None where it was not captured.
        flops: for one picture, forward; None where it was not captured.
        repairs: what the grader did so that it could be made.
    """

    name: str
    how: str
    where: Where
    parameters: int | None
    flops: int | None
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a learning curve: mean training loss since the point before, at `step`.

    Attributes:
        step: counted from 1.
        loss: mean since the point before.
    """

    step: int
    loss: float


@dataclass(frozen=True, slots=True)
class Sample:
    """What a trained network answers to one of the pictures that it was trained on.

    Attributes:
        position: of the picture among those.
        answer: number of the class that it chose; None where it chose none.
        probability: how sure it is, from 0 to 1; None with the answer.
    """

    position: int
    answer: int | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """One training under the recipe.

    Attributes:
        recipe: the rubric's, whole.
        seed: of this training.
        steps: that were taken.
        seconds: of wall clock; it is no part of any verdict.
        curve: mean losses, some fifty points.
    """

    recipe: dict[str, Any]
    seed: int
    steps: int
    seconds: float
    curve: tuple[CurvePoint, ...]
    memorised: float | None = None
    """Share of 64 training pictures learnt by heart; None when it was not tried."""
    hardware: dict[str, Any] = field(default_factory=dict)
    """The fingerprint of what it was trained on."""
    accuracy_handed_in: float | None = None
    """Share of some training pictures that it knew as it was handed in; None where nobody asked."""
    accuracy_at_start: float | None = None
    """The same before the first step; another number where the recipe draws the weights anew."""
    asked_at_start: int = 0
    """How many pictures that were."""
    chance_at_start: float | None = None
    """Share of the training pictures that always answering with the commonest class gets right."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """What being late takes from the points, which stay as they are in the report.

    Attributes:
        days: begun after the deadline.
        share: of the points that is taken.
        applies_to: `all` points, or the `automatic` ones alone.
        reason: what is taken and from what, one sentence.
    """

    days: int
    share: float
    applies_to: str
    reason: str

    def taken(self, points: float, marks: float) -> float:
        """Return how many of the machine's points and a human's marks are taken."""
        return round(self.share * (points + marks if self.applies_to == "all" else points), 2)


@dataclass(frozen=True, slots=True)
class Keys:
    """What a report was made from; equal keys mean that the work is not done again.

    Attributes:
        capture: of the code, the saved weights and what the rubric says of building.
        training: of the captured graph, the recipe, the pictures and the hardware; empty where nothing was trained.
        score: of the answers, the labels, the criteria and the explanation.
    """

    capture: str = ""
    training: str = ""
    score: str = ""
