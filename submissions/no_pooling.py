# CNN for the tiny pictures
#
# Explanation:
# I did not use pooling layers. The lesson says that you can take larger strides if
# you want a smaller sample, so all my convolutions jump 2 pixels at a time and that
# already makes the picture smaller (32 -> 15 -> 7 -> 3). A pooling layer after that
# would leave almost nothing. Kernel 3 is larger than stride 2 so no pixel is skipped.
#
# 32: (32-3)//2+1 = 15,  (15-3)//2+1 = 7,  (7-3)//2+1 = 3   -> 32*3*3 = 288 numbers
#
# tanh instead of relu because in the iris project tanh was better for me.

import torch
import torch.nn as nn
import numpy as np
import pandas as pd
from PIL import Image
from torch.utils.data import TensorDataset, DataLoader


class StrideNet(nn.Module):
    def __init__(self):
        super(StrideNet, self).__init__()
        self.conv1 = nn.Conv2d(3, 24, kernel_size=3, stride=2)
        self.conv2 = nn.Conv2d(24, 32, kernel_size=3, stride=2)
        self.conv3 = nn.Conv2d(32, 32, kernel_size=3, stride=2)
        self.flatten = nn.Flatten()
        self.dense1 = nn.Linear(288, 64)
        self.dense2 = nn.Linear(64, 10)
        self.tanh = nn.Tanh()

    def forward(self, x):
        x = self.tanh(self.conv1(x))
        x = self.tanh(self.conv2(x))
        x = self.tanh(self.conv3(x))
        x = self.flatten(x)
        x = self.tanh(self.dense1(x))
        return self.dense2(x)


def main():
    labels = pd.read_csv("y.csv")
    order = list(labels["label"].unique())

    x = []
    y = []
    for _, row in labels.iterrows():
        arr = np.array(Image.open("data/" + str(row["index"]) + ".png"))
        x.append(arr.swapaxes(0, -1) / 255)
        y.append(order.index(row["label"]))
        if len(x) == 10000:
            break

    x = torch.tensor(np.array(x)).float()
    y = torch.tensor(y)
    n = int(0.9 * len(x))

    model = StrideNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    loader = DataLoader(TensorDataset(x[:n], y[:n]), batch_size=32, shuffle=True)

    for epoch in range(8):
        for bx, by in loader:
            loss = loss_fn(model(bx), by)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        with torch.no_grad():
            acc = (model(x[n:]).argmax(1) == y[n:]).float().mean()
        print("epoch", epoch, "loss", loss.item(), "val accuracy", acc.item())

    return model


if __name__ == "__main__":
    main()
