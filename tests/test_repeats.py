"""Where two captures or two trainings part first, on records written by hand."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.gradebook.records import StoredTraining
from grader.records import CurvePoint, Training
from grader.repeats import capture_difference, training_difference

TRAINING = Training(
    recipe={"steps": 40},
    seed=1,
    steps=40,
    seconds=1.5,
    curve=(CurvePoint(20, 1.25), CurvePoint(40, math.nan)),
    memorised=0.75,
    accuracy_handed_in=0.125,
    accuracy_at_start=0.25,
    asked_at_start=512,
    chance_at_start=0.1,
)
ANSWERS = ((1.0, 2.0, 0.0), (0.0, -1.0, 3.0), (2.0, 1.0, 1.0))


def stored(training: Training = TRAINING, answers: Sequence[Sequence[float]] = ANSWERS) -> StoredTraining:
    """Return a training with its answers as the gradebook keeps it."""
    table = np.array(answers, dtype="<f4")
    return StoredTraining(training, table.shape, table.tobytes())


def test_times_play_no_part() -> None:
    """A training that took longer is the same training, and a loss that is not a number equals itself."""
    assert training_difference(stored(), stored(replace(TRAINING, seconds=9.0))) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"accuracy_handed_in": 0.5, "memorised": 0.5}, "before its first step it knew 0.125 of the training pictures"),
        ({"accuracy_at_start": 0.26}, "knew 0.25 of the training pictures then, 0.26 now"),
        ({"chance_at_start": 0.2}, "commonest class"),
        ({"memorised": 0.734375, "curve": ()}, "it learnt 0.75 of its few pictures by heart then, 0.734375 now"),
        ({"memorised": None}, "then, None now"),
        (
            {"curve": (CurvePoint(20, math.nextafter(1.25, 2)), CurvePoint(40, 0.5))},
            "its learning curve parts at step 20: loss 1.25 before, 1.2500000000000002 now",
        ),
        ({"curve": (CurvePoint(20, 1.25), CurvePoint(40, 0.5))}, "parts at step 40: loss nan before, 0.5 now"),
        ({"curve": (CurvePoint(10, 1.25),)}, "has a point at step 20 before, at step 10 now"),
        ({"curve": (CurvePoint(20, 1.25),)}, "has 2 points before, 1 now"),
    ],
)
def test_what_came_first_is_said_first(changed: dict[str, Any], said: str) -> None:
    """A training goes from what was known to what was learnt by heart, the curve and the answers."""
    other = stored(replace(TRAINING, **changed), ((0.0, 0.0, 0.0),) * 3)
    assert said in (training_difference(stored(), other) or "")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (((1.0, 2.0, -0.0), *ANSWERS[1:]), "its answers to 1 of 3 held-out pictures have other bits, and none of them"),
        (((3.0, 2.0, 0.0), (0.0, -1.0, 4.0), ANSWERS[2]), "to 2 of 3 .* and 1 of them names another class"),
        (((3.0, 2.0, 0.0), (5.0, -1.0, 4.0), ANSWERS[2]), "to 2 of 3 .* and 2 of them name another class"),
        (ANSWERS[:2], "have the shape 3 x 3 before, 2 x 3 now"),
    ],
)
def test_answers_are_compared_by_their_bits(answers: Any, said: str) -> None:
    """0 and -0 are other bits of the same number; how many pictures get another class is said beside that."""
    assert re.search(said, training_difference(stored(), stored(answers=answers)) or "")


def test_what_nobody_asked_for_then_is_no_difference() -> None:
    """A gradebook from before trainings said what was known at the start is held to everything else."""
    older = replace(TRAINING, accuracy_handed_in=None, accuracy_at_start=None, asked_at_start=0, chance_at_start=None)
    assert training_difference(stored(older), stored()) is None
    assert training_difference(stored(older), stored(replace(TRAINING, memorised=0.5))) is not None


CAPTURED = {
    "graph": "0123456789abcdef",
    "document": b"{}",
    "stopped": None,
    "claim": {"outcome": "captured"},
    "examination": {"flops": 10, "meaning": "logits", "layers": [{"name": "conv1"}]},
    "output": "epoch 1",
    "seconds": 0.5,
}


def test_what_the_program_prints_plays_no_part() -> None:
    """Two captures are alike when graph and examination are, whatever else came of them."""
    assert capture_difference(CAPTURED, {**CAPTURED, "output": "epoch 2", "seconds": 0.7}) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"graph": "fedcba9876543210"}, "another graph was captured: 0123456789ab before, fedcba987654 now"),
        (
            {"graph": "none", "document": b"", "stopped": "wall-limit"},
            "no network was captured this time (wall-limit)",
        ),
        (
            {"graph": "none", "document": b"", "claim": {"outcome": "broke"}},
            "no network was captured this time (broke)",
        ),
        (
            {"examination": {**CAPTURED["examination"], "layers": [{"name": "conv2"}]}},  # type: ignore[dict-item]
            "the graph is the same, and its examination differs in `layers`",
        ),
        ({"examination": None}, "the graph is the same, and its examination differs in `flops`"),
    ],
)
def test_captures_part_in_graph_or_examination(changed: dict[str, Any], said: str) -> None:
    """The graph comes before what was seen of it, and no graph is told from another one."""
    assert capture_difference(CAPTURED, {**CAPTURED, **changed}) == said
