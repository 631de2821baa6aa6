"""The layer table: names, shapes, settings and costs, learnt without values."""

from __future__ import annotations

import pytest
import torch

from grader.graph import roles
from grader.graph.document import DocumentError
from grader.graph.survey import constant_count, layers, parameter_count, survey
from grader.records import Layer, Role, Where
from tests.graph.samples import CNN, PICTURES, SHAPE, Reference, Sketch, document, node, parameter, slot, surveyed


def table(sketch: Sketch, answer: Reference | None = None) -> dict[str, Layer]:
    """Return the layers of a sketch by name."""
    return {one.name: one for one in layers(surveyed(sketch.finish(answer)))}


def test_the_layers_of_a_network() -> None:
    """Each layer has the student's name for it, its part, its line and the shapes around it, batch axis left out."""
    found = layers(surveyed(CNN))
    assert [(one.role, one.op, one.name, one.where.line, one.inputs, one.outputs) for one in found] == [
        (Role.CONV, "conv2d", "conv", 7, (3, 8, 8), (4, 8, 8)),
        (Role.ACTIVATION, "relu", "relu", 8, (4, 8, 8), (4, 8, 8)),
        (Role.POOL, "max_pool2d", "pool", 9, (4, 8, 8), (4, 4, 4)),
        (Role.FLATTEN, "flatten", "flatten", 10, (4, 4, 4), (64,)),
        (Role.DENSE, "linear", "dense", 11, (64,), (5,)),
    ]
    assert all(one.on_path for one in found)
    assert found[0].where == Where("net.py", None, 7)


def test_settings() -> None:
    """Kernel, stride and padding are numbers; a pool without a stride moves by its own size."""
    conv, _, pool, flat, _ = layers(surveyed(CNN))
    assert conv.settings == {
        "kernel_size": [3, 3],
        "stride": [1, 1],
        "padding": [1, 1],
        "dilation": [1, 1],
        "groups": 1,
    }
    assert pool.settings["kernel_size"] == [2, 2]
    assert flat.settings["start_dim"] == 1
    written_out = Sketch()
    written_out.call("max_pool2d", PICTURES, [2, 2], [])
    assert layers(surveyed(written_out.finish()))[0].settings["stride"] == [2, 2]


def test_parameters_and_operations_by_hand() -> None:
    """A convolution takes 2 * C_in * K * K * C_out * H * W operations, a dense layer 2 * in * out, for one picture."""
    conv, relu, _, _, dense = layers(surveyed(CNN))
    assert (conv.parameters, conv.flops) == (4 * 3 * 3 * 3 + 4, 2 * 3 * 3 * 3 * 4 * 8 * 8)
    assert (dense.parameters, dense.flops) == (5 * 64 + 5, 2 * 64 * 5)
    assert (relu.parameters, relu.flops) == (0, 0)


@pytest.mark.parametrize(("stride", "groups"), [(1, 1), (2, 1), (1, 3), (2, 3)])
def test_operations_of_convolutions(stride: int, groups: int) -> None:
    """Strides and groups divide the cost of a convolution; the batch size does not matter."""
    sketch = Sketch()
    weight = sketch.tensor("conv.weight", 6, 3 // groups, 3, 3)
    sketch.call("conv2d", PICTURES, weight, None, [stride, stride], [1, 1], [1, 1], groups)
    described = sketch.finish()
    size = 8 // stride
    for batch in (1, 7):
        (found,) = layers(surveyed(described, batch=batch))
        assert found.flops == 2 * (3 // groups) * 9 * 6 * size * size
        assert found.outputs == (6, size, size)


def test_shared_parameters_count_once() -> None:
    """A tensor that two layers use counts at the first; the sum of the column is the network's own count."""
    sketch = Sketch()
    weight = sketch.tensor("shared.weight", 3, 3, 3, 3)
    once = sketch.call("conv2d", PICTURES, weight, None, [1, 1], [1, 1])
    sketch.call("conv2d", sketch.call("relu", once), weight, None, [1, 1], [1, 1])
    described = sketch.finish()
    assert [one.parameters for one in layers(surveyed(described))] == [81, 0, 0]
    assert parameter_count(described) == 81


def test_what_counts() -> None:
    """Parameters, frozen ones too, are counted apart from constants; normalisation statistics are neither."""
    described = document(
        [
            parameter("a.weight", 2, 3),
            parameter("a.bias", 3, trainable=False),
            parameter("norm.running_mean", 100, role="buffer", trainable=False),
            parameter("norm.running_var", 100, role="buffer", trainable=False),
            parameter("norm.num_batches_tracked", role="buffer", trainable=False),
            parameter("table", 7, role="buffer", trainable=False),
            parameter("lifted", 5, role="constant", trainable=False),
        ],
        [node("relu", slot(0))],
    )
    assert parameter_count(described) == 2 * 3 + 3
    assert constant_count(described) == 7 + 5


def test_names() -> None:
    """A layer is called after its weight, else its module, else its operator."""
    sketch = Sketch()
    features = sketch.conv(PICTURES, "features.0", 3, 4)
    features = sketch.call("relu", features, label="features.1")
    features = sketch.call("tanh", features, label="features")
    weight = sketch.tensor("mixing", 4, 4)
    rows = sketch.call("mean.dim", features, [2, 3])
    sketch.call("linear", rows, weight, None)
    found = layers(surveyed(sketch.finish()))
    assert [one.name for one in found] == ["features.0", "features.1", "tanh", "mean", "linear"]


def test_plumbing_is_not_a_layer() -> None:
    """Sizes, copies, counters and new tensors are no layers; what is thrown away is one, off the path."""
    sketch = Sketch()
    counter = sketch.tensor("norm.num_batches_tracked", role="buffer")
    sketch.call("add_.Tensor", counter, 1)
    rows = sketch.call("sym_size.int", PICTURES, 0)
    twice = sketch.call("size.mul", rows, 2)
    sketch.call("zeros", [twice, 3])
    sketch.conv(PICTURES, "wasted", 3, 4)
    kept = sketch.call("relu", sketch.call("clone", PICTURES))
    found = table(sketch, kept)
    assert {name: one.on_path for name, one in found.items()} == {"wasted": False, "relu": True}


def test_global_pools() -> None:
    """A mean over height and width is a pool; a mean over channels, or of everything, is not."""
    for dims, keep, role in (
        ([2, 3], False, Role.POOL),
        ([2, 3], True, Role.POOL),
        ([1], False, Role.OTHER),
        ([0, 1, 2, 3], False, Role.OTHER),
    ):
        sketch = Sketch()
        sketch.call("mean.dim", PICTURES, dims, keep)
        found = layers(surveyed(sketch.finish()))
        assert [one.role for one in found] == ([role] if found else []), dims


def test_flattening() -> None:
    """Whatever turns maps into one row a picture is a flatten: view, reshape and squeeze too; other views are not."""
    for operator, given, role in (
        ("flatten.using_ints", (1,), Role.FLATTEN),
        ("view", ([2, -1],), Role.FLATTEN),
        ("reshape", ([2, 192],), Role.FLATTEN),
        ("view", ([2, 3, 64],), Role.OTHER),
        ("flatten.using_ints", (2,), Role.OTHER),
    ):
        sketch = Sketch()
        sketch.call(operator, PICTURES, *given)
        assert layers(surveyed(sketch.finish()))[0].role is role, operator
    pooled = Sketch()
    pooled.call("squeeze", pooled.call("adaptive_avg_pool2d", PICTURES, [1, 1]))
    assert [one.role for one in layers(surveyed(pooled.finish()))] == [Role.POOL, Role.FLATTEN]


def test_a_product_of_data_is_no_layer() -> None:
    """A matrix product is a dense layer when one side is a tensor of the model's own."""
    sketch = Sketch()
    rows = sketch.flat(PICTURES)
    sketch.call("matmul", rows, sketch.call("t", rows))
    assert layers(surveyed(sketch.finish()))[-1].role is Role.OTHER
    weighted = Sketch()
    weighted.call("matmul", weighted.flat(PICTURES), weighted.tensor("weight", 192, 5))
    assert layers(surveyed(weighted.finish()))[-1].role is Role.DENSE


@pytest.mark.parametrize(
    ("operator", "own"),
    [
        ("aten.relu.default", "relu"),
        ("aten.relu_.default", "relu"),
        ("aten._softmax.default", "_softmax"),
        ("aten.add_.Tensor", "add"),
        ("aten._unsafe_view.default", "_unsafe_view"),
        ("size.add", "size"),
        ("getitem", "getitem"),
    ],
)
def test_an_operators_own_name(operator: str, own: str) -> None:
    """A change in place goes by the name of its operator."""
    assert roles.base(operator) == own


def test_rows_that_are_no_pictures() -> None:
    """A result without the batch axis keeps its whole shape."""
    sketch = Sketch()
    sketch.call("view", PICTURES, [-1, 16])
    assert layers(surveyed(sketch.finish()))[0].outputs == (24, 16)


def test_nothing_is_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terabyte of results is surveyed without a byte of it: only the meta device is asked."""
    asked: list[torch.device] = []
    original = torch.empty

    def empty(*args: object, **kwargs: object) -> torch.Tensor:
        asked.append(torch.device(str(kwargs.get("device", "cpu"))))
        return original(*args, **kwargs)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(torch, "empty", empty)
    sketch = Sketch()
    large = sketch.call("expand", sketch.call("new_empty", PICTURES, [2**20, 2**20]), [2**20, 2**20])
    sketch.call("relu", large)
    found = surveyed(sketch.finish())
    assert found.calls[-1].numbers == 2**40
    assert {one.type for one in asked} == {"meta"}


def test_shapes_that_do_not_fit() -> None:
    """A graph that cannot run raises what its operator raises."""
    sketch = Sketch()
    sketch.dense(sketch.flat(PICTURES), "dense", 100, 5)
    described = sketch.finish()
    with pytest.raises(RuntimeError, match="192"):
        surveyed(described)
    unknown = document([], [node("set_", slot(0))])
    with pytest.raises(DocumentError):
        survey(unknown, unknown.graphs[0], SHAPE, 2)
