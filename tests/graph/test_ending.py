"""What a network ends in, what its answer therefore is, and the network without its last maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from grader.graph import ending
from grader.graph.document import Document, dump, parse
from grader.graph.ending import as_trained
from grader.graph.replay import programs
from grader.records import Meaning
from tests.graph.samples import CPU, PICTURES, SHAPE, Reference, Sketch, surveyed, values

Write = Callable[[Sketch, Reference], Reference]


def written(write: Write, scores: int = 5) -> Document:
    """Return a network of `scores` numbers with `write` at its end."""
    sketch = Sketch()
    features = sketch.call("relu", sketch.conv(PICTURES, "conv", 3, 4))
    answer = write(sketch, sketch.dense(sketch.flat(features), "dense", 256, scores))
    return sketch.finish(answer)


def in_modes(train: Write, evaluation: Write, scores: int = 5) -> Document:
    """Return a network that ends otherwise in evaluation than in training."""
    trained, answered = written(train, scores), written(evaluation, scores)
    return replace(trained, graphs=(trained.graphs[0], answered.graphs[1]))


def meaning(described: Document) -> Meaning:
    """Return what the answer of a document is."""
    return ending.meaning(surveyed(described, mode="train"), surveyed(described, mode="eval"))


def answers(described: Document) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what both modes answer to three pictures."""
    pictures = torch.randn((3, *SHAPE), generator=torch.Generator().manual_seed(1))
    train, evaluate = programs(described, values(described), CPU, 3)
    return train(pictures.clone()), evaluate(pictures.clone())


def raw(sketch: Sketch, x: Reference) -> Reference:
    """End in raw scores."""
    return x


def changed_in_place(sketch: Sketch, x: Reference) -> Reference:
    """Change the scores in place and answer with them, not with the call's own result."""
    sketch.call("relu_", x)
    return x


def changed_through_a_view(sketch: Sketch, x: Reference) -> Reference:
    """Change the scores through a view of them."""
    sketch.call("relu_", sketch.call("view", x, [-1, 5]))
    return x


RELU: dict[str, Write] = {
    "relu": lambda sketch, x: sketch.call("relu", x),
    "relu in place": lambda sketch, x: sketch.call("relu_", x),
    "relu in place, its result unused": changed_in_place,
    "relu in place through a view": changed_through_a_view,
    "clamp(min=0)": lambda sketch, x: sketch.call("clamp", x, 0),
    "clamp(min=0.0, max=None)": lambda sketch, x: sketch.call("clamp", x, 0.0, None),
    "clamp_(min=0)": lambda sketch, x: sketch.call("clamp_", x, 0),
    "clamp_min": lambda sketch, x: sketch.call("clamp_min", x, 0.0),
    "threshold": lambda sketch, x: sketch.call("threshold", x, 0, 0),
    "relu, then a copy and a view": lambda sketch, x: sketch.call(
        "view", sketch.call("clone", sketch.call("relu", x)), [-1, 5]
    ),
    "relu, then softmax": lambda sketch, x: sketch.call("softmax.int", sketch.call("relu", x), 1),
    "relu, then log_softmax": lambda sketch, x: sketch.call("log_softmax.int", sketch.call("relu", x), 1),
    "relu, then the logarithm of softmax": lambda sketch, x: sketch.call(
        "log", sketch.call("softmax.int", sketch.call("relu", x), 1)
    ),
    "softmax, then relu": lambda sketch, x: sketch.call("relu", sketch.call("softmax.int", x, 1)),
    "relu twice": lambda sketch, x: sketch.call("relu", sketch.call("relu_", x)),
}
SIGMOID: dict[str, Write] = {
    "sigmoid": lambda sketch, x: sketch.call("sigmoid", x),
    "sigmoid in place": lambda sketch, x: sketch.call("sigmoid_", x),
    "sigmoid, then softmax": lambda sketch, x: sketch.call("softmax.int", sketch.call("sigmoid", x), 1),
}
TANH: dict[str, Write] = {
    "tanh": lambda sketch, x: sketch.call("tanh", x),
    "tanh in place": lambda sketch, x: sketch.call("tanh_", x),
}
LOOKED_THROUGH = {
    **{name: (write, Meaning.RELU) for name, write in RELU.items()},
    **{name: (write, Meaning.SIGMOID) for name, write in SIGMOID.items()},
    **{name: (write, Meaning.TANH) for name, write in TANH.items()},
}

AS_IT_IS: dict[str, tuple[Write, Meaning]] = {
    "scores": (raw, Meaning.LOGITS),
    "softmax": (lambda sketch, x: sketch.call("softmax.int", x, 1), Meaning.PROBABILITIES),
    "softmax over the last": (lambda sketch, x: sketch.call("softmax.int", x, -1), Meaning.PROBABILITIES),
    "inner softmax": (lambda sketch, x: sketch.call("_softmax", x, 1, False), Meaning.PROBABILITIES),
    "log_softmax": (lambda sketch, x: sketch.call("log_softmax.int", x, 1), Meaning.LOG_PROBABILITIES),
    "inner log_softmax": (lambda sketch, x: sketch.call("_log_softmax", x, -1, False), Meaning.LOG_PROBABILITIES),
    "the logarithm of softmax": (
        lambda sketch, x: sketch.call("log", sketch.call("softmax.int", x, 1)),
        Meaning.LOG_PROBABILITIES,
    ),
    "softmax over the batch": (lambda sketch, x: sketch.call("softmax.int", x, 0), Meaning.LOGITS),
    "log_softmax over the batch": (lambda sketch, x: sketch.call("log_softmax.int", x, 0), Meaning.LOGITS),
    "the logarithm of softmax over the batch": (
        lambda sketch, x: sketch.call("log", sketch.call("softmax.int", x, 0)),
        Meaning.LOGITS,
    ),
    "softmax, then a copy and a view": (
        lambda sketch, x: sketch.call("view", sketch.call("clone", sketch.call("softmax.int", x, 1)), [-1, 5]),
        Meaning.PROBABILITIES,
    ),
    "softmax times two": (
        lambda sketch, x: sketch.call("mul.Tensor", sketch.call("softmax.int", x, 1), 2),
        Meaning.LOGITS,
    ),
    "the logarithm of scores": (lambda sketch, x: sketch.call("log", x), Meaning.LOGITS),
    "softmax in the middle": (
        lambda sketch, x: sketch.dense(sketch.call("softmax.int", x, 1), "last", 5, 5),
        Meaning.LOGITS,
    ),
    "the sum of two softmaxes": (
        lambda sketch, x: sketch.call("add.Tensor", sketch.call("softmax.int", x, 1), sketch.call("softmax.int", x, 1)),
        Meaning.LOGITS,
    ),
    "the pictures": (lambda sketch, x: PICTURES, Meaning.LOGITS),
    "relu6": (lambda sketch, x: sketch.call("relu6", x), Meaning.LOGITS),
    "clamp(0, 6)": (lambda sketch, x: sketch.call("clamp", x, 0, 6), Meaning.LOGITS),
    "clamp(min=-1)": (lambda sketch, x: sketch.call("clamp", x, -1), Meaning.LOGITS),
    "clamp(max=0)": (lambda sketch, x: sketch.call("clamp", x, None, 0), Meaning.LOGITS),
    "threshold to one": (lambda sketch, x: sketch.call("threshold", x, 0, 1), Meaning.LOGITS),
    "relu times two": (lambda sketch, x: sketch.call("mul.Tensor", sketch.call("relu", x), 2), Meaning.LOGITS),
    "relu in the middle": (lambda sketch, x: sketch.dense(sketch.call("relu", x), "last", 5, 5), Meaning.LOGITS),
    "scores times their sigmoid": (
        lambda sketch, x: sketch.call("mul.Tensor", x, sketch.call("sigmoid", x)),
        Meaning.LOGITS,
    ),
}


ALL = AS_IT_IS | LOOKED_THROUGH


@pytest.mark.parametrize("name", ALL)
def test_meaning(name: str) -> None:
    """The meaning of the answer is read from the last calls that change its numbers."""
    write, wanted = ALL[name]
    assert meaning(written(write)) is wanted


ONE_NUMBER: dict[str, tuple[Write, Meaning]] = {
    "score": (raw, Meaning.SCORE),
    "a row of it": (lambda sketch, x: sketch.call("squeeze.dim", x, 1), Meaning.SCORE),
    "sigmoid": (lambda sketch, x: sketch.call("sigmoid", x), Meaning.PROBABILITY),
    "sigmoid in place": (lambda sketch, x: sketch.call("sigmoid_", x), Meaning.PROBABILITY),
    "a row of sigmoids": (
        lambda sketch, x: sketch.call("squeeze.dim", sketch.call("sigmoid", x), 1),
        Meaning.PROBABILITY,
    ),
    "sigmoid times two": (lambda sketch, x: sketch.call("mul.Tensor", sketch.call("sigmoid", x), 2), Meaning.SCORE),
    "softmax": (lambda sketch, x: sketch.call("softmax.int", x, 1), Meaning.SCORE),
    "relu": (lambda sketch, x: sketch.call("relu", x), Meaning.RELU_SCORE),
    "a row after relu": (lambda sketch, x: sketch.call("squeeze.dim", sketch.call("relu_", x), 1), Meaning.RELU_SCORE),
    "tanh": (lambda sketch, x: sketch.call("tanh", x), Meaning.TANH_SCORE),
}


@pytest.mark.parametrize("name", ONE_NUMBER)
def test_meaning_of_one_number(name: str) -> None:
    """One number a picture is a score for two classes, or what the map at the end made of it."""
    write, wanted = ONE_NUMBER[name]
    found = meaning(written(write, scores=1))
    assert found is wanted
    assert found.is_single


@pytest.mark.parametrize("name", LOOKED_THROUGH)
def test_without_its_last_maps(name: str) -> None:
    """The network that is trained answers with the raw scores, to the bit, in both modes; it was not that before."""
    write, wanted = LOOKED_THROUGH[name]
    described = written(write)
    trained = as_trained(described, wanted)
    expected = answers(written(raw))
    assert all(torch.equal(*pair) for pair in zip(answers(trained), expected, strict=True))
    assert not torch.equal(answers(described)[0], expected[0])
    assert parse(dump(trained)) == trained


@pytest.mark.parametrize("name", AS_IT_IS)
def test_other_networks_stay(name: str) -> None:
    """A network that ends in a softmax or in raw scores is trained as it was handed in."""
    write, wanted = AS_IT_IS[name]
    described = written(write)
    assert as_trained(described, wanted) is described


def test_the_last_map_alone_is_left_out() -> None:
    """A ReLU within the network stays where it is."""
    described = as_trained(written(RELU["relu"]), Meaning.RELU)
    assert [node.operator.split(".")[1] for node in described.graphs[0].nodes] == [
        "conv2d", "relu", "flatten", "linear", "alias",
    ]  # fmt: skip


@pytest.mark.parametrize(("scores", "wanted"), [(5, Meaning.SIGMOID), (1, Meaning.PROBABILITY)])
def test_a_sigmoid_in_evaluation_alone(scores: int, wanted: Meaning) -> None:
    """Who ends in a sigmoid in evaluation alone answers with what stands before it, as training does."""
    described = in_modes(raw, SIGMOID["sigmoid"], scores)
    assert meaning(described) is wanted
    train, evaluated = answers(as_trained(described, wanted))
    assert torch.equal(train, evaluated)
    assert not torch.equal(*answers(described))


def test_training_decides() -> None:
    """Where both modes end in a map, the meaning is that of training, and each is looked through."""
    described = in_modes(RELU["relu"], SIGMOID["sigmoid"])
    assert meaning(described) is Meaning.RELU
    assert torch.equal(*answers(as_trained(described, Meaning.RELU)))
    softened = in_modes(AS_IT_IS["softmax"][0], SIGMOID["sigmoid"])
    assert meaning(softened) is Meaning.PROBABILITIES
    assert as_trained(softened, Meaning.PROBABILITIES) is softened


def test_a_softmax_in_evaluation_alone() -> None:
    """Raw scores in training are raw scores, also where evaluation makes probabilities of them."""
    assert meaning(in_modes(raw, AS_IT_IS["softmax"][0])) is Meaning.LOGITS
