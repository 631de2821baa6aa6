"""A marker and a batch on one gradebook: no mark is lost, and neither is ever told that it is locked."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.gradebook import Gradebook
from grader.review.app import application
from grader.review.desk import Desk
from tests.stress import stress

from . import made
from .asking import COOKIE, TOKEN, Browser

BATCH = """
import os, sys, time
from dataclasses import replace
from pathlib import Path
from grader.gradebook import Gradebook, StoredCapture
from tests.review import made

end, saved = time.monotonic() + float(sys.argv[2]), 0
with Gradebook.of(Path(sys.argv[1])) as book:
    run = book.start_run(book.runs()[0].invocation)
    while time.monotonic() < end:
        for report in made.everybody():
            book.save_report(run, replace(report, points=saved % 30))
            # A large capture, as a batch writes them beside its reports.
            book.save_capture(f"other-{saved % 20}", StoredCapture("g", {}, os.urandom(2_000_000)))
            saved += 1
        time.sleep(0.05)
print(saved)
"""


@pytest.mark.parametrize("seconds", [1, pytest.param(120, marks=stress)])
def test_no_mark_is_lost(tmp_path: Path, seconds: float) -> None:
    """Marks through the pages as fast as they go, every fifth taken back; each that was said to be saved is there."""
    folder = made.folder_of(tmp_path)
    with (
        subprocess.Popen(
            [sys.executable, "-c", BATCH, str(folder), str(seconds)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        ) as batch,
        Gradebook.of(folder) as book,
    ):
        desk = Desk(book, "Anna")
        browser = Browser(application(desk, TOKEN, COOKIE))
        codes = [row.code for row in desk.queue()]
        given: list[str] = []
        answers: set[int] = set()
        slowest = 0.0
        while batch.poll() is None:
            number = len(given)
            comment, code = f"mark {number}", codes[number % len(codes)]
            form = {"criterion": "shapes", "points": str(number % 6), "comment": comment, "seen": ""}
            started = time.monotonic()
            answers.add(browser.post(f"/s/{code}/mark", form, hx_request="true").status)
            slowest = max(slowest, time.monotonic() - started)
            given.append(comment)
            if number % 5 == 0:
                answers.add(browser.post(f"/s/{code}/undo", {}, hx_request="true").status)
        saved = batch.communicate()[0]
        marks = book.marks()
    assert (batch.returncode, answers) == (0, {200})
    assert [one.comment for one in marks if one.undoes is None] == given
    assert sum(one.undoes is not None for one in marks) == (len(given) + 4) // 5
    assert slowest < 5
    print(json.dumps({"marks": len(given), "reports": int(saved), "slowest": round(slowest, 3)}))  # noqa: T201 - with -s
