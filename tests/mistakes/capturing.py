"""Run tiny submissions through the real capture, two at a time behind one executor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grader import bundled
from grader.criteria import DEFINITIONS
from grader.engines.local import LocalExecutor
from grader.gathering import Work
from grader.orders import Assignment, Prepared, capture_order
from grader.pipeline import conclude
from grader.records import Report, Submission
from grader.rubric import load
from grader.sandbox.launch import worker
from grader.versions import versions
from grader.work import run_capture


def assignment() -> Assignment:
    """Return the course's assignment, without training."""
    return Assignment(load(bundled.course_rubric(), DEFINITIONS), None, None, "cpu", versions())


def prepared(name: str, files: Mapping[str, bytes]) -> Prepared:
    """Return a submission that was read: these files."""
    return Prepared(Submission(name, name, tuple(files)), name, files=files)


def reports(submissions: Iterable[tuple[str, Mapping[str, bytes]]]) -> dict[str, Report]:
    """Return the report of each submission, by its name."""
    asked = assignment()
    executor = LocalExecutor(2, worker, lambda *stage: None)
    try:
        read = [prepared(*one) for one in submissions]
        orders = [capture_order(one, asked, capture=True, explain=False) for one in read]
        futures = [executor.submit(run_capture, order) for order in orders if order is not None]
        works = [Work(**future.result()) for future in futures]
        return {one.submission.id: conclude(one, asked, work) for one, work in zip(read, works, strict=True)}
    finally:
        executor.shutdown()
