"""The student's model as one function from pictures to scores, and the places of their code that it stands for."""

from __future__ import annotations

import sys
import traceback
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import torch
from torch.utils import _pytree

from grader.records import Break, Shape, Where
from grader.sandbox.shims import OnThisMachine, refuse


@dataclass(frozen=True, slots=True)
class Places:
    """From the names that student code is compiled under to places in the submission.

    Attributes:
        cells: name of the compiled code -> (file, cell).
        made: id of a module -> where the student's code made it.
    """

    cells: Mapping[str, tuple[str, int | None]]
    made: dict[int, Where] = field(default_factory=dict)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note in `made` where modules are made."""
        original = torch.nn.Module.__init__

        def noted(module: torch.nn.Module, *args: Any, **kwargs: Any) -> None:
            frame: types.FrameType | None = sys._getframe(1)
            while frame is not None and frame.f_code.co_filename not in self.cells:
                frame = frame.f_back
            if frame is not None:
                self.made[id(module)] = self.where(frame.f_code.co_filename, frame.f_lineno)
            original(module, *args, **kwargs)

        torch.nn.Module.__init__ = noted  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            torch.nn.Module.__init__ = original  # type: ignore[method-assign]

    @property
    def files(self) -> tuple[str, ...]:
        """Every file, in order of appearance."""
        return tuple(dict.fromkeys(file for file, _ in self.cells.values()))

    def __contains__(self, name: object) -> bool:
        """Tell whether code of that name is the student's."""
        return name in self.cells

    def line(self, where: Where) -> str:
        """Return the student's line at a place; empty where it is not known."""
        place = (where.file, where.cell)
        name = next((one for one, other in self.cells.items() if other == place), None)
        return source_line(name, where.line) if name is not None and where.line is not None else ""

    def where(self, name: str, line: int | None) -> Where:
        """Return the place that `name` and `line` stand for; an empty one for code that is not the student's."""
        if name not in self.cells:
            return Where()
        file, cell = self.cells[name]
        return Where(file, cell, line)


class Network:
    """The student's model behind one door: pictures in, the tensor of scores out.

    The model's own `forward` is replaced on the instance, not wrapped in a module of ours: export sees a
    reassigned buffer (`self.mean = ...`) only on the module that it was given.
    """

    def __init__(self, model: torch.nn.Module, classes: int) -> None:
        """Take over the forward of `model`, which answers with `classes` scores a picture."""
        self.model = model
        self.classes = classes
        self.machine = OnThisMachine()
        self.answered_with = "tensor"
        self._students_forward = model.forward
        model.forward = self._forward

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the scores (N, classes) for pictures (N, C, H, W)."""
        return self.model(pictures)  # type: ignore[no-any-return]

    def train(self, *, mode: bool) -> None:
        """Put the model into training or evaluation mode."""
        self.model.train(mode)

    def _forward(self, pictures: torch.Tensor) -> torch.Tensor:
        with self.machine:
            answer = self._students_forward(pictures)
        refuse(answer)
        if isinstance(answer, torch.Tensor):
            return self._in_rows(answer)
        self.answered_with = type(answer).__name__
        return self._in_rows(select(answer, pictures.shape[0], self.classes))

    def _in_rows(self, answer: torch.Tensor) -> torch.Tensor:
        """Take axes of one pixel off the end: a network without a dense layer may answer with (N, K, 1, 1)."""
        if answer.dim() < 3 or any(size != 1 for size in answer.shape[2:]):
            return answer
        if self.answered_with == "tensor":
            self.answered_with = f"(N, {', '.join(str(int(size)) for size in answer.shape[1:])})"
        return answer.flatten(1)


def select(answer: Any, batch: Any, classes: int) -> torch.Tensor:
    """Return the tensor of scores among several results; raise TypeError when there is none."""
    leaves = [one for one in _pytree.tree_leaves(answer) if isinstance(one, torch.Tensor)]
    if not leaves:
        raise TypeError(f"forward returned {type(answer).__name__}, not a tensor")
    rows = [one for one in leaves if one.dim() == 2]
    return next((one for one in rows if one.shape[1] == classes), rows[0] if rows else leaves[0])


def describe(error: BaseException, stage: str, places: Places, network: Network | None = None) -> Break:
    """Return where and how `error` left the student's code; nothing of ours is in it."""
    frames = list(traceback.walk_tb(error.__traceback__))
    ours = [(frame, line) for frame, line in frames if frame.f_code.co_filename in places]
    where, source = Where(), ""
    if ours:
        frame, line = ours[-1]
        where = places.where(frame.f_code.co_filename, line)
        source = source_line(frame.f_code.co_filename, line)
    elif isinstance(error, SyntaxError):
        where, source = places.where(error.filename or "", error.lineno), (error.text or "").strip()
    layer, inputs = _failing_layer([frame for frame, _ in frames], network)
    if not ours and layer is not None and network is not None:  # an nn.Sequential: nothing of the student's runs
        where = places.made.get(id(network.model.get_submodule(layer)), where)
        source = places.line(where)
    if network is not None and network.machine.failed:
        inputs = network.machine.failed
    return Break(stage, type(error).__name__, _bounded(error), where, source[:300], layer, inputs, _near(error))


_NAMES = 5


def _near(error: BaseException) -> tuple[str, ...]:
    """Return the names of a network's parts that are most like the one that it was asked for in vain."""
    if not isinstance(error, AttributeError) or not isinstance(error.obj, torch.nn.Module):
        return ()
    parts = [*error.obj.__dict__.get("_modules", ()), *error.obj.__dict__.get("_parameters", ())]
    wanted = str(error.name)
    return tuple(sorted(map(str, parts), key=lambda one: -SequenceMatcher(None, wanted, one).ratio())[:_NAMES])


def source_line(name: str, line: int) -> str:
    """Return a line of the student's code, by the name that it is compiled under."""
    import linecache

    return linecache.getline(name, line).strip()


def _bounded(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"the code calls sys.exit({error.code})"[:2000]
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a hostile __str__ may raise anything
        text = "(its text cannot be shown)"
    return text[:2000]


def _failing_layer(frames: list[types.FrameType], network: Network | None) -> tuple[str | None, tuple[Shape, ...]]:
    """Find the deepest module of the model whose call is among `frames`, and its inputs' shapes."""
    if network is None:
        return None, ()
    names = {id(module): name for name, module in network.model.named_modules()}
    found: tuple[str | None, tuple[Shape, ...]] = (None, ())
    for frame in frames:
        module = frame.f_locals.get("self")
        if frame.f_code.co_name == "_call_impl" and names.get(id(module)):
            arguments = frame.f_locals.get("args", ())
            found = (names[id(module)], tuple(tuple(one.shape) for one in arguments if isinstance(one, torch.Tensor)))
    return found
