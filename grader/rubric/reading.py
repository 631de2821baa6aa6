"""Read a rubric: a TOML file becomes a `Rubric`, and every mistake in it becomes one sentence with its line.

Which criteria exist is the registry's to say, so `load` is told by its caller (`known`), and nothing here imports the
steps.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from grader.faults import RubricFault
from grader.rubric.functions import NoFunctionError, find
from grader.rubric.mistakes import KeyPath, fault, nearest, syntax_fault, worded
from grader.rubric.tables import MARK_NAME, Definition, Mark, Rubric, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails


def load(path: Path, known: Mapping[str, Definition]) -> Rubric:
    """Read the rubric at `path`; raise RubricFault for whatever is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RubricFault(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise RubricFault(f"{path} is not text in UTF-8: byte {error.start + 1} does not belong there.") from error
    return parse(text, str(path), known)


def parse(text: str, origin: str, known: Mapping[str, Definition], folder: Path | None = None) -> Rubric:
    """Read a rubric from its text; `origin` is its path, for messages and for the paths within it.

    Where `folder` is given, paths within it are seen from there: what came from elsewhere has no folder of its own.

    A function that the rubric names for a criterion of its own is loaded, which runs its file.
    """
    try:
        plain = tomllib.loads(text)
        rubric, mistakes = _validated(plain)
    except tomllib.TOMLDecodeError as error:
        raise syntax_fault(text, origin, str(error)) from error
    except RecursionError as error:
        raise RubricFault(f"{origin}, line 1: the file is nested too deeply to be a rubric.") from error
    if rubric is not None:
        rubric._folder = Path(origin).parent if folder is None else folder
        wrong = {_table(path) for path, _ in mistakes}
        found = [*_own_mistakes(rubric, known), *_contradictions(rubric, {**known, **rubric.own_definitions})]
        mistakes += [one for one in found if _table(one[0]) not in wrong]  # what was mended there would be in them
    if mistakes or rubric is None:
        raise fault(text, origin, mistakes)
    return rubric


def _validated(plain: dict[str, Any]) -> tuple[Rubric | None, list[tuple[KeyPath, str]]]:
    """Return the rubric and what is wrong with its keys; what is wrong is left out of it, so that the rest is read too.

    None where nothing is left that could be read.
    """
    mistakes: list[tuple[KeyPath, str]] = []
    for _ in range(_PASSES):
        try:
            return Rubric.model_validate(plain), mistakes
        except ValidationError as error:
            found = error.errors()
        mistakes = mistakes or [(one["loc"], worded(one, _known_keys(one))) for one in found]
        for one in found:
            _mend(plain, one)
    return None, mistakes


def _table(path: KeyPath) -> KeyPath:
    """Return the table that a key stands in."""
    return path[:2] if path[0] in ("criteria", "human") else path[:1]


_PASSES = 4
"""How often what is wrong is taken out: a table that is emptied by it is wrong then."""

_STAND_INS: dict[str, Any] = {"version": 1, "title": "?", "points": 0, "criteria": {"built": {"points": 0}}}
"""What is read in the place of a key that has to be there, and is missing or wrong."""


def _mend(plain: dict[str, Any], mistake: ErrorDetails) -> None:
    """Take the place of a mistake out of the plain values, or put a stand-in there where something has to be."""
    *above, last = (part for part in mistake["loc"] if isinstance(part, str))
    table: Any = plain
    for part in above:
        table = table.get(part) if isinstance(table, dict) else None
    if isinstance(table, dict):
        table.pop(last, None)
        if last in _STAND_INS and (not above or above[0] in ("criteria", "human")):
            table[last] = _STAND_INS[last]


def _own_mistakes(rubric: Rubric, known: Iterable[str]) -> Iterator[tuple[KeyPath, str]]:
    """Find the functions that the rubric names; yield what is wrong with the criteria that they judge."""
    for name, rule in rubric.criteria.items():
        if rule.check is None:
            continue
        if name in known:
            yield ("criteria", name, "check"), "belongs to a criterion of the grader's; give yours another name"
            continue
        try:
            rubric._own[name] = find(rule.check, rubric._folder)
        except NoFunctionError as error:
            yield ("criteria", name, "check"), str(error)
            continue
        if not rule.title and not rubric._own[name].title:
            yield ("criteria", name), "has no title; write one, or a docstring for its function"


def _known_keys(mistake: ErrorDetails) -> Iterable[str]:
    match mistake["loc"]:
        case ("human", _, _):
            return Mark.model_fields
        case (str(table), _):
            return getattr(type(Rubric.model_fields[table].default), "model_fields", ())
        case _:
            return Rubric.model_fields


def _contradictions(rubric: Rubric, known: Mapping[str, Definition]) -> Iterator[tuple[KeyPath, str]]:
    if rubric.data.source == "patterns" and rubric.data.seed == rubric.data.held_out_seed:
        yield (
            ("data", "held_out_seed"),
            "must differ from data.seed, or the held-out pictures are the training pictures",
        )
    for name in rubric.human:
        if not re.search(MARK_NAME, name):
            yield ("human", name), "must be small letters, digits and underscores"
        if name in rubric.criteria:
            yield ("human", name), "is also the name of a criterion; each needs its own"
    yield from _visibility_mistakes(rubric)
    for name, rule in rubric.criteria.items():
        if name in known:
            yield from ((("criteria", name, key), problem) for key, problem in _rule_mistakes(rule, known[name], known))
        elif rule.check is None:
            yield ("criteria", name), "is not a known criterion" + nearest(name, known)
    yield from _circles(rubric, known)


def _visibility_mistakes(rubric: Rubric) -> Iterator[tuple[KeyPath, str]]:
    """Find criteria that the table for Gradescope names and that are not there, or that it names twice."""
    seen: set[str] = set()
    for key in ("visible", "hidden", "after_due_date", "after_published"):
        for name in getattr(rubric.gradescope, key):
            if name not in rubric.criteria:
                problem = f'names "{name}", which this rubric does not judge' + nearest(name, rubric.criteria)
                yield ("gradescope", key), problem
            elif name in seen:
                yield ("gradescope", key), f'names "{name}" once more; a criterion is seen at one time'
            seen.add(name)


def _rule_mistakes(rule: Rule, definition: Definition, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    if rule.pass_at is not None and rule.pass_at > rule.points:
        yield "pass_at", f"must be at most the criterion's {rule.points:g} points, not {rule.pass_at:g}"
    for other in rule.requires or ():
        if other not in known:
            yield "requires", f'names "{other}", which is not a known criterion' + nearest(other, known)
    for key, value in rule.parameters.items() if rule.check is None else ():
        parameter = definition.parameters.get(key)
        if parameter is None:
            yield key, "is not a known key" + nearest(key, {*Rule.model_fields, *definition.parameters})
        elif isinstance(value, bool) or not isinstance(value, int | float):
            yield key, f"must be a number, not {json.dumps(value, default=str)[:60]}"
        elif not parameter.low <= value <= parameter.high:
            yield key, f"must lie between {parameter.low:g} and {parameter.high:g}, not {value:g}"


def _circles(rubric: Rubric, known: Mapping[str, Definition]) -> Iterator[tuple[KeyPath, str]]:
    def required(name: str) -> tuple[str, ...]:
        rule = rubric.criteria.get(name)
        if rule is not None and rule.requires is not None:
            return rule.requires
        return known[name].requires if name in known else ()

    for name in rubric.criteria:
        reached: set[str] = set()
        frontier = set(required(name))
        while frontier - reached:
            reached |= frontier
            frontier = {above for other in frontier for above in required(other)}
        if name in reached:
            yield ("criteria", name, "requires"), "goes round in a circle: the criterion would wait for itself"
