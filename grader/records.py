"""The frozen records that flow through the grader, and their JSON.

Everything here is plain values: numbers, strings, tuples and other records. Nothing imports torch, so the
middle of the grader (criteria, scoring, reports) is tested with records written by hand. Whatever is written
to disk carries `VERSION`. Shapes leave out the batch axis: `(3, 32, 32)` is one picture.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VERSION = 1

Shape = tuple[int, ...]


class Outcome(StrEnum):
    """How one criterion ended."""

    PASSED = "passed"
    """Points at or above the criterion's `pass_at`."""
    FAILED = "failed"
    """Points below `pass_at`; partial points may still be there."""
    SKIPPED = "skipped"
    """Not judged, because of another criterion or because it was not asked for; the rationale says which."""
    PENDING = "pending"
    """A human's to judge."""
    ERROR = "error"
    """The grader's fault; points stay empty."""


class Status(StrEnum):
    """How a whole report ended."""

    GRADED = "graded"
    STUDENT_FAULT = "student_fault"
    NEEDS_HUMAN = "needs_human"
    GRADER_FAULT = "grader_fault"


class Role(StrEnum):
    """What a layer is for, in the course's words."""

    CONV = "conv"
    POOL = "pool"
    FLATTEN = "flatten"
    DENSE = "dense"
    ACTIVATION = "activation"
    NORM = "norm"
    DROPOUT = "dropout"
    OTHER = "other"


class Meaning(StrEnum):
    """What the numbers at the end of a network are, read from the graph."""

    LOGITS = "logits"
    """Raw scores, trained with cross-entropy."""
    LOG_PROBABILITIES = "log_probabilities"
    """A log_softmax at the end, trained with the negative log-likelihood."""
    PROBABILITIES = "probabilities"
    """A softmax at the end, trained with the negative log-likelihood of its logarithm."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a submission.

    Attributes:
        file: path within the submission; None when it is not known.
        cell: number of the code cell from 1; None in a module.
        line: line within the cell or module from 1; None when it is not known.
    """

    file: str | None = None
    cell: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Say it as a student would: `cell 3, line 12` or `net.py, line 12`."""
        place = f"cell {self.cell}" if self.cell is not None else (self.file or "")
        return ", ".join(part for part in (place, f"line {self.line}" if self.line else "") if part)


@dataclass(frozen=True, slots=True)
class Repair:
    """Something that the grader did so that the submission could run; it is said in the report.

    Attributes:
        kind: a short word such as `argument`, `device`, `return`, `import`.
        message: one sentence for the student.
    """

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where the student's own code stopped.

    Attributes:
        stage: `read`, `build` (making the model) or `forward` (a batch of pictures through it).
        kind: the exception's class name.
        message: its text, bounded and without control characters.
        where: the student's own frame that is deepest.
        source: the text of that line, stripped.
        layer: the module's name in which forward stopped (`fc1`); None when it is not in one.
        inputs: shapes of the tensors that the failing call received, the batch axis (of 7) included.
    """

    stage: str
    kind: str
    message: str
    where: Where = field(default_factory=Where)
    source: str = ""
    layer: str | None = None
    inputs: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """One operation of the network, as it was replayed.

    Attributes:
        role: what it is for.
        op: the ATen operator's own name, `conv2d`.
        name: the student's name for it (`conv1`, `features.0`), else the operator's name.
        where: the student's line that calls it.
        inputs: shape of its tensor input, without the batch axis.
        outputs: shape of what it returns, without the batch axis.
        settings: kernel_size, stride, padding and so on, as numbers.
        parameters: numbers that it learns; a tensor used by several layers counts at the first.
        flops: multiply-adds times two for one picture, forward.
        on_path: whether it lies on the way from the picture to the scores.
    """

    role: Role
    op: str
    name: str
    where: Where
    inputs: Shape
    outputs: Shape
    settings: dict[str, Any]
    parameters: int
    flops: int
    on_path: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """One batch of seeded noise through the replayed network.

    Attributes:
        batch: pictures in it.
        shape: shape of the answer, batch axis included; None when it raised.
        finite: whether every number of the answer is finite.
        error: what was raised; empty when nothing was.
    """

    batch: int
    shape: Shape | None
    finite: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """What replaying a captured graph showed; criteria are functions of this record alone.

    Attributes:
        complete: False when only the part before a break was captured.
        layers: the evaluation graph's layers in order of execution (the training graph's where it differs
            are compared in `modes_agree`).
        parameters: trainable numbers, each storage once.
        constants: numbers that the model carries besides parameters and batch-norm statistics.
        flops: for one picture, forward.
        activation_bytes: sum of all results' sizes for one picture, forward.
        over_budget: which budget was exceeded, as a sentence with numbers; empty when none. Nothing was
            allocated then, so `trials`, `gradients` and everything after stay empty.
        trials: evaluation at N = 1, 2, 7.
        meaning: what the outputs are.
        unused: names of parameters that the answer does not depend on.
        frozen: names of parameters with requires_grad off.
        unreached: names of parameters that are used but get no gradient (None or exactly zero).
        unregistered: trainable tensors that are used and are not among the model's parameters (layers in a
            Python list), by their layer's name.
        step: None when one training step worked and changed the weights; else a sentence.
        step_batch_one: None when a training step also works with one picture; else what it raised.
        linear_pairs: pairs of layer names joined without a non-linearity between them.
        pooled_pairs: pairs joined by nothing but a max-pooling.
        repeatable: None when the same picture gets the same answer; else a sentence.
        modes_agree: None when the training and the evaluation graph have the same weighted layers; else a
            sentence.
        fidelity: None when the replay agrees with what the child measured on the original; else a sentence.
        narrowest: (layer name, numbers per picture) at the narrowest point on the path; None when unknown.
    """

    complete: bool
    layers: tuple[Layer, ...]
    parameters: int
    constants: int
    flops: int
    activation_bytes: int
    over_budget: str = ""
    trials: tuple[Trial, ...] = ()
    meaning: Meaning = Meaning.LOGITS
    unused: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    unregistered: tuple[str, ...] = ()
    step: str | None = None
    step_batch_one: str | None = None
    linear_pairs: tuple[tuple[str, str], ...] = ()
    pooled_pairs: tuple[tuple[str, str], ...] = ()
    repeatable: str | None = None
    modes_agree: str | None = None
    fidelity: str | None = None
    narrowest: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One criterion's verdict.

    Attributes:
        criterion: its id.
        title: a sentence that can be true.
        outcome: how it ended.
        points: what was earned; None while pending and after a fault of the grader's.
        max_points: what can be earned.
        rationale: what was expected and what was found, with numbers.
        help: one next step; empty unless the evidence points to it.
        evidence: the numbers behind the rationale.
    """

    criterion: str
    title: str
    outcome: Outcome
    points: float | None
    max_points: float
    rationale: str = ""
    help: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advice:
    """A piece of advice; it never costs points."""

    code: str
    title: str
    help: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of one file are.

    Attributes:
        path: of the file on disk, or of the archive that holds it.
        members: names within the archive, from the outermost inwards; empty for a file on disk.
    """

    path: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a submission cannot be graded by the machine.

    Attributes:
        kind: `rejected` (its files cannot be read safely) or `human` (it holds no code; somebody has to look).
        what: what was found, one sentence.
        fix: the one thing to do next; empty when there is none.
    """

    kind: str
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """Who handed in what.

    Attributes:
        id: the LMS id where there is one, else the file's or folder's stem.
        student: the name to show.
        files: paths within the submission, sorted.
        places: where the bytes of each of `files` are, in their order; not part of the JSON.
        late: whether the LMS marked it as late.
        group: everybody it is handed in for, when there are several.
        email: the student's; empty when it is not known.
        superseded: names of the files of earlier attempts, which do not count.
        problem: why the machine cannot grade it; None when nothing speaks against it.
    """

    id: str
    student: str
    files: tuple[str, ...]
    places: tuple[Place, ...] = ()
    late: bool = False
    group: tuple[str, ...] = ()
    email: str = ""
    superseded: tuple[str, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """The model that was found."""

    name: str
    how: str
    where: Where
    parameters: int | None
    flops: int | None
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of a learning curve: mean training loss since the point before, at `step`."""

    step: int
    loss: float


@dataclass(frozen=True, slots=True)
class Training:
    """One training under the recipe."""

    recipe: dict[str, Any]
    seed: int
    steps: int
    seconds: float
    curve: tuple[CurvePoint, ...]
    memorised: float | None = None
    """Share of 64 training pictures learnt by heart; None when it was not tried."""
    hardware: dict[str, Any] = field(default_factory=dict)
    """The fingerprint of what it was trained on."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference solution under the same recipe: accuracies of its seeds, their mean and deviation."""

    accuracies: tuple[float, ...]
    mean: float
    deviation: float
    target: float
    """mean minus two deviations: the accuracy that earns full points."""


@dataclass(frozen=True, slots=True)
class Score:
    """Held-out accuracy with its 95 % Wilson interval."""

    accuracy: float
    interval: tuple[float, float]
    n: int
    reference: Reference | None


@dataclass(frozen=True, slots=True)
class Keys:
    """What a report was made from; equal keys mean that the work is not done again."""

    capture: str = ""
    training: str = ""
    score: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about one submission, as `--json` prints it."""

    status: Status
    submission: Submission
    model: Model | None
    layers: tuple[Layer, ...]
    findings: tuple[Finding, ...]
    advice: tuple[Advice, ...]
    training: Training | None
    score: Score | None
    points: float
    max_points: float
    human_points: float | None
    human_max: float
    stopped: str | None
    isolation: dict[str, Any]
    versions: dict[str, str]
    keys: Keys
    broke: Break | None = None
    notes: tuple[str, ...] = ()
    """Sentences about the submission as a whole: cells that did not parse, other candidates, why a human
    is needed."""
    version: int = VERSION

    def to_json(self) -> dict[str, Any]:
        """Return the fixed interface of `docs/architecture.md` as plain values."""
        plain = dataclasses.asdict(self)
        submission = plain.pop("submission")
        submission.pop("places")
        for layer, record in zip(plain["layers"], self.layers, strict=True):
            layer["in"], layer["out"] = list(record.inputs), list(record.outputs)
            del layer["inputs"], layer["outputs"]
            where = layer.pop("where")
            layer.update(cell=where["cell"], line=where["line"])
        return {"version": plain.pop("version"), "status": plain.pop("status"), "submission": submission, **plain}


def report_from_json(plain: dict[str, Any]) -> Report:
    """Rebuild a report from `Report.to_json()`; raise KeyError, TypeError or ValueError where it is not one."""
    data = dict(plain)
    if data.pop("version") != VERSION:
        raise ValueError(f"a report of version {plain['version']} cannot be read by version {VERSION}")
    model, training, score, broke = (data.pop(key) for key in ("model", "training", "score", "broke"))
    return Report(
        status=Status(data.pop("status")),
        submission=_submission(data.pop("submission")),
        model=model
        and Model(
            **{**model, "where": Where(**model["where"]), "repairs": tuple(Repair(**one) for one in model["repairs"])}
        ),
        layers=tuple(_layer(one) for one in data.pop("layers")),
        findings=tuple(Finding(**{**one, "outcome": Outcome(one["outcome"])}) for one in data.pop("findings")),
        advice=tuple(Advice(**one) for one in data.pop("advice")),
        training=training and Training(**{**training, "curve": tuple(CurvePoint(**one) for one in training["curve"])}),
        score=score and _score(score),
        keys=Keys(**data.pop("keys")),
        broke=broke
        and Break(**{**broke, "where": Where(**broke["where"]), "inputs": tuple(map(tuple, broke["inputs"]))}),
        notes=tuple(data.pop("notes")),
        **data,
    )


def _submission(plain: dict[str, Any]) -> Submission:
    """Read a submission; reports from before the fields with a default have only the first three."""
    problem = plain.get("problem")
    return Submission(
        id=plain["id"],
        student=plain["student"],
        files=tuple(plain["files"]),
        late=plain.get("late", False),
        group=tuple(plain.get("group", ())),
        email=plain.get("email", ""),
        superseded=tuple(plain.get("superseded", ())),
        problem=problem and Problem(**problem),
    )


def _layer(plain: dict[str, Any]) -> Layer:
    data = dict(plain)
    where = Where(cell=data.pop("cell"), line=data.pop("line"))
    return Layer(
        role=Role(data.pop("role")), where=where, inputs=tuple(data.pop("in")), outputs=tuple(data.pop("out")), **data
    )


def _score(plain: dict[str, Any]) -> Score:
    reference = plain["reference"]
    low, high = plain["interval"]
    return Score(
        accuracy=plain["accuracy"],
        interval=(low, high),
        n=plain["n"],
        reference=reference and Reference(**{**reference, "accuracies": tuple(reference["accuracies"])}),
    )


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the student's explanation.

    Attributes:
        where: `text cell 2`, `comments in cell 4`, `comments in net.py`, or the name of a file.
        words: counted in prose alone; code, addresses and pictures in it do not count.
        text: what a human reads, bounded; empty where the words were counted and the room was used up.
    """

    where: str
    words: int
    text: str


@dataclass(frozen=True, slots=True)
class SourceText:
    """A piece of the student's code as it was read.

    Attributes:
        file: path within the submission.
        cell: number of the code cell from 1; None in a module.
        text: Python, line n being line n of what the student wrote; bounded.
    """

    file: str
    cell: int | None
    text: str
