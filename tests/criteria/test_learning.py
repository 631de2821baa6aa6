"""Can it learn, and how well: used weights, same answers, 64 pictures by heart, accuracy."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.criteria import judge
from grader.criteria.accuracy import noise
from grader.records import Outcome, Reference, Score, SeedScore, Trial
from grader.scoring.significance import wilson

from .samples import GOOD, REFERENCE, SCORE, TRAINING, changed, finding, points, rubric


def test_all_weights_learn() -> None:
    """A network whose weights are all used earns 2."""
    assert finding("used", GOOD).points == 2


def test_one_layer_unused() -> None:
    """One layer of four that forward never calls costs 1 and is named once, weight and bias together."""
    found = finding("used", changed(unused=("conv2.weight", "conv2.bias")))
    assert found.points == 1
    assert found.evidence["not_learning"] == ["conv2"]
    assert found.help == "Call self.conv2 in forward, or delete it from __init__."


def test_half_of_the_layers_in_a_list() -> None:
    """Half of the layers in a Python list cost 1, more cost both points; nn.ModuleList is named."""
    assert finding("used", changed(unregistered=("layers.0",))).points == 1
    found = finding("used", changed(unregistered=("conv1", "fc1")))
    assert found.points == 1 - 1
    assert "nn.ModuleList" in found.help


def test_frozen_and_unreached() -> None:
    """Frozen and unreached weights are said apart."""
    found = finding("used", changed(frozen=("conv1.weight",), unreached=("fc1.weight", "fc1.bias")))
    assert found.points == 0
    assert "conv1.weight is frozen" in found.rationale
    assert "fc1.weight and fc1.bias get no gradient" in found.rationale


def test_repeatable() -> None:
    """An answer that changes costs the point and is said."""
    found = finding("repeatable", changed(repeatable="a picture gets another answer alone than among others"))
    assert found.points == 0
    assert found.rationale.endswith("A picture gets another answer alone than among others.")


@pytest.mark.parametrize(("reached", "earned"), [(1.0, 1), (0.9, 1), (0.89, 0), (0.1, 0)])
def test_memorises(reached: float, earned: float) -> None:
    """Nine of ten of the 64 pictures are enough."""
    evidence = replace(GOOD, training=replace(TRAINING, memorised=reached))
    assert finding("memorises", evidence).points == earned


def test_bottleneck_is_named() -> None:
    """A network that leaves two numbers of a picture is told where."""
    evidence = replace(changed(narrowest=("conv3", 2)), training=replace(TRAINING, memorised=0.3))
    found = finding("memorises", evidence)
    assert found.rationale == "It learnt 19 of 64 pictures by heart (30.0 %), and 90.0 % was expected."
    assert found.help.startswith("Only 2 numbers per picture are left at conv3, for 10 classes")
    wide = replace(GOOD, training=replace(TRAINING, memorised=0.3))
    assert finding("memorises", wide).help == ""


def test_not_asked_for() -> None:
    """Without training, what needs it is skipped and says how to ask for it."""
    evidence = replace(GOOD, training=None, score=None, trained=False)
    for name in ("memorises", "accuracy"):
        found = finding(name, evidence)
        assert (found.outcome, found.points) == (Outcome.SKIPPED, 0)
        assert "--train" in found.rationale
        assert found.evidence["because"] == "training"


def test_training_that_did_not_finish() -> None:
    """Training that was asked for and is not there is the grader's fault: points stay empty."""
    evidence = replace(GOOD, training=None, score=None)
    for name in ("memorises", "accuracy"):
        found = finding(name, evidence)
        assert (found.outcome, found.points) == (Outcome.ERROR, None)
        assert "no points are lost" in found.rationale
    assert finding("memorises", replace(GOOD, training=replace(TRAINING, memorised=None))).outcome is Outcome.ERROR
    assert finding("accuracy", replace(GOOD, score=replace(SCORE, reference=None))).outcome is Outcome.ERROR


def test_answers_of_another_width() -> None:
    """A network that answers with another number of scores, and so was not scored, earns nothing."""
    trials = tuple(Trial(batch, (batch, 100), finite=True) for batch in (1, 2, 7))
    found = finding("accuracy", replace(changed(trials=trials), score=None))
    assert (found.outcome, found.points) == (Outcome.FAILED, 0)


def test_accuracy_with_its_formula() -> None:
    """The rationale holds the formula with the numbers, and the upper end of the interval counts."""
    score = Score(0.42, (0.39, 0.451), 1000, Reference((0.55, 0.55), 0.55, 0.0, 0.55))
    found = finding("accuracy", replace(GOOD, score=score))
    assert found.points == pytest.approx(6 * (0.451 - 0.15) / (0.55 - 0.15), abs=0.005)
    assert "6 x (0.451 - 0.150) / (0.550 - 0.150) = 4.52" in found.rationale
    assert "42.0 % of 1,000 pictures" in found.rationale
    assert found.outcome is Outcome.PASSED


def test_accuracy_passes_at_half() -> None:
    """Accuracy counts as passed from half of its points; below, its points stay."""
    low = Score(0.3, (0.27, 0.33), 1000, REFERENCE)
    found = finding("accuracy", replace(GOOD, score=low))
    assert found.outcome is Outcome.FAILED
    assert found.points == pytest.approx(2.04, abs=0.01)


def test_accuracy_stops_at_its_ends() -> None:
    """Better than the reference earns no more than full points, worse than chance no less than nothing."""
    best = finding("accuracy", replace(GOOD, score=Score(0.9, (0.88, 0.917), 1000, REFERENCE)))
    worst = finding("accuracy", replace(GOOD, score=Score(0.1, (0.083, 0.12), 1000, REFERENCE)))
    assert (best.points, worst.points) == (6, 0)
    assert "which counts as 6" in best.rationale
    assert "which counts as 0" in worst.rationale


def test_reference_at_chance_is_our_fault() -> None:
    """A reference that has not learnt anything cannot cost a student points."""
    hopeless = Reference((0.1, 0.2), 0.15, 0.07, 0.01)
    assert finding("accuracy", replace(GOOD, score=replace(SCORE, reference=hopeless))).points is None


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_more_correct_pictures_never_earn_less(one: int, other: int) -> None:
    """Points never fall when more pictures are right."""
    low, high = sorted((one, other))
    earned = [
        points(replace(GOOD, score=Score(correct / 1000, wilson(correct, 1000), 1000, REFERENCE)), "accuracy")[0]
        for correct in (low, high)
    ]
    assert earned[0] is not None
    assert earned[1] is not None
    assert earned[0] <= earned[1]


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (Score(0.65, (0.62, 0.679), 1000, REFERENCE), "the 0.01 that are missing lie inside that noise"),
        (Score(0.50, (0.469, 0.531), 1000, REFERENCE), "the 1.69 that are missing lie outside that noise"),
    ],
)
def test_points_inside_the_noise(score: Score, words: str) -> None:
    """Missing points are held against what another training of the same network may move."""
    rationale = finding("accuracy", replace(GOOD, score=score)).rationale
    assert "moves its accuracy by up to 4.0 points either way" in rationale
    assert words in rationale


def test_nothing_is_missing() -> None:
    """With full points there is nothing to say about noise."""
    assert "noise" not in finding("accuracy", replace(GOOD, score=Score(0.9, (0.88, 0.917), 1000, REFERENCE))).rationale


def test_noise_of_own_seeds() -> None:
    """Three trainings of a network say more about its noise than the reference's, and their median strays less."""
    seeds = tuple(SeedScore(seed, value) for seed, value in enumerate((0.60, 0.62, 0.64)))
    one, three = (Score(0.62, (0.59, 0.65), 1000, REFERENCE, several) for several in (seeds[:1], seeds))
    assert noise(one) == pytest.approx(0.04)
    assert noise(three) == pytest.approx(2 * 0.02 * math.sqrt(math.pi / 2 / 3))
    assert "the median of 3 trainings" in finding("accuracy", replace(GOOD, score=three)).rationale


@pytest.mark.parametrize(("reached", "extra"), [(0.70, 0), (0.76, 0), (0.81, 0.5), (0.86, 1), (0.99, 1)])
def test_extra_credit(reached: float, extra: float) -> None:
    """Beyond the reference's mean and two deviations (0.76) extra points grow to their maximum over a tenth."""
    asked = rubric("[criteria.accuracy]\npoints = 6\nextra = 1\nextra_over = 0.1\n")
    score = Score(reached, wilson(round(1000 * reached), 1000), 1000, REFERENCE)
    (found, *_) = judge(asked, replace(GOOD, score=score))
    assert found.points == pytest.approx(6 + extra)
    assert ("extra points" in found.rationale) == (extra > 0)


def test_extra_credit_does_not_leap() -> None:
    """However steep the rubric asks for it, three points of accuracy earn at most a tenth of the criterion's points."""
    asked = rubric("[criteria.accuracy]\npoints = 6\nextra = 6\nextra_over = 0.01\n")
    earned = [
        judge(asked, replace(GOOD, score=Score(one, (one, one), 1000, REFERENCE)))[0].points for one in (0.76, 0.79)
    ]
    assert earned == [6, pytest.approx(6.6)]
