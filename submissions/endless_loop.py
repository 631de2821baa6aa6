# image classifier that waits for the pictures
#
# explanation: On Colab the upload takes a while and I always forgot to wait, so
# the program waits by itself until the "upload" folder and the y.csv are there.
# It counts the classes and the colors on its own so that it also works with other
# pictures than these. Two convolution layers (small kernel first), each with a
# max pooling, then flatten and two dense layers.

import os
import time

import numpy as np
import torch
import torch.nn as nn
from PIL import Image

FOLDER = "upload"
classes = []

# wait for the upload
while True:
    if os.path.isdir(FOLDER) and os.path.exists(FOLDER + "/y.csv"):
        with open(FOLDER + "/y.csv") as f:
            rows = [line.strip().split(",") for line in f][1:]
        classes = sorted(set(label for _, label in rows))
        first = np.array(Image.open(FOLDER + "/" + rows[0][0] + ".png"))
        colors = first.shape[2]
        side = first.shape[0]
        break
    time.sleep(1)

print(len(rows), "pictures,", len(classes), "classes,", colors, "colors")


class WaitingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(colors, 16, 3, padding=1)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(16, 24, 5, padding=2)
        self.pool2 = nn.MaxPool2d(2)
        self.flat = nn.Flatten()
        self.dense1 = nn.Linear(24 * (side // 4) * (side // 4), 60)
        self.dense2 = nn.Linear(60, len(classes))
        self.relu = nn.ReLU()

    def forward(self, x):
        x = self.pool1(self.relu(self.conv1(x)))
        x = self.pool2(self.relu(self.conv2(x)))
        x = self.flat(x)
        x = self.relu(self.dense1(x))
        return self.dense2(x)


net = WaitingNet()

x = np.array([np.array(Image.open(FOLDER + "/" + i + ".png")).swapaxes(0, -1) for i, _ in rows])
x = torch.tensor(x).float() / 255
y = torch.tensor([classes.index(label) for _, label in rows])

optim = torch.optim.Adam(net.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(3):
    for i in range(0, len(x), 16):
        loss = loss_fn(net(x[i:i+16]), y[i:i+16])
        loss.backward()
        optim.step()
        optim.zero_grad()
    print(epoch, loss.item())
