"""The tables of a rubric: every key with its bounds, its default and what it means.

Everything but `version`, `title` and `criteria` has a default.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, PrivateAttr

from grader.rubric.functions import OwnFunction
from grader.rubric.handing_in import Gradescope, Late
from grader.rubric.settings import Budget, Data, Extract, Input, Limits, Points, Recipe, ReferenceSolution, Table, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
