"""Capture a network with `torch.export`, once in each mode, and measure the original for the fidelity probe."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import torch
import torch._dynamo.config
from torch.export import Dim, ExportedProgram, export
from torch.overrides import TorchFunctionMode

from grader.graph.calls import drop_after_answer
from grader.graph.document import Document, Graph
from grader.graph.encode import Encoder, Locate, Place, Table, UncapturableError, model_names
from grader.graph.fidelity import EXAMPLE, TRIALS, measure, noise, probed
from grader.graph.tensors import dump
from grader.graph.twins import twin
from grader.records import Break, Shape
from grader.sandbox.network import Network, Places, describe, source_line

SHALLOW = 40
"""Modules of a network up to which export remembers no operators: filling that memory takes a tenth of it, and no shape
comes twice. A deep network repeats its blocks and is exported a tenth sooner with it."""

FRAME = re.compile(r'File "(<[^"]+>)", line (\d+)')


@dataclass(frozen=True, slots=True)
class Captured:
    """A document and its tensors, with what had to be said about them."""

    document: Document
    tensors: bytes
    notes: tuple[str, ...] = ()
    kept: tuple[torch.Tensor, ...] = field(default=(), repr=False)
    """The model's own tensors of the table, in its order."""


def capture(network: Network, shape: Shape, batch: int, places: Places, *, fixed: bool = False) -> Captured:
    """Capture both modes; raise UncapturableError with the reason when no way of export works.

    A network that is known to take one number of pictures only is `fixed`: its batch axis is not tried to be free.
    """
    table = Table(model_names(network.model))
    encoder = Encoder(table, _locate(places), _built_at(network, places))
    _Modes(encoder, network, network.model, shape, batch).add(fixed=fixed)
    return _finish(encoder, table, places, complete=True)


class _Modes:
    """The modes of a model on their way into a document: with a free batch axis, else for fixed sizes."""

    def __init__(
        self,
        encoder: Encoder,
        network: Network,
        model: torch.nn.Module,
        shape: Shape,
        batch: int,
        *,
        broken: bool = False,
    ) -> None:
        self._encoder, self._network, self._model = encoder, network, model
        self._shape, self._batch, self._broken = shape, batch, broken
        self._example = noise(EXAMPLE, shape, 0)
        self._reason: BaseException | None = None

    def add(self, *, fixed: bool) -> None:
        """Add both modes; raise UncapturableError where one of them cannot be captured."""
        deep = sum(1 for _ in self._model.modules()) > SHALLOW
        with torch._dynamo.config.patch(fake_tensor_cache_enabled=deep):
            self._add(fixed=fixed)

    def _add(self, *, fixed: bool) -> None:
        trained: ExportedProgram | None = None
        for mode in ("train", "eval"):
            self._reason = None
            self._network.train(mode=mode == "train")
            if fixed:
                self._add_sizes(mode)
            elif trained is None or not self._add_twin(trained, mode):
                trained = self._add_free(mode)
                if trained is None:
                    self._add_sizes(mode)

    def _exported(self, example: torch.Tensor, *, free: bool = False, strict: bool = False) -> ExportedProgram:
        """Export the mode that the model is in; what a forward left behind after its last result is taken out."""
        axes = ({0: Dim("n")},) if free else None
        program = export(self._model, (example,), dynamic_shapes=axes, strict=strict)
        if self._broken:
            drop_after_answer(program.graph)
        return program

    def _add_twin(self, trained: ExportedProgram, mode: str) -> bool:
        """Add a mode that differs from the trained one in literals alone; return whether it does."""
        try:
            graph = twin(trained, self._exported(self._example))
        except (Exception, SystemExit):  # noqa: BLE001 - export raises many kinds; the longer way says what is wrong
            return False
        if graph is None:
            return False
        self._encoder.add(trained, mode, None, graph)
        return True

    def _add_free(self, mode: str) -> ExportedProgram | None:
        """Add a mode with a free batch axis, else with one that is free under dynamo; None where neither works."""
        for strict in (False, True):
            try:
                program = self._exported(self._example, free=True, strict=strict)
                self._encoder.add(program, mode, None)
            except UncapturableError:
                raise
            except (Exception, SystemExit) as error:  # noqa: BLE001 - as above; the next way is tried
                self._reason = self._reason or error
            else:
                return program
        return None

    def _add_sizes(self, mode: str) -> None:
        """Add a mode for each number of pictures that works; raise where that of the batch does not."""
        sizes = (self._batch,) if mode == "train" else (*TRIALS, self._batch)
        done = 0
        for size in dict.fromkeys(sizes):
            try:
                self._encoder.add(self._exported(noise(size, self._shape, 0)), mode, size)
                done = size
            except UncapturableError:
                raise
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a size that does not work has no graph
                self._reason = self._reason or error
        if done != self._batch:
            raise UncapturableError(_first_line(self._reason), self._reason)


def stopped_at(error: UncapturableError, places: Places, network: Network) -> Break:
    """Return the student's line that a captured graph cannot hold."""
    if error.origin is not None:
        found = replace(describe(error.origin, "capture", places, network), message=str(error))
        layer = dict(network.model.named_modules()).get(found.layer or "")
        # nn.BatchNorm2d(8, momentum=None) divides by the number of batches that it has seen
        counts = isinstance(layer, torch.nn.modules.batchnorm._BatchNorm) and layer.momentum is None
        return replace(found, kind="CumulativeStatistics") if counts else found
    name, line = _students_frame(error.trace, places)
    return Break("capture", "Unsupported", str(error), places.where(name, line), source_line(name, line))


def _students_frame(trace: str, places: Places) -> tuple[str, int]:
    """Return name and line of the deepest frame of the student's in export's stack trace; ("", 0) for none."""
    return next(((name, int(line)) for name, line in reversed(FRAME.findall(trace)) if name in places), ("", 0))


def _first_line(error: BaseException | None) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__


def _locate(places: Places) -> Locate:
    """Return a function from export's stack traces to places: the student's own deepest frame."""
    files = places.files

    def locate(trace: str) -> tuple[int, int, int]:
        name, line = _students_frame(trace, places)
        where = places.where(name, line)
        return (files.index(where.file), where.cell or 0, line) if where.file is not None else (-1, 0, 0)

    return locate


def _built_at(network: Network, places: Places) -> dict[str, Place]:
    """Return where the layers inside of Sequentials were made, by their paths."""
    files = places.files
    found: dict[str, Place] = {}
    for path, module in network.model.named_modules():
        if isinstance(module, torch.nn.Sequential):
            for name, layer in module.named_children():
                where = places.made.get(id(layer))
                if where is not None and where.file is not None and not list(layer.children()):
                    full = f"{path}.{name}" if path else name
                    found[full] = (files.index(where.file), where.cell or 0, where.line or 0)
    return found


def _finish(encoder: Encoder, table: Table, places: Places, *, complete: bool) -> Captured:
    graphs: tuple[Graph, ...] = encoder.graphs()
    document = Document(tuple(one[:300] for one in places.files), tuple(table.entries), graphs, complete)
    return Captured(document, dump(table.tensors), tuple(encoder.notes), tuple(table.tensors))


class _Stop(TorchFunctionMode):
    """Remember the last result; once stopped, answer every call with it and run nothing more."""

    def __init__(self) -> None:
        super().__init__()
        self.last: torch.Tensor | None = None
        self.stopped = False

    def start(self) -> None:
        self.stopped, self.last = False, None

    def answer(self) -> torch.Tensor:
        if self.last is None:
            raise UncapturableError("nothing ran before the break")
        return self.last

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if self.stopped:
            return self.last
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.is_floating_point():
            self.last = result
        return result


class Prefix:
    """What a model computes before its forward breaks.

    Export keeps a stack of modules that an exception would leave in disorder, so no exception crosses a
    module's border: each module's forward is guarded, and after the first break nothing is computed any more.
    """

    def __init__(self, network: Network) -> None:
        """Guard every module of `network`; its model then answers with the last result before the break."""
        self.model = network.model
        self.stop = _Stop()
        for module in self.model.modules():
            if module is not self.model:
                module.forward = self._guard(module.forward)
        guarded = self._guard(self.model.forward)

        def forward(pictures: torch.Tensor) -> torch.Tensor:
            self.stop.start()
            with self.stop:
                guarded(pictures)
            return self.stop.answer()

        self.model.forward = forward

    def _guard(self, forward: Any) -> Any:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if self.stop.stopped:
                return self.stop.last
            try:
                return forward(*args, **kwargs)
            except (Exception, SystemExit):  # noqa: BLE001 - the break itself; it was described by the dry run
                self.stop.stopped = True
                return self.stop.last

        return guarded


def capture_prefix(network: Network, shape: Shape, batch: int, places: Places) -> Captured | None:
    """Capture what runs before the break; None when nothing does."""
    table = Table(model_names(network.model))
    encoder = Encoder(table, _locate(places), _built_at(network, places))
    prefix = Prefix(network)
    try:
        _Modes(encoder, network, prefix.model, shape, batch, broken=True).add(fixed=False)
    except UncapturableError:
        return None
    return _finish(encoder, table, places, complete=False)


def probe(network: Network, captured: Captured, shape: Shape, batch: int) -> dict[str, Any]:
    """Measure the original, for the examiner to compare the replay with."""
    trainable = [
        tensor
        for tensor, described in zip(captured.kept, captured.document.tensors, strict=True)
        if described.trainable and described.role == "parameter"
    ]
    count, sizes = probed(captured.document, shape, batch)

    def train(pictures: torch.Tensor) -> torch.Tensor:
        network.train(mode=True)
        return network(pictures)

    def evaluate(pictures: torch.Tensor) -> torch.Tensor:
        network.train(mode=False)
        return network(pictures)

    return measure(train, evaluate, trainable, shape, count, sizes)
