"""A class to be marked, in a gradebook, with what its students handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from grader.gradebook import Gradebook, Invocation, StoredCapture
from grader.records import Finding, Keys, Lateness, Outcome, Report, Submission, Where
from grader.scoring import points_sum
from tests.report import samples

RUBRIC = """version = 1
title = "First CNN, part 1"

[criteria.runs]
points = 4

[criteria.accuracy]
points = 10
pass_at = 4

[human.architecture]
points = 5
"""
NOON = 1_790_000_000.0
GUIDE = "5: each layer and what it is for. 3: layers are listed. 1: a copy of the code."
TEXT = "My pool halves the maps, says Ada. lovelace@example.org, ada_lovelace.ipynb"
CODE = "# Ada Lovelace, 10001\nmodel = Net()  # torch.max"


def human(name: str, title: str, guide: str = "") -> Finding:
    """Return what waits for a human's mark of up to five points."""
    why = "A human reads and marks this: 12 words in text cell 1."
    return Finding(name, title, Outcome.PENDING, None, 5, why, "", {"human": True, "guide": guide, "words": 12})


ARCHITECTURE = human("architecture", "The explanation describes the architecture", GUIDE)
SHAPES = human("shapes", "The explanation shows where the shapes come from")


def waiting(report: Report, *, key: str = "", marks: Sequence[Finding] = (ARCHITECTURE, SHAPES)) -> Report:
    """Return a report with two marks to give, its sums in order."""
    findings = (*(one for one in report.findings if not one.evidence.get("human")), *marks)
    sums = points_sum(findings)
    return replace(
        report,
        findings=findings,
        points=sums.points,
        max_points=sums.max_points,
        human_points=sums.human_points,
        human_max=sums.human_max,
        model=report.model and replace(report.model, where=Where(report.submission.files[0], 3, 20)),
        keys=Keys(key or f"capture-{report.submission.id}", "t", "s"),
    )


def ada() -> Report:
    """Return a good report on a student of whom much is known."""
    person = Submission(
        "10001", "Ada Lovelace", ("Ada Lovelace_10001/ada_lovelace.ipynb",), email="lovelace@example.org"
    )
    return waiting(replace(samples.good(), submission=person))


def link() -> Report:
    """Return a report on which the machine could decide nothing."""
    report = waiting(samples.only_a_link())
    auto = [replace(one, outcome=Outcome.PENDING, points=None) for one in report.findings[:2]]
    return replace(report, findings=(*auto, ARCHITECTURE, SHAPES), max_points=8)


def everybody() -> tuple[Report, ...]:
    """Return a class: a good one, a late one, a broken one, one for a human, one of the grader's fault, an attacker."""
    late = replace(
        waiting(replace(samples.good(), submission=Submission("bea", "Bea Late", ("bea.ipynb",), late=True))),
        lateness=Lateness(1, 0.1, "all", "A day late: 10 % of all points are taken."),
    )
    return (
        ada(),
        late,
        waiting(samples.forward_break()),
        link(),
        waiting(samples.our_fault()),
        waiting(samples.hostile(), key="capture-evil"),
    )


def captured(text: str = TEXT, code: str = CODE, file: str = "ada_lovelace.ipynb") -> StoredCapture:
    """Return what the sandbox read of a notebook."""
    source = [{"file": file, "cell": 1, "text": code}]
    passages = [{"where": "text cell 1", "words": 12, "text": text}]
    return StoredCapture("graph", {"facts": {"explanation": passages, "source": source}})


def save(book: Gradebook, reports: Sequence[Report], text: str = "", code: str = "") -> int:
    """Save reports as a run of a batch does; return its number. Everybody's texts have their own names in them."""
    run = book.start_run(Invocation(("batch",), {}, RUBRIC, {"grader": "0.1.0"}, {"device": "cpu"}))
    for one in reports:
        evil = samples.EVIL + "</textarea><script>alert(1)</script>" if one.submission.id.startswith("=") else ""
        name = one.submission.student
        own = (TEXT, CODE) if one.submission.id == "10001" else (f"I am {name}.", f"# {name}\nmodel = Net()")
        book.save_capture(
            one.keys.capture, captured((text or own[0]) + evil, (code or own[1]) + evil, one.submission.files[0])
        )
        book.save_report(run, one)
    book.finish_run(run)
    return run


def folder_of(path: Path, reports: Sequence[Report] = ()) -> Path:
    """Return a results folder with a gradebook of this class."""
    folder = path / "results"
    ticks = iter(range(int(NOON), int(NOON) + 1_000_000, 60))
    with Gradebook.open(folder / "gradebook.sqlite", lambda: float(next(ticks))) as book:
        save(book, reports or everybody())
    return folder
