"""What is said of records written by hand: in which order, how much of it, and never twice."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.advice import MISTAKES, MOST, ORDER, Observed, advise, noticed
from grader.advice.ends import floor_of
from grader.diagnosis.texts import texts
from grader.records import (
    Call,
    Coverage,
    CurvePoint,
    Examination,
    Finding,
    Layer,
    Loss,
    Meaning,
    Measurement,
    Outcome,
    Practice,
    Role,
    Training,
    TrainingLoop,
    Where,
)

HERE = Where("net.ipynb", 3, 12)
CONV = Layer(
    Role.CONV, "conv2d", "conv1", HERE, (3, 32, 32), (16, 8, 8), {"kernel_size": [2, 2], "stride": [4, 4]}, 208, 1, True
)
DENSE = Layer(Role.DENSE, "linear", "fc", HERE, (1024,), (10,), {}, 10250, 1, True)
BASE = Examination(True, (CONV, DENSE), 10458, 0, 1, 1)
JUMPING = replace(BASE, coverage=Coverage(1024, 256, 0, 2, 0, 2, 3))
LOOP = TrainingLoop(HERE, (Call.BACKWARD, Call.STEP, Call.ZERO), loss=Loss.CROSS_ENTROPY)
B, S, Z = Call.BACKWARD, Call.STEP, Call.ZERO


def observed(examination: Examination | None = BASE, *loops: TrainingLoop, **rest: object) -> Observed:
    """Return a submission with that examination and those loops."""
    return Observed(10, (3, 32, 32), examination, Practice(loops), **rest)  # type: ignore[arg-type]


def codes(one: Observed) -> list[str]:
    """Return the codes of what is noticed."""
    return [advice.code for _, advice in noticed(one)]


def test_every_code_has_its_place_and_its_text() -> None:
    """A code that can be said stands once in the order, and `--explain` knows it; so does every code of the catalogue."""
    assert len(set(ORDER)) == len(ORDER)
    assert {one.code for one in MISTAKES} == set(ORDER)
    catalogue = {f"S{number:02}" for number in range(1, 37)}
    assert catalogue - set(ORDER) == {"S31"}
    assert catalogue | set(ORDER) <= set(texts())


def test_nothing_is_said_of_nothing() -> None:
    """Where nothing was captured and nothing read, there is no advice."""
    assert advise(observed(None)) == ()
    assert codes(observed()) == []


def test_what_is_wrong_comes_before_what_informs() -> None:
    """A loop without step comes before skipped pixels, and both before a softmax; the order is that of the table."""
    loop = replace(LOOP, order=(B, Z), shuffled=False)
    found = codes(observed(replace(JUMPING, meaning=Meaning.PROBABILITIES), loop))
    assert found == ["S34", "S19", "S01", "S33"]


def test_at_most_five() -> None:
    """Of many pieces of advice the first five are said."""
    loop = replace(LOOP, order=(B, Z), shuffled=False)
    broken = replace(
        JUMPING, meaning=Meaning.PROBABILITIES, alike=(("fc.weight", 0.0),), narrowest=("conv1", 4), frozen=("fc.bias",)
    )
    everything = codes(observed(broken, loop))
    assert len(everything) > MOST
    assert [one.code for one in advise(observed(broken, loop))] == everything[:MOST]


def test_a_failed_criterion_is_not_repeated() -> None:
    """Frozen weights are advice unless the criterion that says the same has failed."""
    frozen = observed(replace(BASE, frozen=("conv1.weight",)))
    failed = Finding("used", "Every weight learns", Outcome.FAILED, 0, 2)
    assert [one.code for one in advise(frozen)] == ["S26"]
    assert advise(frozen, (failed,)) == ()
    assert [one.code for one in advise(frozen, (replace(failed, outcome=Outcome.PASSED),))] == ["S26"]


def test_numbers_of_skipped_pixels() -> None:
    """A stride of 4 over a kernel of 2 is told with the pixels that it skips and the number to type."""
    ((advice,),) = (advise(observed(JUMPING)),)
    assert advice.title == (
        "conv1 (cell 3, line 12) is 2 wide and moves 4 at a time: 768 of 1,024 pixels (75.0 %) are never read"
    )
    assert advice.help == "Set stride of conv1 to 2 or less, or kernel_size to 4."
    assert advice.where == HERE


def test_a_shortcut_may_jump() -> None:
    """A convolution of one pixel that moves two, beside another way, skips nothing when all pixels are read."""
    assert codes(observed(replace(BASE, coverage=Coverage(1024, 1024, channels=3)))) == []


@pytest.mark.parametrize(
    ("order", "around"),
    [((B, S, Z), ()), ((Z, B, S), ()), ((Z, B, B, S), ()), ((S, Z, B), ()), ((B,), (Z, S)), ((B, S, Z), (Z,))],
)
def test_right_orders(order: tuple[Call, ...], around: tuple[Call, ...]) -> None:
    """The course's order, zero_grad first, several backwards and one step an epoch are all right."""
    assert codes(observed(BASE, replace(LOOP, order=order, around=around))) == []


@pytest.mark.parametrize(
    ("order", "around", "said"),
    [
        ((B, S), (), "zero_grad() is never called"),
        ((B, Z), (), "step() is never called"),
        ((B, Z, S), (), "between backward() and step()"),
        ((S, B, Z), (), "between backward() and step()"),
        ((B, S), (Z,), "not called for each batch"),
        ((Z, B), (S,), "step() stands outside"),
    ],
)
def test_wrong_orders(order: tuple[Call, ...], around: tuple[Call, ...], said: str) -> None:
    """Each way to get the order wrong is told apart, with the loop's cell and line."""
    ((advice,),) = (advise(observed(BASE, replace(LOOP, order=order, around=around))),)
    assert said in advice.title
    assert advice.title.startswith("In the loop (cell 3, line 12)")


def test_gathered_gradients_are_left_alone() -> None:
    """A step under a condition gathers the gradients of several batches, which is no mistake."""
    assert codes(observed(BASE, replace(LOOP, order=(Z, B), around=(S,), sometimes=True))) == []


def test_softmax_is_worded_by_what_is_known() -> None:
    """Without a loss in sight the softmax is told under a condition; with NLLLoss on logarithms nothing is said of it."""
    ends = replace(BASE, meaning=Meaning.PROBABILITIES)
    ((advice,),) = (advise(observed(ends)),)
    assert advice.help.startswith("If you train with nn.CrossEntropyLoss")
    assert "No points are lost" in advice.help
    ((sure,),) = (advise(observed(ends, LOOP)),)
    assert "takes its own" in sure.title


@given(st.integers(2, 1000))
def test_floor_of_two_softmaxes(classes: int) -> None:
    """The floor is the cross-entropy of the best row of probabilities, a one and zeros, taken as scores."""
    direct = -math.log(math.e / (math.e + classes - 1))
    assert floor_of(classes) == pytest.approx(direct)


def test_a_training_that_learnt_nothing() -> None:
    """A loss that ends where guessing begins is told with both numbers; a lower one is not."""
    training = Training({}, 0, 300, 1.0, (CurvePoint(100, 2.31), CurvePoint(300, 2.302)))
    ((advice,),) = (advise(observed(training=training)),)
    assert (advice.code, advice.title) == ("S28", "After 300 steps the loss is 2.30, and guessing has 2.30")
    assert codes(observed(training=replace(training, curve=(CurvePoint(300, 1.9),)))) == []


def test_never_fewer_numbers_than_classes() -> None:
    """Advice on the direction of channels always says how many numbers have to stay."""
    second = replace(CONV, name="conv2", inputs=(16, 8, 8), outputs=(8, 6, 6), settings={"kernel_size": [3, 3]})
    first = replace(CONV, settings={"kernel_size": [2, 2], "stride": [2, 2]})
    ((advice,),) = (advise(observed(replace(BASE, layers=(first, second, DENSE)))),)
    assert advice.title == "Channels shrink (16, 8) and kernels grow (2, 3) on the way to the scores"
    assert "Both ways occur" in advice.help
    assert "Keep 10 or more numbers" in advice.help


def test_a_measurement_elsewhere_is_enough() -> None:
    """Measuring on training pictures is told only where nothing else is measured."""
    own, other = Measurement(HERE, training=True, in_loop=True), Measurement(HERE, training=False)
    practice = Practice((LOOP,), (own,), evaluates=True)
    assert codes(Observed(10, (3, 32, 32), BASE, practice)) == ["S35"]
    assert codes(Observed(10, (3, 32, 32), BASE, replace(practice, measurements=(own, other)))) == []


def test_functions_say_what_they_notice() -> None:
    """Every notice has a docstring that begins with `Notice` or `Name`: it is the row of the documentation."""
    assert [one.code for one in MISTAKES if not re.match("(Notice|Name) ", one.notice.__doc__ or "")] == []
