"""Read a gradebook as it counts: what the machine found with what humans gave laid over it.

Reports in the gradebook stay as the machine made them, and so does every mark; whoever shows points to people reads
them through here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grader.criteria import DEFINITIONS
from grader.gradebook import Entry, Gradebook
from grader.handed import Handed, handed_in
from grader.records import Mark, Report
from grader.scoring.marks import by_submission, marked, seen_of


@dataclass(slots=True)
class Marking:
    """Lay marks over reports; what is read of a run's rubric for that is read once."""

    gradebook: Gradebook
    passing: dict[int, dict[str, float]] = field(default_factory=dict)

    def entry(self, entry: Entry, kept: dict[str, Any] | None, marks: Sequence[Mark]) -> Entry:
        """Return a report as it counts; `marks` are those of its submission."""
        if not marks:
            return entry
        seen = seen_by_marker(handed_in(self.gradebook, entry.report, kept))
        return self.over(entry, marks, seen)

    def over(self, entry: Entry, marks: Sequence[Mark], seen: str) -> Entry:
        """Return the same where it is known what a marker sees."""
        return replace(entry, report=marked(entry.report, marks, seen, self._passing(entry.run)))

    def _passing(self, run: int) -> dict[str, float]:
        if not self.passing:
            self.passing = {one.id: passing_of(one.invocation.rubric) for one in self.gradebook.runs()}
        return self.passing.get(run, {})


def marked_entries(gradebook: Gradebook) -> tuple[tuple[Entry, dict[str, Any] | None], ...]:
    """Return the newest report of each submission as it counts, sorted by id, with what was kept beside it."""
    marks, marking = by_submission(gradebook.marks()), Marking(gradebook)
    return tuple(
        (marking.entry(entry, kept, marks.get(entry.report.submission.id, ())), kept)
        for entry, kept in gradebook.current_entries()
    )


def marked_reports(gradebook: Gradebook) -> tuple[Report, ...]:
    """Return the same reports alone."""
    return tuple(entry.report for entry, _ in marked_entries(gradebook))


def marked_entry(gradebook: Gradebook, newest: Entry) -> Entry:
    """Return the newest report of one submission as it counts."""
    name = newest.report.submission.id
    return Marking(gradebook).entry(newest, gradebook.kept_of(name), gradebook.marks(name))


def passing_of(rubric: str) -> dict[str, float]:
    """Return from how many points each automatic criterion of a rubric's text counts as passed."""
    tables: dict[str, Any] = tomllib.loads(rubric).get("criteria", {}) if rubric else {}
    found = {}
    for name, table in tables.items():
        share = DEFINITIONS[name].pass_share if name in DEFINITIONS else 1.0
        found[name] = float(table.get("pass_at", table.get("points", 0) * share))
    return found


def seen_by_marker(handed: Handed) -> str:
    """Return the digest of what a marker reads."""
    return seen_of(handed.explanation, handed.source)
