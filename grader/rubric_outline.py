"""Explain a rubric: every key with its value and meaning, every criterion with what it judges, and the whole in words.

The meanings are the descriptions in `grader.rubric`, the docstrings of the criteria and the meanings of their own
numbers, so that there is one place for each and none can be forgotten.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from grader.criteria import CRITERIA, criterion_of
from grader.criteria.evidence import Criterion
from grader.rubric import Rubric, Rule, Table
from grader.scoring.interpolation import chance_line
from grader.scoring.late import late_policy
from grader.scoring.significance import wilson
from grader.wording import counted, percent, sentence

TABLES = ("input", "data", "reference", "recipe", "budget", "limits", "extract", "late", "gradescope")
"""The tables that hold single keys, in the order in which they are explained."""

_THOUSANDS = 10_000  # from here on digits are grouped, as the course's rubric writes them


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the rubric.

    Attributes:
        name: as it is written in the file.
        value: what holds, a plain JSON value.
        default: what holds where it is left out; the same when the rubric changes nothing.
        meaning: half a sentence.
    """

    name: str
    value: Any
    default: Any
    meaning: str

    @property
    def changed(self) -> bool:
        """Tell whether the rubric says anything else than the default."""
        return bool(self.value != self.default)


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the rubric: its name in the file, what it is about, sentences on it as a whole, and its keys."""

    name: str
    meaning: str
    words: tuple[str, ...]
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion.

    Attributes:
        id: as it is written in the file.
        title: a sentence that can be true.
        meaning: what is judged.
        points: the most that it can earn.
        pass_at: points from which it counts as passed.
        requires: ids of the criteria that must have earned something first.
        numbers: its own numbers.
    """

    id: str
    title: str
    meaning: str
    points: float
    pass_at: float
    requires: tuple[str, ...]
    numbers: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """One mark that a human gives, with the guide for whoever gives it."""

    id: str
    title: str
    points: float
    guide: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole rubric, explained."""

    title: str
    automatic_points: float
    human_points: float
    sections: tuple[Section, ...]
    criteria: tuple[Judged, ...]
    human: tuple[Marked, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"version": 1, **dataclasses.asdict(self)}


def outline(rubric: Rubric) -> Outline:
    """Explain `rubric`."""
    return Outline(
        title=rubric.title,
        automatic_points=rubric.automatic_points,
        human_points=rubric.human_points,
        sections=tuple(_section(rubric, name) for name in TABLES),
        criteria=tuple(_judged(criterion_of(rubric, name), rule) for name, rule in rubric.criteria.items()),
        human=tuple(Marked(name, mark.title, mark.points, mark.guide) for name, mark in rubric.human.items()),
    )


def written(value: Any) -> str:
    """Write a plain value as it is typed in TOML: `true`, `"patterns"`, `50_000_000`, `[3, 32, 32]`."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"{value:_}" if abs(value) >= _THOUSANDS else str(value)
        case float():
            return f"{value:g}"
        case list() | tuple():
            return f"[{', '.join(map(written, value))}]"
        case _:
            text = str(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{text}"'


def _section(rubric: Rubric, name: str) -> Section:
    table: Table = getattr(rubric, name)
    plain = table.model_dump(mode="json")
    usual = type(table)().model_dump(mode="json")
    keys = tuple(
        Key(key, plain[key], usual[key], field.description or "") for key, field in type(table).model_fields.items()
    )
    return Section(name, Rubric.model_fields[name].description or "", _words(rubric, name), keys)


def _judged(found: Criterion, rule: Rule) -> Judged:
    full = found.definition.complete(rule)
    numbers = tuple(
        Key(name, full.number(name), one.default, one.meaning) for name, one in found.definition.parameters.items()
    )
    if rule.check is not None:
        numbers = tuple(Key(name, value, value, "a key of its own") for name, value in rule.parameters.items())
    return Judged(
        id=found.id,
        title=full.title or "",
        meaning=sentence(found.meaning.removeprefix("Judge ")) if rule.check is None else f"Judged by {rule.check}.",
        points=full.points,
        pass_at=full.pass_at or 0,
        requires=full.requires or (),
        numbers=numbers,
    )


def _words(rubric: Rubric, name: str) -> tuple[str, ...]:
    """Return what follows from several keys together."""
    match name:
        case "input":
            shape = "×".join(map(str, rubric.input.shape))
            answer = f"must answer with {rubric.input.classes} scores, one for each class"
            return (f"A network is given pictures of {shape} (channels × height × width) and {answer}.",)
        case "data":
            return _data_words(rubric)
        case "reference":
            return _reference_words(rubric)
        case "recipe":
            if not rubric.trains:
                return (
                    "Nothing is trained: no criterion looks at it, and neither [recipe] nor [reference] is written.",
                )
            return _recipe_words(rubric)
        case "late":
            return (late_policy(rubric.late),)
        case _:
            return ()


def _data_words(rubric: Rubric) -> tuple[str, ...]:
    data = rubric.data
    if data.source != "patterns":
        return (f"Your own pictures; {percent(data.held_out_fraction)} are held out unless they bring a test set.",)
    low, high = wilson(data.held_out // 2, data.held_out)
    counts = f"{counted(data.train, 'picture')} to train on and {data.held_out:,} to measure on"
    return (f"Generated: {counts}; an accuracy is known to about ±{50 * (high - low):.1f} percentage points by those.",)


def _reference_words(rubric: Rubric) -> tuple[str, ...]:
    rule = rubric.criteria.get("accuracy")
    if rule is None:
        return ("No criterion of this rubric compares a network with it.",)
    margin = CRITERIA["accuracy"].definition.complete(rule).number("chance")
    guess = f"{margin:g} times a guess among {rubric.input.classes} classes"
    begin = percent(chance_line(rubric.input.classes, margin))
    return (f"Points for accuracy run from {begin} ({guess}) to the reference's mean less two deviations.",)


def _recipe_words(rubric: Rubric) -> tuple[str, ...]:
    recipe = rubric.recipe
    shown = recipe.steps * recipe.batch
    seen = f"{counted(recipe.steps, 'step')} of {counted(recipe.batch, 'picture')}"
    if rubric.data.source == "patterns":
        seen += f", so that it sees each training picture {shown / rubric.data.train:.3g} times"
    rise = round(recipe.warmup * recipe.steps)
    several = "" if recipe.seeds == 1 else f" It is trained {recipe.seeds} times, and the median accuracy counts."
    rate = f"rises to {recipe.learning_rate:g} over the first {counted(rise, 'step')} and falls to nothing by the last"
    return (f"Each network is trained for {seen}. The learning rate {rate}.{several}",)
