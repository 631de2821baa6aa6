"""Names that PyTorch does not have, sizes left out or decimal (E01, E22-E25), and imports that are missing (E40)."""

from __future__ import annotations

from tests.mistakes.specimen import HERE, Mistake, cells, net, stack

_FORWARD = "x = F.max_pool2d(F.relu(self.conv(x)), 2)\nreturn self.fc(x.flatten(1))"


def _made(conv: str, fc: str = "nn.Linear(900, 10)") -> str:
    return net(f"self.conv = {conv}\nself.fc = {fc}", _FORWARD)


SPELLING: tuple[Mistake, ...] = (
    Mistake(
        "E01",
        "class",
        _made("nn.Conv2d(3, 4, 3)", f"nn.Dense(900, 10){HERE}"),
        ("slip in the lesson", "nn.Linear(900, 10)"),
        "build",
    ),
    Mistake(
        "E01",
        "sequential",
        stack("nn.Conv2d(3, 4, 3)", "nn.MaxPool2d(2)", "nn.Flatten()", f"nn.Dense(900, 10){HERE}"),
        ("nn.Linear(900, 10)",),
        "build",
    ),
    Mistake(
        "E22",
        "capitals",
        _made(f"nn.conv2d(3, 4, 3){HERE}"),
        ("nn.conv2d", "Write nn.Conv2d."),
        "build",
    ),
    Mistake(
        "E22",
        "keras_word",
        stack(f"nn.Conv2d(3, filters=4, kernel_size=3){HERE}", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(900, 10)"),
        ("filters", "Write out_channels="),
        "build",
    ),
    Mistake(
        "E22",
        "keras_layer",
        stack("nn.Conv2d(3, 4, 3)", f"nn.MaxPooling2D(2){HERE}", "nn.Flatten()", "nn.Linear(900, 10)"),
        ("Write nn.MaxPool2d.",),
        "build",
    ),
    Mistake(
        "E22",
        "activation",
        cells(f"model = nn.Sequential(nn.Conv2d(3, 4, 3, activation='relu'), nn.Flatten(), nn.Linear(3600, 10)){HERE}"),
        ("activation", "nn.ReLU() after the Conv2d"),
        "build",
    ),
    Mistake(
        "E22",
        "functional",
        net(
            "self.conv = nn.Conv2d(3, 4, 3)\nself.fc = nn.Linear(900, 10)",
            f"x = F.max_pool2d(self.conv(x), 2)\nx = F.flatten(x){HERE}\nreturn self.fc(x)",
        ),
        ("torch.flatten(x, 1)",),
    ),
    Mistake("E23", "conv", _made(f"nn.Conv2d(3, 4){HERE}"), ("kernel_size", "Add kernel_size=3"), "build"),
    Mistake(
        "E23",
        "pool",
        stack("nn.Conv2d(3, 4, 3)", f"nn.MaxPool2d(){HERE}", "nn.Flatten()", "nn.Linear(900, 10)"),
        ("nn.MaxPool2d", "Add kernel_size=2"),
        "build",
    ),
    Mistake(
        "E23",
        "linear",
        cells(_made("nn.Conv2d(3, 4, 3)", f"nn.Linear(10){HERE}")),
        ("out_features", "in_features, out_features"),
        "build",
    ),
    Mistake(
        "E24",
        "linear",
        _made("nn.Conv2d(3, 4, 3)", f"nn.Linear(4 * 30 * 30 / 4, 10){HERE}"),
        ("//", "nn.Linear(4 * 30 * 30 // 4, 10)"),
        "build",
    ),
    Mistake(
        "E24",
        "sequential",
        stack(f"nn.Conv2d(3, 8 / 2, 3){HERE}", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(900, 10)"),
        ("nn.Conv2d(3, 8 // 2, 3)",),
        "build",
    ),
    Mistake(
        "E24",
        "pool",
        net(
            "self.conv = nn.Conv2d(3, 4, 3)\nself.fc = nn.Linear(900, 10)",
            f"x = F.max_pool2d(F.relu(self.conv(x)), 4 / 2){HERE}\nreturn self.fc(x.flatten(1))",
        ),
        ("F.max_pool2d(F.relu(self.conv(x)), 4 // 2)",),
    ),
    Mistake(
        "E25",
        "list",
        cells(f"model = nn.Sequential([nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(900, 10)]){HERE}"),
        ("Leave out the [ ]",),
        "build",
    ),
    Mistake(
        "E25",
        "function",
        cells(
            f"model = nn.Sequential(nn.Conv2d(3, 4, 3), F.relu, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(900, 10)){HERE}"
        ),
        ("nn.ReLU()",),
        "build",
    ),
    Mistake(
        "E25",
        "brackets",
        net(
            f"self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU, nn.MaxPool2d(2)){HERE}\nself.fc = nn.Linear(900, 10)",
            "return self.fc(self.body(x).flatten(1))",
        ),
        ("nn.ReLU()",),
        "build",
    ),
)
"""Submissions with a name or a size that PyTorch refuses."""
