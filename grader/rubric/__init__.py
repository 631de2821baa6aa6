"""The rubric: what one assignment asks for, read from a TOML file."""

from grader.rubric.handing_in import Gradescope, Late
from grader.rubric.reading import load, parse
from grader.rubric.settings import Budget, Data, Extract, Input, Limits, Recipe, ReferenceSolution, Table
from grader.rubric.tables import MARK_NAME, Definition, Mark, Parameter, Rubric, Rule

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
