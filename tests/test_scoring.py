"""Numbers out of answers: intervals, accuracy, the reference's line, sums and the report's status."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.records import (
    Break,
    Confusion,
    CurvePoint,
    Examination,
    Finding,
    Outcome,
    Paired,
    Recall,
    SeedScore,
    Status,
    Training,
)
from grader.scoring import (
    Standard,
    accuracy,
    band,
    median_of,
    points_sum,
    reference_target,
    score,
    status_of,
)


def scores(*rows: list[float]) -> Any:
    """Return logits as they come from the trainer."""
    return np.array(rows, dtype=np.float32)


def test_accuracy_counts_the_highest_score() -> None:
    """A row is right when its single highest score stands at the label."""
    found = accuracy(scores([0, 1, 0], [5, 1, 0], [0, 0, -1]), np.array([1, 1, 0]))
    assert (found.correct, found.n, found.tied) == (1, 3, 1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_rows_that_are_not_finite_are_wrong(bad: float) -> None:
    """A row with a score that is not finite is wrong, also when its label's score is the highest."""
    found = accuracy(scores([9, bad, 0], [9, 0, 0]), np.array([0, 0]))
    assert (found.correct, found.not_finite) == (1, 1)


def test_constant_answers_earn_nothing() -> None:
    """Ties lose: the same score for all classes is never right."""
    found = accuracy(np.zeros((20, 10), np.float32), np.arange(20) % 10)
    assert (found.correct, found.tied) == (0, 20)


def test_labels_beyond_the_scores_are_wrong() -> None:
    """A network with too few scores is wrong about the classes that it has no score for."""
    assert accuracy(scores([1, 0], [1, 0]), np.array([0, 7])).share == 0.5


@pytest.mark.parametrize("shapes", [((3,), (3,)), ((3, 2), (2,)), ((0, 2), (0,)), ((3, 0), (3,)), ((3, 2, 2), (3,))])
def test_shapes_that_do_not_fit(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    """Logits that are not one row per label raise."""
    with pytest.raises(ValueError, match=r"cannot be scored|not a table"):
        accuracy(np.zeros(shapes[0], np.float32), np.zeros(shapes[1], np.int64))


@given(st.integers(1, 30), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_accuracy_is_the_plain_count(n: int, classes: int, seed: int) -> None:
    """Where all is finite and untied, accuracy is the share of rows whose argmax is the label."""
    generator = np.random.default_rng(seed)
    logits = generator.permuted(np.tile(np.arange(classes, dtype=np.float32), (n, 1)), axis=1)
    labels = generator.integers(0, classes, n)
    assert accuracy(logits, labels).correct == sum(
        int(np.argmax(row)) == label for row, label in zip(logits, labels, strict=True)
    )


def test_reference_target() -> None:
    """The line for full points is the mean minus two sample deviations."""
    found = reference_target([0.70, 0.72, 0.74])
    assert found.accuracies == (0.70, 0.72, 0.74)
    assert (found.mean, found.deviation, found.target) == pytest.approx((0.72, 0.02, 0.68))


def test_reference_of_one_seed() -> None:
    """One seed has no deviation."""
    with pytest.raises(ValueError, match="two seeds"):
        reference_target([0.7])


def test_noisy_reference_stays_a_share() -> None:
    """The line never falls below 0."""
    assert reference_target([0.0, 0.9]).target == 0.0


def curve(*losses: float) -> Training:
    """Return a training with these losses, ten steps apart."""
    points = tuple(CurvePoint(10 * (at + 1), loss) for at, loss in enumerate(losses))
    return Training({}, 1, 10 * len(losses), 1.0, points)


def test_band_of_the_reference() -> None:
    """The band is the seeds' mean loss at each step, two deviations wide to either side."""
    first, second = band([curve(2.0, 1.0), curve(2.0, 0.6), curve(2.0, 0.8)])
    assert (first.step, first.low, first.mean, first.high) == (10, 2.0, 2.0, 2.0)
    assert (second.step, second.low, second.mean, second.high) == pytest.approx((20, 0.4, 0.8, 1.2))
    assert band([curve(1.0)]) == ()


@pytest.mark.parametrize(("counts", "middle"), [((5,), 0), ((1, 9, 5), 2), ((5, 5, 1), 0), ((1, 2, 3, 4), 2)])
def test_median_of_trainings(counts: tuple[int, ...], middle: int) -> None:
    """The median is one of them: of an even number the higher of the middle two, of equals the first."""
    assert median_of(counts) == middle


def test_score_of_several_trainings() -> None:
    """The median training counts, all are there, and everything that is said belongs to the one that counts."""
    labels = np.array([0, 1, 1, 0])
    answers = {4: [0, 1, 1, 0], 5: [1, 0, 0, 1], 6: [0, 1, 0, 0]}
    tables = [(seed, np.eye(2, dtype=np.float32)[rows]) for seed, rows in answers.items()]
    standard = Standard(reference_target([0.5, 0.5]), np.array([0, 1, 1, 1]))
    middle, found = score(tables, labels, ("cat", "dog"), standard)
    assert (middle, found.accuracy, found.n) == (2, 0.75, 4)
    assert found.seeds == (SeedScore(4, 1.0), SeedScore(5, 0.0), SeedScore(6, 0.75))
    assert found.classes == (Recall("cat", 2, 2), Recall("dog", 1, 2))
    assert found.confused == (Confusion("dog", "cat", 1, 2),)
    assert found.against == Paired(1, 1, 1.0)


def test_score_without_the_references_answers() -> None:
    """Where only the reference's accuracies are known, nothing is compared picture by picture."""
    tables = [(1, scores([1, 0], [1, 0]))]
    assert score(tables, np.array([0, 1]), ("a", "b"), Standard(reference_target([0.5, 0.7])))[1].against is None
    assert score(tables, np.array([0, 1]), ("a", "b"), None)[1].reference is None


def finding(
    points: float | None, max_points: float, outcome: Outcome = Outcome.PASSED, *, human: bool = False
) -> Finding:
    """Return a finding with these points."""
    return Finding("x", "X", outcome, points, max_points, evidence={"human": True} if human else {})


def test_points_sum() -> None:
    """The machine's and the human's points are added apart; empty ones add nothing."""
    found = points_sum(
        [finding(2.5, 3), finding(None, 2, Outcome.ERROR), finding(4, 5, human=True), finding(0, 1, human=True)]
    )
    assert (found.points, found.max_points, found.human_points, found.human_max) == (2.5, 5, 4, 6)


def test_human_points_while_pending() -> None:
    """The human's sum is empty until every mark is given, and where there is none to give."""
    assert points_sum([finding(4, 5, human=True), finding(None, 1, human=True)]).human_points is None
    assert points_sum([finding(4, 5)]).human_points is None


@dataclass(frozen=True, slots=True)
class Ending:
    """What a submission ended with."""

    examination: Examination | None = None
    broke: Break | None = None
    stopped: str | None = None
    unseen: str = ""


WHOLE = Examination(True, (), 0, 0, 0, 0)
BROKE = Break("forward", "RuntimeError", "")


@pytest.mark.parametrize(
    ("ending", "doubts", "status"),
    [
        (Ending(WHOLE), (), Status.GRADED),
        (Ending(WHOLE, BROKE), (), Status.GRADED),
        (Ending(Examination(False, (), 0, 0, 0, 0), BROKE), (), Status.STUDENT_FAULT),
        (Ending(None, BROKE), (), Status.STUDENT_FAULT),
        (Ending(None, None, "wall-limit"), (), Status.STUDENT_FAULT),
        (Ending(), (), Status.GRADER_FAULT),
        (Ending(WHOLE), ("Another model was found.",), Status.NEEDS_HUMAN),
        (Ending(unseen="Only a link."), (), Status.NEEDS_HUMAN),
        (Ending(Examination(True, (), 0, 0, 0, 0, fidelity="differs")), (), Status.NEEDS_HUMAN),
        (Ending(Examination(True, (), 0, 0, 0, 0, modes_agree="differs")), (), Status.NEEDS_HUMAN),
    ],
)
def test_status(ending: Ending, doubts: tuple[str, ...], status: Status) -> None:
    """A break is the student's, a doubt needs a human, silence is the grader's fault, the rest is graded."""
    assert status_of(ending, [finding(1, 1), finding(None, 5, Outcome.PENDING, human=True)], doubts) is status


def test_an_error_is_a_grader_fault() -> None:
    """A criterion that the grader could not judge makes the report a fault of the grader's, whatever else is."""
    assert status_of(Ending(WHOLE), [finding(None, 1, Outcome.ERROR)], ("a doubt",)) is Status.GRADER_FAULT
