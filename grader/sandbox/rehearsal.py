"""Run the student's model on noise before anything is captured: does it run, for which batches, where does it break.

It fills lazy layers, and it alone decides that a batch size is hard-coded: with a fixed `view(64, -1)` every other
batch raises the same text as a wrong `in_features`. Real pictures of 224 × 224 go through once, as few as tell; what
other batches would do is asked of shapes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from grader.graph.fidelity import noise, seed_everything
from grader.records import Break, Repair, Shape
from grader.sandbox.network import Network, Places, describe

COPIED = 10_000_000
"""Numbers of the largest tensor of which a copy is kept."""

NEVER_THE_SIZE = frozenset({"AttributeError", "TypeError"})
"""Exceptions that no other number of pictures would spare; a fake run over `tolist()` would take minutes to say so."""

PRIME = 7
"""The first batch size: in an error's text it can be told apart from channels and features."""


@dataclass(slots=True)
class DryRun:
    """What happened when batches of noise went through the model.

    Attributes:
        batch: a number of pictures with which it runs; None when none was found.
        broke: the break with the first number of pictures; None when it ran.
        repairs: what had to be done to the model or its answer.
    """

    batch: int | None = None
    broke: Break | None = None
    repairs: list[Repair] = field(default_factory=list)

    @property
    def fixed(self) -> int | None:
        """The batch size that is written into the network; None where it is free, or where none was found."""
        return None if self.broke is None else self.batch


def dry_run(network: Network, shape: Shape, sizes: Callable[[], Iterable[int]], places: Places) -> DryRun:
    """Send a batch of 7 through `network` in evaluation mode, and where that breaks one of each of `sizes`.

    The first size that works is taken, and nothing else is tried. Parameters and buffers are left as they were.
    """
    run = DryRun()
    if any(one.dtype in (torch.float64, torch.float16, torch.bfloat16) for one in _floating(network)):
        _cast(network, shape, run)
    network.train(mode=False)
    run.broke = _break(network, PRIME, shape, places)
    if run.broke is None:
        run.batch = PRIME
    elif run.broke.kind not in NEVER_THE_SIZE:
        run.batch = next((size for size in sizes() if _works(network, size, shape, places, run.broke)), None)
    run.repairs += _taken(network.answered_with)
    return run


def limited(network: Network, run: DryRun, shape: Shape, batch: int, places: Places) -> DryRun | None:
    """Return the run of a model that takes a few pictures and breaks at `batch`; None where that works as well."""
    broke = None if run.broke is not None else _break(network, batch, shape, places)
    return None if broke is None else replace(run, broke=broke)


def _taken(answered_with: str) -> list[Repair]:
    """Say what was made of an answer that is no row of scores."""
    if answered_with == "tensor":
        return []
    if answered_with.startswith("("):
        said = f"forward answers with {answered_with}; its axes of one pixel were taken off."
        return [Repair("return", f"{said} torch.flatten(x, 1) at its end makes a row of scores.")]
    return [Repair("return", f"forward returns a {answered_with}; its tensor of scores was taken.")]


def _works(network: Network, size: int, shape: Shape, places: Places, broke: Break) -> bool:
    """Tell whether a batch of that size gets through, where one of 7 broke; shapes alone are asked first."""
    if _breaks_alike(network, size, shape, places, broke):
        return False
    answers: list[torch.Tensor] = []
    failed = _break(network, size, shape, places, answers.append)
    # A wrong `view(-1, 400)` lets 25 pictures through as 32 rows.
    return failed is None and answers[0].dim() > 0 and answers[0].shape[0] == size


def _break(
    network: Network,
    size: int,
    shape: Shape,
    places: Places,
    answered: Callable[[torch.Tensor], None] = lambda answer: None,
) -> Break | None:
    """Run one batch; return where it broke. What forward wrote into parameters and buffers is put back.

    A giant one is not: a forward that changes a weight of a gigabyte is nobody's, and the copy is everybody's time.
    """
    seed_everything(0)
    saved = [(one, one.detach().clone()) for one in _state(network) if one.numel() <= COPIED]
    try:
        with torch.no_grad():
            answered(network(noise(size, shape, size)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever student code raises is what we look for
        return describe(error, "forward", places, network)
    finally:
        with torch.no_grad():
            for tensor, value in saved:
                with suppress(RuntimeError):  # an expanded tensor cannot be written to, by forward neither
                    tensor.copy_(value)
    return None


def _breaks_alike(network: Network, size: int, shape: Shape, places: Places, broke: Break) -> bool:
    """Tell whether a batch of that size surely breaks where one of 7 did, going by shapes alone.

    What shapes cannot tell (values that decide, a library that wants real numbers) breaks elsewhere or otherwise, and
    then it is not sure.
    """
    if any(_is_lazy(one) for one in _all(network)):
        return False  # filling lazy layers without values would leave them so
    try:
        with _kept(network), torch.no_grad(), FakeTensorMode(allow_non_fake_inputs=True) as mode:
            network(mode.from_tensor(torch.empty(1).expand(size, *shape)).clone())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - as above
        found = describe(error, "forward", places, network)
        return (found.kind, found.where) == (broke.kind, broke.where)
    return False


@contextmanager
def _kept(network: Network) -> Iterator[None]:
    """Put back what forward stores on modules: `self.features = x` would hold a tensor without values."""
    modules = list(network.model.modules())
    before = [(one.__dict__, dict(one.__dict__), _tables(one)) for one in modules]
    answered_with, failed = network.answered_with, network.machine.failed
    try:
        yield
    finally:
        network.answered_with, network.machine.failed = answered_with, failed
        for attributes, saved, tables in before:
            attributes.clear()
            attributes.update(saved)
            for table, content in tables:
                table.clear()
                table.update(content)


def _tables(module: torch.nn.Module) -> list[tuple[dict[str, object], dict[str, object]]]:
    """Return a module's tables of parameters, buffers and modules, each with a copy."""
    tables = (module.__dict__.get(name) for name in ("_parameters", "_buffers", "_modules"))
    return [(one, dict(one)) for one in tables if isinstance(one, dict)]


def _is_lazy(tensor: torch.Tensor) -> bool:
    """Tell whether a parameter or buffer has no values yet: nn.LazyLinear gets them with the first pictures."""
    return isinstance(tensor, (torch.nn.UninitializedParameter, torch.nn.UninitializedBuffer))


def _floating(network: Network) -> Iterator[torch.Tensor]:
    for one in network.model.parameters():
        if not isinstance(one, torch.nn.UninitializedParameter) and one.is_floating_point():
            yield one


def _all(network: Network) -> list[torch.Tensor]:
    return [*network.model.parameters(), *network.model.buffers()]


def _state(network: Network) -> list[torch.Tensor]:
    """Return the parameters and buffers that have values; the first run fills lazy ones."""
    return [one for one in _all(network) if not _is_lazy(one)]


def _cast(network: Network, shape: Shape, run: DryRun) -> None:
    """Cast a float64 or half model to float32, unless it casts its pictures itself."""
    try:
        with torch.no_grad():
            network.train(mode=False)
            network(noise(PRIME, shape, PRIME))
    except (Exception, SystemExit):  # noqa: BLE001 - a model that cannot take float32 pictures raises anything
        network.model.float()
        run.repairs.append(Repair("dtype", "The model was cast to float32, the type of the grader's pictures."))
