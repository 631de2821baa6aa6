"""AML project: tiny image classifier, functional style.

Usage: put this file next to data/ and y.csv and run `python functional.py`.
(I don't like notebooks, my tutor said a .py is ok as long as it can be opened in Colab.)

EXPLANATION
-----------
Only things that have weights are layers in __init__. Pooling, relu and flatten
have nothing to learn so I call them as functions from torch.nn.functional.

Sizes, (n + 2*padding - kernel) // stride + 1:

    picture                      3 x 32 x 32
    conv_a  kernel 5, padding 2  16 x 32 x 32    (32 + 4 - 5) + 1 = 32
    max pool 4                   16 x  8 x  8    32 / 4
    conv_b  kernel 3, padding 1  40 x  8 x  8
    max pool 2                   40 x  4 x  4
    flatten                      640
    hidden                       80
    scores                       10

The first pool is a big one (4x4) because most of the time was spent on the
32x32 maps. With a 2x2 pool it was slower and one or two points better.

There is no softmax at the end because CrossEntropyLoss already has one inside.

RESULT: with `python functional.py 5000` it gets a bit less than half of the 500
pictures right that I held out (chance is 10 %). It mixes up cats and dogs a lot and hardly ever
ships and frogs.
"""
import csv
import random
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

N_CLASSES = 10


class TinyImageNet(nn.Module):
    def __init__(self, n_classes=N_CLASSES):
        super().__init__()
        self.conv_a = nn.Conv2d(3, 16, 5, padding=2)
        self.conv_b = nn.Conv2d(16, 40, 3, padding=1)
        self.hidden = nn.Linear(40 * 4 * 4, 80)
        self.scores = nn.Linear(80, n_classes)

    def forward(self, pic):
        h = F.max_pool2d(F.relu(self.conv_a(pic)), 4)
        h = F.max_pool2d(F.relu(self.conv_b(h)), 2)
        h = torch.flatten(h, 1)   # 1 = leave the batch alone
        h = F.relu(self.hidden(h))
        return self.scores(h)


def read_pictures(limit):
    pics, labels, numbers = [], [], {}
    with open("y.csv") as file:
        for row in csv.DictReader(file):
            if len(pics) == limit:
                break
            with Image.open("data/%s.png" % row["index"]) as img:
                pics.append(np.array(img.convert("RGB")).transpose(2, 0, 1))
            labels.append(numbers.setdefault(row["label"], len(numbers)))
    return torch.tensor(np.stack(pics)) / 255.0, torch.tensor(labels), numbers


def batches(pics, labels, size):
    order = list(range(len(pics)))
    random.shuffle(order)
    for i in range(0, len(order), size):
        chosen = order[i : i + size]
        yield pics[chosen], labels[chosen]


def accuracy(net, pics, labels):
    net.eval()
    with torch.no_grad():
        answer = net(pics).argmax(1)
    net.train()
    return (answer == labels).float().mean().item()


if __name__ == "__main__":
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 50000
    pics, labels, numbers = read_pictures(limit)
    held_out = len(pics) // 10
    test_pics, test_labels = pics[:held_out], labels[:held_out]
    pics, labels = pics[held_out:], labels[held_out:]

    net = TinyImageNet()
    print(net, sum(p.numel() for p in net.parameters()), "parameters")
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

    for epoch in range(10):
        total = 0
        for x, y in batches(pics, labels, 32):
            loss = F.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        print("epoch", epoch, "loss", total / len(pics), "held out", accuracy(net, test_pics, test_labels))

    torch.save(net.state_dict(), "functional.pt")
