"""What ATen does not check itself: arguments that end the process, hang in it or read memory that is not theirs.

Found by trial on torch 2.13, the later ones by 100,000 hostile calls over the whole list (`tests/attacks`). They end
the process: recurrent layers with undersized weights or with states for another batch (which also read foreign
memory), `_weight_norm` with a magnitude of the wrong shape, attention with zero heads, a group norm in channels_last
whose input learns nothing. They answer with free memory: circular pads that repeat more than there is. They run for
ever: a million parts of nothing, a batch of 2**40 matrices of nothing. The checks run on every call, on shapes alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

PARTS = 4_096
"""Most results of one call: each costs a hundred bytes and more however small it is, and no budget counts them."""

EMPTY = 2**20
"""Largest product of the other sizes of a tensor that holds nothing, where a kernel loops over them."""

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
"""Rows of a recurrent layer's weights for each hidden unit."""

MATRICES = (
    "linalg_qr", "linalg_householder_product", "linalg_solve", "linalg_solve_ex", "linalg_matrix_exp", "matrix_exp",
)  # fmt: skip
"""Operators that work on one matrix of a batch after the other."""

TURNING = frozenset(
    {
        "aten.transpose_.default", "aten.unsqueeze_.default", "aten.squeeze_.default", "aten.squeeze_.dim",
        "aten.detach_.default",
    }
)  # fmt: skip
"""Operators that change in place what a tensor is, not what is in it: the model's own tensors stay what they are."""


class HazardError(ValueError):
    """An operator was called with arguments that it would not survive."""


def _recurrent(kind: str) -> Callable[..., None]:
    gates = GATES[kind]

    def check(
        x: torch.Tensor, state: Any, weights: Sequence[torch.Tensor], biased: bool, layers: int, *rest: Any
    ) -> None:
        """Hold every state and weight to the shape that torch.nn's recurrent layers give it."""
        directions = 2 if rest[2] else 1
        states = list(state) if kind == "lstm" else [state]
        if x.dim() != 3 or not states or states[0].dim() != 3 or not 1 <= layers <= 16:
            raise HazardError(f"{kind}: not a batch of sequences")
        hidden = states[0].size(-1)
        batch = x.size(0 if rest[3] else 1)
        if any(tuple(one.shape) != (layers * directions, batch, hidden) for one in states):
            raise HazardError(f"{kind}: a state of the wrong shape")
        each = 4 if biased else 2
        if len(weights) != layers * directions * each:
            raise HazardError(f"{kind}: {len(weights)} weights for {layers} layers")
        for index, group in enumerate(_groups(weights, each)):
            width = x.size(-1) if index < directions else hidden * directions
            expected = [(gates * hidden, width), (gates * hidden, hidden), (gates * hidden,), (gates * hidden,)][:each]
            if [tuple(one.shape) for one in group] != expected:
                raise HazardError(f"{kind}: a weight of the wrong shape")

    return check


def _groups(items: Sequence[torch.Tensor], each: int) -> list[Sequence[torch.Tensor]]:
    return [items[start : start + each] for start in range(0, len(items), each)]


def _cell(gates: int) -> Callable[..., None]:
    def check(
        x: torch.Tensor, state: Any, w_ih: torch.Tensor, w_hh: torch.Tensor, *biases: torch.Tensor | None
    ) -> None:
        states = list(state) if isinstance(state, (list, tuple)) else [state]
        if (
            not states
            or len(states) != (2 if gates == GATES["lstm"] else 1)
            or any(one.dim() != 2 for one in [x, *states])
        ):
            raise HazardError("recurrent cell: not a batch of vectors")
        hidden = states[0].size(1)
        shapes = [tuple(w_ih.shape), tuple(w_hh.shape), *(tuple(one.shape) for one in biases if one is not None)]
        if (
            shapes
            != [(gates * hidden, x.size(1)), (gates * hidden, hidden), (gates * hidden,), (gates * hidden,)][
                : len(shapes)
            ]
        ):
            raise HazardError("recurrent cell: a weight of the wrong shape")

    return check


def _weight_norm(v: torch.Tensor, g: torch.Tensor, dim: int = 0) -> None:
    expected = tuple(size if axis == dim else 1 for axis, size in enumerate(v.shape))
    if v.numel() == 0 or v.dim() == 0 or not 0 <= dim < v.dim() or tuple(g.shape) != expected:
        raise HazardError("_weight_norm: the magnitude does not fit the direction")


def _attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *rest: Any, **named: Any) -> None:
    if not (q.dim() == k.dim() == v.dim()) or q.dim() < 3 or any(size == 0 for one in (q, k, v) for size in one.shape):
        raise HazardError("attention: empty or of different ranks")
    if named.get("enable_gqa"):
        raise HazardError("attention: grouped heads are not supported")
    if q.shape[:-2] != k.shape[:-2] or k.shape[:-1] != v.shape[:-1] or q.shape[-1] != k.shape[-1]:
        raise HazardError("attention: heads of different shapes")


def _index(x: torch.Tensor, indices: Sequence[torch.Tensor | None], *rest: Any) -> None:
    if any(one is not None and one.dtype not in (torch.int64, torch.int32) for one in indices):
        raise HazardError("index: a mask makes the shape depend on the data")


def _into(one: Any, other: Any, *, out: torch.Tensor) -> None:
    """Let `out` be written, never resized: its memory may be a parameter's."""
    shapes = (getattr(one, "shape", ()), getattr(other, "shape", ()))
    if out.shape != torch.broadcast_shapes(*shapes):  # type: ignore[no-untyped-call]
        raise HazardError("out: the result is of another shape than the tensor that is to take it")


def _extent(x: torch.Tensor, dim: int) -> int:
    """Return the size of a dimension; 0 where it has none, which the operator says itself."""
    return x.size(dim) if -x.dim() <= dim < x.dim() else 0


def _parts(count: int) -> None:
    if count > PARTS:
        raise HazardError(f"{count} parts; at most {PARTS} are made")


def _sections(x: torch.Tensor, sections: int, dim: int = 0) -> None:
    _parts(sections)


def _chunks(x: torch.Tensor, chunks: int, dim: int = 0) -> None:
    _parts(min(chunks, _extent(x, dim)))


def _split(x: torch.Tensor, size: int, dim: int = 0) -> None:
    _parts(_extent(x, dim) // max(size, 1))


def _unbind(x: torch.Tensor, dim: int = 0) -> None:
    _parts(_extent(x, dim))


def _matrices(*given: Any, **named: Any) -> None:
    """Refuse more matrices of nothing than there could be numbers: the kernels visit each of them."""
    for one in given:
        if isinstance(one, torch.Tensor) and one.numel() == 0 and math.prod(max(size, 1) for size in one.shape) > EMPTY:
            raise HazardError("matrices: too many of them, and nothing in them")


def _circular(x: torch.Tensor, pads: Sequence[int], mode: str = "circular", *rest: Any) -> None:
    """Hold what is repeated at an edge to what negative pads leave of the picture: beyond it lies free memory."""
    if mode != "circular":
        return
    if len(pads) % 2 or len(pads) // 2 > x.dim():
        raise HazardError("circular pad: not two pads for each dimension")
    for axis, (left, right) in enumerate(zip(pads[::2], pads[1::2], strict=True)):
        left_over = x.size(-1 - axis) + min(left, 0) + min(right, 0)
        if max(left, right) > max(left_over, 0):
            raise HazardError("circular pad: more is repeated than is there")


CHECKS: dict[str, Callable[..., None]] = {
    **{f"aten.{kind}.input": _recurrent(kind) for kind in GATES},
    "aten.lstm_cell.default": _cell(4),
    "aten.gru_cell.default": _cell(3),
    "aten.rnn_tanh_cell.default": _cell(1),
    "aten.rnn_relu_cell.default": _cell(1),
    "aten._weight_norm.default": _weight_norm,
    "aten.scaled_dot_product_attention.default": _attention,
    "aten.index.Tensor": _index,
    "aten.index_put.default": _index,
    "aten.index_put_.default": _index,
    "aten._pad_circular.default": _circular,
    "aten.pad.default": _circular,
    **{f"aten.{name}.default": _matrices for name in MATRICES},
    "aten.tensor_split.sections": _sections,
    "aten.chunk.default": _chunks,
    "aten.unsafe_chunk.default": _chunks,
    "aten.split.Tensor": _split,
    "aten.unsafe_split.Tensor": _split,
    "aten.unbind.int": _unbind,
    "aten.div.out": _into,
    "aten.mul.out": _into,
}
"""Operator -> a function of its arguments that raises HazardError."""


def _group_norm(x: torch.Tensor, *arguments: Any, **keywords: Any) -> Any:
    """Normalise pictures as rows of pixels, which have one layout in memory only; the kernel sees the same numbers.

    In channels_last its backward pass writes the gradient of `x` also where nobody asked for one and there is no
    memory for it: a group norm as the first layer, with nothing wrong about it, ends the process.
    """
    group_norm = torch.ops.aten.group_norm.default
    if x.dim() <= 3:
        return group_norm(x, *arguments, **keywords)
    return group_norm(x.flatten(2), *arguments, **keywords).reshape(x.shape)


SAFER: dict[str, Callable[..., Any]] = {"aten.group_norm.default": _group_norm}
"""Operator -> what is called in its place: the same kernels, on a way on which they do not crash."""
