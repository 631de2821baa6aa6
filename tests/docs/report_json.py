"""`docs/reference/report_json.md`: the keys of a report, from the records that it is made of."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

from grader.records.report import Report
from grader.wording import sentence
from tests.docs.tables import code, opening, table

_RENAMED = {("Layer", "inputs"): "in", ("Layer", "outputs"): "out"}
_LEFT_OUT = {("Submission", "places")}


def page() -> str:
    """Return the page."""
    says = (
        'What `grader check --json` prints, and what stands under `reports` in `report.json` (`{"version", "reports": '
        "[…]}`). Keys are added in later versions and never renamed; older reports lack what came later. Shapes leave out "
        "the batch axis."
    )
    kinds = list(_reached(Report))
    return opening("The report as JSON", says) + "".join(map(_section, kinds))


def _reached(kind: type, seen: dict[type, None] | None = None) -> dict[type, None]:
    """Return every record and enumeration that a report holds, in the order in which they are met."""
    found = {} if seen is None else seen
    if kind not in found:
        found[kind] = None
        for name, one in _hints(kind).items():
            if (kind.__name__, name) not in _LEFT_OUT:
                for part in _parts(one):
                    _reached(part, found)
    return found


def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind) if dataclasses.is_dataclass(kind) else {}


def _parts(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and (dataclasses.is_dataclass(hint) or issubclass(hint, Enum)):
        yield hint
    for one in typing.get_args(hint):
        yield from _parts(one)


def _section(kind: type) -> str:
    meanings = _meanings(kind)
    title = kind.__name__
    if issubclass(kind, Enum):
        rows = [(code(str(one.value)), meanings.get(one.name, "")) for one in kind]
        body = table(("word", "meaning"), rows)
    else:
        body = table(("key", "is", "meaning"), _keys(kind, meanings))
    summary = (inspect.getdoc(kind) or "").split("\n\n", maxsplit=1)[0]
    return f"\n## {title}\n\n{' '.join(summary.split())}\n\n{body}"


def _keys(kind: type, meanings: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, hint in _hints(kind).items():
        if (kind.__name__, name) in _LEFT_OUT:
            continue
        if (kind.__name__, name) == ("Layer", "where"):
            yield code("cell"), "whole number or null", "number of the code cell from 1; null in a module"
            yield code("line"), "whole number or null", "line within the cell or module from 1"
            continue
        yield (
            code(_RENAMED.get((kind.__name__, name), name)),
            _kind(hint),
            sentence(meanings.get(name, "").replace("None", "null")),
        )


def _kind(hint: Any) -> str:
    """Say in words what stands under a key."""
    plain = {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
        type(None): "null",
        Any: "anything",
    }
    if hint in plain:
        return plain[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(map(_kind, arguments))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return f"list of {_kind(arguments[0])}"
    if origin is tuple:
        return f"list of {len(arguments)}: {', '.join(map(_kind, arguments))}"
    if origin is dict or hint is dict:
        return "object"
    if isinstance(hint, type):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    return str(hint)


def _meanings(kind: type) -> dict[str, str]:
    """Return what is said of each field: under Attributes in the docstring, or in a docstring below it."""
    text = inspect.getdoc(kind) or ""
    found: dict[str, str] = {}
    if "Attributes:" in text:
        for name, meaning in re.findall(
            r"^    (\w+): ((?:.|\n(?!    \w+: ))+)", text.split("Attributes:")[1], re.MULTILINE
        ):
            found[name] = " ".join(meaning.split())
    body = ast.parse(inspect.cleandoc("\n" + inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    for field, said in zip(body.body, body.body[1:], strict=False):
        if isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant):
            target = (
                field.target
                if isinstance(field, ast.AnnAssign)
                else field.targets[0]
                if isinstance(field, ast.Assign)
                else None
            )
            if isinstance(target, ast.Name):
                found[target.id] = " ".join(str(said.value.value).split())
    return found
