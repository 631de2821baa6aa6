"""What `grader rubric check` and `show` do: read a rubric, say what is doubtful about it, and explain it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from grader.criteria import DEFINITIONS
from grader.data import patterns
from grader.faults import RubricFault
from grader.report.paging import Paging, print_page
from grader.report.plain import inert_line
from grader.report.terminal_rubric import rubric_page
from grader.report.terminal_text import number
from grader.rubric import Data, Rubric, load
from grader.rubric_outline import outline, written
from grader.scoring.interpolation import chance_line
from grader.scoring.significance import wilson
from grader.wording import percent

if TYPE_CHECKING:
    from rich.console import Console

_FEW = 200  # held-out pictures; with fewer an accuracy is known to 7 percentage points and worse
_LATE = 0.7  # accuracy; where points begin above it, most networks that learn something earn nothing
_FOR_PATTERNS, _FOR_OWN = ("train", "held_out", "held_out_seed"), ("held_out_fraction",)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that the format allows, and that is probably not meant.

    Attributes:
        key: where in the rubric, such as `reference.solution`.
        what: what is there and what follows from it, a sentence.
        fix: one thing to do.
    """

    key: str
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Showing:
    """How an answer is printed: as one JSON document and nothing else, or as a page that may go through a pager."""

    as_json: bool = False
    paging: Paging = field(default_factory=Paging)


def run_check(path: Path, console: Console, *, as_json: bool) -> int:
    """Read the rubric at `path`; say what is wrong with it, or what is doubtful; return 2 where it is wrong, else 0.

    Raises:
        RubricFault: it is no rubric at all, such as a file that is not there.
    """
    try:
        rubric = load(path, DEFINITIONS)
    except RubricFault as fault:
        if not fault.mistakes:
            raise
        _say_mistakes(fault, path, console, as_json=as_json)
        return 2
    found = tuple(doubts(rubric))
    if as_json:
        plain = {
            "version": 1,
            "rubric": str(path),
            "title": rubric.title,
            "criteria": len(rubric.criteria),
            "automatic_points": rubric.automatic_points,
            "human_points": rubric.human_points,
            "doubts": [asdict(one) for one in found],
        }
        console.file.write(json.dumps(plain) + "\n")
        return 0
    verdict = "it can be read, but:" if found else "nothing is wrong."
    _say(console, f"{path}: {_counted(rubric)}; {verdict}")
    for one in found:
        _say(console, f"  - {one.key}: {one.what} {one.fix}")
    return 0


def _say_mistakes(fault: RubricFault, path: Path, console: Console, *, as_json: bool) -> None:
    """Print every mistake with its line."""
    if as_json:
        rows = [{"line": line, "key": key, "problem": problem} for line, key, problem in fault.mistakes]
        console.file.write(json.dumps({"version": 1, "rubric": str(path), "mistakes": rows}) + "\n")
        return
    for line, key, problem in fault.mistakes:
        _say(console, f"{path}, line {line}: {f'{key} ' if key else ''}{problem}.")


def run_show(path: Path, showing: Showing, console: Console) -> int:
    """Explain the rubric at `path`; return the exit code.

    Raises:
        RubricFault: it is wrong.
    """
    explained = outline(load(path, DEFINITIONS))
    if showing.as_json:
        console.file.write(json.dumps({**explained.to_json(), "rubric": str(path)}) + "\n")
    else:
        print_page(console, rubric_page(explained, str(path)), showing.paging)
    return 0


def doubts(rubric: Rubric) -> Iterator[Doubt]:
    """Yield what `load` cannot see: files that are missing, numbers that contradict each other or have no effect."""
    yield from _reference_doubts(rubric)
    yield from _data_doubts(rubric)
    yield from _points_doubts(rubric)


def _reference_doubts(rubric: Rubric) -> Iterator[Doubt]:
    solution = rubric.resolve(rubric.reference.solution)
    if rubric.trains and not solution.exists():
        what = f"{solution} does not exist, and without it nothing can be trained."
        yield Doubt("reference.solution", what, "Name the file of your own network, seen from the rubric.")
    rule = rubric.criteria.get("accuracy")
    if "reference" in rubric.model_fields_set and (rule is None or not rule.points):
        what = "a reference is set, every network is trained and scored, and its accuracy earns no points."
        yield Doubt("criteria.accuracy", what, "Give the criterion points, or leave [reference] away.")


def _data_doubts(rubric: Rubric) -> Iterator[Doubt]:
    data, own = rubric.data, rubric.data.source != "patterns"
    if own and not rubric.resolve(data.source).exists():
        what = f"{rubric.resolve(data.source)} does not exist."
        yield Doubt("data.source", what, "Name a folder or an .npz, seen from the rubric, or call --data each time.")
    for key in _FOR_PATTERNS if own else _FOR_OWN:
        value = getattr(data, key)
        if value != Data.model_fields[key].default:
            kind = "generated pictures, and these are your own" if own else "your own pictures, and these are generated"
            yield Doubt(f"data.{key}", f"{written(value)} is for {kind}; it has no effect.", "Leave it away.")
    if own:
        return
    if not patterns.fits(rubric.input.shape) or rubric.input.classes != len(patterns.CLASSES):
        shape = "×".join(map(str, rubric.input.shape))
        asked = f"{rubric.input.classes} classes of {shape}"
        fix = "Name your own pictures under [data] source, or call --data each time."
        sides = f"1 or 3 channels, sides of {patterns.LEAST_SIDE} to {patterns.SIDE}"
        what = f"the generated pictures are 10 classes ({sides}), and [input] asks for {asked}."
        yield Doubt("data.source", what, fix)
    if data.held_out < _FEW:
        low, high = wilson(data.held_out // 2, data.held_out)
        what = f"with {data.held_out} pictures an accuracy is only known to ±{50 * (high - low):.0f} percentage points."
        yield Doubt("data.held_out", what, f"Take {_FEW} or more; the course's rubric takes 1000.")


def _points_doubts(rubric: Rubric) -> Iterator[Doubt]:
    if not rubric.automatic_points and not rubric.human_points:
        yield Doubt("criteria", "no criterion and no mark has any points.", "Write points = 1 or more for some.")
    rule = rubric.criteria.get("accuracy")
    if rule is None or not rule.points:
        return
    classes = rubric.input.classes
    margin = DEFINITIONS["accuracy"].complete(rule).number("chance")
    begin = chance_line(classes, margin)
    if begin >= _LATE:
        least = f"{margin:g} times a guess among {classes} classes is {percent(begin)}"
        what = f"{least}, which no network can exceed." if begin >= 1 else f"{least}, and points hardly begin below it."
        yield Doubt("criteria.accuracy.chance", what, f"Write chance = {1 + 0.2 * (classes - 1) / classes:.1f} or so.")


def _counted(rubric: Rubric) -> str:
    criteria = f"{len(rubric.criteria)} {'criterion' if len(rubric.criteria) == 1 else 'criteria'}"
    human = f" and {number(rubric.human_points)} by a human" if rubric.human else ""
    points = "point" if rubric.automatic_points == 1 else "points"
    return f"{criteria}, {number(rubric.automatic_points)} automatic {points}{human}"


def _say(console: Console, text: str) -> None:
    """Print one line as it is: paths and keys may hold anything."""
    console.print(Text(inert_line(text, 1000)), soft_wrap=True)
