"""Pieces of programs that the specimens share: a right network, a right loop, and how to change one line of them."""

from __future__ import annotations

from tests.mistakes.specimen import cells, net, stack

CONV = "nn.Conv2d(3, 16, 3)"
MIDDLE = ("nn.ReLU()", "nn.MaxPool2d(2)", "nn.Flatten()")
LAYERS = "self.conv = nn.Conv2d(3, 16, 3)\nself.fc = nn.Linear(3600, 10)"
FEATURES = "x = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)"

NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3)
        self.fc = nn.Linear(3600, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        return self.fc(x.flatten(1))

model = Net()
"""
DATA = """
from torch.utils.data import DataLoader, TensorDataset, random_split
data = TensorDataset(torch.rand(64, 3, 32, 32), torch.randint(0, 10, (64,)))
train_set, test_set = random_split(data, [48, 16])
train_loader = DataLoader(train_set, batch_size=16, shuffle=True)
test_loader = DataLoader(test_set, batch_size=16)
"""
OPTIMISER = "optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)\n"
LOSS = "criterion = nn.CrossEntropyLoss()\n"
LOOP = """
for epoch in range(3):
    for x, y in train_loader:
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
"""
TEST = """
right = 0
model.eval()
with torch.no_grad():
    for x, y in test_loader:
        right += (model(x).argmax(1) == y).sum().item()
print(right / len(test_set))
"""


def sequential(*layers: str) -> str:
    """Write an nn.Sequential."""
    return stack(*layers)


def class_of(forward: str, init: str = LAYERS, after: str = "model = Net()") -> str:
    """Write a class."""
    return net(init, forward, after)


def book(
    loop: str = LOOP, *, network: str = NET, data: str = DATA, loss: str = LOSS, test: str = TEST, more: str = ""
) -> str:
    """Write a notebook: network, data, training, test."""
    return cells(network, data, f"{loss}{OPTIMISER}{loop}", *([test] if test else []), *([more] if more else []))
