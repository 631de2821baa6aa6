"""Write the results of a gradebook as pages: what `grader report` does, and the end of a batch."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from grader import events
from grader.faults import OperatorFault
from grader.gradebook import Gradebook
from grader.marking import marked_entries, marked_reports
from grader.records import VERSION, Report
from grader.records.similarity import Similarity
from grader.report.exports.files import write_atomically
from grader.report.pages.class_page import ClassPage, class_page
from grader.report.pages.leftovers import remove_leftovers
from grader.report.pages.similar_page import SimilarPage, similar_page
from grader.report.pages.teaching import teaching, teaching_json, teaching_table
from grader.report.terminal_pages import show_published, show_teaching
from grader.resemblance import similarity
from grader.student_pages import STUDENTS, StudentPages, names_of

CLASS_PAGE = "index.html"
"""The class page, in the folder of the results."""
SIMILAR_PAGE = "similar.html"
"""The page of submissions that are alike, beside it."""
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
    return {"class": CLASS_PAGE, "students": {one.submission.id: names_of(one.submission.id) for one in reports}}


def publish(
    gradebook: Gradebook, out: Path, changed: Collection[str] | None = None, pages: StudentPages | None = None
) -> Similarity | None:
    """Write the class page of the submissions that are there into `out`, who is like whom, and their own pages below.

    Of the students' pages only those of `changed`, those that are older than their report or a mark (a batch may have
    been killed between the two) and those that are not there are written, and none that `pages` wrote before; all where
    it is None. Pages of ours of any other submission are removed. Returns who is like whom; None where there are not
    two to compare.

    Raises:
        OperatorFault: a page cannot be written.
    """
    entries = marked_entries(gradebook)
    reports, title = [entry.report for entry, _ in entries], out.resolve().name
    alike = similarity(gradebook, entries)
    if alike is not None:
        names = {one.submission.id: one.submission.student or one.submission.id for one in reports}
        write_atomically(out / SIMILAR_PAGE, similar_page(SimilarPage(alike, names, CLASS_PAGE, title)))
    write_atomically(out / CLASS_PAGE, class_page(ClassPage(reports, gradebook.runs(), title, similarity=alike)))
    pages = pages or StudentPages(gradebook, out)
    given = {one.submission: one.saved for one in gradebook.marks()}
    current = set[str]()
    for entry, kept in entries:
        name = entry.report.submission.id
        current |= {one.name for one in pages.paths(name)}
        due = changed is None or (name in changed and not pages.wrote(entry))
        if due or not pages.current(name, max(entry.saved, given.get(name, 0))):
            pages.write(entry, kept)
    for name in remove_leftovers(out / STUDENTS, current):
        events.tell("pages", f"{name} is of a submission that is gone, and was removed")
    return alike
