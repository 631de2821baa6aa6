"""Evidence written by hand: the course's small CNN, and what may be wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.criteria import CRITERIA, DEFINITIONS, Evidence, judge
from grader.records import (
    Break,
    CurvePoint,
    Examination,
    Finding,
    Layer,
    Reference,
    Role,
    Score,
    Shape,
    Training,
    Trial,
    Where,
)
from grader.rubric import Rubric, load, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

RUBRIC = Path(__file__).parents[2] / "rubrics" / "first_cnn.toml"


def layer(role: Role, name: str, inputs: Shape, outputs: Shape, **settings: Any) -> Layer:
    """Return a layer on the path that learns as many numbers as it is told."""
    learns = settings.pop("parameters", 100 if role in (Role.CONV, Role.DENSE) else 0)
    on_path = settings.pop("on_path", True)
    where = Where("a.ipynb", 3, settings.pop("line", 12))
    return Layer(role, settings.pop("op", name), name, where, inputs, outputs, settings, learns, 1000, on_path)


CONV = layer(Role.CONV, "conv1", (3, 32, 32), (16, 30, 30), kernel_size=[3, 3], stride=[1, 1], parameters=448)
RELU = layer(Role.ACTIVATION, "relu", (16, 30, 30), (16, 30, 30))
POOL = layer(Role.POOL, "pool1", (16, 30, 30), (16, 15, 15), kernel_size=[2, 2], stride=[2, 2])
FLATTEN = layer(Role.FLATTEN, "flatten", (16, 15, 15), (3600,))
DENSE = layer(Role.DENSE, "fc1", (3600,), (64,), parameters=230_464)
RELU_2 = layer(Role.ACTIVATION, "relu", (64,), (64,))
SCORES = layer(Role.DENSE, "fc2", (64,), (10,), parameters=650)
LAYERS = (CONV, RELU, POOL, FLATTEN, DENSE, RELU_2, SCORES)

CNN = Examination(
    complete=True,
    layers=LAYERS,
    parameters=231_562,
    constants=0,
    flops=1_240_000,
    activation_bytes=140_000,
    trials=tuple(Trial(batch, (batch, 10), finite=True) for batch in (1, 2, 7)),
    narrowest=("fc1", 64),
)
TRAINING = Training({}, 1, 500, 12.0, (CurvePoint(500, 0.4),), memorised=1.0)
REFERENCE = Reference((0.7, 0.72, 0.74), 0.72, 0.02, 0.68)
SCORE = Score(0.70, (0.671, 0.728), 1000, REFERENCE)
GOOD = Evidence(10, (3, 32, 32), CNN, training=TRAINING, score=SCORE, trained=True)


def changed(**fields: Any) -> Evidence:
    """Return the good evidence with other values in its examination."""
    return replace(GOOD, examination=replace(CNN, **fields))


def with_layers(*layers: Layer) -> Evidence:
    """Return the good evidence with other layers."""
    return changed(layers=layers)


def broken(*layers: Layer, cause: str = "", help_text: str = "") -> Evidence:
    """Return evidence of a network that stopped in `fc1` after these layers."""
    message = "mat1 and mat2 shapes cannot be multiplied (7x3600 and 512x64)"
    broke = Break(
        "forward", "RuntimeError", message, Where("a.ipynb", 3, 15), "x = self.fc1(x)", "fc1", ((7, 3600), (64, 512))
    )
    prefix = Examination(False, layers, 1000, 0, 1000, 1000)
    return replace(GOOD, examination=prefix, broke=broke, cause=cause, help=help_text, training=None, score=None)


def course() -> Rubric:
    """Return the course's own rubric."""
    return load(RUBRIC, DEFINITIONS)


def rubric(criteria: str) -> Rubric:
    """Return a rubric with these tables."""
    return parse(f'version = 1\ntitle = "A test"\n{criteria}', "test.toml", DEFINITIONS)


def findings(evidence: Evidence) -> dict[str, Finding]:
    """Judge by the course's rubric; return the findings by criterion."""
    return {finding.criterion: finding for finding in judge(course(), evidence)}


def finding(name: str, evidence: Evidence) -> Finding:
    """Judge one criterion by the course's rubric, with what it requires."""
    return findings(evidence)[name]


def points(evidence: Evidence, *names: str) -> list[float | None]:
    """Return what some criteria earn by the course's rubric."""
    found = findings(evidence)
    return [found[name].points for name in names]


def automatic(evidence: Evidence) -> float:
    """Return the sum of what the machine gives."""
    return round(sum(one.points or 0 for name, one in findings(evidence).items() if name in CRITERIA), 2)


def names(chosen: Sequence[Finding]) -> list[str]:
    """Return the criteria's ids."""
    return [one.criterion for one in chosen]
