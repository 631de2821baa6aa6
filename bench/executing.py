"""The same submissions graded by executing each notebook, as other graders do, against capture and replay.

python bench/executing.py [--size 20] [--steps 500]

Every notebook reads the course's pictures (PNGs and a table), defines its network, trains it with a DataLoader for as
many steps of 64 pictures as the grader does, and measures itself on the held-out pictures; nbclient runs it in a fresh
kernel. It is executed twice: with as many threads as torch takes by itself, which is what other graders do, and with
one. Counted is the processor time of everything that was started, each submission on its own.
Bar: at least 8 times less processor for each submission at equal training.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import nbformat
import numpy as np
from batch import graded, students
from gradings import copied
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from processes import spent

from grader import datasets
from grader.criteria import DEFINITIONS
from grader.data.pictures import PictureSet
from grader.data.store import StoredSplit
from grader.data.writing import write_course
from grader.rubric import load

DATA = """import csv
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset

FOLDER = {folder!r}


class Pictures(Dataset):
    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "y.csv")) as table:
            self.rows = [(row["index"], row["label"]) for row in csv.DictReader(table)]
        self.classes = sorted(set(label for _, label in self.rows))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        number, label = self.rows[i]
        picture = np.array(Image.open(os.path.join(self.folder, f"{{number}}.png")).convert("RGB"))
        x = torch.from_numpy(picture).permute(2, 0, 1).float() / 255
        return (x - 0.5) / 0.5, self.classes.index(label)


train_loader = DataLoader(Pictures(FOLDER + "/train"), batch_size=64, shuffle=True, drop_last=True)
test_loader = DataLoader(Pictures(FOLDER + "/held_out"), batch_size=64)
"""

TRAINING = """optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
step = 0
while step < {steps}:
    running = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item()
        step += 1
        if step == {steps}:
            break
    print(step, running)
"""

MEASURING = """model.eval()
right = total = 0
with torch.no_grad():
    for x, y in test_loader:
        right += (model(x).argmax(1) == y).sum().item()
        total += len(y)
print("accuracy", right / total)
"""

EXECUTE = """import sys
import nbformat
from nbclient import NotebookClient
NotebookClient(nbformat.read(sys.argv[1], 4), timeout=3600, kernel_name="python3").execute()
"""


def notebook(module: str, folder: Path, steps: int) -> nbformat.NotebookNode:
    """Return a student's notebook around the code of a network."""
    cells = [DATA.format(folder=str(folder)), module, TRAINING.format(steps=steps), MEASURING]
    return new_notebook(cells=[new_markdown_cell("# My network"), *map(new_code_cell, cells)])


def executed(notebooks: list[Path], environment: Mapping[str, str]) -> None:
    """Execute one after the other, each by a process of its own."""
    for one in notebooks:
        words = [sys.executable, "-W", "ignore", "-c", EXECUTE, str(one)]
        subprocess.run(words, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


def write_pictures(data: StoredSplit, folder: Path) -> None:
    """Write what the grader trains on and scores on as the course hands pictures out."""
    for name, images, labels in (
        ("train", data.train_images, data.train_labels),
        ("held_out", data.held_out_images, data.held_out_labels),
    ):
        (folder / name).mkdir(parents=True)
        write_course(PictureSet(np.load(images), np.load(labels), data.classes, "patterns"), folder / name)


def measure(size: int = 20, steps: int = 500) -> str:
    """Return the figures in Markdown."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        os.environ["GRADER_CACHE"] = str(place / "cache")
        rubric = copied(place / "rubric.toml", {"steps": steps}, reference_seeds=2)
        modules = students(place / "modules", size, "typical")
        graded(students(place / "first", 1, "typical", seed=2), rubric, place, "first-out", 1)
        data = datasets.stored(load(rubric, DEFINITIONS), None)
        write_pictures(data, place / "pictures")
        everyone = place / "class"
        everyone.mkdir()
        notebooks = []
        for module in sorted(modules.iterdir()):
            path = everyone / f"{module.stem}.ipynb"
            nbformat.write(notebook(module.read_text(encoding="utf-8"), place / "pictures", steps), path)
            notebooks.append(path)
        half = len(notebooks) // 2
        plain = spent(lambda: executed(notebooks[:half], {}))
        single = spent(lambda: executed(notebooks[:half], {"OMP_NUM_THREADS": "1"}))
        ours = spent(lambda: graded(everyone, rubric, place, "out", os.cpu_count() or 1))
        plain += spent(lambda: executed(notebooks[half:], {}))
        single += spent(lambda: executed(notebooks[half:], {"OMP_NUM_THREADS": "1"}))
    rows = [("executed, torch's own number of threads", plain), ("executed, one thread", single), ("grader", ours)]
    return "\n".join(
        [
            f"| {size} notebooks, {steps} steps each | processor for each, s | times the grader |",
            "| --- | --- | --- |",
            *(f"| {name} | {seconds / size:.1f} | {seconds / ours:.1f} |" for name, seconds in rows),
        ]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=20)
    parser.add_argument("--steps", type=int, default=500)
    asked = parser.parse_args()
    print(measure(asked.size, asked.steps))


if __name__ == "__main__":
    main()
