import glob
import os

import numpy as np
import pandas as pd
import torch
import torch.nn as nn
from PIL import Image
from torch.utils.data import DataLoader, TensorDataset

from blocks import ConvBlock

torch.manual_seed(3)


# ---------- the network ----------

class PictureNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.block1 = ConvBlock(3, 16)
        self.block2 = ConvBlock(16, 16)
        self.block3 = ConvBlock(16, 32)
        self.flat = nn.Flatten()
        self.dense = nn.Linear(32 * 4 * 4, 64)
        self.act = nn.ELU()
        self.out = nn.Linear(64, num_classes)

    def forward(self, x):
        x = self.block1(x)
        x = self.block2(x)
        x = self.block3(x)
        x = self.flat(x)
        x = self.act(self.dense(x))
        return self.out(x)


net = PictureNet(num_classes=10)
print(net)


# ---------- the pictures ----------

table = pd.read_csv("y.csv", index_col="index")
how_many = min(len(glob.glob(os.path.join("data", "*.png"))), 20000)
print(how_many, "pictures")

label_ids = {label: i for i, label in enumerate(sorted(table.label.unique()))}
images, answers = [], []
for i in range(1, how_many + 1):
    image = np.asarray(Image.open(os.path.join("data", f"{i}.png")))
    images.append(np.moveaxis(image, -1, 0))
    answers.append(label_ids[table.label[i]])

images = torch.tensor(np.array(images)).float() / 255
answers = torch.tensor(answers)

cut = int(0.85 * how_many)
train = DataLoader(TensorDataset(images[:cut], answers[:cut]), batch_size=64, shuffle=True)
test = DataLoader(TensorDataset(images[cut:], answers[cut:]), batch_size=64)


# ---------- training ----------

loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)

for epoch in range(6):
    net.train()
    for x, y in train:
        loss = loss_function(net(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    net.eval()
    correct = 0
    with torch.no_grad():
        for x, y in test:
            correct += (net(x).argmax(1) == y).sum().item()
    print(f"epoch {epoch + 1}, last loss {loss.item():.3f}, test accuracy {correct / (how_many - cut):.1%}")

torch.save(net.state_dict(), "picture_net.pt")
