"""Measure a network on seeded noise, so that the original and its replay can be compared.

Export freezes Python state without an error (counters, `random.random()`, an `if` on the batch size), and tricks
that live in the backward pass alone vanish. The child measures the original, the examiner the replay; a
difference is doubt for a human, never lost points, because the child's numbers are a claim.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import torch

from grader.graph.document import Document
from grader.records import Shape

TRIALS = (1, 2, 7)
"""Batch sizes at which the answer is looked at."""

EXAMPLE = 4
"""Pictures in the example batch of a capture whose batch axis is free."""

LARGE = 3 * 128 * 128
"""Numbers in a picture above which fewer have to do: one of 3 x 224 x 224 costs as much as 49 of 3 x 32 x 32."""

GIANT = 10_000_000
"""Numbers of a weight whose gradient is not asked for, where there are others: it alone would take seconds."""

TOLERANCE = 1e-4
"""Relative difference that is still agreement; equal kernels differ by 0, memory layouts by about 1e-6."""

RAISED = "raised"
"""Stands for the sums of a pass that raised."""

Network = Callable[[torch.Tensor], torch.Tensor]


def probed(document: Document, shape: Shape, batch: int) -> tuple[int, list[int]]:
    """Return how many pictures each training pass of the probe takes, and the batch sizes of its evaluations.

    Both sides measure by it, and know everything from the document alone; `batch` is the network's where it is fixed.
    """
    pictures, trials = (2, TRIALS[:2]) if math.prod(shape) > LARGE else (EXAMPLE, TRIALS)
    fixed = any(graph.batch is not None for graph in document.graphs)
    return batch if fixed else pictures, [size for size in trials if document.graph("eval", size) is not None]


def noise(batch: int, shape: Shape, seed: int) -> torch.Tensor:
    """Return seeded normal noise (batch, *shape), the same in every process."""
    return torch.randn((batch, *shape), generator=torch.Generator().manual_seed(seed))


def seed_everything(seed: int) -> None:
    """Seed torch, Python and numpy."""
    import numpy as np

    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - student code draws from the global generator


def measure(
    train: Network, evaluate: Network, trainable: Sequence[torch.Tensor], shape: Shape, batch: int, sizes: Sequence[int]
) -> dict[str, Any]:
    """Return sums over three training passes and one evaluation for each of `sizes`, as hexadecimal floats.

    `train` and `evaluate` take pictures (N, *shape); `trainable` are the tensors to take gradients of.
    """
    seed_everything(11)
    passes = [_training_pass(train, noise(batch, shape, index), trainable) for index in range(3)]
    evaluations: dict[str, str] = {}
    with torch.no_grad():
        for size in sizes:
            evaluations[str(size)] = _evaluation(evaluate, noise(size, shape, size))
    return {"train": passes, "eval": evaluations}


def _training_pass(train: Network, pictures: torch.Tensor, trainable: Sequence[torch.Tensor]) -> list[str]:
    """Return two sums; `raised` where a network cannot be trained, as the replay then cannot either."""
    try:
        answer = train(pictures)
        total = _total(answer)
        return [total, _gradients(answer, trainable)]
    except (Exception, SystemExit):  # noqa: BLE001 - student code, or the same operators replayed, may raise anything
        return [RAISED, RAISED]


def _evaluation(evaluate: Network, pictures: torch.Tensor) -> str:
    """Return the sum of the answers; `raised` where some batch sizes do not work, as in the replay then."""
    try:
        return _total(evaluate(pictures))
    except (Exception, SystemExit):  # noqa: BLE001 - as above
        return RAISED


def _total(answer: torch.Tensor) -> str:
    return float(answer.detach().double().abs().sum().item()).hex()


def _gradients(answer: torch.Tensor, trainable: Sequence[torch.Tensor]) -> str:
    """Sum |gradient| of a fixed random projection of the answer."""
    if not answer.requires_grad or not trainable:
        return (0.0).hex()
    weights = torch.randn(answer.shape, generator=torch.Generator().manual_seed(9))
    asked = [one for one in trainable if one.numel() <= GIANT] or list(trainable)
    for one in trainable:
        one.grad = None
    # Not `autograd.grad`, and `inputs` only where it saves something: the older checkpoint refuses both.
    few = asked if len(asked) < len(trainable) else None
    (answer.float() * weights).sum().backward(inputs=few)  # type: ignore[no-untyped-call]
    total = 0.0
    for one in asked:
        # vector_norm copies nothing: the gradient of a giant Linear takes as much memory as its weights.
        total += 0.0 if one.grad is None else float(torch.linalg.vector_norm(one.grad, 1, dtype=torch.float64))
        one.grad = None
    return total.hex()


def disagreement(original: Any, replayed: dict[str, Any]) -> str | None:
    """Say how two measurements differ; None when they agree. `original` is a claim and may be anything."""
    try:
        for index, (claimed, found) in enumerate(zip(original["train"], replayed["train"], strict=True)):
            if not _close(claimed[0], found[0]):
                return f"training pass {index + 1}: the answers differ from the original's"
            if not _close(claimed[1], found[1]):
                return f"training pass {index + 1}: the gradients differ from the original's"
        for size, value in replayed["eval"].items():
            if not _close(original["eval"][size], value):
                return f"the answers to {size} picture{'s' if size != '1' else ''} differ from the original's"
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        return "the original could not be measured"
    return None


def _close(one: str, other: str) -> bool:
    if RAISED in (one, other):
        return one == other
    first, second = float.fromhex(one), float.fromhex(other)
    if not (math.isfinite(first) and math.isfinite(second)):
        return first == second or (math.isnan(first) and math.isnan(second))
    return abs(first - second) <= TOLERANCE * max(abs(first), abs(second), 1e-6)
