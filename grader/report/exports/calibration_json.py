"""A calibration as JSON: what `grader rubric calibrate --json` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from grader.calibration import Calibration, Trial, Untrained
from grader.calibration_advice import class_seconds, convergence, proposal, separation

VERSION = 1


def calibration_json(found: Calibration) -> dict[str, Any]:
    """Return plain values."""
    return {
        "version": VERSION,
        "setting": asdict(found.setting),
        "networks": [_plain(one, found) for one in found.trials],
        "untrained": [asdict(one) for one in (found.dense, found.linear) if isinstance(one, Untrained)],
        "full_points_from": found.target,
        "points_begin_at": found.begin,
        "separation": asdict(separation(found)),
        "convergence": asdict(convergence(found.reference)),
        "proposal": asdict(proposal(found)),
        "class_seconds": class_seconds(found),
    }


def _plain(trial: Trial, found: Calibration) -> dict[str, Any]:
    spread = trial.spread
    return {
        "name": trial.name,
        "layers": trial.layers,
        "accuracies": list(trial.accuracies),
        "mean": spread.mean,
        "deviation": spread.deviation,
        "earns": found.earned(spread.mean),
        "seconds": [one.seconds for one in trial.trainings],
        "curves": [[[point.step, point.loss] for point in one.curve] for one in trial.trainings],
    }
