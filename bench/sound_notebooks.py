"""The files around a sound design: a notebook or a module with pictures, training and an explanation."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from sound_designs import ENDINGS, SIDE, Design, draw, make, written

NAMES = "Net CNN MyNet TinyNet ConvNet PictureNet ImageModel Classifier MyModel SmallCNN".split()
VARIABLES = ("net", "cnn", "my_model", "network", "clf")

IMPORTS = """import torch
import torch.nn as nn
import torch.nn.functional as F
import numpy as np
import pandas as pd
from PIL import Image
"""

MAGICS = (
    "!nvidia-smi -L",
    "%matplotlib inline",
    "!pip install -q torchinfo",
    'from google.colab import drive\ndrive.mount("/content/drive")\n%cd /content/drive/MyDrive',
    "!unzip -q -o data.zip",
    "%pip install pillow pandas",
)

PICTURES = (
    """table = pd.read_csv("y.csv").head({count})
words = list(table["label"].unique())
x = np.array([np.array(Image.open(f"data/{{i}}.png")).swapaxes(0, -1) / 255 for i in table["index"]])
x = torch.tensor(x).float()
y = torch.tensor([words.index(w) for w in table["label"]])
""",
    """df = pd.read_csv("y.csv")[:{count}]
numbers, words = pd.factorize(df["label"])
y = torch.tensor(numbers).long()
images = []
for i in df["index"]:
    images.append(np.asarray(Image.open("data/" + str(i) + ".png").convert("RGB")).transpose(2, 0, 1))
x = torch.tensor(np.stack(images)).float() / 255
""",
    """def load(i):
    return torch.tensor(np.array(Image.open("./data/%d.png" % i))).permute(2, 0, 1) / 255

labels = pd.read_csv("y.csv")["label"].tolist()[:{count}]
ids = {{name: n for n, name in enumerate(sorted(set(labels)))}}
x = torch.stack([load(i + 1) for i in range(len(labels))])
y = torch.tensor([ids[name] for name in labels])
""",
)

LOOPS = (
    """for epoch in range({epochs}):
    for i in range(0, {train}, {batch}):
        loss = loss_fn({net}(x[i:i+{batch}]{cuda}), y[i:i+{batch}]{cuda})
        loss.backward()
        optim.step()
        optim.zero_grad()
    print("epoch", epoch, "loss", loss.item())
""",
    """data = torch.utils.data.TensorDataset(x[:{train}], y[:{train}])
loader = torch.utils.data.DataLoader(data, batch_size={batch}, shuffle=True)
for epoch in range({epochs}):
    {net}.train()
    for a, b in loader:
        optim.zero_grad()
        loss = loss_fn({net}(a{cuda}), b{cuda})
        loss.backward()
        optim.step()
    {net}.eval()
    with torch.no_grad():
        print(epoch, ({net}(x[{train}:]{cuda}).argmax(1) == y[{train}:]{cuda}).float().mean().item())
""",
)

OPENINGS = (
    "# Tiny images\n\nA network that says what is on a picture of 32 x 32 pixels.",
    "# AML, time to convolve\n\n*first project*",
    "# CNN homework\n\nRun all the cells from the top. The pictures must be in `data/`.",
    "## Classifying tiny images with a convolutional network\n\nFirst the data, then the model, then the training.",
    "# my cnn",
)

REASONS = (
    "I took a small kernel because edges are only a few pixels wide.",
    "The pooling throws away where exactly something was, which does not matter for the answer.",
    "With more channels it became slower and not better, so I stopped there.",
    "I tried the other kind of pooling too, the difference was smaller than between two runs.",
    "Without the activation two layers would only be one.",
    "Bigger kernels later see bigger structures, but the map is already small there.",
)


def sound_files(random: Random) -> tuple[str, bytes, Design]:
    """Return the ending (`.ipynb` or `.py`) and the bytes of one sound submission, and its design."""
    design = draw(random)
    cells = _cells(random, design)
    if random.random() < 0.2:
        return ".py", _module(cells).encode(), design
    return ".ipynb", _notebook(random, cells).encode(), design


def _cells(random: Random, design: Design) -> list[tuple[str, str]]:
    """Return the cells: their kind and text."""
    name = random.choice(NAMES)
    net = "model" if design.style == "sequential" else random.choice(VARIABLES)
    on_gpu = random.random() < 0.3
    cells = [("markdown", random.choice(OPENINGS))]
    cells += [("magic", line) for line in random.sample(MAGICS, random.choice((0, 0, 1, 2)))]
    cells.append(("code", IMPORTS))
    count = random.choice((2000, 3000, 4000, 6000))
    cells.append(("code", random.choice(PICTURES).format(count=count)))
    explanation = ("markdown", _explanation(random, design))
    before = random.random() < 0.5
    cells += [explanation] if before else []
    cells.append(("code", written(design, name)))
    cells.append(("code", _made(random, design, name, net, on_gpu=on_gpu)))
    cells.append(("code", _training(random, design, net, count, cuda=".cuda()" if on_gpu else "")))
    return cells if before else [*cells, explanation]


def _made(random: Random, design: Design, name: str, net: str, *, on_gpu: bool) -> str:
    """Return the lines that make the network, move it and look at it."""
    lines = [] if design.style == "sequential" else [f"{net} = {make(design, name)}"]
    if on_gpu:
        lines.append(random.choice((f"{net}.cuda()", f"{net} = {net}.cuda()", f'{net} = {net}.to("cuda")')))
    looks = (f"print({net})", f"sum(p.numel() for p in {net}.parameters())", f"{net}.train()")
    return "\n".join([*lines, random.choice(looks)]) + "\n"


def _training(random: Random, design: Design, net: str, count: int, *, cuda: str) -> str:
    loss = "nn.NLLLoss()" if design.ending == ENDINGS[2] else "nn.CrossEntropyLoss()"
    rate = random.choice(("3e-3", "1e-3", "0.002"))
    top = f"loss_fn = {loss}\noptim = torch.optim.Adam({net}.parameters(), lr={rate})\n"
    loop = random.choice(LOOPS).format(
        epochs=random.randrange(3, 13),
        train=count * 9 // 10,
        batch=random.choice((16, 20, 32, 50)),
        net=net,
        cuda=cuda,
    )
    return top + loop


def _explanation(random: Random, design: Design) -> str:
    """Return an explanation: the sizes as a list or in a row, or hardly anything, and up to two reasons."""
    sizes = [f"picture: 3 x {SIDE} x {SIDE}"]
    for number, one in enumerate(design.stages, 1):
        sum_ = f"({one.sides[0]} + 2*{one.padding} - {one.kernel})/{one.stride} + 1 = {one.sides[1]}"
        sizes.append(f"conv{number}: {sum_}, so {one.channels[1]} x {one.sides[1]} x {one.sides[1]}")
        if one.pool:
            sizes.append(f"pool{number}: {one.sides[1]}/{one.pool} = {one.sides[2]}")
    sizes.append(f"flatten: {design.dense[0]} numbers, then dense {' -> '.join(map(str, design.dense[1:]))}")
    reasons = " ".join(random.sample(REASONS, random.randrange(3)))
    match random.randrange(3):
        case 0:
            return "**Explanation**\n\n" + "\n".join(f"* {line}" for line in sizes) + f"\n\n{reasons}"
        case 1:
            return f"How the shapes change. {'; '.join(sizes)}. {reasons}"
        case _:
            many = len(design.stages)
            said = f"My network has {many} convolution{'s' * (many > 1)} and ends in {design.dense[-1]} numbers."
            return f"{said} {reasons}"


def _module(cells: list[tuple[str, str]]) -> str:
    """Return a file for `python`: explanations as comments, no magics, training under a main guard."""
    parts = []
    for kind, text in cells:
        if kind == "markdown":
            parts.append("".join(f"# {line}".rstrip() + "\n" for line in text.splitlines()))
        elif text.startswith(("loss_fn", "table =", "df =", "def load")):
            indented = "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())
            parts.append(f'if __name__ == "__main__":\n{indented}')
        elif kind == "code":
            parts.append(text)
    return "\n\n".join(parts)


def _notebook(random: Random, cells: list[tuple[str, str]]) -> str:
    """Return a notebook as Colab or a local Jupyter writes it, outputs cleared."""
    colab = random.random() < 0.7
    found: list[dict[str, Any]] = []
    for kind, text in cells:
        cell: dict[str, Any] = {"cell_type": "markdown" if kind == "markdown" else "code", "metadata": {}}
        cell["source"] = text.rstrip("\n").splitlines(keepends=True)
        identity = f"{random.getrandbits(32):08x}"
        cell.update({"metadata": {"id": identity}} if colab else {"id": identity})
        if kind != "markdown":
            cell.update(execution_count=None, outputs=[])
        found.append(cell)
    metadata: dict[str, Any] = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    metadata["language_info"] = {"name": "python"}
    if colab:
        metadata["colab"] = {"provenance": []}
    document = {"cells": found, "metadata": metadata, "nbformat": 4, "nbformat_minor": 0 if colab else 5}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
