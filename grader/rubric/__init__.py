"""The rubric: what one assignment asks for, read from a TOML file."""

from grader.rubric.reading import load, parse
from grader.rubric.tables import (
    MARK_NAME,
    Budget,
    Data,
    Definition,
    Extract,
    Gradescope,
    Input,
    Late,
    Limits,
    Mark,
    Parameter,
    Recipe,
    ReferenceSolution,
    Rubric,
    Rule,
    Table,
)

__all__ = [
    "MARK_NAME",
    "Budget",
    "Data",
    "Definition",
    "Extract",
    "Gradescope",
    "Input",
    "Late",
    "Limits",
    "Mark",
    "Parameter",
    "Recipe",
    "ReferenceSolution",
    "Rubric",
    "Rule",
    "Table",
    "load",
    "parse",
]
