"""Binding a document to operators, and running it slot by slot."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from grader.graph import operators, replay
from grader.graph.document import Argument, DocumentError, Graph, Node
from grader.graph.replay import Program, programs
from tests.graph.samples import CNN, CPU, document, node, parameter, program, slot, values

PICTURES = torch.arange(2 * 3 * 8 * 8, dtype=torch.float32).view(2, 3, 8, 8) / 100 - 1
WEIGHT = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))


def run(*nodes: Node, tensors: tuple[torch.Tensor, ...] = ()) -> Any:
    """Return the last node's result for `PICTURES`."""
    return program(nodes, tensors)(PICTURES.clone())


def refused(*nodes: Node, tensors: tuple[torch.Tensor, ...] = (WEIGHT,)) -> str:
    """Return why the nodes cannot be bound."""
    with pytest.raises(DocumentError) as raised:
        program(nodes, tensors)
    return str(raised.value)


def test_a_network_answers_as_torch_does() -> None:
    """The interpreter calls the kernels that torch.nn.functional calls."""
    weight, bias, dense, offset = values(CNN)
    _, evaluate = programs(CNN, (weight, bias, dense, offset), CPU, 2)
    features = torch.relu(torch.conv2d(PICTURES, weight, bias, padding=1))
    wanted = torch.nn.functional.linear(torch.max_pool2d(features, 2).flatten(1), dense, offset)
    assert torch.equal(evaluate(PICTURES), wanted)


def test_both_programs_share_their_tensors() -> None:
    """What training changes, evaluation sees."""
    shared = values(CNN)
    train, evaluate = programs(CNN, shared, CPU, 2)
    before = evaluate(PICTURES)
    train(PICTURES).sum().backward()
    with torch.no_grad():
        for one in shared:
            assert one.grad is not None
            one.sub_(one.grad)
    assert not torch.equal(before, evaluate(PICTURES))


def test_a_graph_for_another_batch_size() -> None:
    """Without a graph for the batch size there is no program."""
    fixed = document(CNN.tensors, CNN.graphs[0].nodes, batch=64)
    with pytest.raises(DocumentError, match="no train graph for a batch of 2"):
        programs(fixed, values(CNN), CPU, 2)


BADLY_BOUND: dict[str, tuple[Node, str]] = {
    "an operator that is not listed": (
        node("as_strided", slot(0), [1], [1]),
        "'aten.as_strided.default' is not on the list",
    ),
    "an operator of another library": (
        Node("prims.mul.default", (slot(0), slot(0)), (-1, 0, 0), ""),
        "not on the list",
    ),
    "a method of an operator": (Node("aten.relu.__class__", (slot(0),), (-1, 0, 0), ""), "not on the list"),
    "the packet instead of an overload": (Node("aten.relu", (slot(0),), (-1, 0, 0), ""), "not on the list"),
    "an argument too many": (node("relu", slot(0), 1), "2 arguments for 1 places"),
    "no tensor": (node("relu"), "argument 0 is missing"),
    "a default where there is none": (node("conv2d", slot(0), Argument("d")), "argument 1 is missing"),
    "None for a tensor": (node("relu", None), "self cannot be left out"),
    "None for a list": (node("permute", slot(0), None), "dims cannot be left out"),
    "a list for a tensor": (node("relu", [slot(0)]), "self cannot be what it is given (l for Tensor)"),
    "a word for a tensor": (node("relu", "mean"), "(w for Tensor)"),
    "a device for a tensor": (node("relu", Argument("c")), "(c for Tensor)"),
    "a number for a list of tensors": (node("cat", 1), "tensors is not a list"),
    "a number in a list of tensors": (node("stack", ["mean"]), "(w for Tensor)"),
    "None in a list of tensors": (node("cat", [slot(0), None]), "(n for Tensor)"),
    "a list in a list of tensors": (node("cat", [[slot(0)]]), "(l for Tensor)"),
    "a float for an integer": (node("flatten.using_ints", slot(0), 1.0), "(f for int)"),
    "a boolean for an integer": (node("flatten.using_ints", slot(0), True), "(b for int)"),
    "a word for an integer": (node("flatten.using_ints", slot(0), "mean"), "(w for int)"),
    "a dtype for a dimension": (node("flatten.using_ints", slot(0), torch.float32), "(t for int)"),
    "a layout for a dimension": (node("flatten.using_ints", slot(0), Argument("y", 0)), "(y for int)"),
    "a word for a boolean": (node("to.dtype", slot(0), torch.int64, "mean"), "(w for bool)"),
    "a float in a list of integers": (node("permute", slot(0), [0, 1.5]), "(f for int)"),
    "a boolean in a list of integers": (node("permute", slot(0), [True]), "(b for int)"),
    "a list in a list of integers": (node("permute", slot(0), [[0]]), "(l for int)"),
    "an integer for a boolean": (node("dropout", slot(0), 0.5, 1), "(i for bool)"),
    "a boolean for a float": (node("dropout", slot(0), True, True), "(b for float)"),
    "a word for a float": (node("dropout", slot(0), "mean", True), "(w for float)"),
    "an integer for a word": (node("gelu", slot(0), 1), "(i for str)"),
    "an equation for a word": (node("gelu", slot(0), Argument("e", (0,))), "(e for str)"),
    "a word for an equation": (node("einsum", Argument("i", 1), [slot(0)]), "(i for str)"),
    "a word beyond the table": (
        node("gelu", slot(0), Argument("w", len(operators.WORDS))),
        "beyond the end of its table",
    ),
    "a dtype beyond the table": (node("to.dtype", slot(0), Argument("t", len(operators.DTYPES))), "beyond the end"),
    "a memory format beyond the table": (node("contiguous", slot(0), Argument("m", 4)), "beyond the end"),
    "a layout beyond the table": (node("zeros", [1], torch.float32, Argument("y", 1)), "beyond the end"),
    "a letter beyond the alphabet": (node("einsum", Argument("e", (63,)), [slot(0)]), "beyond the end"),
    "a number for a dtype": (node("rand", [1], 12), "dtype cannot be what it is given (i)"),
    "a slot for a dtype": (node("rand", [1], slot(0)), "dtype cannot be what it is given (s)"),
    "a number for a layout": (node("rand", [1], None, 1), "layout cannot be what it is given (i)"),
    "a number for a memory format": (node("contiguous", slot(0), 1), "memory_format cannot be what it is given (i)"),
    "a dtype for a memory format": (
        node("contiguous", slot(0), torch.int64),
        "memory_format cannot be what it is given (t)",
    ),
    "a generator": (node("bernoulli", slot(0), 1), "generator cannot be what it is given (i for Generator)"),
    "arithmetic with a word": (node("size.add", 1, "mean"), "takes numbers only"),
    "arithmetic with a list": (node("size.add", 1, [2]), "takes numbers only"),
    "arithmetic with None": (node("size.neg", None), "takes numbers only"),
    "arithmetic that is not listed": (node("size.lshift", 1, 2), "not on the list"),
}


@pytest.mark.parametrize("name", BADLY_BOUND)
def test_an_argument_that_does_not_fit(name: str) -> None:
    """What does not fit the operator's schema is refused before anything runs, with the operator and the place."""
    one, reason = BADLY_BOUND[name]
    assert reason in refused(one)


def test_nothing_runs_while_binding() -> None:
    """A document is bound whole before its first step: a bad last node leaves the good ones before it unrun."""
    ran: list[str] = []
    graph = Graph("eval", None, (node("relu", slot(0)), node("set_", slot(0))), 2)
    with pytest.raises(DocumentError), pytest.MonkeyPatch.context() as patch:  # noqa: PT012 - neither step may run
        patch.setattr(torch._ops.OpOverload, "__call__", lambda *args: ran.append("ran"))
        Program(graph, (), CPU)(PICTURES)
    assert not ran


def test_numbers_stand_for_tensors() -> None:
    """`x * 0.9` is captured as a product of tensors with a number in the place of one."""
    assert torch.equal(run(node("mul.Tensor", slot(0), 0.5)), PICTURES * 0.5)


def test_places_that_take_several_kinds() -> None:
    """Dtypes, memory formats, layouts, devices and None are bound where the schema has a place for them."""
    found = run(
        node("zeros", [2, 3], torch.float64, Argument("y", 0), Argument("c"), False),
        node("_to_copy", slot(1), torch.int32, Argument("y", 0), Argument("c"), None, False, Argument("m", 2)),
    )
    assert (found.dtype, found.device, found.shape) == (torch.int32, CPU, (2, 3))


def test_the_device_is_the_trainers() -> None:
    """A device in a document says nothing: the program's own is used."""
    graph = Graph("eval", None, (node("zeros", [2], None, None, Argument("c")),), 1)
    assert Program(graph, (), torch.device("meta"))(PICTURES).device.type == "meta"


def test_keywords_of_the_schema() -> None:
    """Arguments after the star are passed by the schema's own names; a slot among them is filled in."""
    found = run(node("rsqrt", slot(0)), node("mul.out", slot(0), slot(0), slot(1)))
    assert torch.equal(found, PICTURES * PICTURES)
    assert torch.equal(run(node("add.Tensor", slot(0), slot(0), 3)), PICTURES * 4)


def test_sizes_come_from_slots() -> None:
    """A size that was computed is an argument like any other, also in a list."""
    found = run(
        node("sym_size.int", slot(0), 0),
        node("size.mul", slot(1), 3),
        node("reshape", slot(0), [slot(2), -1]),
    )
    assert found.shape == (6, 64)


def test_one_of_several_results() -> None:
    """`getitem` takes one of several results of an operator."""
    found = run(node("chunk", slot(0), 2), node("getitem", slot(1), 1))
    assert torch.equal(found, PICTURES[1:])


@pytest.mark.parametrize("index", [0, slot(1)])
def test_getitem_is_for_several_results(index: Any) -> None:
    """Indexing a tensor is an operator of its own: getitem of a tensor, or by one, is refused."""
    with pytest.raises(DocumentError, match="one of several results"):
        run(node("relu", slot(0)), node("getitem", slot(1), index))


def test_getitem_beyond_the_end() -> None:
    """An index beyond the results is an ordinary exception."""
    with pytest.raises(IndexError):
        run(node("chunk", slot(0), 2), node("getitem", slot(1), 2))


EMPTY = {
    "empty": node("empty.memory_format", [64, 1000], torch.float32, None, Argument("c")),
    "empty_like": node("empty_like", slot(0)),
    "new_empty": node("new_empty", slot(0), [64, 1000]),
}


@pytest.mark.parametrize("name", EMPTY)
def test_uninitialised_memory_is_zeros(name: str) -> None:
    """Memory that torch leaves as it was is cleared: labels of the batch before were read from it."""
    for _ in range(20):
        full = torch.full((64, 1000), 77.0)
        del full
        assert not run(EMPTY[name]).any()


def test_uninitialised_memory_stays_zero_for_integers() -> None:
    """Cleared memory is of the dtype that was asked for, at any device."""
    found = run(node("empty.memory_format", [5], torch.int64))
    assert torch.equal(found, torch.zeros(5, dtype=torch.int64))


def test_results_are_freed() -> None:
    """A result is forgotten after its last reader; the tensors of the table are kept."""
    seen: list[list[bool]] = []
    nodes = (node("relu", slot(0)), node("neg", slot(2)), node("add.Tensor", slot(3), slot(1)))
    graph = Graph("eval", None, nodes, 4)
    Program(graph, (WEIGHT.sum(),), CPU).run(
        PICTURES, lambda step, held: seen.append([one is not None for one in held])
    )
    assert seen == [[True, True, True, False, False], [True, True, True, True, False], [True, True, False, True, True]]


def test_views_become_reshapes_where_asked() -> None:
    """With pictures whose channels lie last `view` cannot flatten; `reshape` can."""
    flat = (node("contiguous", slot(0), Argument("m", 1)), node("view", slot(1), [2, -1]))
    graph = Graph("eval", None, flat, 2)
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        Program(graph, (), CPU)(PICTURES)
    assert torch.equal(Program(graph, (), CPU, reshape_views=True)(PICTURES), PICTURES.flatten(1))


SUMS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "size.add": ((2, 3), 5),
    "size.sub": ((2, 3), -1),
    "size.mul": ((2, 3.5), 7.0),
    "size.floordiv": ((7, 2), 3),
    "size.truediv": ((7, 2), 3.5),
    "size.mod": ((7, 2), 1),
    "size.pow": ((7, 2), 49),
    "size.neg": ((7,), -7),
    "size.max": ((7, 2), 7),
    "size.min": ((7, 2), 2),
    "size.float": ((7,), 7.0),
    "size.int": ((-7.5,), -7),
    "size.floor": ((-7.5,), -8),
    "size.ceil": ((7.5,), 8),
    "size.sqrt": ((49,), 7.0),
}


@pytest.mark.parametrize("name", SUMS)
def test_arithmetic_on_sizes(name: str) -> None:
    """Arithmetic on sizes is Python's own."""
    given, wanted = SUMS[name]
    found = run(node(name, *given))
    assert (found, type(found)) == (wanted, type(wanted))


def test_every_kind_of_arithmetic_is_tried() -> None:
    """No function for sizes is left out of the table above; getitem has its own tests."""
    assert set(SUMS) | {"getitem"} == set(operators.SIZES)


BEYOND: dict[str, tuple[Node, ...]] = {
    "squared again and again": tuple(
        node("size.mul", slot(index), slot(index)) if index else node("size.add", 2**20, 0) for index in range(9)
    ),
    "added up": tuple(
        node("size.add", slot(index), slot(index)) if index else node("size.mul", 2**20, 2**20) for index in range(9)
    ),
    "a large power": (node("size.pow", 2, 2**20),),
    "a power of a power": tuple(
        node("size.pow", slot(index), 8) if index else node("size.add", 9, 0) for index in range(9)
    ),
    "a power of a large number": (node("size.mul", 2**20, 2), node("size.pow", slot(1), 2)),
    "a negative power of a large number": (node("size.mul", 2**20, 2), node("size.pow", slot(1), -8)),
    "the largest integer": (node("size.add", Argument("i", 2**63 - 1), 0),),
    "infinity": (node("size.add", math.inf, 0),),
    "a complex number": (node("size.pow", -2, 0.5),),
    "a tensor": (node("relu", slot(0)), node("size.mul", slot(1), 2)),
    "a list": (node("chunk", slot(0), 2), node("size.mul", slot(1), 2**20)),
}


@pytest.mark.parametrize("name", BEYOND)
def test_sizes_are_bounded(name: str) -> None:
    """No arithmetic passes 2**40, and none is done on anything but numbers."""
    with pytest.raises(DocumentError):
        run(*BEYOND[name])


@pytest.mark.parametrize("name", ["size.floordiv", "size.truediv", "size.mod"])
def test_division_by_zero(name: str) -> None:
    """A division by zero is an ordinary exception."""
    with pytest.raises(ZeroDivisionError):
        run(node(name, 7, 0))


def test_every_slot_is_found() -> None:
    """References are found in nested lists, in order."""
    assert replay.slots_of(node("cat", slot(1), [slot(2), [slot(0)], 3]).arguments) == [1, 2, 0]


def test_a_tensor_as_a_number_is_not_hidden_memory() -> None:
    """Without values a size that comes out of a tensor is refused: shapes never depend on data."""
    sized = document(
        [parameter("size", role="constant", trainable=False)],
        [node("to.dtype", slot(1), torch.int64), node("zeros", [slot(2)])],
    )
    graph = sized.graph("eval", 2)
    assert graph is not None
    with pytest.raises(RuntimeError):
        Program(graph, (torch.empty((), device="meta"),), torch.device("meta"))(PICTURES.to("meta"))
