"""The pages of single students: read what a gradebook holds for one of them, write its three files."""

from __future__ import annotations

import base64
import logging
from pathlib import Path
from typing import Any

import numpy as np

from grader import events
from grader.comparison import Version
from grader.criteria import DEFINITIONS
from grader.data.sampling import as_png
from grader.data.store import StoredSplit, is_complete
from grader.faults import OperatorFault
from grader.gradebook import Entry, Gradebook, Run
from grader.gradebook.records import StoredTraining
from grader.handed import handed_in, laid_out
from grader.invocations import corrections_of, split_of
from grader.marking import Marking
from grader.measuring import confusions
from grader.orders import Assignment
from grader.report.exports.files import write_atomically
from grader.report.feedback import feedback_markdown
from grader.report.pages.file_names import page_name
from grader.report.pages.leftovers import TEXT_MARK
from grader.report.pages.sample_pictures import Shown
from grader.report.pages.student_page import Matrix, StudentPage, instructor_page, own_page
from grader.rubric import parse
from grader.shelf import Shelf

STUDENTS = "students"
"""The folder of the students' pages, in the folder of the results."""

_KINDS = (("instructor", ".html"), ("student", ".student.html"), ("markdown", ".md"))


def names_of(submission: str) -> dict[str, str]:
    """Return the paths of a submission's pages below the folder of the results, by what they are."""
    return {kind: f"{STUDENTS}/{page_name(submission)}{suffix}" for kind, suffix in _KINDS}


class StudentPages:
    """Write students' pages into a folder of results; what is read of a gradebook for that is read once for each run.

    A batch has them written one by one, while others are still trained; which ones were is known at its end.
    """

    def __init__(self, gradebook: Gradebook, out: Path) -> None:
        """Take what is shown, and the folder of the results."""
        self._gradebook, self._out = gradebook, out
        self._runs: dict[int, Run] = {}
        self._marking = Marking(gradebook)
        self._assignments: dict[int, Assignment | None] = {}
        self._pictures: dict[tuple[str, int], str] = {}
        self._written: dict[str, float] = {}

    def write_newest(self, submission: str) -> None:
        """Write the pages of a submission's newest report as it counts; what fails is left to `publish`.

        No page is worth a night: that one tries again when everything is graded, and has to raise what goes wrong.
        """
        try:
            newest = self._gradebook.newest(submission)
            if newest is not None:
                entry, kept = newest
                self.write(self._marking.entry(entry, kept, self._gradebook.marks(submission)), kept)
        except Exception as error:  # noqa: BLE001 - raised again at the end, if it is still there
            events.tell("pages", f"left to the end: {error}", submission=submission, level=logging.WARNING, fault=error)

    def write(self, entry: Entry, kept: dict[str, Any] | None) -> None:
        """Write the three files of a report, as it is given; `kept` is what was kept beside it.

        Raises:
            OperatorFault: one cannot be written.
        """
        student = self._page(entry, kept)
        words = f"{feedback_markdown(entry.report)}\n{TEXT_MARK}\n"
        texts = (instructor_page(student), own_page(student), words)
        name = entry.report.submission.id
        for path, text in zip(self.paths(name), texts, strict=True):
            write_atomically(path, text)
        self._written[name] = entry.saved

    def wrote(self, entry: Entry) -> bool:
        """Tell whether the pages of this very report were written here."""
        return self._written.get(entry.report.submission.id) == entry.saved

    def paths(self, submission: str) -> tuple[Path, ...]:
        """Return where the three files of a submission are."""
        return tuple(self._out / one for one in names_of(submission).values())

    def current(self, submission: str, since: float) -> bool:
        """Tell whether all pages are there, and none of them was written before `since` (seconds since 1970)."""
        return all(one.is_file() and one.stat().st_mtime > since for one in self.paths(submission))

    def _page(self, entry: Entry, kept: dict[str, Any] | None) -> StudentPage:
        """Return what one student's pages are made of."""
        handed = handed_in(self._gradebook, entry.report, kept)
        version = Version(entry, self._run(entry.run), handed.source)
        counting = self._counting(entry, handed.graph)
        matrix: Matrix | None = None
        shown: tuple[Shown, ...] = ()
        if counting is not None:
            stored, assignment = counting
            assert assignment.data is not None
            matrix = Matrix(assignment.data.classes, confusions(stored, assignment))
            shown = self._shown(stored, assignment.data)
        layout = laid_out(self._gradebook, entry.report, handed)
        return StudentPage(version, handed.passages, matrix, layout=layout, samples=shown)

    def _run(self, number: int) -> Run:
        if number not in self._runs:
            self._runs = {one.id: one for one in self._gradebook.runs()}
        return self._runs[number]

    def _shown(self, stored: StoredTraining, data: StoredSplit) -> tuple[Shown, ...]:
        """Return the pictures of a training's sample, all of them from the part that is handed out."""
        images, labels = (np.load(one, mmap_mode="r") for one in (data.train_images, data.train_labels))
        found = []
        for one in stored.samples:
            if not 0 <= one.position < len(labels):
                continue
            named = one.answer is not None and 0 <= one.answer < len(data.classes)
            answer = data.classes[one.answer] if named and one.answer is not None else None
            source = self._pictures.get((data.content_hash, one.position))
            if source is None:
                source = f"data:image/png;base64,{base64.b64encode(as_png(images[one.position])).decode()}"
                self._pictures[data.content_hash, one.position] = source
            found.append(Shown(source, data.classes[labels[one.position]], answer, one.probability if named else None))
        return tuple(found)

    def _counting(self, entry: Entry, graph: str) -> tuple[StoredTraining, Assignment] | None:
        """Return the training that counts, and what it was judged by; None where one is not there any more."""
        report = entry.report
        if report.training is None or report.score is None or not graph:
            return None
        if entry.run not in self._assignments:
            self._assignments[entry.run] = self._assignment(self._run(entry.run))
        assignment = self._assignments[entry.run]
        if assignment is None or assignment.data is None:
            return None
        shelf = Shelf(self._gradebook, mixed=True)
        trainings = [shelf.trained(graph, turn)[1] for turn in assignment.turns]
        counting = [one for one in trainings if one is not None and one.training.seed == report.training.seed]
        return (counting[0], assignment) if counting else None

    def _assignment(self, run: Run) -> Assignment | None:
        """Return what a run graded by; None where its pictures or its rubric's own functions are not there any more."""
        data, asked = split_of(run), run.invocation
        if data is None or not is_complete(data):
            return None
        origin = str(asked.options.get("origin") or asked.options["rubric"])
        try:
            rubric = parse(asked.rubric, origin, DEFINITIONS)
        except OperatorFault as fault:
            events.tell("pages", f"no confusions of run {run.id}: {fault}")
            return None
        corrections = corrections_of(self._gradebook, data).numbers(data.classes)
        device, versions, machine = str(asked.options["device"]), asked.versions, asked.fingerprint
        return Assignment(rubric, data, None, device, versions, machine, corrections=corrections)
