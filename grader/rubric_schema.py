"""The rubric's JSON Schema, for editors that complete keys and mark mistakes while they are typed.

It is made of the tables of `grader.rubric` and the criteria's own numbers, so that nothing is written down twice.
"""

from __future__ import annotations

from typing import Any

from grader.criteria import CRITERIA, Criterion
from grader.rubric import MARK_NAME, Rubric, Rule
from grader.wording import sentence

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema as plain values."""
    found = Rubric.model_json_schema()
    tables = found["$defs"]
    rule = tables.pop("Rule")
    criteria = {name: _criterion(rule, one) for name, one in CRITERIA.items()}
    own = {
        **rule,
        "required": ["points", "check"],
        "description": "A criterion of your own; other keys go to its function.",
    }
    found["properties"]["criteria"] = {
        "type": "object",
        "description": Rubric.model_fields["criteria"].description,
        "properties": criteria,
        "additionalProperties": own,
        "minProperties": 1,
    }
    found["properties"]["human"]["propertyNames"] = {"pattern": MARK_NAME}
    return {"$schema": DIALECT, **found, "title": "Rubric", "description": "What one assignment asks for."}


def _criterion(rule: dict[str, Any], found: Criterion) -> dict[str, Any]:
    """Return the schema of one of the grader's criteria: no other keys than a rule's and its own numbers."""
    keys = {name: one for name, one in rule["properties"].items() if name != "check"}
    keys["requires"] = {
        "type": "array",
        "items": {"type": "string"},
        "description": Rule.model_fields["requires"].description,
        "default": list(found.definition.requires),
    }
    keys["title"] = {**keys["title"], "default": found.definition.title}
    for name, one in found.definition.parameters.items():
        bounds = {"minimum": one.low, "maximum": one.high, "default": one.default}
        keys[name] = {"type": "number", "description": one.meaning, **bounds}
    meaning = sentence(found.meaning.removeprefix("Judge "))
    return {
        "type": "object",
        "description": meaning,
        "properties": keys,
        "required": ["points"],
        "additionalProperties": False,
    }
