"""How a submission trains and measures, read from its text alone: facts for advice, never for points."""

from grader.source.practice.reading import practice

__all__ = ["practice"]
