"""Networks that are right by construction: drawn from a seed, every in_features worked out here.

`draw` returns a design and `written` returns it as a student would write it, in one of six styles.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

SIDE = 32
CLASSES = 10
LEAST_COST = 20_000
MOST_COST = (150_000, 600_000, 1_500_000, 4_000_000)
"""Operations per picture, two for each multiplication: no design costs more than one of these, drawn for it."""

MOST_WEIGHTS = 150_000
TRIES = 200
"""Draws of a shape before another number of convolutions is tried: some cannot be had at that cost."""

FEWEST_FEATURES = 24
"""Numbers that are left of a picture at the flatten: fewer are hard to learn from."""

STYLES = ("class", "sequential", "two_parts", "functional", "module_list", "blocks")
ENDINGS = ("", "nn.Softmax(dim=1)", "nn.LogSoftmax(dim=1)")
ACTIVATIONS = {
    "nn.ReLU()": "F.relu({x})",
    "nn.LeakyReLU(0.1)": "F.leaky_relu({x}, 0.1)",
    "nn.ELU()": "F.elu({x})",
    "nn.Tanh()": "torch.tanh({x})",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One convolution and what follows it.

    Attributes:
        channels: that come in and go out.
        kernel, stride, padding: of the convolution.
        pool: kernel of the pooling; 0 where there is none.
        average: whether it takes the average rather than the maximum.
        norm, drop: whether batch norm and dropout of channels follow.
        sides: of the map before, after the convolution and after the pooling.
    """

    channels: tuple[int, int]
    kernel: int
    stride: int
    padding: int
    pool: int
    average: bool
    norm: bool
    drop: bool
    sides: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Design:
    """A whole network.

    Attributes:
        stages: the convolutions.
        adaptive: side that an adaptive pooling leaves; 0 where there is none.
        dense: widths, from the flatten to the classes.
        activation: the module between layers.
        drop: dropout before the last dense layer; 0 for none.
        ending: the module at the end; empty for raw scores.
        style: one of STYLES.
    """

    stages: tuple[Stage, ...]
    adaptive: int
    dense: tuple[int, ...]
    activation: str
    drop: float
    ending: str
    style: str

    def weights(self) -> int:
        """Return how many numbers it learns."""
        convolutions = sum(
            one.channels[1] * (one.channels[0] * one.kernel**2 + 1 + 2 * one.norm) for one in self.stages
        )
        return convolutions + sum(
            (first + 1) * second for first, second in zip(self.dense, self.dense[1:], strict=False)
        )

    def operations(self) -> int:
        """Return its cost for one picture: two for each multiplication in a convolution or dense layer."""
        convolutions = sum(one.channels[0] * one.channels[1] * one.kernel**2 * one.sides[1] ** 2 for one in self.stages)
        dense = sum(first * second for first, second in zip(self.dense, self.dense[1:], strict=False))
        return 2 * (convolutions + dense)


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a network: its name, the module, and the function that does the same where there is one."""

    name: str
    module: str
    call: str = ""


def draw(random: Random) -> Design:
    """Return a design of modest cost and size, with a convolution, a pooling and enough left at the flatten."""
    while True:
        many = random.choice((1, 2, 2, 2, 3, 3, 4))
        adaptive = random.choice((0, 0, 0, 0, 1, 2))
        most = random.choice(MOST_COST[many > 2 :])
        for _ in range(TRIES):
            found = _drawn(random, many, adaptive)
            if found and LEAST_COST <= found.operations() <= most and found.weights() <= MOST_WEIGHTS:
                return found


def _drawn(random: Random, many: int, adaptive: int) -> Design | None:
    """Return a design with so many convolutions; None where they do not fit or leave too little."""
    stages: list[Stage] = []
    side, channels = SIDE, 3
    for _ in range(many):
        stage = _stage(random, side, channels, first=not stages)
        if stage is None:
            return None
        stages.append(stage)
        side, channels = stage.sides[-1], stage.channels[1]
    features = channels * (adaptive or side) ** 2
    pooled = any(one.pool for one in stages) or adaptive
    if not pooled or adaptive >= side or features < FEWEST_FEATURES:
        return None
    hidden = [random.choice((24, 32, 48, 64, 80, 100)) for _ in range(random.choice((0, 1, 1, 1, 2)))]
    return Design(
        tuple(stages),
        adaptive,
        (features, *sorted(hidden, reverse=True), CLASSES),
        random.choice(("nn.ReLU()", *ACTIVATIONS)),
        random.choice((0.0, 0.0, 0.2, 0.25)) if hidden else 0.0,
        random.choice(ENDINGS),
        random.choice(STYLES),
    )


def _stage(random: Random, side: int, channels: int, *, first: bool) -> Stage | None:
    """Return a stage that fits on a map; None where it would leave less than two pixels."""
    kernel = random.choice((3, 3, 5))
    stride = 2 if random.random() < (0.3 if first else 0.1) else 1
    padding = random.choice((0, kernel // 2))
    after = (side + 2 * padding - kernel) // stride + 1
    pool = random.choice((0, 2, 2, 2, 3))
    left = after // pool if pool else after
    if kernel > side or left < 2:
        return None
    wide = random.choice((6, 8, 10, 12, 16) if first else (8, 12, 16, 20, 24, 32))
    average, norm, drop = (random.random() < share for share in (0.25, 0.25, 0.1))
    return Stage((channels, wide), kernel, stride, padding, pool, average, norm, drop, (side, after, left))


def stage_parts(stage: Stage, activation: str, number: int | str) -> list[Part]:
    """Return the steps of one stage, its layers named with `number`."""
    options = f", stride={stage.stride}" * (stage.stride > 1) + f", padding={stage.padding}" * (stage.padding > 0)
    before, wide = stage.channels
    parts = [Part(f"conv{number}", f"nn.Conv2d({before}, {wide}, {stage.kernel}{options})")]
    if stage.norm:
        parts.append(Part(f"bn{number}", f"nn.BatchNorm2d({wide})"))
    parts.append(Part("act", activation, ACTIVATIONS[activation]))
    if stage.pool:
        kind, function = ("Avg", "avg") if stage.average else ("Max", "max")
        call = f"F.{function}_pool2d({{x}}, {stage.pool})"
        parts.append(Part(f"pool{number}", f"nn.{kind}Pool2d({stage.pool})", call))
    if stage.drop:
        parts.append(Part(f"drop{number}", "nn.Dropout2d(0.1)"))
    return parts


def head_parts(design: Design) -> list[Part]:
    """Return the steps after the convolutions: adaptive pooling, flatten, dense layers, the end."""
    parts = []
    if design.adaptive:
        call = f"F.adaptive_avg_pool2d({{x}}, {design.adaptive})"
        parts.append(Part("gap", f"nn.AdaptiveAvgPool2d({design.adaptive})", call))
    parts.append(Part("flat", "nn.Flatten()", "torch.flatten({x}, 1)"))
    pairs = list(zip(design.dense, design.dense[1:], strict=False))
    for number, (before, wide) in enumerate(pairs, 1):
        last = number == len(pairs)
        if last and design.drop:
            parts.append(Part("dropout", f"nn.Dropout({design.drop:g})"))
        parts.append(Part(f"fc{number}", f"nn.Linear({before}, {wide})"))
        if not last:
            parts.append(Part("act", design.activation, ACTIVATIONS[design.activation]))
    if design.ending:
        function = {"nn.Softmax(dim=1)": "softmax", "nn.LogSoftmax(dim=1)": "log_softmax"}[design.ending]
        parts.append(Part("end", design.ending, f"F.{function}({{x}}, dim=1)"))
    return parts


def written(design: Design, name: str) -> str:
    """Return the model's code; `make` says how an object of it is made."""
    stages = [stage_parts(one, design.activation, number) for number, one in enumerate(design.stages, 1)]
    body = [part for stage in stages for part in stage]
    head = head_parts(design)
    match design.style:
        case "sequential":
            return _sequential("model", [*body, *head], "") + "\n"
        case "two_parts":
            inits = [_sequential("self.features", body, "        "), _sequential("self.classifier", head, "        ")]
            return _class(name, inits, ["return self.classifier(self.features(x))"])
        case "functional":
            kept = [part for part in (*body, *head) if not part.call]
            return _class(name, _attributes(kept), _steps([*body, *head], functional=True))
        case "module_list":
            rows = [f"            nn.Sequential({', '.join(part.module for part in stage)})," for stage in stages]
            blocks = "\n".join(["        self.blocks = nn.ModuleList([", *rows, "        ])"])
            loop = ["for block in self.blocks:", "    x = block(x)"]
            return _class(name, [blocks, *_attributes(head)], loop + _steps(head))
        case "blocks":
            return _blocks(design, name, head)
        case _:
            return _class(name, _attributes([*body, *head]), _steps([*body, *head]))


def make(design: Design, name: str) -> str:
    """Return the expression that makes the network; for a Sequential its variable."""
    return "model" if design.style == "sequential" else f"{name}()"


def _blocks(design: Design, name: str, head: list[Part]) -> str:
    """Write each stage as a class of its own, and a class that puts them together."""
    classes, inits, calls = [], [], []
    for number, stage in enumerate(design.stages, 1):
        parts = stage_parts(stage, design.activation, "")
        classes.append(_class(f"Block{number}", _attributes(parts), _steps(parts)))
        inits.append(f"        self.block{number} = Block{number}()")
        calls.append(f"x = self.block{number}(x)")
    return "\n\n".join([*classes, _class(name, inits + _attributes(head), calls + _steps(head))])


def _class(name: str, inits: list[str], forward: list[str]) -> str:
    top = f"class {name}(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    return top + "\n".join([*inits, "", "    def forward(self, x):", *(f"        {line}" for line in forward)]) + "\n"


def _attributes(parts: list[Part]) -> list[str]:
    lines = [f"        self.{part.name} = {part.module}" for part in parts]
    return list(dict.fromkeys(lines))


def _steps(parts: list[Part], *, functional: bool = False) -> list[str]:
    steps = [part.call.format(x="x") if functional and part.call else f"self.{part.name}(x)" for part in parts]
    return [*(f"x = {step}" for step in steps[:-1]), f"return {steps[-1]}"]


def _sequential(target: str, parts: list[Part], indent: str) -> str:
    rows = "".join(f"{indent}    {part.module},\n" for part in parts)
    return f"{indent}{target} = nn.Sequential(\n{rows}{indent})"
