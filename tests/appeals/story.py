"""A gradebook with a history: a network that breaks, its repair, another rubric, and nothing new."""

from __future__ import annotations

from dataclasses import replace

from grader.gradebook import Entry, Gradebook, Invocation, Run, StoredCapture
from grader.records import Keys, Outcome, Report, Score, SourceText, Submission, Training
from tests.report import samples

BROKEN = (
    SourceText("cleo.ipynb", 1, "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"),
    SourceText(
        "cleo.ipynb",
        3,
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)\n"
        "        self.conv2 = nn.Conv2d(16, 32, 5, stride=2)\n"
        "        self.fc1 = nn.Linear(512, 64)\n"
        "        self.fc2 = nn.Linear(64, 10)\n",
    ),
    SourceText("cleo.ipynb", 4, "model = Net()\n"),
)
MENDED = (
    BROKEN[0],
    SourceText("cleo.ipynb", 2, "torch.manual_seed(1)\n"),
    replace(BROKEN[1], cell=4, text=BROKEN[1].text.replace("512", "1152")),
    replace(BROKEN[2], cell=5),
)

RUBRIC = """
version = 1
title = "A rubric"

[recipe]
steps = 500

[criteria.conv]
points = 4
"""
CPU = {"device": "cpu", "processor": "An old processor", "threads": 1}


def invocation(rubric: str = RUBRIC, torch: str = "2.13.0") -> Invocation:
    """Return what a run was asked to do."""
    return Invocation(("batch", "in", "--out", "out"), {"workers": 2, "data": None}, rubric, {"torch": torch}, CPU)


def broken() -> Report:
    """Return the first report: the dense layer does not fit."""
    return replace(samples.forward_break(), keys=Keys("capture-1", "", "score-1"))


def mended() -> Report:
    """Return the report after the student's repair."""
    good = samples.good()
    assert good.training is not None
    return replace(
        good,
        submission=Submission(
            "cleo", "Cleo Marsh", ("cleo.ipynb",), late=True, group=("Cleo Marsh", "Dan Ray"), superseded=("cleo.py",)
        ),
        training=replace(good.training, recipe={"steps": 500, "batch": 64, "learning_rate": 0.004}, hardware=CPU),
        keys=Keys("capture-2", "training-2", "score-2"),
    )


def dearer() -> Report:
    """Return the report after the instructor made the convolution dearer."""
    report = mended()
    conv = replace(samples.CONV, points=8.0, max_points=8.0, rationale="Two convolutions lie on the way.")
    findings = tuple(conv if one.criterion == "conv" else one for one in report.findings)
    return replace(report, findings=findings, points=34, max_points=34, keys=replace(report.keys, score="score-3"))


def tell(gradebook: Gradebook) -> None:
    """Write four runs: broken, mended, dearer points, and again with --fresh; another student is in the first."""
    keep(gradebook, "capture-1", BROKEN)
    keep(gradebook, "capture-2", MENDED)
    run = gradebook.start_run(invocation())
    gradebook.save_report(run, broken())
    gradebook.save_report(run, replace(samples.good(), keys=Keys("other", "other", "other")))
    gradebook.finish_run(run)
    more = RUBRIC.replace("points = 4", "points = 8")
    for rubric, report in ((RUBRIC, mended()), (more, dearer()), (more, dearer())):
        run = gradebook.start_run(invocation(rubric))
        gradebook.save_report(run, report)
        gradebook.finish_run(run)


def keep(gradebook: Gradebook, key: str, source: tuple[SourceText, ...]) -> None:
    """Keep code under a capture's key."""
    plain = [{"file": one.file, "cell": one.cell, "text": one.text} for one in source]
    gradebook.save_capture(key, StoredCapture("graph", {"facts": {"source": plain}}))


def entry(report: Report, run: int = 1) -> Entry:
    """Return a report as it stands in a history."""
    return Entry(run, 1_790_000_000.0, report)


def run_of(number: int = 1, rubric: str = RUBRIC, torch: str = "2.13.0") -> Run:
    """Return a run as it was recorded."""
    return Run(number, 1_790_000_000.0, 1_790_000_100.0, invocation(rubric, torch), "0" * 64)


def scored(report: Report, accuracy: float, interval: tuple[float, float]) -> Report:
    """Return the report with another accuracy."""
    assert report.score is not None
    return replace(report, score=Score(accuracy, interval, report.score.n, report.score.reference))


def with_outcome(report: Report, criterion: str, outcome: Outcome) -> Report:
    """Return the report with another outcome of one criterion."""
    return replace(
        report,
        findings=tuple(replace(one, outcome=outcome) if one.criterion == criterion else one for one in report.findings),
    )


def trained(report: Report) -> Training:
    """Return the report's training, which must be there."""
    assert report.training is not None
    return report.training
