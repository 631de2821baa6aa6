"""Every network of the zoo is captured and replayed to the bit, or refused for the reason in its row.

`zoo/expected.toml` has the rows. In the ordinary run every network is captured, examined and compared in evaluation,
and trains for a few steps; `GRADER_STRESS=1` trains each for twenty.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from grader.graph.document import Document, dump, parse
from grader.graph.encode import UncapturableError
from grader.graph.fidelity import noise, seed_everything
from grader.graph.replay import Program, programs
from grader.graph.tensors import read
from grader.records import Examination, Meaning, Shape
from grader.sandbox import shims
from grader.sandbox.export import Captured, capture, probe
from grader.sandbox.network import Network, Places
from grader.sandbox.rehearsal import dry_run
from grader.training.examine import Budget, Task, examine
from grader.training.recipe import Pictures, Recipe, train
from tests.stress import STRESS
from tests.zoo import ZOO

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # networks and export warn as they like; the child ignores it too
]

SHAPE: Shape = (3, 32, 32)
CLASSES = 5
BATCH = 64
SIZES = (1, 2, 7, BATCH)
CPU = torch.device("cpu")

EXPECTED: dict[str, str] = {
    name: row
    for rows in tomllib.loads((Path(__file__).parent / "zoo" / "expected.toml").read_text(encoding="utf-8")).values()
    for name, row in rows.items()
}

LEFT_OUT = {
    "compiled": "torch.compile runs a C++ compiler for 40 s; the build step takes the network out of its wrapper",
}
STRESS_ONLY = {
    "fifty_million_parameters": "200 MB of weights",
    "lstm_both_ways": "export unrolls it for 25 s",
    "gru_last_state": "export unrolls it for 12 s; plain_rnn stands for it",
}
STUDIED = [name for name in ZOO if name not in LEFT_OUT and (STRESS or name not in STRESS_ONLY)]
ACCEPTED = [name for name in STUDIED if EXPECTED.get(name, "").startswith("accepted")]
REFUSED = [name for name in STUDIED if name not in ACCEPTED]

THOROUGHLY = frozenset(
    """
    small_net lenet ends_in_softmax ends_in_log_softmax channel_dropout depthwise_separable lazy_linear
    all_functions resnet_like squeeze_and_excitation circular_padding all_kinds_of_convolution einsum
    fourier_there_and_back complex_parameter warps_by_grid batch_norm batch_norm_without_statistics
    instance_norm_with_statistics weight_norm_parametrised spectral_norm_by_hook orthogonal_dense gru_cell_in_loop
    multihead_attention tied_weights shared_module tied_across_modes layers_in_python_list channels_last_weights
    transposed_parameter half_inside bfloat_autocast calls_cuda running_mean_in_place running_mean_assigned
    lazy_layers in_place_through_views changes_original_through_view overwrites_what_backward_needs dropout_family
    stochastic_depth noise_always many_sizes root_by_math asserts_at_most_64 answers_from_table
    checkpointed_reentrant no_grad_region adds_its_data forward_hook tuple_while_testing data_parallel traced_by_fx
    """.split()
)
"""Networks that train for twenty steps in the ordinary run too: at least one of every theme."""
FEW_STEPS = 2
STEPS = 20


@dataclass(frozen=True, slots=True)
class Specimen:
    """A network on its way through capture and examination.

    Attributes:
        name: in the zoo.
        verdict: as the rows of `expected.toml` put it.
        reason: what was said about it.
        captured: its document and tensors; None when there is none.
        examination: what replaying showed.
        built: its parameters and buffers as they were when capture began, under every name.
        parameters: how many numbers torch counts in its parameters.
    """

    name: str
    verdict: str
    reason: str = ""
    captured: Captured | None = None
    examination: Examination | None = None
    built: dict[str, torch.Tensor] = field(default_factory=dict)
    parameters: int = 0

    @property
    def document(self) -> Document:
        """Return the document as the grader reads it."""
        assert self.captured is not None
        return parse(dump(self.captured.document))

    def tensors(self) -> tuple[torch.Tensor, ...]:
        """Return fresh tensors as the grader reads them."""
        assert self.captured is not None
        return read(self.document, self.captured.tensors, CPU)


def original(name: str) -> nn.Module:
    """Return the network as the sandbox has it when capture begins: seeded alike, lazy layers filled."""
    seed_everything(0)
    network = Network(ZOO[name](), CLASSES)
    dry_run(network, SHAPE, lambda: (BATCH,), Places({}))
    return network.model


def study(name: str) -> Specimen:
    """Build, run, capture, measure and examine one network, as the sandbox and the examiner do."""
    seed_everything(0)
    network = Network(ZOO[name](), CLASSES)
    places = Places({})
    run = dry_run(network, SHAPE, lambda: (BATCH,), places)
    if run.batch is None:
        assert run.broke is not None
        return Specimen(name, "broke", f"{run.broke.kind}: {run.broke.message}")
    built = {path: one.detach().clone() for path, one in state(network.model).items()}
    parameters = sum(one.numel() for one in initialised(network.model))
    try:
        captured = capture(network, SHAPE, BATCH, places)
    except UncapturableError as error:
        return Specimen(name, "uncapturable", str(error))
    claim = probe(network, captured, SHAPE, BATCH)
    budget = Budget(parameters=60_000_000)
    examination = examine(dump(captured.document), captured.tensors, Task(SHAPE, CLASSES, BATCH, claim, budget))
    if examination.fidelity is not None:
        return Specimen(name, "doubted", examination.fidelity, captured, examination)
    sizes = sorted({graph.batch for graph in captured.document.graphs if graph.batch is not None})
    verdict = f"accepted at {' '.join(map(str, sizes))}" if sizes else "accepted"
    return Specimen(name, verdict, "", captured, examination, built, parameters)


@pytest.fixture(scope="module", autouse=True)
def as_in_the_sandbox() -> Iterator[None]:
    """Set torch up as the sandbox's child does, and undo it afterwards."""
    from torch.utils.checkpoint import CheckpointFunction

    fast, threads = torch.backends.mha.get_fastpath_enabled(), torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            *((owner, name) for owner in (torch.autocast, torch.inference_mode) for name in ("__enter__", "__exit__")),
            (CheckpointFunction, "apply"),
        ):
            patch.setattr(owner, name, getattr(owner, name))
        shims.install_plain_precision([])
        shims.install_for_export()
        torch.backends.mha.set_fastpath_enabled(False)
        torch.set_num_threads(1)
        yield
    torch.backends.mha.set_fastpath_enabled(fast)
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", params=ACCEPTED)
def specimen(request: pytest.FixtureRequest) -> Specimen:
    """Return a network that the table says is accepted."""
    return study(request.param)


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Tell whether two tensors are equal, each nan included."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    first, second = (tensor.detach().reshape(-1).contiguous().view(torch.uint8) for tensor in (one, other))
    return torch.equal(first, second)


def attempt(network: Callable[[torch.Tensor], torch.Tensor], pictures: torch.Tensor) -> torch.Tensor | type[Exception]:
    """Return the seeded answer to `pictures`, or the kind of the exception."""
    seed_everything(1)
    try:
        with torch.no_grad():
            return network(pictures.clone())
    except Exception as error:  # noqa: BLE001 - a network of the zoo may raise anything; its replay has to as well
        return type(error)


def follow_recipe(
    network: Callable[[torch.Tensor], torch.Tensor], trainable: list[torch.Tensor], steps: int, batch: int
) -> list[str]:
    """Train under the recipe on seeded noise; return the losses to the bit, or what was raised."""
    chance = np.random.default_rng(3)
    images = chance.integers(0, 256, (2 * BATCH, *SHAPE), dtype=np.uint8)
    labels = torch.from_numpy(chance.integers(0, CLASSES, 2 * BATCH))
    pictures = Pictures(images, images, CPU, torch.contiguous_format)

    def answer(shown: torch.Tensor) -> torch.Tensor:
        return network(shown).reshape(len(shown), -1)

    try:
        curve = train(answer, trainable, pictures, labels, Recipe(steps=steps, batch=batch), Meaning.LOGITS)
    except RuntimeError as error:
        return [type(error).__name__]
    return [point.loss.hex() for point in curve]


def initialised(model: nn.Module) -> list[nn.Parameter]:
    """Return the parameters, those of a lazy layer that was never called left out: they raise when counted."""
    return [one for one in model.parameters() if not isinstance(one, nn.UninitializedParameter)]


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return every parameter and buffer that has numbers, under every name."""
    named = (*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False))
    return {name: one for name, one in named if not isinstance(one, nn.UninitializedParameter)}


def test_every_network_has_a_row() -> None:
    """The table of expectations names the networks of the zoo, all of them and no others."""
    assert set(EXPECTED) == set(ZOO)
    assert set(ZOO) >= THOROUGHLY | set(LEFT_OUT) | set(STRESS_ONLY)


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_with_a_reason(name: str) -> None:
    """What cannot be captured, or is not what was captured, is said with the reason of its row."""
    verdict, _, word = EXPECTED[name].partition(": ")
    found = study(name)
    assert found.verdict == verdict
    assert word
    assert word in found.reason


def test_is_accepted(specimen: Specimen) -> None:
    """The replay agrees with what was measured on the original, and the graphs fit the batch sizes of the row."""
    assert (specimen.verdict, specimen.reason) == (EXPECTED[specimen.name], "")


def test_document_survives(specimen: Specimen) -> None:
    """A document that is read and written again is the same, byte by byte."""
    assert specimen.captured is not None
    blob = dump(specimen.captured.document)
    assert dump(parse(blob)) == blob


def test_tensors_survive(specimen: Specimen) -> None:
    """Values, types, strides and requires_grad come back as the network had them when it was captured."""
    assert specimen.captured is not None
    for entry, kept, found in zip(specimen.document.tensors, specimen.captured.kept, specimen.tensors(), strict=True):
        assert (found.dtype, found.requires_grad, found.shape) == (kept.dtype, kept.requires_grad, kept.shape), entry
        if 0 not in kept.stride():
            wide = [dim for dim, size in enumerate(kept.shape) if size > 1]
            assert [found.stride(dim) for dim in wide] == [kept.stride(dim) for dim in wide], entry
        if entry.role != "constant":
            assert same_bits(found, specimen.built[entry.name]), entry


def test_parameters_are_counted(specimen: Specimen) -> None:
    """Our count is `sum(p.numel())`: a parameter counts once, by whatever names it goes."""
    assert specimen.examination is not None
    assert specimen.examination.parameters == specimen.parameters


def test_evaluates_alike(specimen: Specimen) -> None:
    """In evaluation the replay gives the original's answers to the bit, or raises as it does."""
    model, document, tensors = original(specimen.name).eval(), specimen.document, specimen.tensors()
    compared = 0
    for size in SIZES:
        graph = document.graph("eval", size)
        if graph is not None:
            pictures = noise(size, SHAPE, 100 + size)
            wanted, found = attempt(model, pictures), attempt(Program(graph, tensors, CPU), pictures)
            same = (
                same_bits(wanted, found)
                if isinstance(wanted, torch.Tensor) and isinstance(found, torch.Tensor)
                else wanted is found
            )
            assert same, size
            compared += 1
    assert compared == len(SIZES) or "at" in specimen.verdict


def test_trains_alike(specimen: Specimen) -> None:
    """Training ends in the original's losses, weights and buffers, to the bit."""
    thorough = STRESS or specimen.name in THOROUGHLY
    batch = BATCH if "at" in specimen.verdict else 8
    steps = STEPS if thorough else FEW_STEPS
    model = original(specimen.name).train()
    document, tensors = specimen.document, specimen.tensors()
    program, _ = programs(document, tensors, CPU, BATCH)
    described = list(zip(document.tensors, tensors, strict=True))
    ours = [tensor for entry, tensor in described if entry.role == "parameter" and entry.trainable]
    theirs: list[torch.Tensor] = [one for one in initialised(model) if one.requires_grad]
    before = {name: one.detach().clone() for name, one in state(model).items()}
    assert follow_recipe(program, ours, steps, batch) == follow_recipe(model, theirs, steps, batch)
    after = state(model)
    seen = {id(after[entry.name]) for entry in document.tensors if entry.role != "constant"}
    for entry, tensor in described:
        assert entry.role == "constant" or same_bits(tensor, after[entry.name]), entry
    for name, one in after.items():
        assert id(one) in seen or same_bits(one, before[name]), name
