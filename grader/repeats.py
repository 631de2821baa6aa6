"""What was done a second time, held to what the gradebook says: where the two part first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.gradebook.records import StoredTraining
from grader.records import Training
from grader.scoring.answers import chosen
from grader.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHOWN = 12  # digits of a digest


@dataclass(frozen=True, slots=True)
class Difference:
    """A submission that came out otherwise the second time.

    Attributes:
        submission: its id.
        what: where the repeat parts from the gradebook first, as a sentence.
    """

    submission: str
    what: str


@dataclass(frozen=True, slots=True)
class Repeats:
    """What came of repeating a sample of a batch.

    Attributes:
        networks: different networks that were graded anew, to their end or to where they part.
        of_networks: different networks that this hardware trained for the batch.
        trainings: trainings that were done anew; each network has as many as the recipe has seeds.
        of_trainings: trainings of all these networks.
        differences: submissions that came out otherwise or could not be graded anew, sorted by id.
        elsewhere: submissions whose training is of other hardware.
        untrained: submissions without a training.
        stopped: whether Ctrl-C ended it before the sample was through.
    """

    networks: int
    of_networks: int
    trainings: int
    of_trainings: int
    differences: tuple[Difference, ...] = ()
    elsewhere: int = 0
    untrained: int = 0
    stopped: bool = False


def capture_difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Say where two captures of the same files part first; None where graph and examination are equal.

    Both are what `grader.work.run_capture` returns as `captured`; what the program printed plays no part.
    """
    if now["graph"] != before["graph"]:
        if not now["document"]:
            ended = now["stopped"] or now["claim"].get("outcome") or "nothing said"
            return f"no network was captured this time ({ended})"
        shown = [str(one["graph"])[:_SHOWN] for one in (before, now)]
        return f"another graph was captured: {shown[0]} before, {shown[1]} now"
    examined = [one["examination"] or {} for one in (before, now)]
    for name in dict.fromkeys((*examined[0], *examined[1])):
        if _exact(examined[0].get(name)) != _exact(examined[1].get(name)):
            return f"the graph is the same, and its examination differs in `{name}`"
    return None


def training_difference(before: StoredTraining, now: StoredTraining) -> str | None:
    """Say where two trainings of one network part first; None where they are equal to the last bit.

    Times play no part, nor does what was known before the first step where nobody asked for it then.
    """
    first, second = before.training, now.training
    return (
        _start_difference(first, second)
        or _by_heart_difference(first, second)
        or _curve_difference(first, second)
        or _answers_difference(before, now)
    )


def _start_difference(before: Training, now: Training) -> str | None:
    if before.accuracy_at_start is None:
        return None
    if _exact(before.chance_at_start) != _exact(now.chance_at_start):
        return "the commonest class of the training pictures has another share than before"
    for known, again in (
        (before.accuracy_handed_in, now.accuracy_handed_in),
        (before.accuracy_at_start, now.accuracy_at_start),
    ):
        if _exact(known) != _exact(again):
            return f"before its first step it knew {known!r} of the training pictures then, {again!r} now"
    return None


def _by_heart_difference(before: Training, now: Training) -> str | None:
    if _exact(before.memorised) == _exact(now.memorised):
        return None
    return f"it learnt {before.memorised!r} of its few pictures by heart then, {now.memorised!r} now"


def _curve_difference(before: Training, now: Training) -> str | None:
    for then, here in zip(before.curve, now.curve, strict=False):
        if then.step != here.step:
            return f"its learning curve has a point at step {then.step:,} before, at step {here.step:,} now"
        if _exact(then.loss) != _exact(here.loss):
            return f"its learning curve parts at step {then.step:,}: loss {then.loss!r} before, {here.loss!r} now"
    if len(before.curve) != len(now.curve):
        return f"its learning curve has {counted(len(before.curve), 'point')} before, {len(now.curve):,} now"
    return None


def _answers_difference(before: StoredTraining, now: StoredTraining) -> str | None:
    if before.logits == now.logits and before.shape == now.shape:
        return None
    if before.shape != now.shape:
        shapes = [" x ".join(map(str, one.shape)) for one in (before, now)]
        return f"its answers have the shape {shapes[0]} before, {shapes[1]} now"
    words = [np.frombuffer(one.logits, "<u4").reshape(one.shape[0], -1) for one in (before, now)]
    pictures = int((words[0] != words[1]).any(axis=1).sum())
    said = f"its answers to {pictures:,} of {before.shape[0]:,} held-out pictures have other bits"
    if len(before.shape) != 2:
        return said
    others = int((chosen(_table(before)) != chosen(_table(now))).sum())
    return f"{said}, and {others or 'none'} of them {'name' if others > 1 else 'names'} another class"


def _table(stored: StoredTraining) -> NDArray[np.float32]:
    return np.frombuffer(stored.logits, "<f4").reshape(stored.shape)


def _exact(value: object) -> str:
    """Write a plain value so that equal texts are equal bits: NaN equals NaN, and 0 is not -0."""
    return json.dumps(value, sort_keys=True)
