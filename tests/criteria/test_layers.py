"""Is it the CNN that was asked for: convolution, pooling, flatten, dense, activations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grader.criteria import judge
from grader.records import Layer, Outcome, Role

from .samples import (
    CONV,
    DENSE,
    FLATTEN,
    GOOD,
    LAYERS,
    POOL,
    RELU,
    RELU_2,
    SCORES,
    broken,
    changed,
    finding,
    layer,
    points,
    rubric,
    with_layers,
)


def conv(inputs: tuple[int, ...], outputs: tuple[int, ...], kernel: Any, **settings: Any) -> Layer:
    """Return a convolution with this kernel."""
    return layer(Role.CONV, "conv1", inputs, outputs, kernel_size=kernel, **settings)


@pytest.mark.parametrize(
    ("one", "earned"),
    [
        (CONV, 4),
        (conv((3, 32, 32), (8, 32, 30), [1, 3]), 4),
        (conv((3, 32, 32), (8, 30, 1), [3, 32]), 4),
        (conv((3, 32, 32), (8, 32, 32), 1), 2),
        (conv((3, 32, 32), (2, 1, 1), [32, 32]), 2),
        (conv((16, 1, 1), (16, 1, 1), [3, 3], padding=[1, 1]), 2),
        (conv((3, 32, 32), (8, 2, 2), [3, 3], dilation=[15, 15]), 4),
        (conv((3, 32, 32), (8, 1, 1), [3, 3], dilation=[16, 16]), 2),
        (replace(CONV, on_path=False), 1),
        (replace(CONV, parameters=0), 1),
    ],
)
def test_convolution(one: Layer, earned: float) -> None:
    """Full points need a kernel between one pixel and the whole map, on the path, with weights that learn."""
    found = finding("convolution", with_layers(one, POOL, FLATTEN, DENSE, SCORES))
    assert found.points == earned
    assert found.rationale


def test_best_convolution_counts() -> None:
    """One good convolution is enough, whatever stands beside it."""
    small = conv((16, 15, 15), (16, 15, 15), [1, 1])
    assert finding("convolution", with_layers(small, CONV)).points == 4


def test_convolution_missing() -> None:
    """A network without convolution is told one to begin with, for its own pictures."""
    found = finding("convolution", with_layers(FLATTEN, DENSE, SCORES))
    assert found.points == 0
    assert found.help.endswith("nn.Conv2d(3, 16, 3).")


@pytest.mark.parametrize("field", [{"unregistered": ("conv1",)}, {"frozen": ("conv1.weight", "conv1.bias")}])
def test_convolution_that_does_not_learn(field: dict[str, Any]) -> None:
    """A convolution in a Python list, or a frozen one, earns 1."""
    assert finding("convolution", changed(**field)).points == 1


def test_shared_weights_learn() -> None:
    """A convolution that is used twice learns at its first use only, and both count."""
    assert finding("convolution", with_layers(replace(CONV, on_path=False), replace(CONV, parameters=0))).points == 4


def test_kernel_size_that_did_not_come() -> None:
    """A convolution without its kernel's size is the grader's fault."""
    assert finding("convolution", with_layers(replace(CONV, settings={}))).outcome is Outcome.ERROR


def pool(before: int, after: int, **settings: Any) -> Layer:
    """Return a pooling from one side to another."""
    return layer(Role.POOL, "pool1", (5, before, before), (5, after, after), **settings)


@pytest.mark.parametrize(
    ("one", "earned"),
    [
        (POOL, 3),
        (pool(32, 29, kernel_size=[4, 4], stride=[1, 1]), 2),
        (pool(8, 5, kernel_size=[4, 4], stride=[1, 1]), 3),
        (pool(8, 8, kernel_size=[3, 3], stride=[1, 1], padding=[1, 1]), 1),
        (replace(POOL, on_path=False), 1),
        (layer(Role.POOL, "mean", (16, 8, 8), (16,)), 3),
        (layer(Role.POOL, "adaptive_avg_pool2d", (16, 8, 8), (16, 1, 1), output_size=[1, 1]), 3),
        (layer(Role.POOL, "adaptive_avg_pool2d", (16, 8, 8), (16, 8, 8), output_size=[8, 8]), 1),
    ],
)
def test_pooling(one: Layer, earned: float) -> None:
    """Full points need a result that is at least a quarter smaller, on the path."""
    assert finding("pooling", with_layers(CONV, one, FLATTEN, SCORES)).points == earned


def test_lessons_pool_is_told_its_stride() -> None:
    """The lesson's pool with a stride of 1 is told what leaving the stride out does."""
    found = finding("pooling", with_layers(CONV, pool(32, 29, kernel_size=[4, 4], stride=[1, 1]), FLATTEN))
    assert "32 x 32 into 29 x 29: only 18 % of the map goes" in found.rationale
    assert found.help == "Leave the stride of pool1 out: it then moves 4 pixels and makes 32 x 32 into 8 x 8."


def test_strided_convolution_is_no_pooling() -> None:
    """A convolution with a stride does not replace the pooling, and this is said."""
    found = finding("pooling", with_layers(conv((3, 32, 32), (8, 15, 15), [3, 3], stride=[2, 2]), FLATTEN, SCORES))
    assert found.points == 0
    assert "conv1 (cell 3, line 12) shrinks the map by its stride" in found.rationale
    assert found.help == "Put nn.MaxPool2d(2) after conv1: it makes 15 x 15 into 7 x 7."


def test_shrink_is_a_parameter() -> None:
    """The rubric may ask for less than a quarter."""
    lessons = with_layers(CONV, pool(32, 29, kernel_size=[4, 4], stride=[1, 1]))
    found = judge(rubric("[criteria.pooling]\npoints = 3\nshrink = 0.1"), lessons)
    assert [one.points for one in found] == [3]


def test_flatten() -> None:
    """A flatten after the last map is enough, and so is a pooling to one number per channel."""
    to_one = layer(Role.POOL, "gap", (16, 15, 15), (16, 1, 1))
    head = layer(Role.DENSE, "fc", (16,), (10,))
    assert finding("flatten", GOOD).points == 1
    assert finding("flatten", with_layers(CONV, POOL, to_one, head)).points == 1
    assert finding("flatten", with_layers(FLATTEN, DENSE, SCORES)).points == 1


def test_flatten_missing() -> None:
    """A network that never lays its maps out is told behind which layer to do it."""
    found = finding("flatten", with_layers(CONV, POOL, layer(Role.DENSE, "fc", (16, 15, 15), (16, 15, 10))))
    assert (found.points, found.help) == (0, "Put nn.Flatten() after pool1.")
    assert "(16 x 15 x 15)" in found.rationale


def test_flatten_of_the_batch_does_not_count() -> None:
    """A flatten that made one row of all pictures is not one row per picture."""
    together = layer(Role.FLATTEN, "flatten", (16, 15, 15), (7 * 3600,))
    assert finding("flatten", broken(CONV, POOL, together)).points == 0


def test_flatten_too_early() -> None:
    """A flatten before the last convolution does not count."""
    assert finding("flatten", with_layers(FLATTEN, CONV, POOL)).points == 0


@pytest.mark.parametrize(
    ("layers", "earned", "words"),
    [
        (LAYERS, 1, "64 numbers into 10 scores"),
        ((CONV, POOL, FLATTEN, DENSE), 0.5, "answers with 64 numbers"),
        ((CONV, POOL, layer(Role.DENSE, "fc", (16, 15, 15), (16, 15, 10))), 0.5, "looks at rows of 15 numbers"),
        ((CONV, POOL, FLATTEN), 0, "no dense layer follows"),
        ((DENSE, CONV, POOL, FLATTEN), 0, "no dense layer follows"),
        ((CONV, POOL, FLATTEN, replace(SCORES, on_path=False)), 0, "no dense layer follows"),
    ],
)
def test_dense(layers: tuple[Layer, ...], earned: float, words: str) -> None:
    """Full points need a dense layer on rows, the last one as wide as there are classes."""
    found = finding("dense", with_layers(*layers))
    assert found.points == earned
    assert words in found.rationale


def test_mixed_pictures_are_told_the_view() -> None:
    """A view that cuts several pictures into common rows is named, with the length of a picture's own row."""
    view = layer(Role.OTHER, "view", (16, 15, 15), (576, 400))
    wide = layer(Role.DENSE, "fc1", (576, 400), (576, 10))
    evidence = with_layers(CONV, POOL, view, wide)
    assert points(evidence, "flatten", "dense") == [0, 0.5]
    for name in ("flatten", "dense"):
        found = finding(name, evidence)
        assert "view (cell 3, line 12) cuts the numbers of several pictures into common rows of 400." in found.rationale
        assert found.help == "Write torch.flatten(x, 1) in its place; each picture is then a row of 3600."


def test_dense_says_its_numbers() -> None:
    """What to type is said with the network's own numbers."""
    on_maps = layer(Role.DENSE, "fc", (16, 15, 15), (16, 15, 10))
    assert finding("dense", with_layers(CONV, POOL, on_maps)).help.endswith("its in_features to 3600 (16 x 15 x 15).")
    assert finding("dense", with_layers(CONV, POOL, FLATTEN)).help == "End forward with nn.Linear(3600, 10)."
    assert finding("dense", with_layers(CONV, POOL, FLATTEN, DENSE)).help == "Set out_features of fc1 to 10."


def test_break_in_the_dense_layer_keeps_the_rest() -> None:
    """A wrong in_features keeps convolution, pooling and flatten; dense fails with the true number."""
    evidence = broken(
        CONV,
        RELU,
        POOL,
        FLATTEN,
        cause="fc1 expects 512 numbers per picture, but 3600 arrive.",
        help_text="Set it to 3600.",
    )
    assert points(evidence, "built", "convolution", "pooling", "flatten", "dense", "activations") == [3, 4, 3, 1, 0, 0]
    found = finding("dense", evidence)
    assert (found.outcome, found.help) == (Outcome.FAILED, "Set it to 3600.")
    assert "but 3600 arrive" in found.rationale
    assert finding("activations", evidence).outcome is Outcome.SKIPPED


@pytest.mark.parametrize(
    ("linear", "pooled", "earned"),
    [
        ((), (), 2),
        ((("conv1", "conv2"),), (), 1),
        ((), (("conv1", "conv2"), ("conv2", "fc1")), 1),
        ((("conv1", "conv2"), ("fc1", "fc2")), (), 0),
        ((("fc1", "fc2"),), (("conv1", "fc1"),), 0),
    ],
)
def test_activations(linear: Any, pooled: Any, earned: float) -> None:
    """One missing place, or only max-poolings between, costs half; more costs all."""
    found = finding("activations", changed(linear_pairs=linear, pooled_pairs=pooled))
    assert found.points == earned
    if len(linear) + len(pooled) > 1:
        assert " nor between " in found.rationale
    if earned < 2:
        first, second = (*linear, *pooled)[0]
        assert found.help == f"Put nn.ReLU() between {first} and {second}."


def test_softmax_and_extra_layers_cost_nothing() -> None:
    """Whatever stands between and behind the layers that were asked for changes no points."""
    norm = layer(Role.NORM, "bn", (16, 30, 30), (16, 30, 30), parameters=32)
    softmax = layer(Role.ACTIVATION, "softmax", (10,), (10,))
    evidence = with_layers(CONV, norm, RELU, POOL, FLATTEN, DENSE, RELU_2, SCORES, softmax)
    assert points(evidence, "convolution", "pooling", "flatten", "dense", "order") == [4, 3, 1, 1, 1]
