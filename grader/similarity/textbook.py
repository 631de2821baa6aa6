"""Networks that stand in every tutorial: two who have one of them in common share a book, not their work."""

from __future__ import annotations

from grader.similarity.canonical import Piece
from grader.similarity.entries import Template

_FIVE_LAYERS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d({channels}, 6, 5{padding})
        self.pool = nn.{pool}(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool({activation}(self.conv1(x)))
        x = self.pool({activation}(self.conv2(x)))
        x = {flat}
        x = {activation}(self.fc1(x))
        x = {activation}(self.fc2(x))
        x = self.fc3(x)
        return x


net = Net()
"""
"""Of 1998, as the tutorials write it for pictures in colour and for digits."""

_FLAT = ("torch.flatten(x, 1)", "x.view(-1, 16 * 5 * 5)", "x.view(x.size(0), -1)", "x.reshape(-1, 16 * 5 * 5)")

_KINDS = (
    (3, "", "MaxPool2d", "F.relu"),
    (1, "", "MaxPool2d", "F.relu"),
    (1, ", padding=2", "AvgPool2d", "torch.tanh"),
)

_DIGITS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = self.dropout2(x)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)
"""


def textbook() -> tuple[Template, ...]:
    """Return these networks, written in each of the usual ways."""
    written = [
        _FIVE_LAYERS.format(channels=channels, padding=padding, pool=pool, activation=activation, flat=flat)
        for channels, padding, pool, activation in _KINDS
        for flat in _FLAT
    ]
    return (Template("textbook", tuple(Piece("textbook", None, one) for one in (*written, _DIGITS))),)
