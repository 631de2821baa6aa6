"""Slips in the class: `super()`, names, `forward`, layers as functions (E16-E21, E29)."""

from __future__ import annotations

from tests.mistakes.specimen import HERE, IMPORTS, Mistake, cells, net

_INIT = "self.conv1 = nn.Conv2d(3, 8, 3)\nself.pool = nn.MaxPool2d(2)\nself.fc1 = nn.Linear(1800, 10)"
_FORWARD = "x = self.pool(F.relu(self.conv1(x)))\nreturn self.fc1(x.flatten(1))"
_GOOD = net(_INIT, _FORWARD)


def _changed(old: str, new: str, good: str = _GOOD) -> str:
    assert old in good, old
    return good.replace(old, new)


CLASSES: tuple[Mistake, ...] = (
    Mistake(
        "E16",
        "missing",
        _changed(
            "        super().__init__()\n        self.conv1 = nn.Conv2d(3, 8, 3)",
            f"        self.conv1 = nn.Conv2d(3, 8, 3){HERE}",
        ),
        ("super().__init__()", "first line"),
        "build",
    ),
    Mistake(
        "E16",
        "brackets",
        _changed(
            "super().__init__()\n        self.conv1 = nn.Conv2d(3, 8, 3)",
            f"super().__init__\n        self.conv1 = nn.Conv2d(3, 8, 3){HERE}",
        ),
        ("super().__init__()", "brackets"),
        "build",
    ),
    Mistake(
        "E16",
        "late",
        cells(
            f"""
class Net(nn.Module):
    def __init__(self):
        self.conv1 = nn.Conv2d(3, 8, 3){HERE}
        super(Net, self).__init__()
        self.fc1 = nn.Linear(1800, 10)
    def forward(self, x):
        return self.fc1(F.max_pool2d(self.conv1(x), 2).flatten(1))
""",
            "model = Net()",
        ),
        ("first line",),
        "build",
    ),
    Mistake(
        "E17",
        "other_name",
        _changed("return self.fc1(x.flatten(1))", f"return self.fc2(x.flatten(1)){HERE}"),
        ("self.fc2", "Write self.fc1"),
    ),
    Mistake(
        "E17",
        "no_self",
        _changed("x = self.pool(F.relu(self.conv1(x)))", f"x = self.pool(F.relu(conv1(x))){HERE}"),
        ("Write self.conv1.",),
    ),
    Mistake(
        "E17",
        "underscores",
        _changed(
            "x = self.pool(F.relu(self.conv1(x)))",
            f"x = self.pool(F.relu(self.conv1(x))){HERE}",
            _changed("__init__(self)", "_init_(self)"),
        ),
        ("self.pool", "two underscores"),
    ),
    Mistake(
        "E18",
        "misspelt",
        _changed("def forward(", "def foward("),
        ("spelling of forward",),
    ),
    Mistake(
        "E18",
        "indented",
        cells(
            """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3)
        self.fc1 = nn.Linear(1800, 10)
        def forward(self, x):
            return self.fc1(F.max_pool2d(self.conv1(x), 2).flatten(1))
""",
            "model = Net()",
        ),
        ("def forward stands as far to the right as def __init__",),
    ),
    Mistake(
        "E19",
        "no_self",
        _changed("def forward(self, x):", "def forward(x):"),
        ("def forward(self, x):",),
    ),
    Mistake(
        "E19",
        "labels",
        _changed("def forward(self, x):", "def forward(self, x, labels):"),
        ("labels", "def forward(self, x):", "loss outside"),
    ),
    Mistake(
        "E20",
        "class_handed_in",
        _changed("model = Net()", "model = Net"),
        ("model is the class Net itself", "Net() with brackets"),
        "source",
        "built",
    ),
    Mistake(
        "E20",
        "class_called",
        cells(
            """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(900, 10)
    def forward(self, x):
        return self.fc(F.max_pool2d(self.conv(x), 2).flatten(1))
""",
            f"model = Net(10){HERE}",
        ),
        ("Net(...) was given 1 value", "Write Net()"),
        "build",
    ),
    Mistake(
        "E21",
        "relu",
        _changed("x = self.pool(F.relu(self.conv1(x)))", f"x = nn.ReLU(self.conv1(x))\n        x = self.pool(x){HERE}"),
        ("nn.ReLU()(x)",),
    ),
    Mistake(
        "E21",
        "flatten",
        cells(
            f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(900, 10)
    def forward(self, x):
        x = F.max_pool2d(self.conv(x), 2)
        x = nn.Flatten(x)
        return self.fc(x){HERE}
""",
            "model = Net()",
        ),
        ("nn.Flatten()(x)",),
    ),
    Mistake(
        "E21",
        "pool",
        net(
            "self.conv = nn.Conv2d(3, 4, 3)\nself.fc = nn.Linear(900, 10)",
            f"x = nn.MaxPool2d(F.relu(self.conv(x)), 2)\nreturn self.fc(x.flatten(1)){HERE}",
        ),
        ("nn.MaxPool2d(2)(x)",),
    ),
    Mistake(
        "E29",
        "no_return",
        _changed("return self.fc1(x.flatten(1))", "x = self.fc1(x.flatten(1))"),
        ("None", "return x"),
    ),
    Mistake(
        "E29",
        "tuple",
        _changed("return self.fc1(x.flatten(1))", "return self.fc1(x.flatten(1)), x"),
        ("tuple", "one tensor"),
        "source",
        "output",
    ),
    Mistake(
        "E29",
        "part",
        IMPORTS
        + """
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
    def forward(self, x):
        x = F.relu(self.conv(x))

model = nn.Sequential(Block(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(900, 10))
""",
        ("None", "return x"),
    ),
)
"""Submissions with a slip in the class."""
