"""The layer table: names, shapes, settings and costs, learnt without values."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from grader.graph import operators, roles
from grader.graph.document import Document, DocumentError, Node, TensorEntry
from grader.graph.flow import flow
from grader.graph.survey import constants, layers, parameter_count, survey
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


def carried(described: Document) -> dict[str, int]:
    """Return what a document carries besides its weights, by name."""
    both = (surveyed(described, mode="train"), surveyed(described))
    return {one.name: one.numbers for one in constants(both)}


def kept(name: str, *shape: int, dtype: torch.dtype = torch.float32, role: str = "buffer") -> TensorEntry:
    """Describe a tensor that does not learn."""
    return replace(parameter(name, *shape, role=role, trainable=False), dtype=operators.DTYPES.index(dtype))


def test_what_counts() -> None:
    """Parameters, frozen ones too, are counted apart from what else is carried; one number is not worth counting."""
    described = document(
        [
            parameter("a.weight", 2, 3),
            parameter("a.bias", 3, trainable=False),
            kept("norm.num_batches_tracked", dtype=torch.int64),
            kept("table", 7),
            kept("lifted", 5, role="constant"),
        ],
        [node("relu", slot(0))],
    )
    assert parameter_count(described) == 2 * 3 + 3
    assert carried(described) == {"table": 7, "lifted": 5}


NORMED = [
    kept("norm.running_mean", 3),
    kept("norm.running_var", 3),
]


def normed(training: bool, momentum: float = 0.1) -> Node:
    """Normalise pictures with the first two tensors of the table."""
    return node("batch_norm", slot(0), None, None, slot(1), slot(2), training, momentum, 1e-5, False)


@pytest.mark.parametrize(
    ("train", "evaluation", "expected"),
    [
        ([normed(True)], [normed(False)], set()),
        ([normed(False)], [normed(False)], {"norm.running_mean", "norm.running_var"}),
        ([normed(True, 0.0)], [normed(False)], {"norm.running_mean", "norm.running_var"}),
        ([node("relu", slot(0))], [normed(False)], {"norm.running_mean", "norm.running_var"}),
        ([normed(True)], [node("mul.Tensor", slot(2), 2.0), normed(False)], {"norm.running_var"}),
        ([normed(True)], [node("unsqueeze", slot(1), 0), node("add.Tensor", slot(3), 1.0)], {"norm.running_mean"}),
    ],
)
def test_statistics(train: list[Node], evaluation: list[Node], expected: set[str]) -> None:
    """Statistics are left out where the training makes them anew and nothing else reads them, whatever their name."""
    assert set(carried(document(NORMED, train, evaluation))) == expected


ROWS = node("flatten.using_ints", slot(0), 1)


@pytest.mark.parametrize(
    ("entry", "use", "expected"),
    [
        (kept("frozen.weight", 5, 192, role="parameter"), node("linear", slot(2), slot(1)), 0),
        (kept("frozen", 192, 5, role="parameter"), node("matmul", slot(2), slot(1)), 0),
        (kept("table.running_mean", 5, 192), node("linear", slot(2), slot(1)), 960),
        (kept("plain", 5, 192, role="constant"), node("linear", slot(2), slot(1)), 960),
        (kept("frozen", 1, 192, role="parameter"), node("sub.Tensor", slot(2), slot(1)), 192),
        (kept("frozen.weight", 192, 5, role="parameter"), node("linear", slot(1), slot(1)), 960),
        (kept("words", 4, 7, role="parameter"), node("embedding", slot(1), slot(1)), 28),
        (parameter("learns", 1, 192), node("sub.Tensor", slot(2), slot(1)), 0),
        (kept("pixels", 40, dtype=torch.int8), node("sum", slot(1)), 40),
        (kept("mask", 40, dtype=torch.bool), node("sum", slot(1)), 40),
        (kept("half", 40, dtype=torch.float16), node("sum", slot(1)), 40),
        (kept("packed", 40, dtype=torch.int64), node("sum", slot(1)), 80),
        (kept("double", 40, dtype=torch.float64), node("sum", slot(1)), 80),
        (kept("complex", 40, dtype=torch.complex64), node("sum", slot(1)), 80),
        (replace(kept("learns?", 40, dtype=torch.int64, role="parameter"), trainable=True), node("sum", slot(1)), 80),
    ],
    ids=lambda given: given.name if isinstance(given, TensorEntry) else "",
)
def test_what_a_model_carries(entry: TensorEntry, use: Node, expected: int) -> None:
    """What is no weight that learns, and no layer's frozen weight, is counted in numbers of four bytes."""
    document_ = document([entry], [ROWS, use])
    traces = [
        replace(surveyed(CNN), document=document_, graph=one, flow=flow(document_, one)) for one in document_.graphs
    ]
    assert sum(one.numbers for one in constants(traces)) == expected


@pytest.mark.parametrize("cut", ["detach", "round"])
def test_a_parameter_that_no_gradient_reaches(cut: str) -> None:
    """A table that is called a parameter and used behind a detach is carried; a layer's weight there is not."""
    sketch = Sketch()
    table_ = sketch.call(cut, sketch.tensor("table", 1, 192))
    sketch.call("sub.Tensor", sketch.flat(PICTURES), table_)
    assert carried(sketch.finish()) == {"table": 192}
    sketch = Sketch()
    sketch.dense(sketch.call(cut, sketch.dense(sketch.flat(PICTURES), "cut", 192, 7)), "dense", 7, 5)
    assert carried(sketch.finish()) == {}


def test_the_largest_comes_first_with_its_place() -> None:
    """Many small tensors add up; the largest is named with its shape and the line that uses it."""
    entries = [*(kept(f"small.{number}", 10) for number in range(30)), kept("table", 20, 10)]
    found = constants((surveyed(document(entries, [node("sum", slot(31), line=4)]), mode="train"),))
    assert sum(one.numbers for one in found) == 500
    assert str(found[0]) == "table (20 x 10; net.py, line 4)"
    assert str(replace(found[0], name="lifted_tensor_3", shape=(7,), where=Where())) == (
        "a tensor without a name (7 numbers)"
    )


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


def test_an_empty_axis_is_not_free() -> None:
    """A result with a size of zero holds no number, and a kernel may walk along its other axes for hours."""
    empty = surveyed(document([], [node("new_zeros", slot(0), [2**20, 2**10, 0])]))
    assert empty.calls[0].numbers == 2**30


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
