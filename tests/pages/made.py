"""Pages made of the reports that other tests are written with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from grader.comparison import Version
from grader.gradebook import Entry, Run
from grader.gradebook.records import Invocation
from grader.records import LaidOut, LaidOutCell, Passage, Report, SourceText
from grader.report.pages.class_page import ClassPage
from grader.report.pages.notebook_view import Layout
from grader.report.pages.sample_pictures import Shown
from grader.report.pages.student_page import Matrix, StudentPage
from tests.report import samples

NOON = 1_790_000_000.0
RUN = Run(1, NOON, NOON + 90, Invocation(("batch", "in"), {}, "", {}, {"device": "cpu"}), "f" * 64)
EVIL = (
    "<script>alert(1)</script><iframe src=//x></iframe><img src=x onerror=y>\x1b[2J\x00\u202e]]>--></style></pre>"
    "=HYPERLINK(1) javascript:x"
)
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
SHOWN = (Shown(PIXEL, "cat", "cat", 0.9), Shown(PIXEL, "cat", "dog", 0.514), Shown(PIXEL, "dog", None, None))
MATRIX = Matrix(("cat", "dog"), ((1100, 900, 0), (0, 2000, 0)))


def student(report: Report, text: str = "x = 1", said: str = "Why.", laid_out: str = "") -> StudentPage:
    """Return what the pages of a student are made of, who handed in two cells and a sentence.

    `laid_out` is what the sandbox says the third cell looks like; empty where it says nothing.
    """
    source = (SourceText("a.ipynb", 1, "import torch"), SourceText("a.ipynb", 3, "\n" * 11 + text))
    version = Version(Entry(1, NOON, report), RUN, source)
    passages = (Passage("text cell 1", 2, said),)
    cells = (LaidOutCell(None, "<p>Why.</p>"), LaidOutCell(1, "<pre>import torch</pre>"), LaidOutCell(3, laid_out))
    layout = Layout((LaidOut("a.ipynb", cells, 2),) if laid_out else ())
    return StudentPage(version, passages, MATRIX, UTC, layout, SHOWN if laid_out else ())


def of_class(reports: tuple[Report, ...] = samples.all_samples()) -> ClassPage:
    """Return what the class page is made of."""
    return ClassPage(sorted(reports, key=lambda one: one.submission.id), (RUN,), "results", UTC)


def many(count: int) -> tuple[Report, ...]:
    """Return so many different reports."""
    kinds = (samples.good(), samples.side_branch(), samples.forward_break(), samples.only_a_link())
    return tuple(
        replace(
            kinds[index % 4],
            submission=replace(kinds[index % 4].submission, id=f"{index:05}", student=f"Student {count - index:05}"),
            points=float(index % 31),
        )
        for index in range(count)
    )
