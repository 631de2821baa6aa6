"""The recipe: how every network is trained, the same for everybody, top to bottom.

AdamW with a one-cycle learning rate, a fixed number of steps (never seconds, so the grade does not depend on the
machine's speed), batches from a seeded permutation per epoch, one thread, float32. Pictures are scaled to 0..1
and standardised with the training pictures' own mean and deviation per channel; where the rubric says so, those that
are trained on are mirrored and moved (`grader.training.augmentation`), never those that are answered or learnt by
heart. The loss follows what the
outputs are: cross-entropy for raw scores, the negative log-likelihood for (log-)probabilities. A ReLU, a sigmoid or
a tanh on the scores is left out (`grader.graph.ending`), and one score for two classes is set beside a zero
(`grader.training.scores`). So no end of a network costs accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from grader.data import standard
from grader.graph.fidelity import seed_everything
from grader.records import CurvePoint, Meaning
from grader.training.augmentation import Augmentation, Change

SMALLEST = 1e-7
"""Probabilities are kept above this before their logarithm is taken."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of a training.

    Attributes:
        steps: optimiser steps.
        batch: pictures in each.
        learning_rate: the highest one, reached after `warmup`.
        weight_decay: AdamW's.
        warmup: share of the steps in which the learning rate rises.
        seed: of the order of the pictures and of dropout.
        memory_format: `channels_last` or `contiguous`; it moves the last bits of some operators, so it is
            part of the recipe.
        clip: largest norm of all gradients together; 0 for no limit.
        weights: `submitted` trains on from the weights as they were handed in, `fresh` draws them anew first.
        flips: whether one training picture in two is mirrored, left to right.
        crops: pixels of mean colour around each training picture, from which a window of its size is cut; 0 for none.
        tf32: whether a GPU may round what it multiplies to 10 bits of mantissa.
        autocast: `bfloat16` computes convolutions and dense layers in it; `off` computes everything in float32.
    """

    steps: int = 500
    batch: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 0.05
    warmup: float = 0.2
    seed: int = 0
    memory_format: str = "channels_last"
    clip: float = 0.0
    weights: str = "submitted"
    flips: bool = False
    crops: int = 0
    tf32: bool = False
    autocast: str = "off"


CURVE_POINTS = 50
"""How many points of the learning curve are kept."""


def learning_rate(recipe: Recipe, step: int) -> float:
    """Return the rate for `step`: up from a 25th by half a cosine, then down to nothing (Smith & Topin 2018)."""
    rise = max(1, round(recipe.warmup * recipe.steps))
    if step < rise:
        low, high, share = recipe.learning_rate / 25, recipe.learning_rate, step / rise
    else:
        low, high, share = recipe.learning_rate, recipe.learning_rate / 1e4, (step - rise) / max(1, recipe.steps - rise)
    return low + (high - low) * (1 - math.cos(math.pi * share)) / 2


def loss_for(meaning: Meaning) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return the loss (scalar) of answers (N, K), as a `Trainee` gives them, and labels (N,)."""
    if meaning is Meaning.PROBABILITIES:
        return lambda answer, labels: F.nll_loss(answer.float().clamp_min(SMALLEST).log(), labels)
    if meaning is Meaning.LOG_PROBABILITIES:
        return lambda answer, labels: F.nll_loss(answer.float(), labels)
    return lambda answer, labels: F.cross_entropy(answer.float(), labels)


def can_fuse(trainable: Sequence[torch.Tensor]) -> bool:
    """Tell whether the optimiser's fused kernel takes these weights; it refuses complex numbers."""
    return all(one.is_floating_point() for one in trainable)


class Pictures:
    """Pictures (N, C, H, W), standardised float32 on the device; all at once where there is room for them."""

    def __init__(
        self,
        images: npt.NDArray[np.uint8],
        like: npt.NDArray[np.uint8],
        device: torch.device,
        memory_format: torch.memory_format,
        ready: npt.NDArray[np.float32] | None = None,
    ) -> None:
        """Standardise `images` with the mean and deviation of each channel of `like`.

        `ready` are the same pictures as `grader.data.standard` standardises them (N, H, W, C); nothing changes them.
        """
        self.device, self.memory_format = device, memory_format
        channels, height, width = images.shape[1:]
        # In memory the channels of a pixel lie side by side; one channel alone lies as it is.
        self._shape = (height, width, channels) if channels > 1 else (1, height, width)
        self._order = (0, 3, 1, 2) if channels > 1 else (0, 1, 2, 3)
        self._is_ready = ready is not None or standard.fits(images)
        if ready is None:
            scale, shift = standard.scale_and_shift(like)
            self._scale, self._shift = (torch.from_numpy(one).to(device) for one in (scale, shift))
            if self._is_ready:
                ready = standard.standardised(images, scale, shift)
        # A copy, where they stay bytes: what is mapped must not be written to, and torch warns that it could.
        rows = ready if ready is not None else np.array(images.transpose(0, 2, 3, 1), order="C")
        self._rows = torch.from_numpy(rows).view(len(images), -1).to(device)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    def batch(self, indices: torch.Tensor, change: Change | None = None) -> torch.Tensor:
        """Return the pictures at `indices` as float32 (len(indices), C, H, W), mirrored and moved by `change`."""
        chosen = self._rows.index_select(0, indices).view(-1, *self._shape)
        if not self._is_ready:
            # One channel has one scale and shift, so that its place plays no part.
            chosen = chosen.float().mul_(self._scale).add_(self._shift)
        chosen = chosen.permute(self._order)
        if change is not None:
            chosen = change(chosen)
        return chosen.contiguous(memory_format=self.memory_format)


def order(count: int, batch: int, steps: int, seed: int) -> torch.Tensor:
    """Return the pictures of every step (steps, batch): a fresh seeded permutation each epoch, cut in full batches.

    The order is a function of its arguments alone, whatever the network draws from torch's own generator.
    """
    generator = torch.Generator().manual_seed(seed)
    needed = steps * batch
    drawn: list[torch.Tensor] = []
    while sum(len(one) for one in drawn) < needed:
        drawn.append(torch.randperm(count, generator=generator))
    return torch.cat(drawn)[:needed].view(steps, batch)


Progress = Callable[[int, float], None]


def train(
    program: Callable[[torch.Tensor], torch.Tensor],
    trainable: Sequence[torch.Tensor],
    pictures: Pictures,
    labels: torch.Tensor,
    recipe: Recipe,
    meaning: Meaning,
    progress: Progress | None = None,
    parts: int = 1,
) -> tuple[CurvePoint, ...]:
    """Train `trainable` in place; return the learning curve. `labels` are (N,) int64 on the pictures' device.

    Each step takes the mean gradient of so many `parts`, batches of the recipe's size.
    """
    seed_everything(recipe.seed)
    loss_of = loss_for(meaning)
    optimiser = torch.optim.AdamW(
        trainable, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=can_fuse(trainable)
    )
    plan = order(len(pictures), recipe.batch * parts, recipe.steps, recipe.seed).to(labels.device)
    augmentation = Augmentation(recipe.seed, flips=recipe.flips, crops=recipe.crops)
    every = max(1, recipe.steps // CURVE_POINTS)
    curve: list[CurvePoint] = []
    since = torch.zeros((), device=labels.device)
    for step in range(recipe.steps):
        optimiser.param_groups[0]["lr"] = learning_rate(recipe, step)
        optimiser.zero_grad(set_to_none=True)
        for indices in plan[step].view(parts, recipe.batch):
            shown = pictures.batch(indices, augmentation.draw(len(indices)))
            loss = loss_of(program(shown), labels[indices]) / parts
            loss.backward()  # type: ignore[no-untyped-call]
            since += loss.detach()
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(trainable, recipe.clip)
        optimiser.step()
        if (step + 1) % every == 0 or step + 1 == recipe.steps:
            steps = every if (step + 1) % every == 0 else recipe.steps % every
            mean = float(since) / steps
            curve.append(CurvePoint(step + 1, mean))
            since.zero_()
            if progress is not None:
                progress(step + 1, mean)
    return tuple(curve)


def predict(
    program: Callable[[torch.Tensor], torch.Tensor], pictures: Pictures, batch: int, seed: int
) -> npt.NDArray[np.float32]:
    """Return the answers (N, K) for all pictures, in their own order.

    Evaluation is seeded and runs over a fixed shuffled order in full batches (the last one filled up from the
    front), so that a network whose answers depend on the batch cannot use the order of the classes.
    """
    count = len(pictures)
    shuffled = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    filled = torch.cat([shuffled, shuffled.repeat(1 + batch // count)[: -count % batch]])
    seed_everything(seed)
    rows: list[torch.Tensor] = []
    with torch.no_grad():
        for start in range(0, len(filled), batch):
            indices = filled[start : start + batch].to(pictures.device)
            rows.append(program(pictures.batch(indices)).float())
    answers = torch.empty((count, *rows[0].shape[1:]))
    answers[shuffled] = torch.cat(rows).cpu()[:count]
    return answers.numpy()
