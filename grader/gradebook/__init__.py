"""The gradebook: one SQLite file that holds every run, every report and all work that need not be done again."""

from grader.gradebook.book import Gradebook
from grader.gradebook.records import Entry, Invocation, Run, StoredCapture, StoredTraining

__all__ = ["Entry", "Gradebook", "Invocation", "Run", "StoredCapture", "StoredTraining"]
