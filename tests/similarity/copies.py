"""A class to compare: different networks, and copies of one with a change each."""

from __future__ import annotations

from grader.similarity.canonical import Piece
from grader.similarity.entries import Entry

ORIGINAL = """import torch.nn as nn

class PictureNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.edges = nn.Conv2d(3, 22, kernel_size=5, padding=2)
        self.shapes = nn.Conv2d(22, 37, 3)
        self.shrink = nn.MaxPool2d(2)
        self.hidden = nn.Linear(37 * 7 * 7, 91)
        self.scores = nn.Linear(91, 10)
        self.drop = nn.Dropout(0.35)

    def squeeze(self, x):
        return self.shrink(nn.functional.leaky_relu(x, 0.07))

    def forward(self, x):
        x = self.squeeze(self.edges(x))
        x = self.squeeze(self.shapes(x))
        x = x.flatten(1)
        x = self.drop(nn.functional.elu(self.hidden(x)))
        return self.scores(x)

model = PictureNet()
"""

RENAMED = ORIGINAL
for _old, _new in (
    ("PictureNet", "Net"), ("edges", "c1"), ("shapes", "c2"), ("shrink", "p"), ("hidden", "f1"), ("scores", "f2"),
    ("squeeze", "step"), ("self.drop", "self.d"), ("(self, x)", "(self, images)"),
):  # fmt: skip
    RENAMED = RENAMED.replace(_old, _new)

REORDERED = """import torch
class PictureNet(torch.nn.Module):
    def forward(self, x):
        x = self.squeeze(self.edges(x))
        x = self.squeeze(self.shapes(x))
        x = x.flatten(1)
        x = self.drop(torch.nn.functional.elu(self.hidden(x)))
        return self.scores(x)
    def squeeze(self, x):
        "Halve it."
        return self.shrink(torch.nn.functional.leaky_relu(x, .070))
    def __init__(self):
        super(PictureNet, self).__init__()
        self.scores = torch.nn.Linear(in_features=91, out_features=10)   # ten classes
        self.drop = torch.nn.Dropout(p=0.35)
        self.hidden = torch.nn.Linear(
            37 * 7 * 7,
            91,
        )
        self.shrink = torch.nn.MaxPool2d(2)
        self.edges = torch.nn.Conv2d(3, 22, 5, padding=2)
        self.shapes = torch.nn.Conv2d(in_channels=22, out_channels=37, kernel_size=3)
model = PictureNet()
"""

OTHER_NUMBERS = ORIGINAL.replace("22", "18").replace("37", "40").replace("91", "64").replace("0.35", "0.2")

SEQUENTIAL = """import torch.nn as nn
model = nn.Sequential(
    nn.Conv2d(3, 22, 5, padding=2), nn.LeakyReLU(0.07), nn.MaxPool2d(2),
    nn.Conv2d(22, 37, 3), nn.LeakyReLU(0.07), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(37 * 7 * 7, 91), nn.ELU(), nn.Dropout(0.35), nn.Linear(91, 10),
)
"""


def entry(name: str, *texts: str, said: str = "", network: str = "", layers: tuple[str, ...] = ()) -> Entry:
    """Return a submission of some cells."""
    pieces = tuple(Piece(f"{name}.ipynb", number, text) for number, text in enumerate(texts, 1))
    passages = (("text cell 1", said),) if said else ()
    return Entry(name, frozenset({name}), pieces, (), passages, network, layers)


def strangers(count: int) -> list[Entry]:
    """Return networks that have the course's manner of writing in common, and their sizes and ways not."""
    return [entry(f"stranger{number:02}", _stranger(number)) for number in range(count)]


def _stranger(number: int) -> str:
    pool, act = (
        ("MaxPool2d", "AvgPool2d", "MaxPool2d")[number % 3],
        ("relu", "tanh", "gelu", "silu", "selu")[number % 5],
    )
    first, second, third = 8 + number, 11 + 3 * number, 60 + 7 * number
    layers = [
        f"self.conv1 = nn.Conv2d(3, {first}, {3 + 2 * (number % 2)})",
        f"self.conv2 = nn.Conv2d({first}, {second}, 3, padding={number % 2})",
        f"self.pool = nn.{pool}(2)",
        f"self.fc1 = nn.LazyLinear({third})",
        f"self.fc2 = nn.Linear({third}, 10)",
    ]
    extra = [f"self.norm{one} = nn.BatchNorm2d({first})" for one in range(number % 4)]
    steps = [f"x = self.pool(F.{act}(self.conv1(x)))"]
    steps += [f"x = self.norm{one}(x)" for one in range(number % 4)]
    steps += [f"x = self.pool(F.{act}(self.conv2(x)))"] if number % 2 else [f"x = F.{act}(self.pool(self.conv2(x)))"]
    steps += ["x = torch.flatten(x, 1)", f"x = F.{act}(self.fc1(x))", "return self.fc2(x)"]
    inside = "\n        ".join(["super().__init__()", *layers, *extra])
    way = "\n        ".join(steps)
    return (
        f"class Net{number}(nn.Module):\n    def __init__(self):\n        {inside}\n\n"
        f"    def forward(self, x):\n        {way}\n\nnet = Net{number}()\n"
    )
