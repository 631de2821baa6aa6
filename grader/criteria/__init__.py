"""One small pure function per criterion, and the registry that judges by them.

A new criterion is a function in one of the modules here, decorated with `criterion`, with one test and one row
of documentation.
"""

from grader.criteria.evidence import Criterion, Evidence, Verdict, criterion
from grader.criteria.own import model_graph
from grader.criteria.registry import CRITERIA, DEFINITIONS, criterion_of, judge

__all__ = [
    "CRITERIA",
    "DEFINITIONS",
    "Criterion",
    "Evidence",
    "Verdict",
    "criterion",
    "criterion_of",
    "judge",
    "model_graph",
]
