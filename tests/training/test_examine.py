"""The examination of documents written by hand: budgets, odd graphs, and graphs that no export ever made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest
import torch

from grader.graph.document import Document, DocumentError, Graph, Node, dump
from grader.graph.fidelity import EXAMPLE, measure
from grader.graph.replay import Program
from grader.records import Examination, Meaning
from grader.training import examine as examiner
from grader.training import jobs
from grader.training.examine import Budget, Task, examine
from tests.graph.samples import (
    CNN,
    CPU,
    PICTURES,
    SHAPE,
    Reference,
    Sketch,
    blob,
    document,
    node,
    parameter,
    slot,
    values,
)

TASK = Task(SHAPE, classes=5, batch=8, probe=None, budget=Budget())


def examined(
    described: Document, budget: Budget | None = None, probe: Any = None, tensors: bytes | None = None
) -> Examination:
    """Examine a document over drawn tensors."""
    task = replace(TASK, budget=budget or Budget(), probe=probe)
    return examine(dump(described), blob(described) if tensors is None else tensors, task)


def honest(described: Document, seed: int = 0) -> dict[str, Any]:
    """Measure a document as an honest child measures the original."""
    tensors = values(described, seed)

    def run(mode: str, pictures: torch.Tensor) -> Any:
        graph = described.graph(mode, pictures.shape[0])
        assert graph is not None
        return Program(graph, tensors, CPU)(pictures)

    trainable = [one for one in tensors if one.requires_grad]
    return measure(lambda x: run("train", x), lambda x: run("eval", x), trainable, SHAPE, EXAMPLE, (1, 2, 7))


def last(sketch: Sketch, features: Reference, inputs: int) -> Document:
    """End a sketch with a dense layer of five scores."""
    sketch.dense(sketch.flat(features), "dense", inputs, 5)
    return sketch.finish()


def test_a_sound_network() -> None:
    """A network of the course passes every experiment."""
    found = examined(CNN, probe=honest(CNN))
    assert (found.complete, found.over_budget, found.fidelity, found.step, found.step_batch_one) == (
        True,
        "",
        None,
        None,
        None,
    )
    assert (found.repeatable, found.modes_agree, found.meaning) == (None, None, Meaning.LOGITS)
    assert [(one.batch, one.shape, one.finite, one.error) for one in found.trials] == [
        (n, (n, 5), True, "") for n in (1, 2, 7)
    ]
    assert found.parameters == 4 * 27 + 4 + 5 * 64 + 5
    assert found.flops == 2 * 27 * 4 * 64 + 2 * 64 * 5
    assert found.activation_bytes == 4 * (256 + 256 + 64 + 64 + 5)


def test_the_column_adds_up() -> None:
    """Parameters and operations of the layers add up to the network's."""
    found = examined(CNN)
    assert sum(one.parameters for one in found.layers) == found.parameters
    assert sum(one.flops for one in found.layers) == found.flops


def test_another_network_than_was_measured() -> None:
    """A claim that was measured on other weights is doubted; so is one that was not made."""
    assert "differ from the original's" in str(examined(CNN, probe=honest(CNN, seed=1)).fidelity)
    assert examined(CNN, probe=None).fidelity == "the original could not be measured"


def test_examining_changes_nothing() -> None:
    """Every experiment starts from the captured weights: the order of examinations does not matter."""
    assert examined(CNN, probe=honest(CNN)) == examined(CNN, probe=honest(CNN))


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let reading a tensor's values, and making any tensor that has some, fail the test."""

    def never(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("values were read")

    monkeypatch.setattr(examiner, "read", never)
    for name in ("empty", "zeros", "ones", "full"):
        original = getattr(torch, name)

        def on_meta_alone(*args: Any, original: Any = original, **kwargs: Any) -> Any:
            assert torch.device(kwargs.get("device", "cpu")).type == "meta"
            return original(*args, **kwargs)

        monkeypatch.setattr(torch, name, on_meta_alone)
    return iter(())


def giant(mode: str, batch: int | None = None) -> Document:
    """Return the network with a result of a gigabyte in one of its graphs."""
    first = 1 + len(CNN.tensors)
    nodes = (*CNN.graphs[0].nodes, node("ones", [2**14, 2**14], label="hoard"))
    large = Graph(mode, batch, nodes, first + 4)
    others = tuple(one for one in CNN.graphs if batch is not None or one.mode != mode)
    return replace(CNN, graphs=(*others, large))


OVER: dict[str, tuple[Document, Budget, str]] = {
    "parameters": (CNN, Budget(parameters=400), "437 parameters, 325 of them in dense; at most 400 are allowed"),
    "operations": (
        CNN,
        Budget(flops=14_000),
        "14,464 operations a picture, 13,824 of them in conv; at most 14,000 are allowed",
    ),
    "results": (
        CNN,
        Budget(activation_megabytes=0.001),
        "0 MB of results a picture, most of it in conv; at most 0.001 MB",
    ),
    "results while training alone": (giant("train"), Budget(), "128 MB of results a picture, most of it in hoard"),
    "results in evaluation alone": (giant("eval"), Budget(), "128 MB of results a picture, most of it in hoard"),
    "results at one batch size alone": (
        giant("eval", 1),
        Budget(),
        "1,024 MB of results a picture, most of it in hoard",
    ),
    "constants": (
        document([parameter("table", 100, role="buffer", trainable=False)], [node("relu", slot(0))]),
        Budget(constants=99),
        (
            "the model carries 100 numbers besides the weights that learn, 100 of them in table (100 numbers); at most "
            "99 are allowed, because what a network knows it is to learn into its weights: a table of remembered "
            "pictures is not a network"
        ),
    ),
    "a table under another name": (
        document(
            [parameter("table.running_mean", 1, 192, role="buffer", trainable=False)],
            [node("flatten.using_ints", slot(0), 1), node("sub.Tensor", slot(2), slot(1), label="table", line=3)],
        ),
        Budget(constants=191),
        (
            "the model carries 192 numbers besides the weights that learn, 192 of them in table.running_mean (1 x 192; "
            "net.py, line 3); at most 191 are allowed"
        ),
    ),
}


@pytest.mark.parametrize("name", OVER)
@pytest.mark.usefixtures("poisoned")
def test_over_budget(name: str) -> None:
    """What costs too much is said with numbers and the layer that costs most; no values are read, no memory is asked for."""
    described, budget, sentence = OVER[name]
    header = blob(described)
    cut = header[: 8 + int.from_bytes(header[:8], "little")]
    found = examined(described, budget, tensors=cut)
    assert found.over_budget.startswith(sentence)
    assert found.trials == ()
    assert found.step is None


@pytest.mark.usefixtures("poisoned")
def test_a_part_of_a_network() -> None:
    """What was captured before a break is surveyed and not run."""
    found = examined(replace(CNN, complete=False))
    assert not found.complete
    assert [one.name for one in found.layers] == ["conv", "relu", "pool", "flatten", "dense"]
    assert found.trials == ()


HOSTILE: dict[str, tuple[Document, str]] = {
    "an operator that is not listed": (document([], [node("set_", slot(0))]), "is not on the list"),
    "shapes that do not fit": (
        document([parameter("w", 5, 7)], [node("linear", slot(0), slot(1))]),
        "the train graph does not run",
    ),
    "an answer that is a number": (document([], [node("sym_size.int", slot(0), 0)]), "the train graph does not run"),
    "an answer that is several": (document([], [node("chunk", slot(0), 2)]), "the train graph does not run"),
    "a hazard": (
        document([parameter("v", 4, 4), parameter("g", 1)], [node("_weight_norm", slot(1), slot(2), 1)]),
        "the train graph does not run: HazardError",
    ),
    "an overflow": (document([], [node("ones", [2**20, 2**20, 2**20, 2**20])]), "the train graph does not run"),
    "a size out of data": (
        document([], [node("max", slot(0)), node("to.dtype", slot(1), torch.int64), node("ones", [slot(2)])]),
        "does not run",
    ),
    "a division by zero": (document([], [node("size.mod", 1, 0)]), "ZeroDivisionError"),
    "endless squaring": (
        document(
            [],
            [node("size.mul", slot(index), slot(index)) if index else node("size.add", 2**20, 0) for index in range(9)],
        ),
        "a size beyond 2**40",
    ),
    "one graph that runs and one that does not": (
        document([], [node("relu", slot(0))], [node("linear", slot(0), slot(0))]),
        "the eval graph does not run",
    ),
    "a graph for a giant batch": (document([], [node("relu", slot(0))], batch=2_000), "no graphs for a batch of 8"),
    "tensors that cannot be": (
        document([parameter("w", 2**40, 2**40)], [node("relu", slot(0))]),
        "number 0 is not what the document says",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_graphs_are_rejected(name: str) -> None:
    """A graph that no export makes is rejected with a reason; nothing else is raised."""
    described, reason = HOSTILE[name]
    small = tuple(replace(one, shape=tuple(min(size, 7) for size in one.shape)) for one in described.tensors)
    with pytest.raises(DocumentError, match=re.escape(reason)):
        examined(described, tensors=blob(replace(described, tensors=small)))


def test_hostile_bytes_are_rejected() -> None:
    """Bytes that are no document, or no tensors, are rejected."""
    with pytest.raises(DocumentError):
        examine(b"{}", blob(CNN), TASK)
    with pytest.raises(DocumentError):
        examine(dump(CNN), b"", TASK)
    with pytest.raises(DocumentError):
        examine(dump(CNN), blob(CNN)[:-4], TASK)


def stepped(write: list[Node], evaluation: list[Node] | None = None) -> Examination:
    """Examine nodes over one dense weight (5, 192), whose training graph is `write`."""
    described = document([parameter("dense.weight", 5, 192)], write, evaluation)
    return examined(described, probe=honest(described))


ROWS = node("flatten.using_ints", slot(0), 1)
SCORES = node("linear", slot(2), slot(1))

STEPS: dict[str, tuple[list[Node], str]] = {
    "a detached answer": ([ROWS, SCORES, node("detach", slot(3))], "something in forward cuts the gradient"),
    "a gradient of zero": (
        [ROWS, SCORES, node("mul.Tensor", slot(3), 0.0)],
        "no weight gets a gradient that is not zero",
    ),
    "a loss that is no number": ([ROWS, SCORES, node("log", slot(3))], "the loss is nan"),
    "too few scores": ([ROWS, SCORES, node("slice.Tensor", slot(3), 1, 0, 2)], "Target 2 is out of bounds"),
    "rows cut together": ([ROWS, SCORES, node("view", slot(3), [-1])], "RuntimeError"),
    "a change of what backward needs": (
        [ROWS, SCORES, node("sigmoid", slot(3)), node("mul_.Scalar", slot(4), 2.0)],
        "modified by an inplace operation",
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps_that_do_not_work(name: str) -> None:
    """A training step that cannot work is told in a sentence, and is no reason to crash."""
    write, said = STEPS[name]
    found = stepped(write)
    assert found.fidelity is None
    assert found.step is not None
    assert said in found.step or name == "rows cut together"


def dead(*after: Node) -> Examination:
    """Examine a network whose scores are all about -100, with a map at its end."""
    low = node("sub.Scalar", slot(3), 100.0)
    return stepped([ROWS, SCORES, low, *after])


def test_what_a_relu_at_the_end_stops() -> None:
    """Scores that a ReLU at the end makes zeros of get their gradient: the training looks through it, the trials do not."""
    found = dead(node("relu", slot(4)))
    assert (found.meaning, found.step, found.unreached, found.fidelity) == (Meaning.RELU, None, (), None)
    assert found.layers[-1].op == "relu"
    assert dead(node("sigmoid", slot(4))).step is None
    doubled = dead(node("relu", slot(4)), node("mul.Tensor", slot(5), 2))
    assert (doubled.meaning, doubled.step) == (Meaning.LOGITS, "no weight gets a gradient that is not zero")
    lost = stepped([ROWS, SCORES, node("mul.Tensor", slot(3), 0.0), node("relu", slot(4))])
    assert lost.step == "no weight gets a gradient that is not zero"


def test_what_a_relu_at_the_end_breaks() -> None:
    """Where the map at the end changes in place what backward needs, the step breaks as it does for the student."""
    found = stepped([ROWS, SCORES, node("exp", slot(3)), node("relu_", slot(4))])
    assert found.meaning is Meaning.RELU
    assert found.step is not None
    assert "modified by an inplace operation" in found.step


def test_examining_sees_the_network_as_it_was_handed_in() -> None:
    """A network that is not faithful in its last map alone is doubted, though the training looks through that map."""
    described = document([parameter("dense.weight", 5, 192)], [ROWS, SCORES, node("relu", slot(3))])
    other = document([parameter("dense.weight", 5, 192)], [ROWS, SCORES, node("tanh", slot(3))])
    assert examined(described, probe=honest(described)).fidelity is None
    assert "differ from the original's" in str(examined(described, probe=honest(other)).fidelity)


def test_one_picture_alone() -> None:
    """Batch norm over rows learns nothing from one picture, which is told apart from the step on a batch."""
    normal = node("batch_norm", slot(3), None, None, None, None, True, 0.1, 1e-5, True)
    found = stepped([ROWS, SCORES, normal], [ROWS, SCORES])
    assert found.step is None
    assert found.step_batch_one == "no weight gets a gradient that is not zero"


def test_answers_that_depend_on_the_batch() -> None:
    """Who normalises over the batch in evaluation gives a picture another answer alone; who draws gives another each time."""
    together = node("sub.Tensor", slot(3), slot(4))
    found = stepped([ROWS, SCORES], [ROWS, SCORES, node("mean.dim", slot(3), [0], True), together])
    assert found.repeatable == "a picture gets another answer alone than among others"
    noisy = stepped([ROWS, SCORES], [ROWS, SCORES, node("dropout", slot(3), 0.5, True)])
    assert noisy.repeatable == "the same pictures get other answers the second time"


def test_batches_that_do_not_work() -> None:
    """A batch size that raises is a trial with its error, and no more."""
    squeezed = [node("max_pool2d", slot(0), [8, 8]), node("squeeze", slot(2)), node("linear", slot(3), slot(1))]
    described = document([parameter("dense.weight", 5, 3)], [*squeezed, node("flatten.using_ints", slot(4), 1)])
    found = examined(described, probe=honest(described))
    assert [one.error != "" for one in found.trials] == [True, False, False]
    assert found.trials[0].shape is None
    assert found.fidelity is None
    assert found.step is None


def test_fixed_batches() -> None:
    """A network with one batch size is measured at it, and other sizes are trials with a reason."""
    fixed = replace(CNN, graphs=tuple(replace(one, batch=8) for one in CNN.graphs))
    found = examined(fixed, probe={"train": [["0x0p0", "0x0p0"]] * 3, "eval": {}})
    assert found.only_batch == 8
    assert examined(CNN).only_batch is None
    assert {one.error for one in found.trials} == {
        f"DocumentError: works only with other batch sizes than {n}" for n in (1, 2, 7)
    }
    assert found.step is None
    assert found.step_batch_one is None
    assert found.repeatable is None


def test_what_does_not_learn() -> None:
    """Unused, frozen, unreached and unregistered weights are told apart."""
    sketch = Sketch()
    sketch.tensor("spare.weight", 3, 3)
    listed = sketch.tensor("lifted", 3, 3, 3, 3, role="constant")
    features = sketch.call("relu", sketch.conv(PICTURES, "cut", 3, 3))
    features = sketch.call("detach", features)
    features = sketch.call("relu", sketch.call("conv2d", features, listed, None, [1, 1], [1, 1], label="layers"))
    described = last(sketch, features, 192)
    frozen = tuple(replace(one, trainable=one.name != "dense.weight") for one in described.tensors)
    found = examined(replace(described, tensors=frozen))
    assert found.unused == ("spare.weight",)
    assert found.frozen == ("dense.weight",)
    assert found.unregistered == ("layers",)
    assert found.unreached == ()
    assert found.step == "no weight gets a gradient that is not zero"
    assert examined(described).unreached == ("cut.weight",)


def test_answers_through_other_weights() -> None:
    """A network that trains one table and answers from another is told so."""
    table = parameter("table", 5, 192, role="buffer", trainable=False)
    described = document(
        [parameter("dense.weight", 5, 192), table],
        [node("flatten.using_ints", slot(0), 1), node("linear", slot(3), slot(1))],
        [node("flatten.using_ints", slot(0), 1), node("linear", slot(3), slot(2))],
    )
    assert "(table)" in str(examined(described).modes_agree)


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


def test_the_job() -> None:
    """The job turns plain values into an examination as plain values, and a bad document into a reason."""
    arguments = {"shape": list(SHAPE), "classes": 5, "batch": 8, "probe": honest(CNN), "budget": asdict(Budget())}
    answers = Answers()
    jobs.examine(arguments, {"document": dump(CNN), "tensors": blob(CNN)}, answers)
    jobs.examine(arguments, {"document": b"garbage", "tensors": b""}, answers)
    assert answers.said[0]["outcome"] == "examined"
    assert answers.said[0]["examination"] == asdict(examined(CNN, probe=honest(CNN)))
    assert answers.said[1] == {"outcome": "rejected", "reason": "not JSON: JSONDecodeError"}


def test_the_fingerprint() -> None:
    """A device that is there is described by what decides its bits; one that is not is refused with the reason."""
    deterministic = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    answers = Answers()
    try:
        jobs.describe({"device": "cpu"}, {}, answers)
    finally:
        torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])
    assert answers.said[0]["outcome"] == "described"
    assert answers.said[0]["fingerprint"]["torch"] == torch.__version__
    assert answers.said[0]["fingerprint"]["threads"] == 1
    if not torch.cuda.is_available():
        jobs.describe({"device": "cuda"}, {}, answers)
        assert answers.said[1] == {"outcome": "rejected", "reason": "there is no CUDA device on this machine"}
