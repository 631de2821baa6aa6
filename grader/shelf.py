"""Finished work under its keys: what need not be done again, for the run that asks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from grader.gradebook import Gradebook
from grader.gradebook.records import StoredCapture, StoredTraining
from grader.orders import Assignment, rendering_key, training_content, training_keys
from grader.records import Report
from grader.work import Plain, graph_digest


@dataclass(frozen=True, slots=True)
class Shelf:
    """The gradebook as one run may use it.

    Attributes:
        gradebook: where everything is kept.
        since: only work from then on counts (seconds since 1970); 0 for all of it.
        mixed: whether trainings on other hardware count.
    """

    gradebook: Gradebook
    since: float = 0
    mixed: bool = False

    def captured(self, key: str) -> Plain | None:
        """Return what is known of a capture, its graph left out."""
        stored = self.gradebook.find_capture(key, self.since)
        return None if stored is None else {**stored.meta, "graph": stored.graph}

    def graph(self, key: str) -> tuple[bytes, bytes] | None:
        """Return document and tensors of a capture; None where they were too large to keep."""
        stored = self.gradebook.load_capture(key)
        return None if stored is None else (stored.document, stored.tensors)

    def keep_capture(self, key: str, captured: Plain) -> None:
        """Keep a capture."""
        meta = {name: value for name, value in captured.items() if name not in ("document", "tensors", "graph")}
        stored = StoredCapture(captured["graph"], meta, captured["document"], captured["tensors"])
        if not self.gradebook.save_capture(key, stored):
            # Too large for one row: the graph is left out, and what was learned from it stays.
            self.gradebook.save_capture(key, StoredCapture(graph_digest(b"", b""), meta))

    def explained(self, key: str) -> Plain | None:
        """Return what was read from documents."""
        return self.gradebook.find_explanation(key) if key else None

    def keep_explanation(self, key: str, explained: Plain) -> None:
        """Keep what was read from documents."""
        self.gradebook.save_explanation(key, explained)

    def is_rendered(self, capture: str) -> bool:
        """Tell whether the notebooks of the submission with that capture were laid out."""
        return self.gradebook.has_rendering(rendering_key(capture))

    def keep_rendering(self, capture: str, rendered: Plain) -> None:
        """Keep notebooks that were laid out."""
        self.gradebook.save_rendering(rendering_key(capture), rendered)

    def trained(self, graph: str, assignment: Assignment) -> tuple[str, StoredTraining | None]:
        """Return key and training of a graph, on this hardware or, where results may be mixed, on another.

        The training is None where there is none; the key is then the one to keep it under.
        """
        keys = training_keys(graph, assignment)
        for key in keys:
            if (stored := self.gradebook.find_training(key, self.since)) is not None:
                return key, stored
        elsewhere = self.gradebook.find_training_elsewhere(training_content(graph, assignment)) if self.mixed else None
        return elsewhere or (keys[0], None)

    def keep_training(self, key: str, stored: StoredTraining) -> None:
        """Keep a training."""
        self.gradebook.save_training(key, stored)

    def quarantined(self, key: str) -> tuple[str, str, str] | None:
        """Return why a job is not run again, as a fault's three sentences; None where it may run."""
        return self.gradebook.find_quarantine(key, self.since)

    def quarantine(self, key: str, reason: tuple[str, str, str]) -> None:
        """Run a job no more, and keep why."""
        self.gradebook.save_quarantine(key, reason)

    def is_current(self, report: Report) -> bool:
        """Tell whether a report says of its submission what the current one says, word for word."""
        newest = self.gradebook.newest(report.submission.id)
        there = newest[0].report if newest is not None else None
        return there is not None and (there.status, there.notes, there.findings) == (
            report.status,
            report.notes,
            report.findings,
        )

    def unchanged(self, report: Report) -> Report | None:
        """Return the report that is there, when it was made from the same things for the same submission."""
        there = self.gradebook.unchanged(report.submission.id, report.keys, self.since)
        # Where the files lie is not part of the report, so it plays no part here.
        same = there is not None and there.submission == replace(report.submission, places=())
        return there if same else None
