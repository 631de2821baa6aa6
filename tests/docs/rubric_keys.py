"""`docs/reference/rubric.md` and `docs/reference/criteria.md`: what a rubric may say, and what the machine judges."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from grader.criteria import CRITERIA, Criterion
from grader.rubric import MARK_NAME
from grader.rubric_schema import schema
from grader.wording import sentence
from tests.docs.tables import code, opening, table

_JUDGE = "Judge "
_HEAD = ("key", "what may stand there", "left out", "meaning")


def keys_page() -> str:
    """Return the page of all keys of a rubric."""
    says = (
        "Every key of a rubric file. `grader rubric check FILE` names each mistake with its line, `grader rubric show "
        "FILE` says a rubric in words, and `rubrics/rubric.schema.json` is this page for editors."
    )
    found = schema()
    tables = found["$defs"]
    plain = {name: one for name, one in found["properties"].items() if "$ref" not in one}
    parts = [f"\n## At the top\n\n{table(_HEAD, _rows({n: plain[n] for n in ('version', 'title')}))}"]
    for name, one in found["properties"].items():
        if "$ref" in one:
            described = tables[one["$ref"].rsplit("/", 1)[1]]
            parts.append(
                f"\n## [{name}]\n\n{sentence(one['description'])}\n\n{table(_HEAD, _rows(described['properties']))}"
            )
    rule = found["properties"]["criteria"]["additionalProperties"]["properties"]
    parts.append(
        "\n## [criteria.NAME]\n\nOne of [the grader's criteria](criteria.md), whose own numbers stand beside these keys, or "
        f"a name of yours with `check` ([criteria of your own](../own_criteria.md)).\n\n{table(_HEAD, _rows(rule))}"
    )
    mark = tables["Mark"]["properties"]
    parts.append(
        f"\n## [human.NAME]\n\nWhat a human marks; `NAME` is of your choice, such as `shapes` (`{MARK_NAME}`).\n\n"
        f"{table(_HEAD, _rows(mark))}"
    )
    return opening("Keys of a rubric", says) + "".join(parts)


def criteria_page() -> str:
    """Return the page of the grader's criteria."""
    says = (
        "What the machine can judge. A rubric takes those that it lists under `[criteria.NAME]`, with the points that it "
        "gives them; the title is what the report says, and can be replaced. A criterion is not judged where one that it "
        "needs earned nothing."
    )
    overview = table(
        ("name", "title in the report", "needs"),
        (
            (f"[{name}](#{name})", one.definition.title, _names(one.definition.requires))
            for name, one in CRITERIA.items()
        ),
    )
    return f"{opening('Criteria', says)}\n{overview}" + "".join(map(_criterion, CRITERIA.values()))


def _criterion(one: Criterion) -> str:
    definition = one.definition
    share = (
        "" if definition.pass_share == 1 else f" It counts as passed from {definition.pass_share:.0%} of its points."
    )
    rows = [
        (
            code(name),
            f"number from {number.low:g} to {number.high:g}",
            code(f"{number.default:g}"),
            sentence(number.meaning),
        )
        for name, number in definition.parameters.items()
    ]
    keys = f"\n{table(_HEAD, rows)}" if rows else ""
    return f"\n## {one.id}\n\n**{definition.title}.** {sentence(one.meaning.removeprefix('Judge '))}{share}\n{keys}"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"[{one}](#{one})" for one in names)


def _rows(properties: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for name, one in properties.items():
        default = one.get("default")
        left_out = "" if default is None else code(json.dumps(default, ensure_ascii=False))
        yield code(name), _kind(one), left_out, sentence(one["description"])


def _kind(one: dict[str, Any]) -> str:
    """Say in words what JSON Schema says of one value."""
    if "anyOf" in one:
        return _kind(next(kind for kind in one["anyOf"] if kind["type"] != "null"))
    if "const" in one:
        return code(json.dumps(one["const"]))
    if "enum" in one:
        return " or ".join(code(json.dumps(value)) for value in one["enum"])
    kind = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "boolean": "`true` or `false`",
        "array": "list",
    }
    low = next((f"from {one[key]:,}" for key in ("minimum",) if key in one), "")
    above = f"above {one['exclusiveMinimum']:,}" if "exclusiveMinimum" in one else ""
    high = f"to {one['maximum']:,}" if "maximum" in one else ""
    below = f"below {one['exclusiveMaximum']:,}" if "exclusiveMaximum" in one else ""
    return " ".join(part for part in (kind[one["type"]], low, above, high, below) if part)
