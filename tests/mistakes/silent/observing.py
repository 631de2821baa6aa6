"""Run tiny submissions through the real capture and examination, and return what advice is drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.advice import Observed
from grader.claims import examination_from, read_claim, read_facts
from grader.engines.local import LocalExecutor
from grader.gathering import Work
from grader.orders import capture_order
from grader.pipeline import conclude
from grader.records import Report
from grader.sandbox.launch import worker
from grader.work import run_capture
from tests.mistakes.capturing import assignment, prepared

CLASSES, SHAPE = 10, (3, 32, 32)


@dataclass(frozen=True, slots=True)
class Seen:
    """A submission with what advice is drawn from, and its report."""

    observed: Observed
    report: Report


def seen(submissions: Iterable[tuple[str, Mapping[str, bytes]]]) -> dict[str, Seen]:
    """Return what was seen of each submission, by its name; one warm worker captures them all."""
    asked = assignment()
    executor = LocalExecutor(1, worker, lambda *stage: None)
    found = {}
    try:
        for name, files in submissions:
            one = prepared(name, files)
            order = capture_order(one, asked, capture=True, explain=False)
            assert order is not None
            work = Work(**executor.submit(run_capture, order).result())
            assert work.captured is not None
            claim, facts = read_claim(work.captured["claim"]), read_facts(work.captured["facts"])
            observed = Observed(
                CLASSES,
                SHAPE,
                examination_from(work.captured["examination"]),
                facts.practice,
                claim.broke,
                claim.repairs,
            )
            found[name] = Seen(observed, conclude(one, asked, work))
    finally:
        executor.shutdown()
    return found
