"""The training job: plain values and files in, frames out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grader.data.standard import scale_and_shift, standardised
from grader.graph import operators, tensors
from grader.graph.document import dump
from grader.records import Meaning
from grader.training import jobs
from grader.training.recipe import Recipe
from tests.graph.samples import CNN, PICTURES, Sketch, blob, parameter

COUNT, CLASSES = 120, 5


class Answers:
    """Keep what a job sends."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.said: list[dict[str, Any]] = []
        self.blobs: list[bytes] = []

    def result(self, plain: dict[str, Any]) -> None:
        """Take a result."""
        self.said.append(plain)

    def logits(self, blob: bytes) -> None:
        """Take answers."""
        self.blobs.append(blob)


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    """Put torch's global settings back, which the trainer's process sets for itself."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    fast = torch.backends.mha.get_fastpath_enabled()
    yield
    torch.use_deterministic_algorithms(before[0], warn_only=before[1])
    torch.backends.mha.set_fastpath_enabled(fast)


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, Any]:
    """Write pictures whose class is their brightest row, and return a job's arguments."""
    chance = np.random.default_rng(0)
    labels = np.arange(COUNT) % CLASSES
    images = chance.integers(0, 80, (COUNT, 3, 8, 8), dtype=np.uint8)
    images[np.arange(COUNT), :, labels] += 150
    for name, array in (("train", images), ("labels", labels), ("held_out", images[::-1])):
        np.save(tmp_path / f"{name}.npy", array)
    return {
        "train_images": str(tmp_path / "train.npy"),
        "train_labels": str(tmp_path / "labels.npy"),
        "held_out_images": str(tmp_path / "held_out.npy"),
        "recipe": asdict(Recipe(steps=60, batch=16)),
        "meaning": "logits",
        "device": "cpu",
        "memorise": 0.0,
    }


def trained(arguments: dict[str, Any], document: bytes, given: bytes) -> tuple[dict[str, Any], Any]:
    """Run the job; return what it said and its answers (M, K)."""
    answers = Answers()
    jobs.train(arguments, {"document": document, "tensors": given}, answers)
    said = answers.said[0]
    return said, np.frombuffer(answers.blobs[0], "<f4").reshape(said["shape"]) if answers.blobs else None


def test_standardised_pictures_are_taken_as_they_are(arguments: dict[str, Any], tmp_path: Path) -> None:
    """Pictures that were standardised before give the same answers to the bit, in both memory formats."""
    train, held_out = (np.load(arguments[f"{side}_images"]) for side in ("train", "held_out"))
    ready = {}
    for side, images in (("train", train), ("held_out", held_out)):
        path = tmp_path / f"{side}_ready.npy"
        np.save(path, standardised(images, *scale_and_shift(train)))
        ready[f"{side}_ready"] = str(path)
    for layout in ("channels_last", "contiguous"):
        recipe = {**arguments["recipe"], "memory_format": layout, "steps": 20}
        plain, answers = trained({**arguments, "recipe": recipe}, dump(CNN), blob(CNN))
        same, equal = trained({**arguments, **ready, "recipe": recipe}, dump(CNN), blob(CNN))
        assert plain["curve"] == same["curve"]
        assert np.array_equal(answers, equal)


def test_a_network_learns(arguments: dict[str, Any]) -> None:
    """A job answers with a falling curve, its fingerprint, and a row of float32 scores for each held-out picture."""
    said, logits = trained(arguments, dump(CNN), blob(CNN))
    assert (said["outcome"], said["shape"], said["memorised"]) == ("trained", [COUNT, CLASSES], None)
    assert said["curve"][-1]["step"] == 60
    assert said["curve"][-1]["loss"] < said["curve"][0]["loss"] / 2
    assert said["fingerprint"]["device"] == "cpu"
    assert said["start"]["asked_at_start"] == COUNT
    assert said["start"]["accuracy_at_start"] == said["start"]["accuracy_handed_in"] < 0.5
    assert said["start"]["chance_at_start"] == 1 / CLASSES
    assert (logits.argmax(1) == (np.arange(COUNT) % CLASSES)[::-1]).mean() > 0.9


def test_the_same_bits(arguments: dict[str, Any]) -> None:
    """The same document, tensors and recipe give the same bytes, whatever was drawn before; another seed does not."""
    first = trained(arguments, dump(CNN), blob(CNN))[1]
    torch.rand(7)
    assert trained(arguments, dump(CNN), blob(CNN))[1].tobytes() == first.tobytes()
    other = {**arguments, "recipe": {**arguments["recipe"], "seed": 1}}
    assert trained(other, dump(CNN), blob(CNN))[1].tobytes() != first.tobytes()


def test_a_softmax_at_the_end(arguments: dict[str, Any]) -> None:
    """A network that ends in softmax learns as well as the one without, and answers with probabilities."""
    sketch = Sketch()
    features = sketch.call("max_pool2d", sketch.call("relu", sketch.conv(PICTURES, "conv", 3, 4)), [2, 2])
    sketch.call("softmax.int", sketch.dense(sketch.flat(features), "dense", 64, CLASSES), 1)
    described = sketch.finish()
    arguments["meaning"] = Meaning.PROBABILITIES.value
    said, answers = trained(arguments, dump(described), blob(described))
    assert np.allclose(answers.sum(1), 1, atol=1e-5)
    assert said["curve"][-1]["loss"] < said["curve"][0]["loss"] / 2


def test_complex_weights(arguments: dict[str, Any]) -> None:
    """Complex weights, which the optimiser's fused kernel refuses, are trained all the same."""
    sketch = Sketch()
    turn = sketch.tensor("turn", 192)
    rows = sketch.call("abs", sketch.call("mul.Tensor", sketch.flat(PICTURES), turn))
    sketch.dense(rows, "dense", 192, CLASSES)
    described = sketch.finish()
    turned = replace(parameter("turn", 192), dtype=operators.DTYPES.index(torch.complex64))
    described = replace(described, tensors=(turned, *described.tensors[1:]))
    generator = torch.Generator().manual_seed(0)
    given = [
        torch.randn(192, dtype=torch.complex64, generator=generator),
        torch.randn(5, 192, generator=generator) * 0.1,
    ]
    said, _ = trained({**arguments, "memorise": 0.9}, dump(described), tensors.dump(given))
    assert said["outcome"] == "trained"
    assert said["curve"][-1]["loss"] < said["curve"][0]["loss"]


@pytest.mark.slow
def test_learning_by_heart(arguments: dict[str, Any]) -> None:
    """A small network knows 64 pictures by heart; one that answers alike to all of them does not."""
    arguments["recipe"]["steps"] = 1
    arguments["memorise"] = 0.9
    free = trained(arguments, dump(CNN), blob(CNN))[0]["memorised"]
    sketch = Sketch()
    features = sketch.call("max_pool2d", sketch.call("relu", sketch.conv(PICTURES, "conv", 3, 4)), [2, 2])
    narrow = sketch.call("sigmoid", sketch.dense(sketch.flat(features), "narrow", 64, 1))
    sketch.dense(sketch.call("mul.Tensor", narrow, 0.0), "dense", 1, CLASSES)
    described = sketch.finish()
    assert free >= 0.9
    assert trained(arguments, dump(described), blob(described))[0]["memorised"] < 0.6


def test_progress(
    arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Now and then a line says which step it is and what the loss was since the line before."""
    clock = iter(range(10_000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    trained(arguments, dump(CNN), blob(CNN))
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [(one[0], int(one[1])) for one in lines] == [("step", number) for number in range(1, 61)]
    assert all(float(one[2]) > 0 for one in lines)


def test_what_is_no_document(arguments: dict[str, Any]) -> None:
    """Bytes that are no document are rejected with the reason, and nothing is answered."""
    said, answers = trained(arguments, b"\x80\x04", blob(CNN))
    assert said["outcome"] == "rejected"
    assert answers is None
    said, _ = trained(arguments, dump(CNN), blob(CNN)[:-1])
    assert said["outcome"] == "rejected"
    apart = replace(CNN, graphs=tuple(replace(one, batch=5 + place) for place, one in enumerate(CNN.graphs)))
    reason = trained(arguments, dump(apart), blob(apart))[0]["reason"]
    assert reason == "no graphs for a batch of 16, nor for one of another size"


@pytest.mark.parametrize("shape", ["(N, 1)", "(N,)"])
@pytest.mark.parametrize("meaning", ["score", "probability"])
def test_one_number_a_picture(arguments: dict[str, Any], meaning: str, shape: str) -> None:
    """A network that answers with one number learns to tell two classes apart, and answers with a score for each."""
    labels = np.arange(COUNT) % 2
    images = np.load(arguments["train_images"])
    images[:] = 20
    images[np.arange(COUNT), :, labels * 3] = 200
    for name, array in (("train_images", images), ("train_labels", labels), ("held_out_images", images)):
        np.save(arguments[name], array)
    sketch = Sketch()
    features = sketch.call("relu", sketch.conv(PICTURES, "conv", 3, 4))
    answer = sketch.dense(sketch.flat(features), "dense", 256, 1)
    answer = sketch.call("sigmoid", answer) if meaning == "probability" else answer
    described = sketch.finish(answer if shape == "(N, 1)" else sketch.call("squeeze.dim", answer, 1))
    said, answers = trained({**arguments, "meaning": meaning}, dump(described), blob(described))
    assert said["shape"] == [COUNT, 2]
    assert answers is not None
    assert (answers.argmax(1) == labels).mean() > 0.95
    assert said["curve"][-1]["loss"] < 0.3


def test_a_batch_of_its_own(arguments: dict[str, Any]) -> None:
    """A network that takes 8 pictures alone trains on two such batches a step, where the recipe says 16."""
    fixed = replace(CNN, graphs=tuple(replace(one, batch=8) for one in CNN.graphs))
    said, answers = trained(arguments, dump(fixed), blob(fixed))
    free, expected = trained(arguments, dump(CNN), blob(CNN))
    assert said["outcome"] == "trained"
    assert answers is not None
    assert expected is not None
    assert answers.shape == expected.shape
    losses = [[point["loss"] for point in one["curve"]] for one in (said, free)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert losses[0] != losses[1]  # the same pictures a step, summed in another order
