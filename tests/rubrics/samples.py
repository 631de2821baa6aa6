"""Calibrations as they come out of a night, by hand."""

from __future__ import annotations

from collections.abc import Sequence

from grader.calibration import Calibration, Setting, Trial, Untrained
from grader.records import CurvePoint, Training

SETTING = Setting(
    classes=10,
    train=4000,
    held_out=1000,
    steps=500,
    repeats=1,
    points=6,
    pass_at=3,
    chance=1.5,
    students=30,
    workers=2,
)

CONVERGED = (2.3, 1.2, 0.6, 0.4, 0.3, 0.22, 0.16, 0.13, 0.11, 0.10)
FALLING = (2.3, 2.2, 2.1, 2.0, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4)


def trial(name: str, accuracies: Sequence[float], seconds: float = 8.0, losses: Sequence[float] = CONVERGED) -> Trial:
    """Return a network whose seeds learnt alike, but for a thousandth of the loss."""
    trainings = tuple(
        Training(
            {},
            seed,
            500,
            seconds,
            tuple(CurvePoint(50 * (at + 1), loss + 0.001 * seed) for at, loss in enumerate(losses)),
        )
        for seed in range(len(accuracies))
    )
    return Trial(name, f"the layers of {name}", tuple(accuracies), trainings)


REFERENCE = trial("reference", (0.951, 0.957, 0.954, 0.949, 0.959))
DENSE = trial("dense-only", (0.48, 0.50, 0.49, 0.47, 0.51), 3.0)
LINEAR = trial("linear", (0.161, 0.158, 0.163, 0.160, 0.159), 1.5)


def clear() -> Calibration:
    """Return one in which the recipe separates and all is well."""
    return Calibration(SETTING, REFERENCE, DENSE, LINEAR)


def poor() -> Calibration:
    """Return one on pictures whose colours say nearly everything."""
    return Calibration(
        SETTING,
        trial("reference", (0.51, 0.50, 0.54, 0.51, 0.49)),
        trial("dense-only", (0.45, 0.47, 0.46, 0.46, 0.44), 3.0),
        trial("linear", (0.353, 0.350, 0.356, 0.352, 0.354), 1.5),
    )


def unfinished() -> Calibration:
    """Return one with two seeds, too few steps, a dense-only network over the budget and a linear one at chance."""
    return Calibration(
        SETTING,
        trial("reference", (0.55, 0.65), losses=FALLING),
        Untrained("dense-only", "dense_only.py cannot be graded: it has 19,268,874 parameters."),
        trial("linear", (0.10, 0.10), 1.5),
    )
