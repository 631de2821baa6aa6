"""What three networks learnt under one rubric: the reference, one of dense layers alone, and a linear one.

What the last two reach can be had without a convolution, so it should not earn what the assignment is about.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from grader import scoring
from grader.records import Reference, Training
from grader.scoring.interpolation import Slope, chance_line, slope
from grader.scoring.significance import wilson_upper

_DEVIATIONS = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """One network, trained over several seeds.

    Attributes:
        name: what the reports call it.
        layers: what it consists of, in words.
        accuracies: of its seeds on the held-out pictures, 0 to 1.
        trainings: of its seeds, in the same order.
    """

    name: str
    layers: str
    accuracies: tuple[float, ...]
    trainings: tuple[Training, ...]

    @property
    def spread(self) -> Reference:
        """Return mean, deviation and the mean less two deviations."""
        return scoring.reference_target(self.accuracies)

    @property
    def best(self) -> float:
        """Return the mean plus two deviations, at most 1: what few trainings of it exceed."""
        found = self.spread
        return min(found.mean + _DEVIATIONS * found.deviation, 1.0)

    @property
    def seconds(self) -> float:
        """Return how long one training takes on average."""
        return statistics.fmean(one.seconds for one in self.trainings)


@dataclass(frozen=True, slots=True)
class Untrained:
    """A network that could not be trained under this rubric, and why, as a sentence."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What the rubric and the command line say.

    Attributes:
        classes: scores of a network.
        train: pictures to train on.
        held_out: pictures to measure on.
        steps: of the recipe.
        repeats: trainings of every student's network.
        points: of the criterion `accuracy`.
        pass_at: points from which it counts as passed.
        chance: where points begin, as a multiple of a guess.
        students: how large the class is.
        workers: trainings at a time.
    """

    classes: int
    train: int
    held_out: int
    steps: int
    repeats: int
    points: float
    pass_at: float
    chance: float
    students: int
    workers: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the networks came to under one rubric."""

    setting: Setting
    reference: Trial
    dense: Trial | Untrained
    linear: Trial | Untrained

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Return the networks that were trained, the reference first."""
        return tuple(one for one in (self.reference, self.dense, self.linear) if isinstance(one, Trial))

    @property
    def target(self) -> float:
        """Return the accuracy whose interval's upper end earns all points."""
        return self.reference.spread.target

    @property
    def begin(self) -> float:
        """Return the accuracy below which the rubric gives nothing."""
        return chance_line(self.setting.classes, self.setting.chance)

    def line(self, chance: float | None = None) -> Slope | None:
        """Return where points begin and end, by the rubric's multiple of a guess or another; None where nowhere."""
        begin = self.begin if chance is None else chance_line(self.setting.classes, chance)
        return slope(begin, self.target, self.setting.held_out) if self.target > begin else None

    def share(self, accuracy: float, chance: float | None = None) -> float | None:
        """Return the share of the points that an accuracy earns; None where there is no line."""
        line = self.line(chance)
        return None if line is None else line.share(wilson_upper(accuracy, self.setting.held_out))

    def earned(self, accuracy: float) -> float | None:
        """Return the points that an accuracy earns by the rubric as it is."""
        share = self.share(accuracy)
        return None if share is None else round(self.setting.points * share, 2)
