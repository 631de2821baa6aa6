"""The frozen records that flow through the grader, and their JSON.

Everything here is plain values: numbers, strings, tuples and other records. Nothing imports torch, so the
middle of the grader (criteria, scoring, reports) is tested with records written by hand. Whatever is written
to disk carries `VERSION`. Shapes leave out the batch axis: `(3, 32, 32)` is one picture.
"""

from grader.records.handed import LaidOut, LaidOutCell, Member, Passage, Place, Problem, SourceText, Submission
from grader.records.marks import Mark
from grader.records.mending import Fix, WhatIf
from grader.records.network import Carried, Examination, Layer, Meaning, Role, Trial
from grader.records.outcomes import Break, Outcome, Repair, Status, Where
from grader.records.practice import Call, Given, Loss, Measurement, Practice, TrainingLoop, UncalledLayer
from grader.records.report import VERSION, Report, report_from_json
from grader.records.results import Advice, CurvePoint, Finding, Keys, Lateness, Model, Sample, Training
from grader.records.scores import BandPoint, Confusion, Paired, Recall, Reference, Score, SeedScore
from grader.records.shapes import Shape
from grader.records.spots import Coverage, Spot, SpotKind, Twice

__all__ = [
    "VERSION",
    "Advice",
    "BandPoint",
    "Break",
    "Call",
    "Carried",
    "Confusion",
    "Coverage",
    "CurvePoint",
    "Examination",
    "Finding",
    "Fix",
    "Given",
    "Keys",
    "LaidOut",
    "LaidOutCell",
    "Lateness",
    "Layer",
    "Loss",
    "Mark",
    "Meaning",
    "Measurement",
    "Member",
    "Model",
    "Outcome",
    "Paired",
    "Passage",
    "Place",
    "Practice",
    "Problem",
    "Recall",
    "Reference",
    "Repair",
    "Report",
    "Role",
    "Sample",
    "Score",
    "SeedScore",
    "Shape",
    "SourceText",
    "Spot",
    "SpotKind",
    "Status",
    "Submission",
    "Training",
    "TrainingLoop",
    "Trial",
    "Twice",
    "UncalledLayer",
    "WhatIf",
    "Where",
    "report_from_json",
]
