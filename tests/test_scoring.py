"""Numbers out of answers: intervals, accuracy, the reference's line, sums and the report's status."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.records import Break, Examination, Finding, Outcome, Status
from grader.scoring import (
    Accuracy,
    accuracy,
    chance_line,
    interpolate,
    points_sum,
    reference_target,
    status_of,
    wilson,
)


@pytest.mark.parametrize(
    ("n", "half"), [(100, 9.4), (200, 6.7), (500, 4.3), (1000, 3.0), (2000, 2.1), (5000, 1.4), (10_000, 1.0)]
)
def test_wilson_at_sixty_percent(n: int, half: float) -> None:
    """At 60 % the half-width is what the course's notes measured (errors.md, 3.3)."""
    low, high = wilson(round(0.6 * n), n)
    assert 100 * (high - low) / 2 == pytest.approx(half, abs=0.05)


def test_wilson_at_known_values() -> None:
    """The interval agrees with R's `prop.test(81, 263, correct = FALSE)`, Newcombe's example."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_wilson_at_its_ends() -> None:
    """None right reaches exactly down to 0, all right exactly up to 1; neither is a point."""
    assert wilson(0, 10)[0] == 0.0
    assert wilson(0, 10)[1] == pytest.approx(0.2775, abs=5e-5)
    assert wilson(10, 10)[1] == 1.0
    assert wilson(10, 10)[0] == pytest.approx(0.7225, abs=5e-5)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 10), (11, 10)])
def test_wilson_of_no_share(successes: int, n: int) -> None:
    """What is not a share raises."""
    with pytest.raises(ValueError, match="is not a share"):
        wilson(successes, n)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share(counts: tuple[int, int]) -> None:
    """The interval lies between 0 and 1, around the share, and is as wide from the other side."""
    successes, n = counts
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert wilson(n - successes, n) == pytest.approx((1 - high, 1 - low))


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
    with pytest.raises(ValueError, match="cannot be scored"):
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


@pytest.mark.parametrize(("upper", "points"), [(0.33, 2.7), (0.45, 4.5), (0.55, 6), (0.9, 6), (0.15, 0), (0.05, 0)])
def test_interpolation_of_the_course(upper: float, points: float) -> None:
    """With ten classes and a reference at 55 % the points are those of the course's notes (errors.md, 4 D)."""
    assert 6 * interpolate(upper, chance_line(10), 0.55) == pytest.approx(points)


def test_reference_at_chance() -> None:
    """Between chance and a reference that is no better there is nothing to interpolate."""
    with pytest.raises(ValueError, match="does not lie above chance"):
        interpolate(0.5, 0.15, 0.15)


@given(st.integers(1, 3000), st.data())
def test_points_are_monotone_in_accuracy(n: int, data: st.DataObject) -> None:
    """One more correct picture never lowers the share of the points, and three points never move it by a sixth."""
    correct = data.draw(st.integers(0, n - 1))
    earned = [interpolate(Accuracy(one, n).interval[1], 0.15, 0.6) for one in (correct, correct + 1)]
    assert 0 <= earned[0] <= earned[1] <= 1


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
