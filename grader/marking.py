"""Read a gradebook as it counts: what the machine found with what humans gave laid over it.

Reports in the gradebook stay as the machine made them, and so does every mark; whoever shows points to people reads
them through here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grader.claims import read_explained, read_facts
from grader.criteria import DEFINITIONS
from grader.gradebook import Entry, Gradebook
from grader.records import Mark, Passage, Report, SourceText
from grader.scoring.marks import by_submission, marked, seen_of


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed in, as the sandbox read it.

    Attributes:
        source: the code; empty where it is not known.
        passages: the explanation, in the notebook and beside it.
        graph: digest of the captured network; empty where there is none.
    """

    source: tuple[SourceText, ...] = ()
    passages: tuple[Passage, ...] = ()
    graph: str = ""

    @property
    def seen(self) -> str:
        """Return the digest of what a marker reads."""
        return seen_of(self.passages, self.source)


def handed_in(gradebook: Gradebook, report: Report, kept: dict[str, Any] | None) -> Handed:
    """Return what of a submission the gradebook holds; `kept` is what was kept beside its report."""
    key = report.keys.capture
    captured = gradebook.find_capture(key) if key else None
    passages: tuple[Passage, ...] = ()
    if captured is not None:
        passages = read_facts(captured.meta.get("facts")).explanation
    documents = gradebook.find_explanation(str(kept["documents_key"])) if kept is not None else None
    if documents is not None:
        passages = (*passages, *read_explained(documents.get("answer")).passages)
    graph = captured.graph if captured is not None else ""
    return Handed(gradebook.find_source(key) if key else (), passages, graph)


@dataclass(slots=True)
class Marking:
    """Lay marks over reports; what is read of a run's rubric for that is read once."""

    gradebook: Gradebook
    passing: dict[int, dict[str, float]] = field(default_factory=dict)

    def entry(self, entry: Entry, kept: dict[str, Any] | None, marks: Sequence[Mark]) -> Entry:
        """Return a report as it counts; `marks` are those of its submission."""
        if not marks:
            return entry
        seen = handed_in(self.gradebook, entry.report, kept).seen
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
