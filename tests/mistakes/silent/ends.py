"""How networks end: S01 and S11 to S16."""

from __future__ import annotations

from tests.mistakes.silent.parts import CONV, FEATURES, LAYERS, LOOP, MIDDLE, NET, book, class_of, sequential
from tests.mistakes.specimen import HERE, Mistake

DENSE = "nn.Linear(3600, 10)"
FLOOR = ("1.46", "10 classes")


def _ends(code: str, layer: str, function: str, says: tuple[str, ...], channel: str = "graph") -> tuple[Mistake, ...]:
    """Return an end as a layer of nn.Sequential, as a layer of a class, and as a function."""
    init = f"{LAYERS}\nself.last = {layer}"
    return (
        Mistake(code, "sequential", sequential(CONV, *MIDDLE, DENSE, layer), says, channel),
        Mistake(code, "class", class_of(f"{FEATURES}\nreturn self.last(self.fc(x)){HERE}", init), says, channel),
        Mistake(code, "function", class_of(f"{FEATURES}\nreturn {function}{HERE}"), says, channel),
    )


MISTAKES: tuple[Mistake, ...] = (
    *_ends("S01", "nn.Softmax(1)", "F.softmax(self.fc(x), dim=1)", (*FLOOR, "CrossEntropyLoss")),
    Mistake(
        "S01",
        "course",
        book(network=NET.replace("return self.fc(x.flatten(1))", "return torch.softmax(self.fc(x.flatten(1)), 1)")),
        ("takes its own", *FLOOR),
    ),
    Mistake(
        "S01",
        "in_loop",
        book(LOOP.replace("criterion(model(x), y)", "criterion(F.softmax(model(x), 1), y)")),
        ("The loop takes a softmax", "1.46"),
        "source",
    ),
    Mistake(
        "S11", "hundred", sequential(CONV, *MIDDLE, "nn.Linear(3600, 100)"), ("100 scores", "to 10"), criterion="output"
    ),
    Mistake(
        "S11",
        "eleven",
        class_of(f"{FEATURES}\nreturn self.fc(x)", LAYERS.replace("10)", "11)")),
        ("11 scores", "out_features of fc to 10"),
        criterion="output",
    ),
    *_ends("S12", "nn.Sigmoid()", "torch.sigmoid(self.fc(x))", ("sigmoid", "10 scores")),
    *_ends("S13", "nn.ReLU()", "F.relu(self.fc(x))", ("ReLU", "10 scores")),
    *_ends("S14", "nn.Softmax(0)", "F.softmax(self.fc(x), dim=0)", ("dim=0", "dim=1"), "graph"),
    Mistake(
        "S15",
        "layer",
        book(network=NET.replace("return self.fc(x.flatten(1))", "return F.log_softmax(self.fc(x.flatten(1)), dim=1)")),
        ("log_softmax", "the same"),
        "source",
    ),
    Mistake(
        "S15",
        "in_loop",
        book(LOOP.replace("criterion(model(x), y)", "criterion(F.log_softmax(model(x), 1), y)")),
        ("log_softmax", "the same"),
        "source",
    ),
    Mistake("S16", "raw", book(loss="criterion = nn.NLLLoss()\n"), ("raw scores", "nn.CrossEntropyLoss()"), "source"),
    Mistake(
        "S16",
        "probabilities",
        book(
            LOOP.replace("criterion(model(x), y)", "F.nll_loss(out, y)").replace(
                "    for x, y in train_loader:\n", "    for x, y in train_loader:\n        out = model(x)\n"
            ),
            network=NET.replace("return self.fc(x.flatten(1))", "return self.fc(x.flatten(1)).softmax(dim=1)"),
            loss="",
        ),
        ("probabilities", "nn.CrossEntropyLoss()"),
        "source",
    ),
)
