"""Read a rubric: a TOML file becomes a `Rubric`, and every mistake in it becomes one sentence with its line.

Which criteria exist is the registry's to say, so `load` is told by its caller (`known`), and nothing here imports the
steps.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from grader.faults import RubricFault
from grader.rubric.mistakes import KeyPath, fault, nearest, syntax_fault, worded
from grader.rubric.tables import Definition, Mark, Rubric, Rule

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


def parse(text: str, origin: str, known: Mapping[str, Definition]) -> Rubric:
    """Read a rubric from its text; `origin` is its path, for messages and for the paths within it."""
    try:
        rubric = Rubric.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise syntax_fault(text, origin, str(error)) from error
    except RecursionError as error:
        raise RubricFault(f"{origin}, line 1: the file is nested too deeply to be a rubric.") from error
    except ValidationError as error:
        mistakes = [(one["loc"], worded(one, _known_keys(one))) for one in error.errors()]
        raise fault(text, origin, mistakes) from error
    contradictions = list(_contradictions(rubric, known))
    if contradictions:
        raise fault(text, origin, contradictions)
    rubric._folder = Path(origin).parent
    return rubric


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
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            yield ("human", name), "must be small letters, digits and underscores"
        if name in rubric.criteria:
            yield ("human", name), "is also the name of a criterion; each needs its own"
    for name, rule in rubric.criteria.items():
        if name in known:
            yield from ((("criteria", name, key), problem) for key, problem in _rule_mistakes(rule, known[name], known))
        else:
            yield ("criteria", name), "is not a known criterion" + nearest(name, known)
    yield from _circles(rubric, known)


def _rule_mistakes(rule: Rule, definition: Definition, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    if rule.pass_at is not None and rule.pass_at > rule.points:
        yield "pass_at", f"must be at most the criterion's {rule.points:g} points, not {rule.pass_at:g}"
    for other in rule.requires or ():
        if other not in known:
            yield "requires", f'names "{other}", which is not a known criterion' + nearest(other, known)
    for key, value in rule.parameters.items():
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
