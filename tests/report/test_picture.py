"""How the picture shrinks, and the sum behind a side that surprises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO, TextIOWrapper

import pytest
from rich.cells import cell_len
from rich.console import Console

from grader.records import Layer, Report, Role, Shape
from grader.report.shrinking import Surprise, sides, steps, surprises
from grader.report.terminal_picture import picture_block
from grader.report.terminal_text import Page

from . import samples


def conv(before: Shape, after: Shape, name: str = "conv1", **settings: object) -> Layer:
    """Return a convolution between two shapes."""
    return samples.conv(name, 3, (before, after), 0, **settings)


def of(*layers: Layer) -> Report:
    """Return a report of these layers."""
    return replace(samples.good(), layers=layers)


def formula(layer: Layer) -> str:
    """Return the one formula of a layer."""
    (found,) = surprises(of(layer))
    return found.formula


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (conv((3, 32, 32), (16, 30, 30), kernel_size=[3, 3]), "32 - 3 + 1 = 30"),
        (conv((3, 32, 32), (16, 34, 34), kernel_size=[3, 3], padding=[2, 2]), "32 + 2·2 - 3 + 1 = 34"),
        (conv((3, 16, 16), (16, 6, 6), kernel_size=[5, 5], stride=[2, 2]), "(16 - 5)/2 + 1 = 6.5, rounded down"),
        (conv((3, 32, 32), (16, 28, 28), kernel_size=[3, 3], dilation=[2, 2]), "32 - 5 + 1 = 28"),
        (
            samples.layer(Role.POOL, "pool", 3, ((16, 30, 30), (16, 10, 10)), kernel_size=[3, 3], stride=[3, 3]),
            "(30 - 3)/3 + 1 = 10",
        ),
        (
            samples.layer(Role.POOL, "pool", 3, ((16, 31, 31), (16, 16, 16)), kernel_size=2, stride=[], ceil_mode=True),
            "(31 - 2)/2 + 1 = 15.5, rounded up",
        ),
    ],
)
def test_the_formula_has_the_layers_own_numbers(layer: Layer, said: str) -> None:
    """Padding, stride, dilation and rounding stand in the sum where they play a part, and the sum gives the side."""
    assert formula(layer) == said


@pytest.mark.parametrize(
    "layer",
    [
        conv((3, 32, 32), (16, 32, 32), kernel_size=[3, 3], padding=[1, 1]),
        conv((3, 32, 32), (16, 16, 16), kernel_size=[2, 2], stride=[2, 2]),
        samples.layer(Role.POOL, "gap", 3, ((16, 30, 30), (16, 1, 1)), output_size=[1, 1]),
        replace(conv((3, 32, 32), (16, 34, 34), kernel_size=[3, 3]), op="conv_transpose2d"),
        conv((3, 32, 32), (16, 29, 29), kernel_size=[3, 3]),
        replace(conv((3, 32, 32), (16, 30, 30), kernel_size=[3, 3]), on_path=False),
    ],
    ids=["same", "half", "adaptive", "transposed", "other-sum", "unused"],
)
def test_nothing_is_said_where_nothing_surprises_or_the_sum_is_another(layer: Layer) -> None:
    """The same side and half of it are expected; a sum that does not give what came out is never shown."""
    assert surprises(of(layer)) == ()


def test_an_odd_side_alone_is_named() -> None:
    """Where only one side surprises, it is said which."""
    (found,) = surprises(of(conv((3, 32, 32), (16, 32, 30), kernel_size=[3, 3], padding=[1, 0])))
    assert found == Surprise("conv1", "width", 32, 30, "32 - 3 + 1 = 30")


def test_at_most_two_and_the_last_ones_before_a_break() -> None:
    """Of many surprises two are shown: those before the break, else what is rounded, else the first."""
    three = (
        conv((3, 32, 32), (8, 30, 30), "a", kernel_size=[3, 3]),
        conv((8, 30, 30), (8, 28, 28), "b", kernel_size=[3, 3]),
        conv((8, 28, 28), (8, 26, 26), "c", kernel_size=[3, 3]),
    )
    rounded = conv((8, 26, 26), (8, 12, 12), "d", kernel_size=[3, 3], stride=[2, 2])
    assert [one.name for one in surprises(of(*three))] == ["a", "b"]
    assert [one.name for one in surprises(of(*three, rounded))] == ["a", "d"]
    broken = replace(samples.forward_break(), layers=three)
    assert [one.name for one in surprises(broken)] == ["b", "c"]


def test_the_way_names_each_shape_once() -> None:
    """Layers that keep the shape add nothing; the way ends in the scores."""
    report = samples.good()
    assert steps(report) == ((3, 32, 32), (16, 32, 32), (16, 16, 16), (32, 6, 6), (1152,), (64,), (10,))
    assert sides(report) == (32, 16, 6)


def test_a_long_way_loses_its_middle() -> None:
    """Of more than nine shapes the first and the last four are shown."""
    layers = [conv((3, side, side), (3, side - 2, side - 2), kernel_size=[3, 3]) for side in range(64, 40, -2)]
    found = steps(of(*layers))
    assert len(found) == 9
    assert found[4] is None
    assert found[-1] == (3, 40, 40)


def test_dense_layers_alone_have_no_picture() -> None:
    """A network without maps that shrink gets no picture."""
    dense = samples.layer(Role.DENSE, "fc", 3, ((3072,), (10,)))
    assert sides(of(dense)) == ()
    assert picture_block(of(dense)) == ()


@pytest.mark.parametrize("make", [samples.good, samples.forward_break, samples.side_branch])
@pytest.mark.parametrize("width", [40, 80])
def test_the_picture_fits(make: Callable[[], Report], width: int) -> None:
    """No line of the picture is wider than the console, and a break is marked at the end of the way."""
    file = TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True)
    console = Console(file=file, width=width, color_system=None, force_terminal=False)
    console.print(Page(picture_block(make())))
    text = file.buffer.getvalue().decode()
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert ("→ ✗" in text) == (make is samples.forward_break)


def test_the_picture_survives_ascii() -> None:
    """A console that knows only ASCII gets bars and arrows in plain characters."""
    file = TextIOWrapper(BytesIO(), encoding="ascii", write_through=True)
    Console(file=file, width=80, color_system=None, force_terminal=False).print(Page(picture_block(samples.good())))
    text = file.buffer.getvalue().decode("ascii")
    assert "32 ####" in text
    assert "16x16x16 > 32x6x6" in text
