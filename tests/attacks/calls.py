"""Hostile calls of every allowed operator, on the way that a trainer takes; each is determined by its number.

Half of the calls begin with arguments that fit their operator (`FITTING`) of which some are spoilt, the others draw
every argument by the type of its place in the operator's schema. The tensors of three calls in four lie against a
page that nobody may touch, so that a kernel that reads beyond one is ended by the kernel; and every graph runs
twice over differently spoilt free memory, so that one whose answer is foreign memory is found.
"""

from __future__ import annotations

import ctypes
import math
import mmap
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch

from grader.graph import operators, tensors
from grader.graph.document import TO_THE_END, Argument, Document, DocumentError, dump, parse
from grader.graph.replay import Program
from grader.records import Shape
from grader.training import device as devices
from grader.training import examine, trainer
from grader.training.recipe import Recipe
from tests.graph.samples import CPU, PICTURES, Reference, Sketch

BATCH = 2
PICTURE: Shape = (3, 8, 8)
TASK = examine.Task(PICTURE, 5, BATCH, None, examine.Budget(flops=50_000_000, activation_megabytes=8.0))

SECONDS = 10.0
"""Processor time after which a call hangs."""

OPERATORS = (*sorted(operators.TABLE), *sorted(operators.SIZES))
PLACES = {name: tuple(found._schema.arguments) for name, found in operators.TABLE.items()}
IN_PLACE = tuple(name for name in operators.TABLE if name.split(".")[1].endswith("_") or name.endswith(".out"))


@dataclass(frozen=True, slots=True)
class Whole:
    """A tensor of whole numbers from `low` up to `high`."""

    shape: tuple[int, ...]
    high: int
    low: int = 0


@dataclass(frozen=True, slots=True)
class Fixed:
    """A tensor that does not learn."""

    shape: tuple[int, ...]


MAPS, LINES, VOLUMES = (2, 3, 8, 8), (2, 3, 8), (2, 3, 4, 4, 4)
POOL = ([2, 2], [2, 2], [0, 0])
CELL = ((2, 4), (2, 5))


def _layer(gates: int, states: int) -> tuple[Any, ...]:
    weights = [(gates * 5, 4), (gates * 5, 5), (gates * 5,), (gates * 5,)]
    first: Any = [(1, 2, 5)] * states if states == 2 else (1, 2, 5)
    return ((2, 3, 4), first, weights, True, 1, 0.0, True, False, True)


def _cell(gates: int, states: int) -> tuple[Any, ...]:
    first: Any = [(2, 5)] * states if states == 2 else (2, 5)
    return ((2, 4), first, (gates * 5, 4), (gates * 5, 5), (gates * 5,), (gates * 5,))


FITTING: dict[str, tuple[Any, ...]] = {
    "conv1d": (LINES, (4, 3, 3), (4,), [1], [1], [1], 1),
    "conv2d": (MAPS, (4, 3, 3, 3), (4,), [1, 1], [1, 1], [1, 1], 1),
    "conv3d": (VOLUMES, (4, 3, 3, 3, 3), (4,), [1] * 3, [1] * 3, [1] * 3, 1),
    "conv1d.padding": (LINES, (4, 3, 3), (4,), [1], "same", [1], 1),
    "conv2d.padding": (MAPS, (4, 3, 3, 3), (4,), [1, 1], "same", [1, 1], 1),
    "conv3d.padding": (VOLUMES, (4, 3, 3, 3, 3), (4,), [1] * 3, "same", [1] * 3, 1),
    "conv_transpose1d": (LINES, (3, 4, 3), (4,), [2], [1], [1], 1, [1]),
    "conv_transpose2d.input": (MAPS, (3, 4, 3, 3), (4,), [2, 2], [1, 1], [1, 1], 1, [1, 1]),
    "conv_transpose3d.input": (VOLUMES, (3, 4, 3, 3, 3), (4,), [2] * 3, [1] * 3, [1] * 3, 1, [1] * 3),
    "linear": ((2, 3, 8), (4, 8), (4,)),
    "bilinear": ((2, 3), (2, 4), (5, 3, 4), (5,)),
    "matmul": ((2, 3, 4), (4, 5)),
    "mm": ((3, 4), (4, 5)),
    "bmm": ((2, 3, 4), (2, 4, 5)),
    "addmm": ((5,), (3, 4), (4, 5), 1, 1),
    "baddbmm": ((2, 3, 5), (2, 3, 4), (2, 4, 5), 1, 1),
    "mv": ((3, 4), (4,)),
    "dot": ((4,), (4,)),
    "vdot": ((4,), (4,)),
    "outer": ((4,), (3,)),
    "max_pool1d": (LINES, [2], [2], [0], [1], False),
    "max_pool1d_with_indices": (LINES, [2], [2], [0], [1], False),
    "max_pool2d": (MAPS, *POOL, [1, 1], False),
    "max_pool2d_with_indices": (MAPS, *POOL, [1, 1], False),
    "max_pool3d": (VOLUMES, [2] * 3, [2] * 3, [0] * 3, [1] * 3, False),
    "avg_pool1d": (LINES, [2], [2], [0], False, True),
    "avg_pool2d": (MAPS, *POOL, False, True, None),
    "avg_pool3d": (VOLUMES, [2] * 3, [2] * 3, [0] * 3, False, True, None),
    "adaptive_avg_pool1d": (LINES, [3]),
    "adaptive_avg_pool2d": (MAPS, [3, 3]),
    "adaptive_avg_pool3d": (VOLUMES, [3, 3, 3]),
    "adaptive_max_pool1d": (LINES, [3]),
    "adaptive_max_pool2d": (MAPS, [3, 3]),
    "batch_norm": (MAPS, (3,), (3,), Fixed((3,)), Fixed((3,)), True, 0.1, 1e-5, False),
    "instance_norm": (MAPS, (3,), (3,), Fixed((3,)), Fixed((3,)), True, 0.1, 1e-5, False),
    "layer_norm": ((2, 3, 8), [8], (8,), (8,), 1e-5, False),
    "rms_norm": ((2, 3, 8), [8], (8,), 1e-5),
    "group_norm": ((2, 4, 8, 8), 2, (4,), (4,), 1e-5, False),
    "prelu": (MAPS, (3,)),
    "glu": ((2, 4, 8), 1),
    "view": ((2, 3, 8), [2, 24]),
    "reshape": ((2, 3, 8), [2, -1]),
    "_unsafe_view": ((2, 3, 8), [6, 8]),
    "unflatten.int": ((2, 24), 1, [3, 8]),
    "expand": ((3, 1), [2, 3, 8]),
    "broadcast_to": ((3, 1), [2, 3, 8]),
    "permute": ((2, 3, 8), [2, 0, 1]),
    "repeat": ((2, 3), [2, 2]),
    "tile": ((2, 3), [2, 2]),
    "split_with_sizes": ((2, 6), [2, 4], 1),
    "split.sizes": ((2, 6), [2, 4], 1),
    "index_select": ((2, 6), 1, Whole((3,), 6)),
    "gather": ((2, 6), 1, Whole((2, 3), 6)),
    "scatter.src": ((2, 6), 1, Whole((2, 3), 6), (2, 3)),
    "scatter.value": ((2, 6), 1, Whole((2, 3), 6), 1.0),
    "scatter_add": ((2, 6), 1, Whole((2, 3), 6), (2, 3)),
    "index.Tensor": ((2, 6), [Whole((3,), 2), Whole((3,), 6)]),
    "index_put": ((2, 6), [Whole((3,), 2), Whole((3,), 6)], (3,), True),
    "index_put_": (Fixed((2, 6)), [Whole((3,), 2), Whole((3,), 6)], (3,), False),
    "embedding": ((7, 3), Whole((2, 4), 7), -1, False, False),
    "one_hot": (Whole((4,), 5), 5),
    "cross_entropy_loss": ((4, 5), Whole((4,), 5), Fixed((5,)), 1, -100, 0.1),
    "im2col": (MAPS, [3, 3], [1, 1], [1, 1], [2, 2]),
    "col2im": ((2, 12, 16), [8, 8], [2, 2], [1, 1], [0, 0], [2, 2]),
    "pixel_shuffle": ((2, 4, 3, 3), 2),
    "pixel_unshuffle": ((2, 3, 4, 4), 2),
    "channel_shuffle": ((2, 4, 3, 3), 2),
    "pad": (MAPS, [1, 1, 2, 0], "reflect", None),
    "constant_pad_nd": (MAPS, [1, -1, 2, 0], 0.0),
    "reflection_pad1d": (LINES, [1, 2]),
    "reflection_pad2d": (MAPS, [1, 2, 3, 4]),
    "reflection_pad3d": (VOLUMES, [1, 2, 1, 2, 1, 2]),
    "replication_pad1d": (LINES, [1, 2]),
    "replication_pad2d": (MAPS, [1, 2, 3, 4]),
    "replication_pad3d": (VOLUMES, [1, 2, 1, 2, 1, 2]),
    "_pad_circular": (MAPS, [1, 2, 3, 4]),
    "pad_sequence": ([(3, 2), (4, 2), (1, 2)], True, 0.0),
    "cosine_similarity": ((2, 6), (2, 6), 1, 1e-8),
    "pairwise_distance": ((2, 6), (2, 6), 2.0, 1e-6, False),
    "cdist": ((2, 3, 6), (2, 4, 6), 2.0, None),
    "upsample_nearest1d.vec": (LINES, [16], None),
    "upsample_nearest2d.vec": (MAPS, None, [2.0, 2.0]),
    "upsample_nearest2d": (MAPS, [16, 16], None, None),
    "upsample_nearest3d.vec": (VOLUMES, [8, 8, 8], None),
    "upsample_bilinear2d.vec": (MAPS, None, False, [2.0, 2.0]),
    "upsample_bilinear2d": (MAPS, [16, 16], True, None, None),
    "upsample_bicubic2d.vec": (MAPS, [12, 12], False, None),
    "upsample_bicubic2d": (MAPS, [12, 12], True, None, None),
    "upsample_linear1d.vec": (LINES, None, False, [2.0]),
    "upsample_trilinear3d.vec": (VOLUMES, None, False, [2.0, 2.0, 2.0]),
    "_upsample_nearest_exact2d.vec": (MAPS, None, [2.0, 2.0]),
    "grid_sampler": (MAPS, (2, 5, 5, 2), 0, 0, False),
    "affine_grid_generator": ((2, 2, 3), [2, 3, 5, 5], False),
    "scaled_dot_product_attention": ((2, 2, 4, 8), (2, 2, 6, 8), (2, 2, 6, 8), None, 0.0, False),
    "_weight_norm": ((4, 3), (4, 1), 0),
    "lstm.input": _layer(4, 2),
    "gru.input": _layer(3, 1),
    "rnn_tanh.input": _layer(1, 1),
    "rnn_relu.input": _layer(1, 1),
    "lstm_cell": _cell(4, 2),
    "gru_cell": _cell(3, 1),
    "rnn_tanh_cell": _cell(1, 1),
    "rnn_relu_cell": _cell(1, 1),
    "view_as_complex": ((2, 3, 2),),
    "linalg_cross": ((2, 3), (2, 3)),
    "linalg_matrix_exp": ((2, 3, 3),),
    "matrix_exp": ((2, 3, 3),),
    "linalg_householder_product": ((4, 3), (3,)),
    "linalg_qr": ((2, 4, 3),),
    "linalg_solve": ((3, 3), (3, 2)),
    "linalg_solve_ex": ((3, 3), (3, 2)),
    "topk": ((2, 6), 3, 1, True, True),
    "sort": ((2, 6), 1, True),
    "narrow": ((2, 6), 1, 2, 3),
    "slice.Tensor": ((2, 6), 1, 1, 5, 2),
    "select.int": ((2, 6), 1, 3),
    "unfold": ((2, 6), 1, 3, 2),
    "roll": ((2, 6), [1, 2], [0, 1]),
    "rot90": ((2, 6), 1, [0, 1]),
    "tensor_split.sections": ((2, 6), 3, 1),
    "chunk": ((2, 6), 3, 1),
    "split.Tensor": ((2, 6), 4, 1),
    "fft_irfft": ((2, 5), 8, -1, None),
    "fft_irfft2": ((2, 4, 5), [4, 8], [-2, -1], None),
}
"""Arguments that fit: a tuple is the shape of a tensor, a list holds shapes, tensors or numbers."""

EQUATIONS = (
    "ij,jk->ik",
    "bij,bjk->bik",
    "ii->i",
    "ij->ji",
    "bij,kj->bik",
    "...i,...i->...",
    "i,j->ij",
    "ijk->",
    "ij,ij",
)

SHAPES: tuple[tuple[int, ...], ...] = (
    (), (0,), (1,), (5,), (1000,), (0, 3), (3, 0), (2, 3), (1, 1), (2, 0, 3), (2, 3, 8), (1, 1, 1), MAPS, (2, 0, 8, 8),
    (0, 3, 8, 8), (2, 3, 0, 8), (1, 1, 1, 1), (2, 3, 1, 1), (2, 4, 4, 4, 4), (1,) * 8, (2,) * 8, (70_000,), (300, 200),
    (0, 2**40), (2**40, 0), (0, 2**31), (2**31, 0, 3), (2, 0, 2**31, 8), (2**40, 2**20, 0),
)  # fmt: skip

INTEGERS = (
    0, 1, 2, 3, 4, 5, 7, 8, 16, 63, 64, 255, 256, 1000, 4097, 65_536, 2**20, -1, -2, -3, -8, -1000, -(2**20), TO_THE_END,
)  # fmt: skip

FLOATS = (
    0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-8, 1e-40, 1e38, 1e300, -1e300, math.inf, -math.inf, 0.1, 3.7, -2.5, 2.0**31,
    2.0**63, -(2.0**63), 1e-300,
)  # fmt: skip

LARGE = (
    ("size.mul", 2**20, 2**20), ("size.mul", 2**11, 2**20), ("size.mul", 2**12, 2**20), ("size.pow", 2, 8),
    ("size.mul", -(2**20), 2**20), ("size.mul", -(2**11), 2**20), ("size.truediv", 1, 3), ("size.float", 7),
    ("size.floordiv", -7, 2), ("size.pow", 2**10, 4), ("size.sqrt", 2.0), ("size.max", 3, 4),
)  # fmt: skip
"""Arithmetic whose results are integers that no document can write down, and numbers that are no integers."""


class Answers(Protocol):
    """Where the answer of a job goes."""

    def result(self, plain: dict[str, Any]) -> None:
        """Send what was found."""


@dataclass(frozen=True, slots=True)
class Call:
    """A document of one call and a few around it.

    Attributes:
        operator: what is called.
        document: the graph, for both modes.
        values: of its tensors.
    """

    operator: str
    document: Document
    values: tuple[torch.Tensor, ...]


class Maker:
    """Write one hostile call down; nothing but the number decides what it is."""

    def __init__(self, number: int) -> None:
        """Seed everything that is drawn."""
        self.chance = random.Random(number)
        self.generator = torch.Generator().manual_seed(number)
        self.operator = OPERATORS[number % len(OPERATORS)]
        self.sketch = Sketch()
        self.values: list[torch.Tensor] = []
        self.views = True
        self.shape = self.chance.choice(SHAPES[:-6]) if self.often(0.5) else (2, 3, 8, 8)[: self.chance.randrange(5)]

    def often(self, share: float) -> bool:
        """Tell whether something that happens in `share` of the cases happens now."""
        return self.chance.random() < share

    def make(self) -> Call:
        """Return the call."""
        fitting = FITTING.get(short(self.operator)) if self.often(0.8) else None
        if self.operator in operators.SIZES:
            given = [self.number() for _ in range(self.chance.choice((1, 2, 2, 3)))]
        elif fitting is not None:
            given = self.fit(fitting, self.chance.choice((0, 1, 1, 1, 1, 2, 2, 4)))
        else:
            given = self.drawn(self.operator)
        answer = self.called(given)
        if self.often(0.3):
            answer = self.follow(answer)
        document = self.sketch.finish(answer)
        if self.often(0.9):  # surveying the same graph for both modes takes twice the time
            train, evaluation = document.graphs
            document = replace(document, graphs=(train, replace(evaluation, nodes=(), output=0)))
        return Call(self.operator, document, tuple(self.values))

    def called(self, given: Sequence[Any]) -> Reference:
        """Add the call, and take one of its results where it has several."""
        answer = self.sketch.call(short(self.operator), *given)
        if self.operator in operators.SIZES:
            return answer
        returns = operators.TABLE[self.operator]._schema.returns
        if len(returns) == 1 and str(returns[0].type) == "Tensor":
            return answer
        return self.sketch.call("getitem", answer, self.chance.choice((0, 0, 0, 1, -1, 2)) if self.views else 0)

    def follow(self, answer: Reference) -> Reference:
        """Do something with the answer, or with what it may share its memory with."""
        if self.often(0.4):
            return self.sketch.call(self.chance.choice(("relu", "clone", "contiguous", "flatten.using_ints")), answer)
        name = self.chance.choice(IN_PLACE)
        given = self.drawn(name)
        given[0] = self.chance.choice((answer, PICTURES, self.any_tensor()))
        if name.endswith(".out"):
            given[-1] = self.chance.choice((answer, PICTURES, self.any_tensor()))
        changed = self.sketch.call(short(name), *given)
        return self.chance.choice((changed, answer))

    def any_tensor(self) -> Reference:
        """Refer to one of the tensors, or to the pictures."""
        count = len(self.values)
        return Reference("tensor", self.chance.randrange(count)) if count else PICTURES

    def drawn(self, name: str) -> list[Any]:
        """Draw every argument of an operator by its type, as far as an argument of this place is given at all."""
        given = []
        for place in PLACES[name]:
            if place.has_default_value() and self.often(0.5):
                given.append(Argument("d"))
            else:
                given.append(self.draw(str(place.type), place.name))
        return given

    def draw(self, kind: str, name: str) -> Any:
        """Draw an argument of the schema's type `kind`."""
        if kind.startswith("Optional["):
            return None if self.often(0.3) else self.draw(kind[9:-1], name)
        if kind.startswith("List["):
            if self.often(0.1):
                return self.draw(kind[5:-1], name)
            length = self.chance.choice((0, 1, 2, 2, 3, 3, 4, 5, 6, len(self.shape), len(self.shape)))
            return [self.draw(kind[5:-1], name) for _ in range(length)]
        match kind:
            case "Tensor":
                return self.drawn_tensor()
            case "int":
                return self.integer(name)
            case "float" | "number":
                return self.number()
            case "bool":
                return self.often(0.5)
            case "str":
                return self.word(name)
            case "Device":
                return Argument("c")
            case _:
                return None

    def word(self, name: str) -> Argument:
        """Draw a word, or an equation of which some letters are spoilt."""
        if name != "equation":
            return Argument("w", self.chance.randrange(len(operators.WORDS) + 1))
        letters = [operators.EINSUM.index(one) for one in self.chance.choice(EQUATIONS)]
        if self.often(0.4):
            letters[self.chance.randrange(len(letters))] = self.chance.randrange(len(operators.EINSUM))
        return Argument("e", tuple(letters))

    def number(self) -> Any:
        """Draw a number of any kind."""
        if self.often(0.1):
            return self.sketch.call(*self.chance.choice(LARGE))
        return self.chance.choice((self.chance.choice(INTEGERS), self.chance.choice(FLOATS), True))

    def integer(self, name: str) -> Any:
        """Draw an integer, or the literal that a place of this name takes."""
        if "dtype" in name:
            return Argument("t", self.chance.randrange(len(operators.DTYPES)))
        if "memory_format" in name:
            return Argument("m", self.chance.randrange(len(operators.MEMORY_FORMATS)))
        if name == "layout":
            return Argument("y", 0)
        if self.often(0.06):
            return self.sketch.call(*self.chance.choice(LARGE))
        if "dim" in name and self.often(0.8):
            return self.chance.randrange(-len(self.shape) - 1, len(self.shape) + 1)
        return self.chance.choice(INTEGERS[: self.chance.choice((6, 6, 10, len(INTEGERS)))])

    def drawn_tensor(self) -> Reference:
        """Draw a tensor: mostly of the call's common shape, sometimes of a hostile one, or one that is there."""
        draw = self.chance.random()
        if draw < 0.1:
            return PICTURES
        if draw < 0.2 and self.values:
            return self.any_tensor()
        shape = self.shape
        if draw > 0.9:
            shape = self.chance.choice(SHAPES)
        elif draw > 0.8:
            shape = self.changed(shape)
        return self.seen_otherwise(self.tensor(shape, self.dtype(), learns=self.often(0.7)), shape)

    def dtype(self) -> torch.dtype:
        """Draw a dtype, mostly that of the pictures."""
        return torch.float32 if self.often(0.8) else self.chance.choice(operators.DTYPES)

    def changed(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Change one size of a shape, or how many there are."""
        sizes = list(shape)
        at = self.chance.randrange(len(sizes)) if sizes else 0
        match self.chance.randrange(4):
            case 0:
                sizes.insert(at, self.chance.choice((1, 2, 0)))
            case 1 if sizes:
                del sizes[at]
            case _ if sizes:
                sizes[at] = self.chance.choice((0, 1, max(sizes[at] - 1, 0), sizes[at] + 1, sizes[at] * 2, 17, 500))
        return tuple(sizes[:8])

    def tensor(
        self, shape: tuple[int, ...], dtype: torch.dtype, low: int = -3, high: int = 9, *, learns: bool = True
    ) -> Reference:
        """Add a tensor with hostile values to the table, in any order of its dimensions."""
        if math.prod(shape) > 2**18:
            shape = (2, 3)
        order = list(range(len(shape)))
        if self.often(0.2):
            self.chance.shuffle(order)
        values = self.filled([shape[dim] for dim in order], dtype, low, high)
        values = values.permute(sorted(range(len(order)), key=order.__getitem__))
        values.requires_grad_((dtype.is_floating_point or dtype.is_complex) and learns)
        role = self.chance.choice(("parameter", "parameter", "buffer", "constant"))
        index = len(self.values)
        self.sketch.entries.append(tensors.entry(f"layer{index}.weight", role, values))
        self.values.append(values)
        return Reference("tensor", index)

    def filled(self, shape: list[int], dtype: torch.dtype, low: int, high: int) -> torch.Tensor:
        """Draw values: noise, whole numbers, or numbers that are none."""
        if not (dtype.is_floating_point or dtype.is_complex):
            if self.often(0.15):
                low, high = self.chance.choice(((-(2**31), 2**31), (-(2**62), 2**62), (0, 100), (-100, 0)))
            return torch.randint(low, max(high, low + 1), shape, generator=self.generator).to(dtype)
        values = torch.randn(shape, generator=self.generator)
        if self.often(0.15):
            values = values * self.chance.choice((0.0, 1e30, math.nan, math.inf, -1.0, 1e-38))
        return values.to(dtype)

    def seen_otherwise(self, reference: Reference, shape: tuple[int, ...]) -> Reference:
        """Look at a tensor through a view that is not contiguous, now and then."""
        if not self.views or not self.often(0.12) or len(self.sketch.calls) > 1:
            return reference
        rank = len(shape)
        match self.chance.randrange(6):
            case 0 if rank > 1:
                return self.sketch.call("transpose.int", reference, 0, rank - 1)
            case 1:
                return self.sketch.call("expand", reference, [self.chance.choice((0, 2, 5, 2**20)), *shape])
            case 2 if rank:
                return self.sketch.call("slice.Tensor", reference, rank - 1, 0, TO_THE_END, 2)
            case 3 if rank:
                return self.sketch.call("select.int", reference, 0, 0)
            case 4:
                return self.sketch.call("unsqueeze", reference, 0)
            case _:
                return self.sketch.call("_conj", reference)

    def fit(self, given: tuple[Any, ...], bad: int) -> list[Any]:
        """Return arguments that fit, of which `bad` are spoilt."""
        count = sum(map(_leaves, given))
        spoilt = set(self.chance.choices(range(count), k=bad))
        leaves = iter(range(count))
        places = PLACES[self.operator]
        return [self.fitting(place, one, leaves, spoilt) for place, one in zip(places, given, strict=False)]

    def fitting(self, place: Any, one: Any, leaves: Iterator[int], spoilt: set[int]) -> Any:
        """Return an argument as it is written in the table, or spoil it when its turn has come."""
        if isinstance(one, list):
            found = [self.fitting(place, inner, leaves, spoilt) for inner in one]
            if next(leaves) not in spoilt:
                return found
            return self.chance.choice(
                (found[:-1], found + found[:1], found * 2, [], self.draw(str(place.type), place.name))
            )
        bad = next(leaves) in spoilt
        if isinstance(one, (tuple, Whole, Fixed)):
            return self.fitting_tensor(one, bad=bad)
        return self.draw(_inner(str(place.type)), place.name) if bad else one

    def fitting_tensor(self, one: Any, *, bad: bool) -> Reference:
        """Return a tensor of the shape that is written in the table, or one that is not quite like it."""
        shape: tuple[int, ...] = one if isinstance(one, tuple) else one.shape
        low, high = (one.low, one.high) if isinstance(one, Whole) else (-3, 9)
        dtype = torch.int64 if isinstance(one, Whole) else torch.float32
        if bad:
            match self.chance.randrange(6):
                case 0:
                    return self.drawn_tensor()
                case 1:
                    dtype = self.chance.choice(operators.DTYPES)
                case 2:
                    low, high = self.chance.choice(((low - 2, high + 2), (-(2**62), 2**62), (2**31, 2**33), (-5, 0)))
                case 3:
                    shape = self.changed(self.changed(shape))
                case _:
                    shape = self.changed(shape)
        learns = not isinstance(one, Fixed) and self.often(0.7)
        return self.seen_otherwise(self.tensor(shape, dtype, low, high, learns=learns), shape)


def short(name: str) -> str:
    """Return an operator's name as the samples write it."""
    return name.removeprefix("aten.").removesuffix(".default")


def _leaves(one: Any) -> int:
    """Count what can be spoilt: each argument, and each item of a list beside the list itself."""
    if isinstance(one, list):
        return 1 + sum(map(_leaves, one))
    return 1


def _inner(kind: str) -> str:
    """Return the type of the items of a list, which may be left out."""
    return kind.removeprefix("Optional[").removeprefix("List[").rstrip("]")


def make(number: int) -> Call:
    """Return call `number`."""
    return Maker(number).make()


def fitting_call(name: str) -> Call:
    """Return the call of the table of arguments that fit, as it is."""
    maker = Maker(0)
    maker.operator = name
    maker.views = False
    answer = maker.called(maker.fit(FITTING[short(name)], 0))
    return Call(name, maker.sketch.finish(answer), tuple(maker.values))


libc = ctypes.CDLL(None)
PROT_NONE = 0
M_PERTURB = -6


def guarded(tensor: torch.Tensor, *, behind: bool) -> torch.Tensor:
    """Move a tensor to memory with a page before it, or behind it, that ends the process when it is touched."""
    size = tensor.untyped_storage().nbytes()
    if size == 0:
        return tensor
    page = mmap.PAGESIZE
    whole = -(-size // page) * page
    memory = mmap.mmap(-1, whole + page, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    offset = whole - size if behind else page
    libc.mprotect(ctypes.c_void_p(start + (whole if behind else 0)), ctypes.c_size_t(page), PROT_NONE)
    count = size // tensor.element_size()
    flat = torch.frombuffer(memory, dtype=tensor.dtype, count=count, offset=offset)
    moved = torch.empty(0, dtype=tensor.dtype)
    moved.set_(flat.untyped_storage(), 0, tensor.shape, tensor.stride())
    moved.copy_(tensor.detach())
    return moved.requires_grad_(tensor.requires_grad)


def surveyed(blob: bytes, values: bytes) -> Document:
    """Take the bytes for a document as the examiner does; raise DocumentError when it would not run it."""
    document = parse(blob)
    tensors.check_header(document, values)
    surveys = examine._surveys(document, TASK)
    over = examine._over_budget(examine._basics(document, surveys), surveys, TASK.budget, 1.0)
    if over:
        raise DocumentError(over)
    return document


def answer(document: Document, blob: bytes, number: int, spoilt: int) -> tuple[Any, tuple[torch.Tensor, ...]]:
    """Run a document's graph as a trainer does, over free memory that is filled with `spoilt`."""
    libc.mallopt(M_PERTURB, spoilt)
    layout = trainer.memory_format(document, Recipe(batch=BATCH)) if number % 3 else torch.contiguous_format
    table = tuple(trainer._laid_out(one, layout) for one in tensors.read(document, blob, CPU))
    pictures = torch.randn((BATCH, *PICTURE), generator=torch.Generator().manual_seed(number)).to(memory_format=layout)
    if number % 4:
        table = tuple(guarded(one, behind=number % 4 > 1) for one in table)
        pictures = guarded(pictures, behind=number % 4 > 1)
    graph = document.graph("train", BATCH)
    assert graph is not None
    torch.default_generator.manual_seed(number)
    return Program(graph, table, CPU, layout is torch.channels_last)(pictures), table


def attempt(call: Call, number: int) -> str:
    """Take a call the whole way; return `ran`, `rejected`, `differed` or the name of what was raised."""
    values = tensors.dump(call.values)
    try:
        document = surveyed(dump(call.document), values)
    except DocumentError:
        return "rejected"
    try:
        with torch.no_grad():
            first, _ = answer(document, values, number, 0x5A)
            second, _ = answer(document, values, number, 0xA5)
        found, table = answer(document, values, number, 0)
        if found.requires_grad:
            wanted = [one for one in table if one.requires_grad]
            torch.autograd.grad([found], wanted, [torch.ones_like(found)], allow_unused=True)
        same = _bytes(first) == _bytes(second)
    except Exception as error:  # noqa: BLE001 - an operator may raise anything; which it was is counted
        return type(error).__name__
    return "ran" if same else "differed"


def _bytes(tensor: torch.Tensor) -> bytes:
    """Return the values of a tensor to the bit."""
    plain = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor.detach())
    return plain.reshape(-1).view(torch.uint8).numpy().tobytes()


def fuzz(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Answers) -> None:
    """Make calls `first` to `first + count - 1`; say before each which it is, and count how they end."""
    del blobs
    devices.settle(CPU)
    ends: Counter[str] = Counter()
    differed: list[int] = []
    for number in range(arguments["first"], arguments["first"] + arguments["count"]):
        print(f"call {number}", flush=True)  # noqa: T201 - the parent listens to it
        if number < 0:
            ctypes.string_at(0)  # what a crash looks like from outside
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        end = attempt(make(number), number)
        ends[end] += 1
        if end == "differed":
            differed.append(number)
    signal.setitimer(signal.ITIMER_PROF, 0)
    raised = {name: count for name, count in ends.items() if name not in ("ran", "rejected", "differed")}
    channel.result(
        {"outcome": "fuzzed", "ran": ends.total(), "rejected": ends["rejected"], "raised": raised, "differed": differed}
    )


class Told:
    """Print the answer of a job that is run by hand."""

    def result(self, plain: dict[str, Any]) -> None:
        """Print it."""
        print(plain)  # noqa: T201 - it is for whoever looks at a crash


if __name__ == "__main__":
    fuzz({"first": int(sys.argv[1]), "count": int(sys.argv[2])}, {}, Told())
