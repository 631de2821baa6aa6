"""The course file: one small TOML file in which an instructor says by which rubric students check their own work.

Whoever imports this imports the standard library alone, and of that little: every plain `grader check` does.
"""

from grader.course.finding import Surroundings, Wish
from grader.course.guiding import guidance

__all__ = ["Surroundings", "Wish", "guidance"]
