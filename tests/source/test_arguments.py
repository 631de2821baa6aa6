"""Arguments that nobody gives: what a class does with a parameter tells what it must be."""

from __future__ import annotations

import pytest

from grader.source.entry import Hints
from tests.source.models import answer, built, planned

OTHER = Hints((1, 28, 24), 7)
"""A rubric whose numbers nothing in the programs has by chance."""


def net(parameters: str, body: str, forward: str = "return self.fc(self.conv(x).mean((2, 3)))") -> str:
    """Write a class `Net`; statements are separated by `|`, four spaces of depth by `>`."""
    lines = [line.replace(">", "    ") for line in body.split("|")]
    inside = "\n        ".join(lines)
    return (
        f"class Net(nn.Module):\n    def __init__(self, {parameters}):\n        super().__init__()\n        {inside}\n"
        f"    def forward(self, x):\n        {forward}\n"
    )


DENSE = "self.fc = nn.Linear(8, classes)"
GROWN = "self.conv = nn.Sequential(*layers)|self.fc = nn.Linear(width, classes)"
FLAT = "return self.fc(self.conv(x).flatten(1))"

SHAPES = {
    "taken apart": net("size, classes", f"c, h, w = size|self.conv = nn.Conv2d(c, 8, 3)|{DENSE}"),
    "copied and taken apart": net(
        "in_size, classes", f"c, h, w = tuple(in_size)|self.conv = nn.Conv2d(c, 8, 3)|{DENSE}"
    ),
    "read by its places": net(
        "input_dim, classes",
        "self.conv = nn.Conv2d(input_dim[0], 8, 3, padding=1)|self.fc = nn.Linear(8 * input_dim[1] * input_dim[2], classes)",
        FLAT,
    ),
    "height and width": net(
        "image_size, c, classes",
        "h, w = image_size|self.conv = nn.Conv2d(c, 8, 3, padding=1)|self.fc = nn.Linear(8 * h * w, classes)",
        FLAT,
    ),
    "kept, and taken apart in a method": net(
        "in_size, classes", "self.in_size = in_size|self.conv = self.make()|" + DENSE
    )
    + "    def make(self):\n        c, h, w = self.in_size\n        return nn.Conv2d(c, 8, 3)\n",
    "channels under another name": net(
        "first, last", "self.conv = nn.Conv2d(first, 8, 3)|self.fc = nn.Linear(8, last)"
    ),
    "channels given to a block": "class Block(nn.Module):\n    def __init__(self, i, o):\n        super().__init__()\n        self.conv = nn.Conv2d(i, o, 3)\n    def forward(self, x):\n        return self.conv(x)\n"
    + net("first, classes", f"self.conv = Block(first, 8)|{DENSE}"),
    "channels given to a function": "def block(i, o):\n    return nn.Sequential(nn.Conv2d(i, o, 3), nn.ReLU())\n"
    + net("first, classes", f"self.conv = block(first, 8)|{DENSE}"),
    "settings": net(
        "spec",
        "self.conv = nn.Conv2d(spec.in_channels, spec.width, 3)|self.fc = nn.Linear(spec.width, spec.num_classes)",
    ).replace("spec.width", "spec.hidden"),
    "settings by keys": net(
        "settings", "self.conv = nn.Conv2d(settings['channels'], 8, 3)|self.fc = nn.Linear(8, settings['num_classes'])"
    ),
    "keyword settings": net(
        "**settings", "self.conv = nn.Conv2d(settings['in_channels'], 8, 3)|self.fc = nn.Linear(8, settings['classes'])"
    ),
}
LISTS = {
    "gone through": net(
        "channels, c, classes",
        f"layers, width = [], c|for out in channels:|>layers.append(nn.Conv2d(width, out, 3))|>width = out|{GROWN}",
    ),
    "measured": net(
        "c, widths, classes",
        "layers = []|for i in range(len(widths)):|>layers.append(nn.Conv2d(c if i == 0 else widths[i - 1], widths[i], 3))|width = widths[-1]|"
        + GROWN,
    ),
    "several of one length": net(
        "c, filters, kernels, strides, classes",
        f"layers, width = [], c|for f, k, s in zip(filters, kernels, strides):|>layers.append(nn.Conv2d(width, f, k, s))|>width = f|{GROWN}",
    ),
    "from the first channels on": net(
        "sizes, classes",
        f"layers = [nn.Conv2d(sizes[i], sizes[i + 1], 3) for i in range(len(sizes) - 1)]|width = sizes[-1]|{GROWN}",
    ),
    "of pairs": net(
        "plan, c, classes",
        f"layers, width = [], c|for out, kernel in plan:|>layers.append(nn.Conv2d(width, out, kernel))|>width = out|{GROWN}",
    ),
    "of dicts": net(
        "plan, c, classes",
        f"layers, width = [], c|for one in plan:|>layers.append(nn.Conv2d(width, one['width'], one['kernel_size']))|>width = one['width']|{GROWN}",
    ).replace("['width']", "['hidden']"),
    "by its type": net(
        "c, classes, widths: list[int]",
        "self.conv = nn.Conv2d(c, widths[-1], 3)|self.fc = nn.Linear(widths[-1], classes)",
    ),
    "kernels by their places": net(
        "c, kernels, classes",
        f"self.conv = nn.Sequential(nn.Conv2d(c, 8, kernels[0]), nn.Conv2d(8, 8, kernels[1]))|{DENSE}",
    ),
    "pooled every so often": net(
        "channels, every, c, classes",
        f"layers, width = [], c|for i, out in enumerate(channels):|>layers.append(nn.Conv2d(width, out, 3))|>width = out|>if (i + 1) % every == 0:|>>layers.append(nn.MaxPool2d(2))|{GROWN}",
    ),
}
BLOCK = """
class Residual(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv2d(i, o, 3, padding=1)
    def forward(self, x):
        return F.relu(self.conv(x))
"""
OTHERS = {
    "a class of layers": BLOCK + net("unit, c, classes", f"self.conv = unit(c, 8)|{DENSE}"),
    "a class of layers, in a method": BLOCK
    + net("unit, c, counts, classes", f"self.conv = self.make(unit, c, counts[0])|{DENSE}")
    + "    def make(self, unit, c, count):\n        return nn.Sequential(unit(c, 8), *[unit(8, 8) for _ in range(count)])\n",
    "an activation that is called": net(
        "act, c, classes",
        f"self.act = act|self.conv = nn.Conv2d(c, 8, 3)|{DENSE}",
        "return self.fc(self.act(self.conv(x)).mean((2, 3)))",
    ),
    "the class of an activation": net(
        "act, c, classes", f"self.conv = nn.Sequential(nn.Conv2d(c, 8, 3), act())|{DENSE}"
    ),
    "a word that is compared": net(
        "activation, c, classes",
        f"self.conv = nn.Conv2d(c, 8, 3)|if activation == 'relu':|>self.act = nn.ReLU()|else:|>raise ValueError(activation)|{DENSE}",
    ),
    "the key of a table": "TABLE = {'small': 8, 'large': 64}\n"
    + net("kind, c, classes", "self.conv = nn.Conv2d(c, TABLE[kind], 3)|self.fc = nn.Linear(TABLE[kind], classes)"),
    "the key of a dict inside": net(
        "kind, c, classes",
        "self.act = {'relu': nn.ReLU(), 'tanh': nn.Tanh()}[kind]|self.conv = nn.Conv2d(c, 8, 3)|" + DENSE,
    ),
    "a number of times": net(
        "depth, c, classes",
        f"self.conv = nn.Sequential(nn.Conv2d(c, 8, 3), *[nn.Conv2d(8, 8, 3) for _ in range(depth)])|{DENSE}",
    ),
    "a dropout": net("q, c, classes", f"self.conv = nn.Sequential(nn.Conv2d(c, 8, 3), nn.Dropout(q))|{DENSE}"),
    "a kernel": net("field, c, classes", f"self.conv = nn.Conv2d(c, 8, kernel_size=field)|{DENSE}"),
    "a switch": net(
        "fancy, c, classes",
        f"assert fancy is True|self.conv = nn.Conv2d(c, 8, 3)|self.act = nn.ReLU() if fancy else None|{DENSE}",
    ),
    "by its type": net(
        "title: str, ratio: float, c, classes",
        f"title.upper()|self.drop = nn.Dropout(ratio)|self.conv = nn.Conv2d(c, 8, 3)|{DENSE}",
    ),
    "patches and heads": net(
        "image_size, patch_size, dim, num_heads, c, classes",
        "assert image_size % patch_size == 0|self.conv = nn.Conv2d(c, dim, patch_size, patch_size)|self.inner = nn.MultiheadAttention(dim, num_heads)|self.fc = nn.Linear(dim, classes)",
    ),
}
FAMILY = {
    "hooks of a base": """
class Base(nn.Module):
    def __init__(self, in_size, classes, filters):
        super().__init__()
        self.in_size, self.classes, self.filters = in_size, classes, filters
        self.all = self.make()
    def make(self):
        raise NotImplementedError
    def forward(self, x):
        return self.all(x)
class Mine(Base):
    def make(self):
        c, h, w = self.in_size
        layers = []
        for width in self.filters:
            layers.append(nn.Conv2d(c, width, 3))
            c = width
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, self.classes))
""",
    "handed to the base's constructor": """
class Base(nn.Module):
    def __init__(self, in_size, classes):
        super().__init__()
        c, h, w = in_size
        self.all = nn.Sequential(nn.Conv2d(c, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, classes))
    def forward(self, x):
        return self.all(x)
class Mine(Base):
    def __init__(self, in_size, classes, times):
        super().__init__(in_size, classes)
        self.more = [None for _ in range(times)]
""",
}


@pytest.mark.parametrize("text", [*SHAPES.values(), *LISTS.values(), *OTHERS.values()], ids=[*SHAPES, *LISTS, *OTHERS])
def test_use_tells_what_a_parameter_must_be(text: str) -> None:
    """A class that nobody builds is built with what fits, and answers pictures of the rubric's shape."""
    plan = planned(text, OTHER)[0]
    assert plan.name == "Net"
    assert answer(built(plan), OTHER) == (2, OTHER.classes)
    assert plan.repairs
    assert all(repair.kind == "argument" for repair in plan.repairs)


@pytest.mark.parametrize("name", FAMILY)
def test_parameters_are_followed_into_the_family(name: str) -> None:
    """What a base's method does with `self.in_size` tells what the subclass has to be given."""
    plan = planned(FAMILY[name], OTHER)[0]
    assert plan.name == "Mine"
    assert answer(built(plan), OTHER) == (2, OTHER.classes)


def test_lists_keep_the_usual_meaning() -> None:
    """Kernels are threes and strides ones, also in a list; what goes through convolutions begins with the channels."""
    assert "kernels=[3, 3], strides=[1, 1]" in planned(LISTS["several of one length"], OTHER)[0].expression
    assert "sizes=[1, 32, 64]" in planned(LISTS["from the first channels on"], OTHER)[0].expression
    kernel = net("kernel_size, c, classes", f"h, w = kernel_size|self.conv = nn.Conv2d(c, 8, (h, w))|{DENSE}")
    assert "kernel_size=[3, 3]" in planned(kernel, OTHER)[0].expression


def test_network_that_takes_a_network_gets_one() -> None:
    """`Wrapper(model)` that nobody builds is given the network of the submission."""
    text = net("classes=7", f"self.conv = nn.Conv2d(1, 8, 3)|{DENSE}").replace("Net", "Inner")
    text += "class Wrapper(nn.Module):\n    def __init__(self, model):\n        super().__init__()\n        self.model = model\n    def forward(self, x):\n        return self.model(x)\n"
    wrapper = next(plan for plan in planned(text, OTHER) if plan.name == "Wrapper")
    assert wrapper.expression == "Wrapper(model=Inner())"
    assert answer(built(wrapper), OTHER) == (2, OTHER.classes)


def test_spread_settings_are_kept() -> None:
    """`Net(**config)` inside a function keeps its settings and gets nothing made up beside them."""
    text = "config = {'c': 1, 'classes': 7}\n" + net("c, classes", f"self.conv = nn.Conv2d(c, 8, 3)|{DENSE}")
    plan = planned(f"{text}class Runner:\n    def __init__(self):\n        self.net = Net(**config)", OTHER)[0]
    assert plan.expression == "Net(**config)"
    assert answer(built(plan), OTHER) == (2, OTHER.classes)
