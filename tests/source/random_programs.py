"""Random programs over a handful of names, to compare a slice with the whole."""

from __future__ import annotations

from random import Random

HEAD = """
a = [1]
b = [2]
c = [3]
d = [4]
def f0(): return a
def f1(): return b
def f2(): return 0
def g0(x): return x
def g1(x): return x
class C0:
    def __init__(self): self.k = [0]
    def m(self): return 0
    def e(self): pass
class C1(C0):
    pass
o0 = C0()
o1 = C1()
h = lambda: 0
"""

SHAPES = (
    "{a} = [{n}]",
    "{a} = {b}",
    "{a} = [{b}, {c}]",
    "{a}, {b} = {c}, {d}",
    "{a} = {b} = [{n}]",
    "{a} = [x for x in {b}]",
    "{a}.append({n})",
    "{a} += [{n}]",
    "{a}[0] = {n}",
    "del {a}[0]",
    "def f{i}(): return [{a}[:]]",
    "def f{i}(): return [{a}[:], f2()]",
    "def f2(): return {a}",
    "def g{i}(x): x.append({n})",
    "def g{i}(x): return {a}",
    "def g{i}(x): return x",
    "def g{i}(x):\n    global {a}\n    {a} = [x, {n}]",
    "g{i}({a})",
    "{a} = g{i}({b})",
    "{a} = f{i}()",
    "if len({a}) > 1:\n    {b} = [{n}]",
    "if len({a}) > 1:\n    {b} = {c}\nelse:\n    {d} = [{n}]",
    "if (size := len({a})) > 1:\n    {b} = [size]",
    "for x in (1, 2):\n    {a}.append(x)",
    "for x in (1, 2):\n    {a} = {b}\n    {c} = [x]",
    "for x in ({a}, {b}):\n    x.append({n})",
    "try:\n    {a} = {b}[5]\nexcept IndexError:\n    {c} = [{n}]",
    "class C{i}:\n    def __init__(self): self.k = [0]\n    def m(self): return {a}\n    def e(self): self.k.append({n})",
    "class C{i}:\n    def __init__(self): self.k = {a}\n    def m(self): return [self.k, {b}]\n    def e(self): self.k = [{n}]",
    "o{i} = C{j}()",
    "o{i}.e()",
    "o{i}.k = {a}",
    "{a} = [o{i}.m()]",
    "{a} = o{i}.k",
    "h = lambda: {a}",
    "{a} = [h()]",
)
"""Statements; `{a}` to `{d}` are names of lists, `{i}` and `{j}` numbers of functions, classes and objects."""


def random_program(seed: int) -> str:
    """Return a program that leaves something under `model`; not every one runs through."""
    random = Random(seed)

    def line(shape: str) -> str:
        names = {name: random.choice("abcd") for name in "abcd"}
        return shape.format(**names, n=random.randint(1, 9), i=random.randint(0, 1), j=random.randint(0, 1))

    body = [line(random.choice(SHAPES)) for _ in range(random.randint(3, 14))]
    return "\n".join([HEAD, *body, line(random.choice(("model = {a}", "model = [{a}, o{i}]")))])


NETWORK_HEAD = """
import random
import torch
from torch import nn
width, depth, settings, kept, layers = 2, 1, {"width": 3}, [], []
def set_seed(number):
    random.seed(number)
    torch.manual_seed(number)
def init(layer):
    if isinstance(layer, nn.Linear):
        nn.init.constant_(layer.bias, 0.5)
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 1)
    def forward(self, x):
        return torch.relu(self.conv(x)) + x
class Net(nn.Module):
    def __init__(self, width=2):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 3)
        self.fc = nn.Linear(width, 5)
    def forward(self, x):
        return self.fc(self.stem(x).mean((2, 3)))
def make(width=2):
    return Net(width)
torch.manual_seed(1)
model = Net()
"""

QUIET = (
    "width = {n}",
    "width = settings['width']",
    "settings['width'] = {n}",
    "settings.update(width={n})",
    "depth += 1",
    "print(width, depth)",
    "kept.append(width)",
    "torch.manual_seed({n})",
    "set_seed({n})",
    "if depth > 1:\n    width = {n}\nelse:\n    torch.manual_seed({n})",
    "def make(width={n}):\n    return Net(width)",
    "def make(width={n}):\n    made = Net(width)\n    made.apply(init)\n    return made",
    (
        "class Block(nn.Module):\n    def __init__(self, width):\n        super().__init__()\n"
        "        self.conv, self.times = nn.Conv2d(width, width, 3, padding=1), depth\n"
        "    def forward(self, x):\n        return self.conv(x) * self.times"
    ),
    (
        "class Net(nn.Module):\n    def __init__(self, width=2):\n        super().__init__()\n"
        "        self.stem, self.block = nn.Conv2d(3, width, 3), Block(width)\n        self.fc = nn.Linear(width, 5)\n"
        "    def forward(self, x):\n        return self.fc(self.block(self.stem(x)).mean((2, 3)))"
    ),
    "optimizer = torch.optim.SGD(model.parameters(), lr=0.0)",
    (
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.0)\nfor step in range(2):\n"
        "    loss = model(torch.ones(2, 3, 8, 8)).sum()\n    loss.backward()\n    optimizer.step()"
    ),
    "with torch.no_grad():\n    answer = model(torch.ones(1, 3, 8, 8))",
    "best = model",
    "model.eval()",
    "model.to('cpu')",
    "assert sum(p.numel() for p in model.parameters())",
    "model.apply(init)",
    "nn.init.constant_(model.fc.weight, 0.{n})",
    "with torch.no_grad():\n    model.fc.bias.fill_({n})",
    "for parameter in model.parameters():\n    parameter.requires_grad = False",
    "for name, parameter in model.named_parameters():\n    if 'bias' in name:\n        parameter.data.zero_()",
)
"""Statements that draw no random numbers, so that a slice may leave them out or keep them."""

DRAWING = (
    "model = Net(width)",
    "model = make()",
    "model = make(settings['width'])",
    "net = Net({n})\nmodel = net",
    "for width in (2, {n}):\n    model = Net(width)",
    "model.fc = nn.Linear(model.fc.in_features, 5)",
    "setattr(model, 'fc', nn.Sequential(nn.Linear(model.fc.in_features, {n}), nn.Linear({n}, 5)))\nmodel.fc.in_features = {n}",
    "nn.init.xavier_uniform_(model.stem.weight)",
    "model.stem = nn.Sequential(model.stem, Block(model.stem.out_channels))\nmodel.stem.out_channels = {n}",
)
"""Statements that make layers or change them, and draw random numbers for that."""


def random_network(seed: int) -> str:
    """Return a program that leaves a network under `model`; not every one runs through.

    A seed stands above everything that draws: without, the weights of a model hang on those of the ones before it, which
    no slice makes. No `forward` reads a name of the module: a slice has it as it is when the model is complete, and a
    program may change it later.
    """
    random = Random(seed)
    lines = []
    for _ in range(random.randint(3, 12)):
        if random.random() < 0.3:
            lines.append(f"torch.manual_seed({random.randint(1, 9)})")
            lines.append(random.choice(DRAWING))
        else:
            lines.append(random.choice(QUIET))
    return "\n".join([NETWORK_HEAD, *(line.replace("{n}", str(random.randint(2, 5))) for line in lines)])
