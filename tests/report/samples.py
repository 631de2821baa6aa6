"""Reports written by hand, one for each thing that a report can say."""

from __future__ import annotations

from dataclasses import replace

from grader.records import (
    Advice,
    BandPoint,
    Break,
    Confusion,
    CurvePoint,
    Finding,
    Fix,
    Keys,
    Layer,
    Model,
    Outcome,
    Paired,
    Recall,
    Reference,
    Repair,
    Report,
    Role,
    Score,
    SeedScore,
    Shape,
    Status,
    Submission,
    Training,
    WhatIf,
    Where,
)

REFERENCE = Reference((0.781, 0.793, 0.787), 0.787, 0.006, 0.775)
BAND = (BandPoint(50, 2.1, 2.2, 2.3), BandPoint(500, 0.48, 0.55, 0.62))
CLASSES = (Recall("cat", 1100, 2000), Recall("dog", 2000, 2000))
CONFUSED = (Confusion("cat", "dog", 900, 2000),)
SEEDS = (SeedScore(1, 0.7912), SeedScore(2, 0.7801), SeedScore(3, 0.8005))
OPERATORS = {
    Role.CONV: "conv2d",
    Role.ACTIVATION: "relu",
    Role.POOL: "max_pool2d",
    Role.DROPOUT: "dropout",
    Role.FLATTEN: "flatten",
    Role.DENSE: "linear",
}
NOT_RUN = "Not judged, because `runs` failed."


def layer(
    role: Role,
    name: str,
    line: int,
    shapes: tuple[Shape, Shape],
    *,
    parameters: int = 0,
    **settings: object,
) -> Layer:
    """Return one row of a network, called in cell 3, on the way to the scores."""
    return Layer(role, OPERATORS[role], name, Where(None, 3, line), *shapes, settings, parameters, 2, on_path=True)


def passed(criterion: str, title: str, points: float) -> Finding:
    """Return a verdict with full points."""
    return Finding(criterion, title, Outcome.PASSED, points, points)


def failed(finding: Finding, rationale: str, next_step: str = "") -> Finding:
    """Return the verdict turned to its opposite, with the reason."""
    return replace(finding, outcome=Outcome.FAILED, points=0, rationale=rationale, help=next_step)


def skipped(findings: tuple[Finding, ...], rationale: str = NOT_RUN) -> tuple[Finding, ...]:
    """Return the verdicts as they are when something before them failed."""
    return tuple(replace(one, outcome=Outcome.SKIPPED, points=0, rationale=rationale) for one in findings)


def conv(name: str, line: int, shapes: tuple[Shape, Shape], parameters: int, **settings: object) -> Layer:
    """Return a convolution; what is not said is PyTorch's default."""
    defaults: dict[str, object] = {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1], "groups": 1}
    return layer(Role.CONV, name, line, shapes, parameters=parameters, **{**defaults, **settings})


def relu(line: int, shape: Shape) -> Layer:
    """Return a ReLU, which has no name of its own."""
    return layer(Role.ACTIVATION, "relu", line, (shape, shape))


LENET = (
    conv("conv1", 12, ((3, 32, 32), (16, 32, 32)), 448, kernel_size=[3, 3], padding=[1, 1]),
    relu(12, (16, 32, 32)),
    layer(Role.POOL, "pool", 12, ((16, 32, 32), (16, 16, 16)), kernel_size=[2, 2], stride=[2, 2]),
    conv("conv2", 13, ((16, 16, 16), (32, 6, 6)), 12832, kernel_size=[5, 5], stride=[2, 2]),
    relu(13, (32, 6, 6)),
    layer(Role.DROPOUT, "drop", 13, ((32, 6, 6), (32, 6, 6)), p=0.25),
    layer(Role.FLATTEN, "flatten", 14, ((32, 6, 6), (1152,))),
    layer(Role.DENSE, "fc1", 15, ((1152,), (64,)), parameters=73792),
    relu(15, (64,)),
    layer(Role.DENSE, "fc2", 16, ((64,), (10,)), parameters=650),
)
RUNS, CONV, POOL, ORDER, OUTPUT, GRADIENTS, ACCURACY = PASSED = (
    passed("runs", "A batch of pictures gets through the network", 4),
    passed("conv", "A convolutional layer is used", 4),
    passed("pool", "A pooling layer is used", 4),
    passed("order", "The order is conv, pool, flatten, dense", 3),
    passed("output", "There is one score for each of the 10 classes", 3),
    passed("gradients", "Every weight gets a gradient", 2),
    passed("accuracy", "It learns about as well as the reference", 10),
)
EXPLANATION = Finding(
    "explanation",
    "The explanation says why each layer is there",
    Outcome.PENDING,
    None,
    20,
    "A human reads and marks this: 340 words in text cells 1 and 3.",
    "",
    {"human": True, "words": 340},
)


def good() -> Report:
    """Return a submission in which nothing is wrong, trained and scored."""
    return Report(
        status=Status.GRADED,
        submission=Submission("ada", "Ada Lovelace", ("ada.ipynb",)),
        model=Model("Net", "the last network that the notebook makes", Where("ada.ipynb", 3, 20), 87722, 3_000_000),
        layers=LENET,
        findings=(*PASSED, EXPLANATION),
        advice=(),
        training=Training({"name": "course"}, 1, 500, 12.34, (CurvePoint(50, 2.31), CurvePoint(500, 0.62)), 1.0),
        score=Score(
            0.7912,
            (0.7783, 0.8036),
            4000,
            replace(REFERENCE, curve=BAND, hardware={"device": "cpu"}),
            SEEDS,
            CLASSES,
            CONFUSED,
            Paired(130, 121, 0.6135),
        ),
        points=30,
        max_points=30,
        human_points=None,
        human_max=20,
        stopped=None,
        isolation={"mode": "bubblewrap", "layers": ["namespaces", "landlock", "seccomp"]},
        versions={"grader": "0.1.0", "torch": "2.13.0"},
        keys=Keys("capture-ada", "training-ada", "score-ada"),
    )


def side_branch() -> Report:
    """Return a network with a layer whose result is thrown away, a repair, advice and a half-won accuracy."""
    unused = replace(LENET[2], name="pool2", where=Where(None, 4, 3), on_path=False)
    rationale = (
        "One pooling layer is called (`pool2`, cell 4, line 3), but its result is never used: "
        "0 of 1 pooling layers lie on the way from the picture to the scores."
    )
    partly = replace(
        ACCURACY, points=7.25, rationale="56.1 % of 4,000 pictures; chance is 10 %, full points begin at 77.5 %."
    )
    repair = Repair("device", "`.cuda()` was taken out; the grader chooses the device.")
    costs_nothing = "That costs nothing; `CrossEntropyLoss` expects scores without one."
    return replace(
        good(),
        submission=Submission("ben-7", "Ben Okri", ("ben-7/main.py", "ben-7/net.py")),
        model=Model("TwoWays", "`model` in cell 5", Where("ben.ipynb", 5, 1), 87722, 3_000_000, (repair,)),
        layers=(LENET[0], LENET[1], unused, *LENET[3:]),
        findings=(
            *(RUNS, CONV, failed(POOL, rationale, "Keep what it returns: `x = self.pool2(x)`.")),
            *skipped((ORDER,), "Not judged without a pooling layer."),
            *(OUTPUT, GRADIENTS, partly, replace(EXPLANATION, points=15.0, outcome=Outcome.PASSED)),
        ),
        advice=(Advice("softmax", "The network ends in a softmax", costs_nothing),),
        score=Score(0.561, (0.5456, 0.5763), 4000, REFERENCE),
        points=20.25,
        human_points=15,
    )


def forward_break() -> Report:
    """Return a network whose first dense layer expects the wrong number of inputs."""
    cause = "`fc1` (cell 3, line 15) expects 512 numbers for each picture and gets 1,152 = 32×6×6."
    repair = "Write `nn.Linear(1152, 64)`."
    rationale = f"A batch of pictures was to get through. {cause}"
    return replace(
        good(),
        status=Status.STUDENT_FAULT,
        submission=Submission("cleo", "cleo", ("cleo.ipynb",)),
        layers=LENET[:7],
        findings=(
            *(failed(RUNS, rationale, repair), CONV, POOL),
            *(*skipped((ORDER, OUTPUT, GRADIENTS, ACCURACY)), EXPLANATION),
        ),
        training=None,
        score=None,
        points=8,
        stopped="student-error",
        broke=Break(
            "forward",
            "RuntimeError",
            "mat1 and mat2 shapes cannot be multiplied (7x1152 and 512x64)",
            Where("cleo.ipynb", 3, 15),
            "x = F.relu(self.fc1(x))",
            "fc1",
            ((7, 1152),),
        ),
        code="E02",
        cause=cause,
        help=repair,
        what_if=WhatIf(
            (Fix("setting", "fc1", "in_features", 1152),), works=True, layers=LENET, parameters=87_722, accuracy=0.71
        ),
    )


def build_break() -> Report:
    """Return a submission in which making the model raises."""
    return replace(
        forward_break(),
        submission=Submission("dan", "dan", ("dan.ipynb",)),
        model=None,
        layers=(),
        findings=(failed(RUNS, "There is no network."), *skipped(PASSED[1:]), EXPLANATION),
        points=0,
        broke=Break(
            "build",
            "TypeError",
            "Conv2d.__init__() missing 1 required positional argument: 'kernel_size'",
            Where("dan.ipynb", 2, 5),
            "self.conv1 = nn.Conv2d(3, 16)",
        ),
        notes=("Cell 4 did not parse (line 2) and was left out.",),
        code="",
        cause="",
        help="",
        what_if=None,
    )


def endless_loop() -> Report:
    """Return a submission that never came to its end."""
    return replace(
        build_break(),
        submission=Submission("eve", "eve", ("eve.ipynb",)),
        broke=None,
        stopped="wall-limit",
        notes=("The code ran for 60 s without making a model.",),
    )


def only_a_link() -> Report:
    """Return a submission that a human has to look at."""
    return replace(
        endless_loop(),
        status=Status.NEEDS_HUMAN,
        submission=Submission("fay", "fay", ("link.txt",)),
        findings=(*skipped(PASSED, "No notebook was handed in."), EXPLANATION),
        stopped=None,
        notes=("Only a link was handed in: https://colab.research.google.com/drive/1a2b3c",),
    )


def our_fault() -> Report:
    """Return a report of a trainer that missed its deadline: ours, and never lost points."""
    late = replace(ACCURACY, outcome=Outcome.ERROR, points=None, rationale="The trainer was stopped after 900 s.")
    return replace(
        good(),
        status=Status.GRADER_FAULT,
        submission=Submission("gus", "gus", ("gus.ipynb",)),
        findings=(*PASSED[:-1], late, EXPLANATION),
        training=None,
        score=None,
        points=20,
    )


EVIL = "\x1b[2J\x1b]0;owned\x07\x1b]52;c;aGk=\x07[bold red]100 of 100[/bold red] [link=https://evil.example]x[/link]"


def hostile() -> Report:
    """Return a submission that attacks the reader: escapes, markup, formulas, forged lines, endless names."""
    student = "::error::mal\u202elory\nada: 30 of 30 points\udcff"
    endless = EVIL + "\r\n::stop-commands::x " + "long" * 400
    return replace(
        good(),
        status=Status.STUDENT_FAULT,
        submission=Submission("=cmd|' /C calc'!A0", student, ("a\x1b[31m.ipynb",)),
        model=Model(EVIL + "N" * 500, "[blink]:smile: the last one[/blink]", Where("\x1b.py", None, 3), None, None),
        layers=(
            replace(LENET[0], name="::add-mask::\u2028conv" * 20),
            replace(LENET[2], name="深い層" * 9, settings={"kernel_size": "\x1b[5m", "stride": None}),
            replace(LENET[3], name="[/]", op="##[error]", where=Where(None, None, None)),
        ),
        findings=(
            failed(RUNS, f"Found `{EVIL}`.", "\n\n::set-output name=x::y\n" * 3),
            *(*skipped(PASSED[1:]), EXPLANATION),
        ),
        training=None,
        score=None,
        points=0,
        stopped="student-error",
        broke=Break("forward", "[red]E", endless, Where("cleo.ipynb", 3, 15), EVIL, "##[group]", ((71, 400), ())),
        notes=("##vso[task.setvariable]x", "\x9b31m" + "\x00" * 3, "::warning::forged"),
    )


def all_samples() -> tuple[Report, ...]:
    """Return one report of each kind, unsorted."""
    troubled = (our_fault(), only_a_link(), endless_loop(), build_break(), forward_break())
    return (hostile(), *troubled, side_branch(), good())
