"""Data flow: which calls the answer depends on, through changes in place and views."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.graph.document import Document, Node
from grader.graph.flow import Flow, flow, mutates_views
from tests.graph.samples import CNN, document, node, parameter, slot


def traced(nodes: list[Node], output: int | None = None, tensors: int = 0) -> tuple[Document, Flow]:
    """Trace nodes over `tensors` parameters of one number; the answer is slot `output`, else the last result."""
    described = document([parameter(f"p{index}", 1) for index in range(tensors)], nodes)
    if output is not None:
        described = replace(described, graphs=tuple(replace(one, output=output) for one in described.graphs))
    return described, flow(described, described.graphs[0])


def views_change(*nodes: Node, tensors: int = 0) -> bool:
    """Tell whether memory is changed after a view of it was taken."""
    described, _ = traced(list(nodes), tensors=tensors)
    return mutates_views(described, described.graphs[0])


def test_a_chain() -> None:
    """Each call of a plain network depends on the one before, and reads its own tensors."""
    found = flow(CNN, CNN.graphs[0])
    assert found.before == ((), (0,), (1,), (2,), (3,))
    assert found.reads == ((0, 1), (), (), (), (2, 3))
    assert found.on_path == {0, 1, 2, 3, 4}


def test_a_result_thrown_away() -> None:
    """A call whose result nobody uses is not on the path, though it depends on the pictures."""
    _, found = traced([node("relu", slot(0)), node("tanh", slot(0)), node("neg", slot(1))])
    assert found.on_path == {0, 2}
    assert found.from_input == {0, 1, 2}


def test_what_does_not_come_from_the_pictures() -> None:
    """A call that works on constants alone is not on the path, though the answer depends on it."""
    _, found = traced([node("ones", [1]), node("add.Tensor", slot(0), slot(1))])
    assert found.to_output == {0, 1}
    assert found.on_path == {1}


def test_an_answer_without_the_pictures() -> None:
    """An answer that does not depend on the pictures has nothing on its path."""
    _, found = traced([node("relu", slot(0)), node("ones", [1])])
    assert not found.on_path


@pytest.mark.parametrize("output", [0, 1])
def test_an_answer_that_nothing_computes(output: int) -> None:
    """The pictures themselves, or a tensor of the model's, can be the answer; then nothing is on the path."""
    _, found = traced([node("relu", slot(0))], output=output, tensors=1)
    assert not found.on_path


def test_a_change_in_place_reaches_the_answer() -> None:
    """`y = x.clone(); y[:, 0] = 0; return y`: the assignment's own result is never used."""
    _, found = traced([node("clone", slot(0)), node("select.int", slot(1), 1, 0), node("zero_", slot(2))], output=1)
    assert found.on_path == {0, 1, 2}


def test_a_change_in_place_reaches_later_readers() -> None:
    """A reader depends on the last change of the memory that it reads, not on those after it."""
    _, found = traced(
        [node("clone", slot(0)), node("neg_", slot(1)), node("relu", slot(1)), node("zero_", slot(1))], output=3
    )
    assert found.before[2] == (0, 1)
    assert found.on_path == {0, 1, 2}


def test_a_change_through_a_view_of_a_view() -> None:
    """Views of views share memory with what they were taken of."""
    _, found = traced(
        [
            node("clone", slot(0)),
            node("view", slot(1), [2, 3, -1]),
            node("transpose.int", slot(2), 1, 2),
            node("select.int", slot(3), 1, 0),
            node("mul_.Scalar", slot(4), 3.0),
            node("relu", slot(1)),
        ]
    )
    assert 4 in found.before[5]
    assert found.on_path == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    "cut",
    [
        node("chunk", slot(1), 2, 1),
        node("split.Tensor", slot(1), 1),
        node("unsafe_chunk", slot(1), 2),
        node("unbind.int", slot(1)),
    ],
)
def test_a_change_of_a_piece(cut: Node) -> None:
    """Pieces that were cut off are views, whatever their operator's schema says."""
    _, found = traced([node("clone", slot(0)), cut, node("getitem", slot(2), 0), node("zero_", slot(3))], output=1)
    assert found.on_path == {0, 1, 2, 3}


def test_dropout_may_return_its_argument() -> None:
    """In evaluation dropout returns what it was given, so that changing its result changes that."""
    _, found = traced([node("clone", slot(0)), node("dropout", slot(1), 0.5, False), node("zero_", slot(2))], output=1)
    assert found.on_path == {0, 1, 2}


def test_a_result_written_to_another_tensor() -> None:
    """With `out` the result is that tensor: whoever reads it later depends on the call."""
    _, found = traced(
        [node("clone", slot(0)), node("mul.out", slot(0), slot(0), slot(2)), node("relu", slot(2))], tensors=1
    )
    assert found.before[2] == (0, 1)
    _, found = traced(
        [node("mul.out", slot(0), slot(0), slot(1)), node("neg_", slot(2)), node("relu", slot(1))], tensors=1
    )
    assert found.before[2] == (1,)
    assert found.on_path == {0, 1, 2}


def test_a_change_of_the_models_own_tensor() -> None:
    """A buffer that is changed in place reaches its later readers, and no earlier one."""
    _, found = traced(
        [
            node("sub.Tensor", slot(0), slot(1)),
            node("mean", slot(0)),
            node("copy_", slot(1), slot(3)),
            node("add.Tensor", slot(2), slot(1)),
        ],
        tensors=1,
    )
    assert found.before[3] == (0, 2)
    assert found.before[0] == ()
    assert found.on_path == {0, 1, 2, 3}


def test_a_change_of_the_pictures() -> None:
    """Pictures that are changed in place are other pictures afterwards."""
    _, found = traced([node("div_.Scalar", slot(0), 2.0), node("relu", slot(0))])
    assert found.before[1] == (0,)


def test_a_copy_is_not_changed() -> None:
    """A copy has memory of its own."""
    _, found = traced([node("relu", slot(0)), node("clone", slot(1)), node("zero_", slot(2))], output=1)
    assert found.on_path == {0}


VIEW = node("view", slot(1), [2, -1])


@pytest.mark.parametrize(
    ("nodes", "changed"),
    [
        pytest.param([node("clone", slot(0)), VIEW, node("mul_.Scalar", slot(2), 2.0)], True, id="the view"),
        pytest.param([node("clone", slot(0)), VIEW, node("mul_.Scalar", slot(1), 2.0)], True, id="what was viewed"),
        pytest.param(
            [node("clone", slot(0)), node("relu_", slot(1)), node("view", slot(2), [2, -1])],
            False,
            id="before the view",
        ),
        pytest.param(
            [node("clone", slot(0)), VIEW, node("relu", slot(2)), node("neg_", slot(3))],
            False,
            id="a result of the view",
        ),
        pytest.param(
            [node("clone", slot(0)), node("chunk", slot(1), 2), node("getitem", slot(2), 0), node("neg_", slot(3))],
            True,
            id="a piece",
        ),
        pytest.param(
            [node("clone", slot(0)), VIEW, node("dropout", slot(2), 0.5, False), node("neg_", slot(3))],
            True,
            id="through dropout",
        ),
        pytest.param(
            [node("clone", slot(0)), node("dropout", slot(1), 0.5, False), node("relu_", slot(2))],
            False,
            id="dropout alone",
        ),
        pytest.param([node("view", slot(0), [2, -1]), node("div_.Scalar", slot(0), 2.0)], True, id="the pictures"),
        pytest.param(list(CNN.graphs[0].nodes[1:3]), False, id="nothing is changed"),
    ],
)
def test_views_of_what_is_changed(nodes: list[Node], changed: bool) -> None:
    """`view` may become `reshape` unless memory is changed in place after a view of it was taken."""
    assert views_change(*nodes, tensors=5 if nodes[0].operator == "aten.relu.default" else 0) is changed
