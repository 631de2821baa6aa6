"""The tables of a rubric: every key with its bounds, its default and what it means.

Everything but `version`, `title` and `criteria` has a default.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr
from pydantic_core import PydanticCustomError

from grader.rubric.functions import OwnFunction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Count = Annotated[int, Field(ge=1, le=10**12)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Amount = Annotated[float, Field(gt=0, le=1e12)]
Points = Annotated[float, Field(ge=0, le=1000)]
Text = Annotated[str, Field(min_length=1)]


def _as_text(value: object) -> object:
    """Return a date and time of TOML as text, so that it may stand in the file with quotes or without."""
    return value.isoformat() if isinstance(value, datetime) else value


def _with_zone(text: str) -> str:
    try:
        known = not text or datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        known = False
    if not known:
        raise PydanticCustomError("moment", "a day and time with its zone is 2026-11-20T23:59:00+01:00")
    return text


Moment = Annotated[str, BeforeValidator(_as_text), AfterValidator(_with_zone)]

MARK_NAME = r"^[a-z][a-z0-9_]*$"
"""What a human's mark may be called."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Describe a number that a criterion lets the rubric set, between `low` and `high`."""

    default: float
    low: float
    high: float
    meaning: str


@dataclass(frozen=True, slots=True)
class Definition:
    """Say what a rubric may leave out about a criterion.

    Attributes:
        title: a sentence that can be true.
        requires: ids of the criteria without which this one is not judged.
        pass_share: share of the points at which it counts as passed.
        parameters: the numbers of its own, by name.
    """

    title: str
    requires: tuple[str, ...] = ()
    pass_share: float = 1.0
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def complete(self, rule: Rule) -> Rule:
        """Return the rule with everything filled in that the rubric left to the criterion."""
        own = {name: parameter.default for name, parameter in self.parameters.items()}
        return Rule(
            points=rule.points,
            pass_at=rule.points * self.pass_share if rule.pass_at is None else rule.pass_at,
            title=rule.title or self.title,
            requires=self.requires if rule.requires is None else rule.requires,
            **{**own, **rule.parameters},
        )


class Table(BaseModel):
    """One table of the file: frozen, with no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Input(Table):
    """What a network is given (channels, height, width) and how many scores it must answer with."""

    shape: Annotated[tuple[Count, Count, Count], Field(strict=False)] = Field(
        default=(3, 32, 32), description="channels, height and width of one picture"
    )
    classes: Annotated[int, Field(ge=2, le=100_000)] = Field(
        default=10, description="how many scores a network must answer with, one for each class"
    )


class Data(Table):
    """The pictures: counts are for generated ones, the fraction for a folder."""

    source: Text = Field(
        default="patterns",
        description="`patterns` for generated pictures, or a folder or .npz of your own, seen from the rubric",
    )
    train: Count = Field(default=4000, description="generated pictures to train on")
    held_out: Count = Field(default=1000, description="generated pictures to measure on")
    held_out_fraction: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.2, description="share of your own pictures that is kept back to measure on"
    )
    seed: Seed = Field(default=1, description="draws the generated training pictures, or the split of your own")
    held_out_seed: Seed = Field(
        default=2,
        description="draws the generated held-out pictures; a number that you keep private, and nobody has seen them",
    )


class ReferenceSolution(Table):
    """The solution whose accuracy earns full points, and over how many seeds it is trained."""

    solution: Text = Field(
        default="../reference/solution.py",
        description="the network whose mean accuracy, less two deviations, earns full points; seen from the rubric",
    )
    seeds: Annotated[int, Field(ge=2, le=1000)] = Field(
        default=5, description="how often it is trained, each time from other weights, to know its mean and deviation"
    )


class Recipe(Table):
    """How every network is trained; the same for everybody.

    `warmup` is a share of the steps; `weights` says whether those that were handed in are trained on or drawn anew.
    """

    steps: Count = Field(default=500, description="optimiser steps (AdamW) of every training")
    batch: Count = Field(default=64, description="pictures in each step")
    learning_rate: Annotated[float, Field(gt=0, le=10)] = Field(
        default=4e-3, description="the highest learning rate; it begins at a 25th of it and ends near nothing"
    )
    weight_decay: Annotated[float, Field(ge=0, le=10)] = Field(
        default=0.05, description="AdamW's pull of every weight towards 0"
    )
    warmup: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.2, description="share of the steps in which the learning rate rises"
    )
    seed: Seed = Field(default=1, description="draws the order of the pictures, and dropout")
    memory_format: Literal["channels_last", "contiguous"] = Field(
        default="channels_last",
        description="how pictures lie in memory, `channels_last` or `contiguous`; it moves the last bits of results",
    )
    weights: Literal["submitted", "fresh"] = Field(
        default="fresh",
        description="`fresh` draws all weights anew first, each as PyTorch's own layers do; `submitted` trains on from "
        "those that were handed in",
    )
    flips: bool = Field(default=False, description="whether one training picture in two is mirrored, left to right")
    crops: Annotated[int, Field(ge=0, le=16)] = Field(
        default=0,
        description="pixels of mean colour around each training picture, from which a window of its size is cut at "
        "random; 0 to 16",
    )
    tf32: bool = Field(
        default=False, description="whether a GPU may round what it multiplies to 10 bits of mantissa, which is faster"
    )
    autocast: Literal["off", "bfloat16"] = Field(
        default="off",
        description="`bfloat16` computes convolutions and dense layers in it: faster on a GPU, and 12 times slower on "
        "a processor without instructions for it",
    )
    seeds: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1,
        description="trainings of every network, each in another order of the pictures; the median one counts",
    )


class Budget(Table):
    """What a network may be; FLOPs and activations for one picture, forward."""

    parameters: Count = Field(default=50_000_000, description="numbers that a network may learn")
    flops: Count = Field(default=1_500_000_000, description="floating-point operations for one picture, forward")
    activation_megabytes: Amount = Field(default=64, description="memory for the maps of one picture")
    constants: Count = Field(
        default=1_000_000, description="numbers that a network may carry besides weights that learn and frozen layers"
    )


class Limits(Table):
    """Where the sandbox and the trainer stop."""

    capture_seconds: Amount = Field(
        default=60, description="from the start of a submission's code to the captured network"
    )
    build_seconds: Amount = Field(default=20, description="of that, for the statements that build the network")
    cpu_seconds: Amount = Field(default=60, description="of processor time, however many threads")
    memory_megabytes: Count = Field(
        default=4096, description="memory of one submission's code, or of one training on the processor"
    )
    training_seconds: Amount = Field(default=3600, description="for one training")
    notebook_megabytes: Amount = Field(default=100, description="size of one file that is handed in")
    source_megabytes: Amount = Field(default=10, description="size of the code in it")


class Extract(Table):
    """Which object is the model (empty: it is looked for) and whether small repairs are made."""

    entry: str = Field(default="", description="the variable or class that is the model; empty: it is looked for")
    repairs: bool = Field(
        default=True, description="whether small repairs are made, such as calling a class; each is said in the report"
    )


class Late(Table):
    """What being late costs; with the defaults nothing is taken, and lateness is only shown."""

    per_day: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="share of the points that each day begun after the deadline takes; 0 takes nothing"
    )
    most: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0, description="share of the points that is taken at the most"
    )
    grace_minutes: Annotated[float, Field(ge=0, le=525_600)] = Field(
        default=0.0, description="minutes after the deadline that cost nothing"
    )
    applies_to: Literal["all", "automatic"] = Field(
        default="all",
        description="`all` takes from a human's marks as well, `automatic` from the machine's points alone",
    )
    deadline: Moment = Field(
        default="",
        description="when it was due, with the time zone, such as 2026-11-20T23:59:00+01:00; empty: the LMS's own late "
        "marks count, which do not say by how much, and each is one day",
    )

    def due(self) -> datetime | None:
        """Return the deadline; None where the rubric names none."""
        return datetime.fromisoformat(self.deadline) if self.deadline else None


Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]
CriteriaNames = Annotated[tuple[str, ...], Field(strict=False)]


class Gradescope(Table):
    """Who sees what on Gradescope; with the defaults students see every criterion at once."""

    visibility: Visibility = Field(
        default="visible",
        description="when students see a criterion that is not named below: `visible` at once, `hidden` never, "
        "`after_due_date`, or `after_published`, with the grades",
    )
    visible: CriteriaNames = Field(default=(), description="criteria that students see at once")
    hidden: CriteriaNames = Field(default=(), description="criteria that they never see")
    after_due_date: CriteriaNames = Field(default=(), description="criteria that they see after the due date")
    after_published: CriteriaNames = Field(default=(), description="criteria that they see with the grades")

    @property
    def named(self) -> dict[str, Visibility]:
        """Return what is said of single criteria."""
        groups: dict[Visibility, tuple[str, ...]] = {
            "visible": self.visible,
            "hidden": self.hidden,
            "after_due_date": self.after_due_date,
            "after_published": self.after_published,
        }
        return {name: when for when, names in groups.items() for name in names}

    def of(self, criterion: str) -> Visibility:
        """Return when students see a criterion."""
        return self.named.get(criterion, self.visibility)


class Rule(Table):
    """What is said about one criterion, its own numbers beside it; None leaves it to the criterion's `Definition`."""

    model_config = ConfigDict(extra="allow")

    points: Points = Field(description="the most that it can earn; with 0 it is shown and costs nothing")
    pass_at: Points | None = Field(
        default=None, description="points from which it counts as passed; left out: the criterion's own share of them"
    )
    title: Text | None = Field(
        default=None, description="a sentence that can be true, for the report; left out: the criterion's own"
    )
    requires: Annotated[tuple[str, ...] | None, Field(strict=False)] = Field(
        default=None, description="criteria that must have earned something first; left out: the criterion's own"
    )
    check: Text | None = Field(
        default=None,
        description="a function of your own that judges, `criteria.py:small_kernels` seen from the rubric, or an entry "
        "point's name; it runs without walls, with the rights of whoever grades",
    )

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the criterion's own numbers, by name."""
        return dict(self.model_extra or {})

    def number(self, name: str) -> float:
        """Return one of the criterion's own numbers; raise KeyError where it has none of that name."""
        return float(self.parameters[name])


class Mark(Table):
    """One mark that a human gives, with a guide for whoever gives it."""

    points: Points = Field(description="the most that a human can give")
    title: Text = Field(description="a sentence that can be true, for the report")
    guide: str = Field(default="", description="what each number of points is given for, for whoever marks")


TRAINED = ("memorises", "accuracy")
"""The grader's criteria that look at a training."""


class Rubric(Table):
    """Everything that one assignment asks for."""

    version: Literal[1] = Field(description="of this format")
    title: Text = Field(description="the assignment's name")
    input: Input = Field(default=Input(), description="What a network is given and must answer")
    data: Data = Field(default=Data(), description="The pictures")
    reference: ReferenceSolution = Field(default=ReferenceSolution(), description="The reference solution")
    recipe: Recipe = Field(
        default=Recipe(), description="The recipe: how every network is trained, the same for everybody"
    )
    budget: Budget = Field(default=Budget(), description="What a network may be")
    limits: Limits = Field(default=Limits(), description="Where a submission is stopped")
    extract: Extract = Field(default=Extract(), description="How the network is found")
    late: Late = Field(default=Late(), description="What being late costs")
    gradescope: Gradescope = Field(default=Gradescope(), description="Who sees what on Gradescope")
    criteria: Annotated[dict[str, Rule], Field(min_length=1)] = Field(description="What the machine judges")
    human: dict[str, Mark] = Field(default={}, description="What a human marks")
    _folder: Path = PrivateAttr(default=Path())
    _own: dict[str, OwnFunction] = PrivateAttr(default_factory=dict)

    @property
    def own(self) -> Mapping[str, OwnFunction]:
        """Return the functions of criteria that the rubric defines itself, by the criterion's name."""
        return self._own

    @property
    def own_definitions(self) -> dict[str, Definition]:
        """Return what may be left out about each of these: the title is the docstring's, and the network has to run."""
        return {name: Definition(found.title, ("output",)) for name, found in self._own.items()}

    @property
    def trains(self) -> bool:
        """Tell whether networks are trained: a criterion looks at it, or how is written down."""
        return any(name in self.criteria for name in TRAINED) or bool({"recipe", "reference"} & self.model_fields_set)

    @property
    def automatic_points(self) -> float:
        """Return the points that the machine gives."""
        return sum(rule.points for rule in self.criteria.values())

    @property
    def human_points(self) -> float:
        """Return the points that a human gives."""
        return sum(mark.points for mark in self.human.values())

    def resolve(self, relative: str) -> Path:
        """Return a path of the rubric as seen from the folder that the rubric lies in."""
        return self._folder / relative

    def to_json(self) -> dict[str, Any]:
        """Return plain values; a key that was left to its criterion is left out here as well."""
        return self.model_dump(mode="json", exclude_none=True)

    def content_hash(self, parts: Iterable[str]) -> str:
        """Return a SHA-256 of the named tables (`["recipe"]`), whatever their order and layout in the file.

        That of the criteria counts the code of the instructor's own as well.
        """
        plain = self.to_json()
        chosen = {part: plain[part] for part in parts}
        if self._own and "criteria" in chosen:
            chosen["own"] = {name: found.digest for name, found in self._own.items()}
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()
