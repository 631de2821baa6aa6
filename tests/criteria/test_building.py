"""Does it run: what building, the budget, the answer and a training step earn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.criteria import Evidence
from grader.records import Break, Carried, Outcome, Repair, Role, Status, Trial, Where
from grader.scoring import status_of

from .samples import (
    CNN,
    CONV,
    DENSE,
    FLATTEN,
    GOOD,
    LAYERS,
    POOL,
    RELU,
    broken,
    changed,
    finding,
    layer,
    points,
    with_layers,
)


def trials(*shapes: tuple[int, ...] | None, finite: bool = True) -> tuple[Trial, ...]:
    """Return what batches of 1, 2 and 7 were answered with."""
    return tuple(
        Trial(batch, shape, finite, "" if shape else "RuntimeError: no")
        for batch, shape in zip((1, 2, 7), shapes, strict=True)
    )


def test_built_in_full() -> None:
    """A model that could be built earns 3 and is told how much it learns."""
    found = finding("built", GOOD)
    assert (found.points, found.outcome) == (3, Outcome.PASSED)
    assert "231,562 numbers" in found.rationale


@pytest.mark.parametrize(
    ("kind", "earned"),
    [("argument", 2), ("instance", 2), ("instantiate", 2), ("training", 3), ("device", 3), ("import", 3), ("dtype", 3)],
)
def test_repairs_that_are_priced(kind: str, earned: float) -> None:
    """Only an argument that the grader guessed and a class that it called cost a point."""
    found = finding("built", replace(GOOD, repairs=(Repair(kind, "Something was done."),)))
    assert found.points == earned
    assert (found.outcome is Outcome.FAILED) == (earned < 3)
    assert ("Something was done." in found.rationale) == (earned < 3)


def test_repaired_model_is_still_judged() -> None:
    """A model that failed `built` with points left is judged by all other criteria."""
    assert points(replace(GOOD, repairs=(Repair("instance", "Called."),)), "convolution", "accuracy") == [4, 6]


def test_build_break() -> None:
    """A build that breaks earns nothing, says where, and gives the diagnosis's next step."""
    broke = Break("build", "AttributeError", "no Dense", Where("a.ipynb", 2, 5), "self.fc = nn.Dense(10)")
    evidence = replace(
        GOOD, examination=None, broke=broke, cause="PyTorch has no nn.Dense.", help="Write nn.Linear(10)."
    )
    found = finding("built", evidence)
    assert found.points == 0
    assert "cell 2, line 5, in `self.fc = nn.Dense(10)`. PyTorch has no nn.Dense." in found.rationale
    assert found.help == "Write nn.Linear(10)."


def test_stop_without_diagnosis() -> None:
    """A child that was stopped without a place is told by its outcome word."""
    found = finding("built", Evidence(10, (3, 32, 32), stopped="killed-sig11"))
    assert found.points == 0
    assert "(killed-sig11)" in found.rationale


def test_nothing_came_back() -> None:
    """No model and no reason for it is the grader's fault: points stay empty."""
    found = finding("built", Evidence(10, (3, 32, 32)))
    assert (found.outcome, found.points) == (Outcome.ERROR, None)
    assert status_of(Evidence(10, (3, 32, 32)), [found]) is Status.GRADER_FAULT


def test_forward_break_is_built() -> None:
    """A network that breaks in forward was built, also when no layer of it could be captured."""
    assert finding("built", broken(CONV)).points == 3
    assert finding("built", replace(broken(CONV), examination=None)).points == 3


def test_too_much_besides_the_weights() -> None:
    """A network that is large by what it remembers is told to leave that out, not to pool."""
    table = Carried("table.running_mean", (500, 3072), 1_536_000, Where("a.ipynb", 3, 12))
    evidence = changed(over_budget="too much is carried", trials=(), constants=1_536_000, carried=(table,))
    assert finding("budget", evidence).help == (
        "Leave table.running_mean (500 x 3,072; cell 3, line 12) out, or make it an nn.Parameter that learns."
    )
    assert "fc1 alone" in finding("budget", changed(over_budget="x", constants=10, carried=(table,))).help


def test_over_budget() -> None:
    """A network over the budget fails `budget` for no points, and what would have to run is skipped."""
    wide = layer(Role.DENSE, "fc1", (6663800,), (256,), parameters=1_705_933_056)
    evidence = changed(
        over_budget="1,705,933,056 parameters; at most 50,000,000 are allowed",
        trials=(),
        parameters=1_705_933_506,
        layers=(CONV, POOL, FLATTEN, wide),
    )
    found = finding("budget", evidence)
    assert (found.points, found.outcome) == (0, Outcome.FAILED)
    assert found.rationale.endswith("are allowed.")
    assert "fc1 alone has 1,705,933,056 weights" in found.help
    assert finding("output", evidence).outcome is Outcome.SKIPPED
    assert 'stays within the budget"' in finding("accuracy", evidence).rationale
    assert points(evidence, "convolution", "pooling", "flatten") == [4, 3, 1]


def test_within_budget_passes_without_points() -> None:
    """A criterion without points still passes or fails."""
    assert finding("budget", GOOD).outcome is Outcome.PASSED


def test_output_in_full() -> None:
    """One row of scores for each picture of 1, 2 and 7 earns 3."""
    assert finding("output", GOOD).points == 3


@pytest.mark.parametrize(
    ("answers", "earned", "words"),
    [
        (trials((10,), (2, 10), (7, 10)), 2, "but not of 1"),
        (trials(None, (2, 10), (7, 10)), 2, "batches of 2 and 7"),
        (trials((1, 100), (2, 100), (7, 100)), 1, "100 scores for 10 classes"),
        (trials((1, 5), (2, 5), None), 1, "5 scores for 10 classes"),
        (trials((1, 10, 4, 4), (2, 10, 4, 4), (7, 10, 4, 4)), 0, "laid the maps"),
        (trials((18, 10), (36, 10), (126, 10)), 0, "share a row"),
        (trials((1, 10), (2, 10), (7, 10), finite=False), 0, "not finite"),
        (trials((10,), (20,), (70,)), 0, "(70,)"),
    ],
)
def test_output_in_part(answers: tuple[Trial, ...], earned: float, words: str) -> None:
    """Some batch sizes earn 2, a wrong number of classes 1, anything else nothing; the shapes are said."""
    found = finding("output", changed(trials=answers, layers=(*LAYERS[:-1], replace(LAYERS[-1], outputs=(100,)))))
    assert found.points == earned
    assert words in found.rationale


def test_output_names_the_last_layer() -> None:
    """A wrong number of classes is repaired in the last dense layer, which is named."""
    wide = replace(LAYERS[-1], outputs=(100,))
    evidence = changed(trials=trials((1, 100), (2, 100), (7, 100)), layers=(*LAYERS[:-1], wide))
    assert finding("output", evidence).help == "Set out_features of fc2 to 10."


def test_squeezed_batch() -> None:
    """A `squeeze()` that takes the batch axis away is named."""
    assert "squeeze()" in finding("output", changed(trials=trials((10,), (2, 10), (7, 10)))).help


def test_batch_size_written_down() -> None:
    """A network that works for another batch size only earns 2, hears which, and is not skipped."""
    evidence = changed(trials=trials(None, None, None), only_batch=32)
    assert "only with 32 pictures" in finding("output", evidence).rationale
    assert points(evidence, "output", "used", "accuracy") == [2, 2, 6]
    assert "x.size(0)" in finding("output", evidence).help
    assert (
        finding(
            "output", replace(evidence, examination=replace(CNN, trials=trials(None, None, None), step="no"))
        ).points
        == 0
    )


def test_tuple_costs_a_point() -> None:
    """A forward that returns a tuple earns 2."""
    found = finding(
        "output", replace(GOOD, repairs=(Repair("return", "forward returns a tuple; its scores were taken."),))
    )
    assert found.points == 2
    assert "a tuple" in found.rationale


def test_forward_break_says_what_came_in() -> None:
    """A break in forward says the place, what came in, the cause and the number to type."""
    evidence = broken(CONV, RELU, POOL, FLATTEN, cause="fc1 expects 512.", help_text="Set in_features of fc1 to 3600.")
    found = finding("output", evidence)
    assert found.points == 0
    assert "at cell 3, line 15, in `x = self.fc1(x)`" in found.rationale
    assert "at fc1 has the shape (7, 3600). fc1 expects 512." in found.rationale
    assert found.help == "Set in_features of fc1 to 3600."


def test_missing_trials_are_our_fault() -> None:
    """A complete network that was never asked for an answer is the grader's fault."""
    assert finding("output", changed(trials=())).outcome is Outcome.ERROR


def test_training_step() -> None:
    """A training step that changes nothing earns nothing and says why."""
    found = finding("training_step", changed(step="no weight gets a gradient that is not zero"))
    assert found.points == 0
    assert found.rationale.endswith("No weight gets a gradient that is not zero.")


def test_batch_normalisation_costs_nothing() -> None:
    """A step that needs more than one picture is sound design: full points, and it is said."""
    found = finding("training_step", changed(step_batch_one="ValueError: Expected more than 1 value per channel"))
    assert found.points == 2
    assert "drop_last=True" in found.rationale


def test_dense_alone_has_no_prefix() -> None:
    """A network that breaks before its first layer keeps only what building earned."""
    assert points(broken(), "built", "convolution", "pooling", "flatten", "dense") == [3, 0, 0, 0, 0]


def test_large_network_of_many_layers_gets_no_single_culprit() -> None:
    """The next step names a dense layer only when it holds most of the weights."""
    evidence = replace(with_layers(CONV, FLATTEN, DENSE), examination=replace(CNN, over_budget="x", parameters=10**9))
    assert finding("budget", evidence).help == ""
