"""Do the layers come in the usual order; a sound network is never punished for another way of writing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.records import Layer, Outcome, Role, Shape

from .samples import (
    CONV,
    DENSE,
    FLATTEN,
    LAYERS,
    POOL,
    RELU,
    RELU_2,
    SCORES,
    broken,
    finding,
    layer,
    points,
    with_layers,
)

PICTURE: Shape = (3, 32, 32)
MAP: Shape = (16, 15, 15)
ROWS: Shape = (16, 15, 10)


def flat(inputs: Shape, width: int) -> Layer:
    """Return a flatten."""
    return layer(Role.FLATTEN, "flat", inputs, (width,), line=20)


def view(inputs: Shape, outputs: Shape) -> Layer:
    """Return a change of shape that is no flatten."""
    return layer(Role.OTHER, "view", inputs, outputs)


def conv(inputs: Shape, outputs: Shape, name: str = "conv2") -> Layer:
    """Return a convolution of three pixels."""
    return layer(Role.CONV, name, inputs, outputs, kernel_size=[3] * (len(inputs) - 1), line=30)


def dense(inputs: Shape, outputs: Shape, name: str = "fc0") -> Layer:
    """Return a dense layer."""
    return layer(Role.DENSE, name, inputs, outputs, line=25)


def multiply(shape: Shape) -> Layer:
    """Return a product of two results."""
    return layer(Role.OTHER, "mul", shape, shape)


SQUEEZE = layer(Role.POOL, "squeeze", MAP, (16, 1, 1))
HEAD = (FLATTEN, DENSE, RELU_2, SCORES)
SOUND = {
    "course": LAYERS,
    "global_pooling_for_flatten": (CONV, RELU, POOL, layer(Role.POOL, "gap", MAP, (16,)), dense((16,), (10,))),
    "convolution_as_head": (CONV, POOL, SQUEEZE, conv((16, 1, 1), (10, 1, 1)), flat((10, 1, 1), 10)),
    "dense_as_convolution": (CONV, POOL, FLATTEN, view((3600,), (3600, 1, 1)), conv((3600, 1, 1), (10, 1, 1))),
    "squeeze_and_excitation": (
        *(CONV, POOL, SQUEEZE, flat((16, 1, 1), 16), dense((16,), (4,)), dense((4,), (16,))),
        *(view((16,), (16, 1, 1)), multiply((16, 1, 1)), conv(MAP, MAP), POOL, *HEAD),
    ),
    "channel_attention_by_convolution": (
        *(CONV, POOL, SQUEEZE, flat((16, 1, 1), 16), view((16,), (1, 16)), conv((1, 16), (1, 16))),
        *(multiply(MAP), conv(MAP, MAP), *HEAD),
    ),
    "gate_of_the_whole_map": (
        *(CONV, POOL, FLATTEN, dense((3600,), (3600,)), view((3600,), MAP), multiply(MAP), conv(MAP, MAP), *HEAD),
    ),
    "spatial_transformer": (
        *(conv(PICTURE, (4, 8, 8), "look"), flat((4, 8, 8), 256), dense((256,), (6,)), view((6,), (2, 3))),
        *(layer(Role.OTHER, "grid_sampler", PICTURE, PICTURE), CONV, POOL, *HEAD),
    ),
    "branch_of_the_picture": (flat(PICTURE, 3072), dense((3072,), (16,)), CONV, RELU, POOL, *HEAD),
    "there_and_back": (flat(PICTURE, 3072), view((3072,), PICTURE), CONV, RELU, POOL, *HEAD),
    "dense_over_the_channels": (CONV, POOL, dense((15, 15, 16), (15, 15, 16)), conv(MAP, MAP), *HEAD),
    "weighted_pooling": (CONV, POOL, dense((10, 225), (10, 1)), flat((10, 1), 10)),
    "no_dense_layer": (CONV, POOL, FLATTEN),
    "off_the_path": (replace(flat(PICTURE, 3072), on_path=False), *LAYERS),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_networks_keep_their_point(name: str) -> None:
    """No way of writing a sound network costs the point, and nobody is told to move anything."""
    found = finding("order", with_layers(*SOUND[name]))
    assert (found.points, found.outcome, found.help) == (1, Outcome.PASSED, "")


def test_it_names_the_layers_in_their_order() -> None:
    """Full points come with the first convolution, the pooling, the flatten and the last dense layer."""
    found = finding("order", with_layers(*LAYERS))
    assert found.rationale == (
        "The layers come in the usual order: conv1 (cell 3, line 12), pool1 (cell 3, line 12), flatten (cell 3, "
        "line 12), fc2 (cell 3, line 12)."
    )
    assert found.evidence["order"] == ["conv conv1", "pool pool1", "flatten flatten", "dense fc2"]


def test_a_pooling_before_the_convolution_is_advice() -> None:
    """A pooling that comes first costs nothing; it is said."""
    first = layer(Role.POOL, "early", PICTURE, (3, 16, 16))
    found = finding("order", with_layers(first, conv((3, 16, 16), MAP), FLATTEN, SCORES))
    assert found.points == 1
    assert "early (cell 3, line 12) comes before the first convolution" in found.rationale
    assert "costs nothing" in found.rationale
    assert "comes before" not in finding("order", with_layers(*LAYERS)).rationale


WRONG = {
    "begins_with_a_dense_layer": (
        (flat(PICTURE, 3072), dense((3072,), (3072,)), view((3072,), PICTURE), CONV, POOL, *HEAD),
        0,
        "flat (cell 3, line 20) lays 3 x 32 x 32 out as 3,072 numbers, and conv1 (cell 3, line 12) comes after it",
        "Move flat behind pool1, the last convolution or pooling.",
    ),
    "convolution_over_a_row": (
        (flat(PICTURE, 3072), view((3072,), (1, 3072)), conv((1, 3072), (4, 900)), flat((4, 900), 3600), SCORES),
        0.5,
        "works on 1 x 3,072 made of that row",
        "Move flat behind conv2, the last convolution or pooling.",
    ),
    "dense_in_the_middle": (
        (CONV, POOL, FLATTEN, dense((3600,), (256,)), view((256,), (4, 8, 8)), conv((4, 8, 8), (4, 8, 8)), SCORES),
        0.5,
        "flatten (cell 3, line 12) lays 16 x 15 x 15 out as 3,600 numbers, and conv2 (cell 3, line 30)",
        "Move flatten behind conv2, the last convolution or pooling.",
    ),
    "pooling_over_a_row": (
        (CONV, FLATTEN, layer(Role.POOL, "pool1", (3600,), (1800,)), dense((1800,), (10,))),
        0.5,
        "pool1 (cell 3, line 12) comes after it and works on 3,600 numbers",
        "Move flatten behind pool1, the last convolution or pooling.",
    ),
    "flatten_after_the_dense_layer": (
        (CONV, POOL, dense(MAP, ROWS), layer(Role.ACTIVATION, "relu", ROWS, ROWS), flat(ROWS, 2400)),
        0.5,
        "fc0 (cell 3, line 25) works on 16 x 15 x 15, and flat (cell 3, line 20) lays the numbers out in one row only",
        "Put nn.Flatten() before fc0 and set its in_features to 3600 (16 x 15 x 15).",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_order_is_told_with_names_and_numbers(name: str) -> None:
    """A flatten before a convolution or pooling, or after the last dense layer, costs half or all, with one next step."""
    layers, earned, said, help_text = WRONG[name]
    found = finding("order", with_layers(*layers))
    assert (found.points, found.outcome) == (earned, Outcome.FAILED)
    assert said in found.rationale
    assert found.help == help_text


def test_without_a_convolution_it_is_not_judged() -> None:
    """An order without convolution is not priced a second time, be it missing or off the path."""
    missing = finding("order", with_layers(POOL, *HEAD))
    aside = finding("order", with_layers(replace(CONV, on_path=False), POOL, *HEAD))
    for one in (missing, aside):
        assert (one.outcome, one.points, one.evidence["because"]) == (Outcome.SKIPPED, 0, "convolution")


def test_a_break_leaves_the_order_open() -> None:
    """A network that breaks is not judged by what could come after, but an order that is wrong already is said."""
    found = finding("order", broken(CONV, RELU, POOL, FLATTEN))
    assert (found.outcome, found.evidence["because"]) == (Outcome.SKIPPED, "output")
    wrong = broken(CONV, FLATTEN, layer(Role.POOL, "pool1", (3600,), (1800,)))
    assert points(wrong, "order") == [0.5]
