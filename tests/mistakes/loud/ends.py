"""Types, devices, gradients, weights, memory and the softmax's axis (E26-E28, E30, E33, E35-E38)."""

from __future__ import annotations

from tests.mistakes.specimen import HERE, Mistake, cells, net, stack

_INIT = "self.conv = nn.Conv2d(3, 4, 3)\nself.fc = nn.Linear(900, 10)"
_MAPS = "x = F.max_pool2d(F.relu(self.conv(x)), 2)\n"
_STACK = ("nn.Conv2d(3, 4, 3)", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(900, 10)")

ENDS: tuple[Mistake, ...] = (
    Mistake(
        "E26",
        "double",
        net(_INIT, f"x = x.double()\n{_MAPS.strip()}{HERE}\nreturn self.fc(x.flatten(1))"),
        ("float64", ".float()"),
    ),
    Mistake(
        "E26",
        "bytes",
        net(_INIT, f"x = (255 * x).to(torch.uint8)\n{_MAPS.strip()}{HERE}\nreturn self.fc(x.flatten(1))"),
        ("uint8", ".float()"),
    ),
    Mistake(
        "E26",
        "dense",
        net(_INIT, f"{_MAPS}return self.fc(x.flatten(1).long()){HERE}"),
        ("int64", ".float()"),
    ),
    Mistake(
        "E27",
        "numpy",
        net(_INIT, f"x = x.detach().numpy()\n{_MAPS.strip()}{HERE}\nreturn self.fc(x.flatten(1))"),
        ("NumPy array", "torch.tensor("),
    ),
    Mistake(
        "E27",
        "list",
        net(_INIT, f"{_MAPS}return self.fc(x.flatten(1).tolist()){HERE}"),
        ("list", "torch.tensor("),
    ),
    Mistake(
        "E33",
        "sigmoid",
        net(
            _INIT,
            "x = torch.sigmoid(self.conv(x))\nx += 1\nx = F.max_pool2d(x, 2)\nreturn self.fc(x.flatten(1))",
        ),
        ("x = x + ...",),
        "graph",
        "training_step",
    ),
    Mistake(
        "E33",
        "multiply",
        cells(
            """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(900, 10)
    def forward(self, x):
        x = torch.tanh(self.conv(x))
        x.mul_(2)
        return self.fc(F.max_pool2d(x, 2).flatten(1))
""",
            "model = Net()",
        ),
        ("x = x + ...",),
        "graph",
        "training_step",
    ),
    Mistake(
        "E30",
        "argmax",
        net(_INIT, f"{_MAPS}return self.fc(x.flatten(1)).argmax(1)"),
        ("argmax",),
        "graph",
        "output",
    ),
    Mistake(
        "E30",
        "detach",
        net(_INIT, f"{_MAPS}return self.fc(x.flatten(1)).detach()"),
        ("detach",),
        "graph",
        "training_step",
    ),
    Mistake(
        "E30",
        "no_grad",
        net(_INIT, "with torch.no_grad():\n    x = self.fc(F.max_pool2d(self.conv(x), 2).flatten(1))\nreturn x"),
        ("no_grad",),
        "graph",
        "training_step",
    ),
    Mistake(
        "E35",
        "pickled",
        cells(f"model = torch.load('model.pth', weights_only=False){HERE}"),
        ("only loaded from a file", "model = Net()"),
        "source",
    ),
    Mistake(
        "E35",
        "reassigned",
        f"{net(_INIT, f'{_MAPS}return self.fc(x.flatten(1))', 'model = Net()')}\nmodel = model.load_state_dict(Net().state_dict())\n",
        ("load_state_dict", "model was taken as it was before"),
        "source",
    ),
    Mistake(
        "E35",
        "other_sizes",
        f"{net(_INIT, f'{_MAPS}return self.fc(x.flatten(1))', 'model = Net()')}\nmodel.load_state_dict(nn.Sequential({', '.join(_STACK)}).state_dict())\n",
        ("line 17", "loading state_dict for Net"),
        "build",
    ),
    Mistake(
        "E37",
        "sequential",
        stack(
            "nn.Conv2d(3, 5, 4)",
            "nn.MaxPool2d(4, stride=1)",
            "nn.Flatten()",
            f"nn.Linear(6663800, 256){HERE}",
            "nn.Linear(256, 10)",
        ),
        ("1,705,932,800 weights", "6.8 GB", "nn.MaxPool2d(2)"),
        "build",
    ),
    Mistake(
        "E37",
        "class",
        net(
            f"self.conv = nn.Conv2d(3, 256, 3)\nself.fc = nn.Linear(256 * 30 * 30, 30000){HERE}\nself.out = nn.Linear(30000, 10)",
            "return self.out(self.fc(self.conv(x).flatten(1)))",
        ),
        ("GB",),
        "build",
    ),
    Mistake(
        "E38",
        "sequential",
        stack(*_STACK, "nn.Softmax(2)  # here"),
        ("dim=1",),
    ),
    Mistake(
        "E38",
        "functional",
        net(_INIT, f"{_MAPS}x = self.fc(x.flatten(1))\nreturn F.log_softmax(x, dim=2){HERE}"),
        ("dim=1",),
    ),
)
"""Submissions that stop, or cannot learn, at their end."""
