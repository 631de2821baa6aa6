"""Write the results of a gradebook as pages: what `grader report` does, and the end of a batch."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

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
from grader.marking import marked_entries, marked_reports
from grader.measuring import confusions
from grader.orders import Assignment
from grader.records import VERSION, Report
from grader.records.similarity import Similarity
from grader.report.exports.files import write_atomically
from grader.report.feedback import feedback_markdown
from grader.report.pages.class_page import ClassPage, class_page
from grader.report.pages.file_names import page_name
from grader.report.pages.leftovers import TEXT_MARK, remove_leftovers
from grader.report.pages.sample_pictures import Shown
from grader.report.pages.similar_page import SimilarPage, similar_page
from grader.report.pages.student_page import Matrix, StudentPage, instructor_page, own_page
from grader.report.pages.teaching import teaching, teaching_json, teaching_table
from grader.report.terminal_pages import show_published, show_teaching
from grader.resemblance import similarity
from grader.rubric import parse
from grader.shelf import Shelf

CLASS_PAGE = "index.html"
"""The class page, in the folder of the results."""
SIMILAR_PAGE = "similar.html"
"""The page of submissions that are alike, beside it."""
STUDENTS = "students"
"""The folder of the students' pages beside it."""
STATISTICS = ("stats.json", "stats.csv")
"""What `--stats` writes: the summary, and a row for each submission and criterion."""


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What `grader report` was asked to do.

    Attributes:
        folder: the --out folder of the batch.
        stats: write and print what the class got wrong instead of the pages.
        as_json: print one JSON document and nothing else.
    """

    folder: Path
    stats: bool = False
    as_json: bool = False


def run_report(options: ReportOptions, console: Console) -> int:
    """Write pages or statistics as `options` say; return the exit code.

    Raises:
        OperatorFault: there is no gradebook, no report in it, or a file cannot be written.
    """
    started, out = time.monotonic(), options.folder
    with Gradebook.of(out) as gradebook:
        reports = marked_reports(gradebook)
        if not reports:
            raise OperatorFault(f"There is no report in {out} yet.", fix="Run `grader batch` with --out first.")
        if not options.stats:
            publish(gradebook, out)
    if options.stats:
        found = teaching(reports)
        summary, rows = STATISTICS
        write_atomically(out / summary, teaching_json(found) + "\n")
        write_atomically(out / rows, teaching_table(reports))
        if options.as_json:
            console.file.write(teaching_json(found) + "\n")
        else:
            show_teaching(console, found, out)
    elif options.as_json:
        alike = {"similar": SIMILAR_PAGE} if (out / SIMILAR_PAGE).is_file() else {}
        console.file.write(json.dumps({"version": VERSION, **written(reports), **alike}) + "\n")
    else:
        show_published(console, out / CLASS_PAGE, len(reports), time.monotonic() - started)
    return 0


def written(reports: Collection[Report]) -> dict[str, Any]:
    """Return the paths of the pages below the folder of the results, by the id of the submission."""
    pages = {
        one.submission.id: {kind: f"{STUDENTS}/{page_name(one.submission.id)}{suffix}" for kind, suffix in _PAGES}
        for one in reports
    }
    return {"class": CLASS_PAGE, "students": pages}


_PAGES = (("instructor", ".html"), ("student", ".student.html"), ("markdown", ".md"))


def publish(gradebook: Gradebook, out: Path, changed: Collection[str] | None = None) -> Similarity | None:
    """Write the class page of the submissions that are there into `out`, who is like whom, and their own pages below.

    Of the students' pages only those of `changed`, those that are older than a mark and those that are not there are
    written; all where it is None. Pages of ours of any other submission are removed. Returns who is like whom; None
    where there are not two to compare.

    Raises:
        OperatorFault: a page cannot be written.
    """
    runs = {run.id: run for run in gradebook.runs()}
    entries = marked_entries(gradebook)
    reports, title = [entry.report for entry, _ in entries], out.resolve().name
    alike = similarity(gradebook, entries)
    if alike is not None:
        names = {one.submission.id: one.submission.student or one.submission.id for one in reports}
        write_atomically(out / SIMILAR_PAGE, similar_page(SimilarPage(alike, names, CLASS_PAGE, title)))
    write_atomically(out / CLASS_PAGE, class_page(ClassPage(reports, tuple(runs.values()), title, similarity=alike)))
    pages = _Pages(gradebook, runs)
    given = {one.submission: one.saved for one in gradebook.marks()}
    folder, current = out / STUDENTS, set[str]()
    for entry, kept in entries:
        name = entry.report.submission.id
        paths = [folder / f"{page_name(name)}{suffix}" for _, suffix in _PAGES]
        current |= {one.name for one in paths}
        if changed is None or name in changed or not _current(paths, given.get(name, 0)):
            student = pages.of(entry, kept)
            words = f"{feedback_markdown(entry.report)}\n{TEXT_MARK}\n"
            texts = (instructor_page(student), own_page(student), words)
            for path, text in zip(paths, texts, strict=True):
                write_atomically(path, text)
    for name in remove_leftovers(folder, current):
        events.tell("pages", f"{name} is of a submission that is gone, and was removed")
    return alike


def _current(paths: Collection[Path], since: float) -> bool:
    """Tell whether all pages are there, and no mark was given after the first of them was written."""
    return all(one.is_file() and one.stat().st_mtime > since for one in paths)


@dataclass(slots=True)
class _Pages:
    """What is read of a gradebook for the pages, once for each run."""

    gradebook: Gradebook
    runs: dict[int, Run]
    assignments: dict[int, Assignment | None] = field(default_factory=dict)
    pictures: dict[tuple[str, int], str] = field(default_factory=dict)

    def of(self, entry: Entry, kept: dict[str, Any] | None) -> StudentPage:
        """Return what one student's pages are made of."""
        handed = handed_in(self.gradebook, entry.report, kept)
        version = Version(entry, self.runs[entry.run], handed.source)
        counting = self._counting(entry, handed.graph)
        matrix: Matrix | None = None
        shown: tuple[Shown, ...] = ()
        if counting is not None:
            stored, assignment = counting
            assert assignment.data is not None
            matrix = Matrix(assignment.data.classes, confusions(stored, assignment))
            shown = self._shown(stored, assignment.data)
        layout = laid_out(self.gradebook, entry.report, handed)
        return StudentPage(version, handed.passages, matrix, layout=layout, samples=shown)

    def _shown(self, stored: StoredTraining, data: StoredSplit) -> tuple[Shown, ...]:
        """Return the pictures of a training's sample, all of them from the part that is handed out."""
        images, labels = (np.load(one, mmap_mode="r") for one in (data.train_images, data.train_labels))
        found = []
        for one in stored.samples:
            if not 0 <= one.position < len(labels):
                continue
            named = one.answer is not None and 0 <= one.answer < len(data.classes)
            answer = data.classes[one.answer] if named and one.answer is not None else None
            source = self.pictures.get((data.content_hash, one.position))
            if source is None:
                source = f"data:image/png;base64,{base64.b64encode(as_png(images[one.position])).decode()}"
                self.pictures[data.content_hash, one.position] = source
            found.append(Shown(source, data.classes[labels[one.position]], answer, one.probability if named else None))
        return tuple(found)

    def _counting(self, entry: Entry, graph: str) -> tuple[StoredTraining, Assignment] | None:
        """Return the training that counts, and what it was judged by; None where one is not there any more."""
        report = entry.report
        if report.training is None or report.score is None or not graph:
            return None
        if entry.run not in self.assignments:
            self.assignments[entry.run] = self._assignment(self.runs[entry.run])
        assignment = self.assignments[entry.run]
        if assignment is None or assignment.data is None:
            return None
        shelf = Shelf(self.gradebook, mixed=True)
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
        corrections = corrections_of(self.gradebook, data).numbers(data.classes)
        device, versions, machine = str(asked.options["device"]), asked.versions, asked.fingerprint
        return Assignment(rubric, data, None, device, versions, machine, corrections=corrections)
