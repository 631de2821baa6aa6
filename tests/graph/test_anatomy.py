"""What a graph says about a design: linear stretches, the narrowest point, two modes that differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from grader.graph.anatomy import joined_pairs, modes_disagree, narrowest, weighted_layers
from grader.graph.document import Document
from tests.graph.samples import CNN, PICTURES, Reference, Sketch, surveyed

Pairs = tuple[tuple[str, str], ...]
Write = Callable[[Sketch, Reference], Reference]


def pairs(described: Document) -> tuple[Pairs, Pairs]:
    """Return the pairs joined linearly, and those joined by max-pooling alone."""
    return joined_pairs(surveyed(described))


def between(write: Write, channels: int = 4, size: int = 8) -> tuple[Pairs, Pairs]:
    """Return the pairs of a network with `write` between its two convolutions, of which it keeps the shape."""
    sketch = Sketch()
    features = write(sketch, sketch.conv(PICTURES, "first", 3, 4))
    features = sketch.call("relu", sketch.conv(features, "second", channels, 4))
    sketch.dense(sketch.flat(features), "dense", 4 * size * size, 5)
    return pairs(sketch.finish())


LINEAR: dict[str, Write] = {
    "nothing": lambda sketch, x: x,
    "batch norm": lambda sketch, x: sketch.call("batch_norm", x, None, None, None, None, True, 0.1, 1e-5, True),
    "dropout": lambda sketch, x: sketch.call("dropout", x, 0.5, True),
    "a product with a number": lambda sketch, x: sketch.call("mul.Tensor", x, 0.5),
    "a quotient by a number": lambda sketch, x: sketch.call("div.Scalar", x, 2),
    "a sum with itself": lambda sketch, x: sketch.call("add.Tensor", x, x),
    "a copy": lambda sketch, x: sketch.call("clone", x),
    "a turn": lambda sketch, x: sketch.call("flip", x, [2]),
    "permutations": lambda sketch, x: sketch.call("permute", x, [0, 1, 3, 2]),
}

BENT: dict[str, Write] = {
    "relu": lambda sketch, x: sketch.call("relu", x),
    "sigmoid": lambda sketch, x: sketch.call("sigmoid", x),
    "a product with itself": lambda sketch, x: sketch.call("mul.Tensor", x, x),
    "an absolute value": lambda sketch, x: sketch.call("abs", x),
    "an activation in place": lambda sketch, x: sketch.call("relu_", x),
    "a power": lambda sketch, x: sketch.call("pow.Tensor_Scalar", x, 2),
}


@pytest.mark.parametrize("name", LINEAR)
def test_two_layers_joined_linearly(name: str) -> None:
    """Two layers with nothing non-linear between them are one layer, and are named."""
    assert between(LINEAR[name]) == ((("first", "second"),), ())


@pytest.mark.parametrize("name", BENT)
def test_two_layers_with_an_activation(name: str) -> None:
    """Anything non-linear between two layers separates them."""
    assert between(BENT[name]) == ((), ())


def test_average_pooling_is_linear() -> None:
    """An average is linear, so that the layers around it collapse."""
    assert between(lambda sketch, x: sketch.call("avg_pool2d", x, [2, 2]), size=4) == ((("first", "second"),), ())


def test_max_pooling_alone() -> None:
    """A max-pooling is not linear, but it is no activation either: such pairs are named apart."""
    assert between(lambda sketch, x: sketch.call("max_pool2d", x, [2, 2]), size=4) == ((), (("first", "second"),))


def test_a_residual_block() -> None:
    """The skip connection is linear, the sum is not: nothing collapses."""

    def block(sketch: Sketch, x: Reference) -> Reference:
        return sketch.call("add.Tensor", x, sketch.call("relu", sketch.conv(x, "inner", 4, 4)))

    linear, pooled = between(block)
    assert linear == (("first", "inner"),)
    assert pooled == ()


def test_branches_that_are_linear_on_every_way() -> None:
    """Where every way in is linear, each of its layers is joined with the one after."""

    def branches(sketch: Sketch, x: Reference) -> Reference:
        x = sketch.call("relu", x)
        return sketch.call("cat", [sketch.conv(x, "left", 4, 4), sketch.conv(x, "right", 4, 4, kernel=1)], 1)

    assert between(branches, channels=8)[0] == (("left", "second"), ("right", "second"))


def test_one_bent_branch_is_enough() -> None:
    """Where one way in is bent, the layers do not collapse into one."""

    def branches(sketch: Sketch, x: Reference) -> Reference:
        x = sketch.call("relu", x)
        return sketch.call("cat", [sketch.conv(x, "left", 4, 4), sketch.call("relu", sketch.conv(x, "right", 4, 4))], 1)

    assert between(branches, channels=8) == ((), ())


def test_depthwise_separable() -> None:
    """A depthwise convolution and the pointwise one after it are one separable layer, as intended."""

    def separable(sketch: Sketch, x: Reference) -> Reference:
        return sketch.conv(sketch.call("relu", x), "depthwise", 4, 4, groups=4)

    assert between(separable) == ((), ())


def test_dense_layers_in_a_row() -> None:
    """Two dense layers in a row, the end of many a first network, collapse too."""
    sketch = Sketch()
    features = sketch.call("relu", sketch.conv(PICTURES, "conv", 3, 4))
    hidden = sketch.dense(sketch.flat(features), "hidden", 256, 16)
    sketch.dense(hidden, "dense", 16, 5)
    assert pairs(sketch.finish()) == ((("hidden", "dense"),), ())


def test_a_layer_off_the_path() -> None:
    """A layer whose result is thrown away is joined with nothing."""
    sketch = Sketch()
    features = sketch.conv(PICTURES, "conv", 3, 4)
    sketch.conv(features, "wasted", 4, 4)
    answer = sketch.dense(sketch.flat(sketch.call("relu", features)), "dense", 256, 5)
    assert pairs(sketch.finish(answer)) == ((), ())


def test_a_long_linear_stretch() -> None:
    """A chain of thousands of linear calls is followed without recursion."""

    def chain(sketch: Sketch, x: Reference) -> Reference:
        for _ in range(3000):
            x = sketch.call("neg", x)
        return x

    assert between(chain)[0] == (("first", "second"),)


def test_narrowest() -> None:
    """The narrowest point lies before the last layer; the answer itself does not count."""
    assert narrowest(surveyed(CNN)) == ("pool", 64)
    sketch = Sketch()
    features = sketch.call("relu", sketch.conv(PICTURES, "conv", 3, 4))
    squeezed = sketch.call("relu", sketch.dense(sketch.flat(features), "squeeze", 256, 2))
    sketch.dense(squeezed, "dense", 2, 5)
    assert narrowest(surveyed(sketch.finish())) == ("squeeze", 2)


def test_nothing_is_narrow_without_layers() -> None:
    """A graph without weights, and one that is a single layer, have no narrowest point."""
    alone = Sketch()
    alone.call("relu", PICTURES)
    assert narrowest(surveyed(alone.finish())) is None
    single = Sketch()
    single.conv(PICTURES, "conv", 3, 4)
    assert narrowest(surveyed(single.finish())) is None


def two_modes(train: Write, evaluation: Write) -> str | None:
    """Compare two graphs over one table of tensors."""
    shared = Sketch()
    weight = shared.tensor("dense.weight", 5, 192)
    other = shared.tensor("table", 5, 192, role="buffer")
    graphs = []
    for write, described in ((train, Sketch()), (evaluation, Sketch())):
        described.entries = list(shared.entries)
        rows = described.flat(PICTURES)
        write(described, rows)
        graphs.append(described.finish())
    assert (weight, other) == (Reference("tensor", 0), Reference("tensor", 1))
    document = replace(graphs[0], graphs=(graphs[0].graphs[0], graphs[1].graphs[1]))
    return modes_disagree(surveyed(document, mode="train"), surveyed(document, mode="eval"))


TRAINED, TABLE = Reference("tensor", 0), Reference("tensor", 1)


def linear(weight: Reference) -> Write:
    """Multiply with one tensor of the table."""
    return lambda sketch, x: sketch.call("linear", x, weight, None)


def test_modes_agree() -> None:
    """The same weights in both modes agree, also when one mode has dropout and the other a softmax."""
    assert two_modes(linear(TRAINED), linear(TRAINED)) is None
    dropped: Write = lambda sketch, x: sketch.call("linear", sketch.call("dropout", x, 0.5, True), TRAINED, None)  # noqa: E731
    softened: Write = lambda sketch, x: sketch.call("softmax.int", sketch.call("linear", x, TRAINED, None), 1)  # noqa: E731
    assert two_modes(dropped, softened) is None


def test_modes_that_answer_through_other_weights() -> None:
    """Who trains one tensor and answers through another is told which."""
    said = two_modes(linear(TRAINED), linear(TABLE))
    assert said is not None
    assert "linear (table)" in said


def test_modes_that_answer_without_weights() -> None:
    """Who trains a network and answers without it is told so."""
    said = two_modes(linear(TRAINED), lambda sketch, x: sketch.call("relu", x))
    assert said is not None
    assert "does not come through the layers that are trained" in said


def test_auxiliary_heads_are_fine() -> None:
    """A head that only training has does no harm."""

    def with_head(sketch: Sketch, x: Reference) -> Reference:
        one, other = sketch.call("linear", x, TRAINED, None), sketch.call("linear", x, TABLE, None)
        return sketch.call("add.Tensor", one, other)

    assert two_modes(with_head, linear(TRAINED)) is None


def test_weighted_layers() -> None:
    """The weighted layers on the path are listed with their tensors, in order."""
    assert weighted_layers(surveyed(CNN)) == [("conv2d", (0, 1)), ("linear", (2, 3))]
