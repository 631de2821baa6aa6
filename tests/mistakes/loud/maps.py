"""What reaches a convolution, a pooling or a batch normalisation does not fit (E06-E12, E34)."""

from __future__ import annotations

from tests.mistakes.specimen import Mistake, cells, net, stack

MAPS: tuple[Mistake, ...] = (
    Mistake(
        "E06",
        "class",
        net(
            "self.conv1 = nn.Conv2d(3, 16, 3)\nself.conv2 = nn.Conv2d(32, 64, 3)\nself.fc = nn.Linear(64 * 14 * 14, 10)",
            "x = F.relu(self.conv1(x))\nx = F.max_pool2d(F.relu(self.conv2(x)), 2)  # here\nreturn self.fc(x.flatten(1))",
        ),
        ("conv2 was made for 32 input channels, but 16 arrive (conv1 makes 16)", "Set in_channels of conv2 to 16."),
    ),
    Mistake(
        "E06",
        "sequential",
        stack(
            "nn.Conv2d(3, 8, 3)", "nn.MaxPool2d(2)", "nn.Conv2d(16, 4, 3)  # here", "nn.Flatten()", "nn.Linear(676, 10)"
        ),
        ("16 input channels, but 8 arrive", "Set in_channels of 2 to 8."),
    ),
    Mistake(
        "E07",
        "class",
        net(
            "self.conv1 = nn.Conv2d(1, 8, 3)\nself.fc = nn.Linear(8 * 15 * 15, 10)",
            "x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # here\nreturn self.fc(x.flatten(1))",
        ),
        ("1 channel (grey pictures), but colour pictures have 3", "Set in_channels of conv1 to 3."),
    ),
    Mistake(
        "E07",
        "sequential",
        stack(
            "nn.Conv2d(1, 8, 5)  # here", "nn.ReLU()", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(8 * 14 * 14, 10)"
        ),
        ("grey pictures", "Set in_channels of 0 to 3."),
    ),
    Mistake(
        "E08",
        "four",
        stack(
            "nn.Conv2d(4, 8, 5)  # here", "nn.ReLU()", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(8 * 14 * 14, 10)"
        ),
        ("4 channels, but the pictures have 3 colours", "Set in_channels of 0 to 3."),
    ),
    Mistake(
        "E08",
        "slice",
        net(
            "self.conv1 = nn.Conv2d(3, 8, 3)\nself.fc = nn.Linear(8 * 15 * 15, 10)",
            "x = x[:, :-1]\nx = F.max_pool2d(F.relu(self.conv1(x)), 2)  # here\nreturn self.fc(x.flatten(1))",
        ),
        ("2 colours of 3", "removed blue", "Leave the slice out"),
    ),
    Mistake(
        "E09",
        "permute",
        net(
            "self.conv1 = nn.Conv2d(3, 8, 3)\nself.fc = nn.Linear(8 * 15 * 15, 10)",
            "x = x.permute(0, 2, 3, 1)\nx = F.max_pool2d(F.relu(self.conv1(x)), 2)  # here\nreturn self.fc(x.flatten(1))",
        ),
        ("32 x 32 x 3 (height, width, colours)", "x.permute(0, 3, 1, 2)"),
    ),
    Mistake(
        "E09",
        "swapaxes",
        cells(
            f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1800, 10))
    def forward(self, x):
        x = x.swapaxes(1, -1)
        return self.body(x){"  # here"}
""",
            "model = Net()",
        ),
        ("32 x 32 x 3 (height, width, colours)", "colours first"),
    ),
    Mistake(
        "E10",
        "sequential",
        stack(
            "nn.Conv2d(3, 8, 2)", "nn.Conv2d(8, 2, 32)  # here", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(2, 10)"
        ),
        ("31 x 31", "32 x 32 kernel", "at most 31"),
    ),
    Mistake(
        "E10",
        "class",
        net(
            "self.conv1 = nn.Conv2d(3, 8, 3)\nself.conv2 = nn.Conv2d(8, 16, 7)\nself.fc = nn.Linear(16, 10)",
            "x = F.max_pool2d(self.conv1(x), 6)\nx = self.conv2(x)  # here\nreturn self.fc(x.flatten(1))",
        ),
        ("conv2", "5 x 5", "7 x 7 kernel", "at most 5"),
    ),
    Mistake(
        "E11",
        "sequential",
        stack(
            "nn.Conv2d(3, 4, 3, padding=1)",
            *["nn.MaxPool2d(2)"] * 5,
            "nn.MaxPool2d(2)  # here",
            "nn.Flatten()",
            "nn.Linear(4, 10)",
        ),
        ("1 x 1", "after 5 poolings", "32 can be halved 5 times"),
    ),
    Mistake(
        "E11",
        "class",
        net(
            "self.conv1 = nn.Conv2d(3, 8, 5)\nself.pool = nn.AvgPool2d(8)\nself.fc = nn.Linear(8, 10)",
            "x = self.pool(F.relu(self.conv1(x)))\nx = self.pool(x)  # here\nreturn self.fc(x.flatten(1))",
        ),
        ("3 x 3", "at most 3"),
    ),
    Mistake(
        "E12",
        "sequential",
        stack("nn.Flatten()", "nn.Conv2d(3, 8, 3)  # here", "nn.MaxPool2d(2)", "nn.Linear(1800, 10)"),
        ("rows of 3,072 numbers", "Move the Flatten"),
    ),
    Mistake(
        "E12",
        "class",
        net(
            "self.conv1 = nn.Conv2d(3, 8, 3)\nself.fc = nn.Linear(8 * 15 * 15, 10)",
            "x = x.unsqueeze(0)\nx = F.max_pool2d(self.conv1(x), 2)  # here\nreturn self.fc(x.flatten(1))",
        ),
        ("(1, 7, 3, 32, 32)", "Leave out one unsqueeze"),
    ),
    Mistake(
        "E34",
        "channels",
        net(
            "self.conv1 = nn.Conv2d(3, 16, 3)\nself.bn1 = nn.BatchNorm2d(32)\nself.fc = nn.Linear(16 * 15 * 15, 10)",
            "x = F.relu(self.bn1(self.conv1(x)))  # here\nreturn self.fc(F.max_pool2d(x, 2).flatten(1))",
        ),
        ("bn1 was made for 32 channels, but 16 arrive", "nn.BatchNorm2d(16)"),
    ),
    Mistake(
        "E34",
        "sequential",
        stack(
            "nn.Conv2d(3, 16, 3)",
            "nn.MaxPool2d(2)",
            "nn.Flatten()",
            "nn.Linear(3600, 64)",
            "nn.BatchNorm2d(64)  # here",
            "nn.ReLU()",
            "nn.Linear(64, 10)",
        ),
        ("(7, 64)", "nn.BatchNorm1d(64)"),
    ),
)
"""Submissions whose maps do not fit."""
