"""What reaches a dense layer does not fit (E02-E04, E13-E15)."""

from __future__ import annotations

from tests.mistakes.specimen import Mistake, cells, net, stack

_MAPS = "self.conv1 = nn.Conv2d(3, 32, 3)\nself.pool = nn.MaxPool2d(2)\n"  # 32 x 15 x 15
_SEEN = "x = self.pool(F.relu(self.conv1(x)))\n"

ROWS: tuple[Mistake, ...] = (
    Mistake(
        "E02",
        "class",
        net(
            f"{_MAPS}self.fc1 = nn.Linear(512, 64)\nself.fc2 = nn.Linear(64, 10)",
            f"{_SEEN}x = torch.flatten(x, 1)\nx = F.relu(self.fc1(x))  # here\nreturn self.fc2(x)",
        ),
        ("512 numbers", "7200 (32 channels x 15 x 15)", "Set in_features of fc1 to 7200."),
    ),
    Mistake(
        "E02",
        "sequential",
        stack(
            "nn.Conv2d(3, 16, 5)", "nn.ReLU()", "nn.MaxPool2d(4)", "nn.Flatten()", "nn.Linear(16 * 8 * 8, 10)  # here"
        ),
        ("1,024 numbers", "784 (16 channels x 7 x 7)", "Set in_features of 4 to 784."),
    ),
    Mistake(
        "E02",
        "notebook",
        cells(
            "width = 8",
            f"""
class Small(nn.Module):
    def __init__(self):
        super(Small, self).__init__()
        self.features = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Linear(width * 15 * 15, 10)
    def forward(self, pictures):
        maps = self.features(pictures)
        return self.classifier(maps.reshape(maps.shape[0], -1)){"  # here"}
""",
            "net = Small()",
        ),
        ("1,800 numbers", "2048 (8 channels x 16 x 16)", "Set in_features of classifier to 2048."),
    ),
    Mistake(
        "E03",
        "class",
        net(f"{_MAPS}self.fc = nn.Linear(7200, 10)", f"{_SEEN}return self.fc(x)  # here"),
        ("32 x 15 x 15", "nn.Flatten() before fc", "its in_features is right"),
    ),
    Mistake(
        "E03",
        "sequential",
        stack("nn.Conv2d(3, 8, 3)", "nn.ReLU()", "nn.MaxPool2d(3)", "nn.Linear(100, 10)  # here"),
        ("8 x 10 x 10", "nn.Flatten() before 3", "its in_features must be 800"),
    ),
    Mistake(
        "E04",
        "sequential",
        stack("nn.Conv2d(3, 32, 3)", "nn.MaxPool2d(2)", "nn.Flatten(0)", "nn.Linear(7200, 10)  # here"),
        ("7 pictures", "50,400", "nn.Flatten()", "7200 (32 channels x 15 x 15)"),
    ),
    Mistake(
        "E04",
        "functional",
        net(
            f"{_MAPS}self.fc = nn.Linear(7200, 10)",
            f"{_SEEN}x = torch.flatten(x)\nreturn self.fc(x)  # here",
        ),
        ("7 pictures", "50,400", "torch.flatten(x, 1)", "7200"),
    ),
    Mistake(
        "E04",
        "view",
        net(f"{_MAPS}self.fc = nn.Linear(7200, 10)", f"{_SEEN}return self.fc(x.view(-1))  # here"),
        ("7 pictures", "50,400", "7200"),
    ),
    Mistake(
        "E13",
        "view",
        net(f"{_MAPS}self.fc = nn.Linear(7200, 10)", f"{_SEEN}x = x.view(16, -1)\nreturn self.fc(x)"),
        ("16 pictures", "x.view(x.size(0), -1)"),
        "behaviour",
        "output",
    ),
    Mistake(
        "E13",
        "reshape",
        net(
            f"{_MAPS}self.fc = nn.Linear(7200, 10)",
            f"{_SEEN}x = torch.reshape(x, (batch_size, 7200))\nreturn self.fc(x)",
            "batch_size = 32\nmodel = Net()",
        ),
        ("32 pictures",),
        "behaviour",
        "output",
    ),
    Mistake(
        "E14",
        "view",
        net(
            f"{_MAPS}self.fc = nn.Linear(512, 10)",
            f"{_SEEN}x = x.view(-1, 512)  # here\nreturn self.fc(x)",
        ),
        ("7,200 numbers", "32 channels x 15 x 15", "512", "torch.flatten(x, 1)"),
    ),
    Mistake(
        "E14",
        "unflatten",
        cells(
            f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(1000, 10)
    def forward(self, x):
        x = F.max_pool2d(self.conv(x), 2)
        x = x.reshape((-1, 1000)){"  # here"}
        return self.fc(x)
""",
            "model = Net()",
        ),
        ("900 numbers", "4 channels x 15 x 15", "1,000"),
    ),
    Mistake(
        "E14",
        "divides",
        net(f"{_MAPS}self.fc = nn.Linear(225, 10)", f"{_SEEN}x = x.view(-1, 225)\nreturn self.fc(x)"),
        ("224", "torch.flatten(x, 1)"),
        "behaviour",
        "output",
    ),
    Mistake(
        "E15",
        "permute",
        net(
            f"{_MAPS}self.fc = nn.Linear(7200, 10)",
            f"{_SEEN}x = x.permute(0, 2, 3, 1)\nx = x.view(x.size(0), -1)  # here\nreturn self.fc(x)",
        ),
        (".reshape(...)",),
    ),
    Mistake(
        "E15",
        "transpose",
        net(
            "self.conv1 = nn.Conv2d(3, 4, 3)\nself.fc = nn.Linear(3600, 10)",
            "x = self.conv1(x).transpose(1, 3)\nreturn self.fc(x.view(-1, 3600))  # here",
        ),
        (".reshape(...)",),
    ),
)
"""Submissions whose rows do not fit."""
