"""Silent mistakes and advice: what no error tells, said without a point; one small pure function for each.

A new one is a function in one of the modules here, decorated with `mistake`, with its place in `registry.ORDER`, its
text in `texts` and its examples in `tests/mistakes/silent`.
"""

from grader.advice.observed import Mistake, Observed
from grader.advice.registry import MISTAKES, MOST, ORDER, advise, noticed

__all__ = ["MISTAKES", "MOST", "ORDER", "Mistake", "Observed", "advise", "noticed"]
