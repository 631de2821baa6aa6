"""Train a captured graph under the recipe and answer the held-out pictures.

Runs in a confined, expendable process: our code on an untrusted graph. It is given the training pictures, their
labels and the held-out pictures; the held-out labels never come near it. It returns logits, the parent scores.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from grader.data.sampling import sample
from grader.graph.document import Document, Graph, parse
from grader.graph.ending import as_trained
from grader.graph.fidelity import seed_everything
from grader.graph.flow import mutates_views
from grader.graph.quicker import quicker
from grader.graph.replay import programs
from grader.graph.tensors import read
from grader.records import CurvePoint, Meaning, Sample
from grader.training import device as devices
from grader.training import fresh
from grader.training.arrays import Source, mapped
from grader.training.recipe import Pictures, Recipe, can_fuse, loss_for, predict, train
from grader.training.scores import scores_of

BY_HEART = 64
"""Pictures that a network is asked to learn by heart."""

BY_HEART_STEPS = 200

ASKED = 256
"""Training pictures that a network is shown before its first step."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What to train.

    Attributes:
        train_images: a uint8 array (N, C, H, W), as a path or an open descriptor.
        train_labels: an int64 array (N,).
        held_out_images: a uint8 array (M, C, H, W).
        recipe: the settings.
        meaning: what the network's outputs are.
        device: `auto`, `cpu`, `cuda` or `mps`.
        memorise: share of 64 pictures that is to be learnt by heart; nothing is tried for 0.
        train_ready: the pictures to train on, standardised, float32 (N, H, W, C); None where they are not kept so.
        held_out_ready: the same of the others.
    """

    train_images: Source
    train_labels: Source
    held_out_images: Source
    recipe: Recipe
    meaning: Meaning
    device: str = "auto"
    memorise: float = 0.0
    train_ready: Source | None = None
    held_out_ready: Source | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """What a network knew before its first step; the fields are those of `grader.records.Training`.

    Attributes:
        accuracy_handed_in: share of some training pictures that it knew as it was handed in.
        accuracy_at_start: the same after its weights were drawn anew, where the recipe has them drawn.
        asked_at_start: how many pictures that were.
        chance_at_start: share of all training pictures that belong to the commonest class.
    """

    accuracy_handed_in: float
    accuracy_at_start: float
    asked_at_start: int
    chance_at_start: float


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training.

    Attributes:
        curve: mean loss between points.
        seconds: of the training itself, data and scoring left out.
        memorised: share of 64 pictures learnt by heart, in the training or by themselves; None when it was not tried.
        logits: answers (M, K) to the held-out pictures, float32.
        fingerprint: what decides the bits on this machine.
        start: what was known before.
        samples: answers to a few training pictures, after everything else.
    """

    curve: tuple[CurvePoint, ...]
    seconds: float
    memorised: float | None
    logits: npt.NDArray[np.float32]
    fingerprint: dict[str, object]
    start: Start
    samples: tuple[Sample, ...] = ()


def _laid_out(tensor: torch.Tensor, memory_format: torch.memory_format) -> torch.Tensor:
    """Give weights (out, in, height, width) the memory format; everything else stays as it was captured."""
    if tensor.dim() != 4 or memory_format is not torch.channels_last:
        return tensor
    return tensor.detach().to(memory_format=memory_format).requires_grad_(tensor.requires_grad)


class Trainee:
    """A document's two programs over one set of tensors, on a device."""

    def __init__(
        self,
        document: Document,
        blob: bytes,
        device: torch.device,
        recipe: Recipe,
        memory_format: torch.memory_format,
        meaning: Meaning,
    ) -> None:
        """Bind the programs; weights of four dimensions take the memory format. They answer with a score per class."""
        self._cast = partial(torch.autocast, device.type, torch.bfloat16, recipe.autocast == "bfloat16")
        self.tensors = tuple(_laid_out(one, memory_format) for one in read(document, blob, device))
        views = memory_format is torch.channels_last
        self._scores = scores_of(meaning)
        self._train, self._evaluate = programs(
            quicker(document), self.tensors, device, recipe.batch, reshape_views=views
        )
        self.trainable = [
            tensor
            for tensor, described in zip(self.tensors, document.tensors, strict=True)
            if described.trainable and described.role == "parameter"
        ]
        self.first = [one.detach().clone() for one in self.tensors]

    def train(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the scores (N, K) of the network in training mode."""
        with self._cast():
            return self._scores(self._train(pictures))

    def evaluate(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the scores (N, K) of the network in evaluation mode."""
        with self._cast():
            return self._scores(self._evaluate(pictures))

    def draw_anew(self, document: Document, recipe: Recipe) -> None:
        """Give every parameter and statistic another first value; none of those that were handed in is used."""
        fresh.draw(document, self.tensors, recipe.batch, recipe.seed)
        self.first = [one.detach().clone() for one in self.tensors]

    def reset(self) -> None:
        """Give every tensor its first value back."""
        with torch.no_grad():
            for tensor, value in zip(self.tensors, self.first, strict=True):
                tensor.copy_(value)


def memory_format(document: Document, recipe: Recipe) -> torch.memory_format:
    """Return the recipe's memory format; contiguous where views are changed in place, whatever the machine."""
    if recipe.memory_format != "channels_last":
        return torch.contiguous_format
    graphs: list[Graph | None] = [document.graph(mode, recipe.batch) for mode in ("train", "eval")]
    if any(graph is not None and mutates_views(document, graph) for graph in graphs):
        return torch.contiguous_format
    return torch.channels_last


def run(
    document_bytes: bytes,
    tensor_bytes: bytes,
    assignment: Assignment,
    progress: Callable[[int, float], None] | None = None,
) -> Trained:
    """Train and answer; raise DocumentError where the bytes are not a document that can be replayed.

    A network that works with another number of pictures than the recipe's alone takes as many of its own batches to a
    step as come nearest to it.
    """
    document = as_trained(parse(document_bytes), assignment.meaning)
    device = devices.choose(assignment.device)
    devices.settle(device, tf32=assignment.recipe.tf32)
    size = document.batch(assignment.recipe.batch)
    parts = max(1, round(assignment.recipe.batch / size))
    recipe = replace(assignment.recipe, batch=size)
    layout = memory_format(document, recipe)
    trainee = Trainee(document, tensor_bytes, device, recipe, layout, assignment.meaning)
    images = mapped(assignment.train_images)
    labels = torch.from_numpy(np.array(mapped(assignment.train_labels))).to(device)
    pictures = Pictures(images, images, device, layout, _ready(assignment.train_ready))
    handed_in = at_start = known(trainee, pictures, labels, recipe)
    if recipe.weights == "fresh":
        trainee.draw_anew(document, recipe)
        at_start = known(trainee, pictures, labels, recipe)
    commonest = int(labels.cpu().bincount().max())
    start = Start(handed_in, at_start, min(ASKED, len(pictures)), commonest / len(labels))
    started = time.perf_counter()
    curve = train(trainee.train, trainee.trainable, pictures, labels, recipe, assignment.meaning, progress, parts)
    seconds = time.perf_counter() - started
    shown = mapped(assignment.held_out_images)
    held_out = Pictures(shown, images, device, layout, _ready(assignment.held_out_ready))
    logits = predict(trainee.evaluate, held_out, recipe.batch, recipe.seed)
    samples = sampled(trainee, pictures, labels, recipe, assignment.meaning)
    memorised = None
    if assignment.memorise:
        memorised = learn_by_heart(trainee, pictures, labels, assignment.meaning, recipe, assignment.memorise)
    return Trained(curve, seconds, memorised, logits, devices.fingerprint(device), start, samples)


def _ready(source: Source | None) -> npt.NDArray[np.float32] | None:
    return mapped(source, private=True) if source is not None else None


def known(trainee: Trainee, pictures: Pictures, labels: torch.Tensor, recipe: Recipe) -> float:
    """Return the share of at most 256 training pictures that is answered right, and leave everything as it was.

    The training that follows seeds every generator itself and starts from the first values, so asking moves none of
    its bits. Pictures are drawn, as a data set may be sorted by class.
    """
    count = min(ASKED, len(pictures))
    chosen = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(recipe.seed))[:count]
    answers = _answers(trainee, pictures, chosen.to(labels.device), recipe)
    trainee.reset()
    return float((answers.argmax(1) == labels[chosen.to(labels.device)]).float().mean())


def sampled(
    trainee: Trainee, pictures: Pictures, labels: torch.Tensor, recipe: Recipe, meaning: Meaning
) -> tuple[Sample, ...]:
    """Return what the trained network answers to a few training pictures, for people to look at.

    It is asked last, so that nothing that counts depends on it.
    """
    chosen = torch.tensor(sample(labels.cpu().numpy()), device=labels.device)
    scores = _answers(trainee, pictures, chosen, recipe).double().cpu()
    likely = scores if meaning is Meaning.PROBABILITIES else scores.softmax(1)
    found = []
    for position, row, chances in zip(chosen.tolist(), scores, likely, strict=True):
        best = int(row.argmax())
        decided = bool(row.isfinite().all()) and int((row == row[best]).sum()) == 1
        found.append(Sample(position, best, min(1.0, max(0.0, float(chances[best])))) if decided else Sample(position))
    return tuple(found)


def _answers(trainee: Trainee, pictures: Pictures, chosen: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Return the scores (N, K) for the chosen pictures, in full batches, the last one filled up from the front."""
    count = len(chosen)
    filled = torch.cat([chosen, chosen.repeat(1 + recipe.batch // count)[: -count % recipe.batch]])
    seed_everything(recipe.seed)
    with torch.no_grad():
        rows = [
            trainee.evaluate(pictures.batch(filled[start : start + recipe.batch]))
            for start in range(0, len(filled), recipe.batch)
        ]
    return torch.cat(rows)[:count]


def learn_by_heart(
    trainee: Trainee, pictures: Pictures, labels: torch.Tensor, meaning: Meaning, recipe: Recipe, enough: float
) -> float:
    """Return the share of 64 training pictures that a trained network knows, or else learns when it sees no others.

    Most know `enough` of them from their training. One that does not begins anew and has 200 steps of Adam, at the
    better of two rates; what cannot do that has a bottleneck, a cut gradient or scores that cannot take every value.
    """
    chosen = torch.arange(min(BY_HEART, len(pictures)), device=labels.device)
    if len(chosen) < recipe.batch:
        chosen = chosen.repeat(1 + recipe.batch // len(chosen))[: recipe.batch]
    chosen = chosen[: recipe.batch]
    loss_of = loss_for(meaning)

    def share() -> float:
        with torch.no_grad():
            right = trainee.evaluate(pictures.batch(chosen)).argmax(1) == labels[chosen]
        return float(right.float().mean())

    seed_everything(recipe.seed)
    best = share()
    for rate in (3e-3, 1e-3):
        if best >= enough:
            break
        trainee.reset()
        seed_everything(recipe.seed)
        optimiser = torch.optim.Adam(trainee.trainable, lr=rate, fused=can_fuse(trainee.trainable))
        for step in range(BY_HEART_STEPS):
            loss = loss_of(trainee.train(pictures.batch(chosen)), labels[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            if step % 10 == 9:
                best = max(best, share())
                if best >= enough:
                    break
    return best
