"""Cells of small notebooks."""

from __future__ import annotations

IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F"
GOOD = """class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(16 * 16 * 16, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = torch.flatten(x, 1)
        return self.fc1(x)"""
BROKEN = GOOD.replace("16 * 16 * 16", "512")
MAKE = "model = Net()"
WRONG_LABELS = "loss = nn.CrossEntropyLoss()(model(torch.randn(8, 3, 32, 32)), torch.zeros(8))"
CHECK = "from grader import check\ncheck()"
