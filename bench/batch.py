"""A batch against bare training: what the grader adds to the cost of training the same networks.

python bench/batch.py [--size 100] [--steps 500] [--workers 2] [--kind typical|sound]

Synthetic students, all different. One half of the captured networks is trained by bare loops (a process for each
worker, the grader's own loop and nothing else) before the batch, the other half after it, so that a machine that
changes its speed meets both. Left out is what is done once for a course: pictures, reference, stamp of the hardware.
Bars, at 100 submissions of 500 steps and two workers: wall clock at most 1.10 times the bare loops, at most 0.6 s of
processor for each submission besides training.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

import torch
from gradings import ROOT, copied
from processes import spent
from sound_notebooks import sound_files

from grader import datasets
from grader.criteria import DEFINITIONS
from grader.data.store import StoredSplit
from grader.gradebook import Gradebook
from grader.graph.document import parse
from grader.graph.ending import as_trained
from grader.records import Meaning
from grader.rubric import load
from grader.training import device as devices
from grader.training.allocator import keep_freed_memory
from grader.training.arrays import mapped
from grader.training.recipe import Pictures, Recipe, train
from grader.training.trainer import Trainee, memory_format

TYPICAL = """import torch
import torch.nn as nn
import torch.nn.functional as F


class Net{number}(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, {first}, 3, padding=1)
        self.conv2 = nn.Conv2d({first}, {second}, 3, padding=1)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear({second} * 8 * 8, {hidden})
        self.fc2 = nn.Linear({hidden}, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


model = Net{number}()
"""
"""Two convolutions and two dense layers, as the course's tutorials have them."""

RECIPE_KEYS = ("steps", "batch", "learning_rate", "weight_decay", "warmup", "seed", "memory_format", "weights")


@dataclass(slots=True)
class Watch:
    """Memory of a process tree, looked at every half second, in MiB of proportional set size."""

    main: list[float] = field(default_factory=list)
    others: float = 0.0

    def look(self, root: int) -> None:
        """Look once."""
        below = {root}
        for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda one: int(one.name)):
            try:
                parent = int((entry / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()[1])
                if parent in below:
                    below.add(int(entry.name))
                elif int(entry.name) != root:
                    continue
                rollup = (entry / "smaps_rollup").read_text()
            except (OSError, ValueError, IndexError):
                continue
            found = re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
            used = int(found.group(1)) / 1024 if found else 0.0
            if int(entry.name) == root:
                self.main.append(used)
            else:
                self.others = max(self.others, used)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds of wall clock and of processor, and memory."""

    wall: float
    cpu: float
    watch: Watch


def students(folder: Path, size: int, kind: str, seed: int = 1) -> Path:
    """Write `size` different submissions; return the folder."""
    folder.mkdir(parents=True)
    for number in range(size):
        random = Random(f"{kind} {seed} {number}")
        if kind == "typical":
            first, second = random.choice((12, 16, 20, 24)), random.choice((24, 32, 40))
            text = TYPICAL.format(number=number, first=first, second=second, hidden=32 + number % 97)
            name, content = "net.py", text.encode()
        else:
            name, content, _ = sound_files(random)
        (folder / f"s{number:04}{Path(name).suffix}").write_bytes(content)
    return folder


def graded(submissions: Path, rubric: Path, place: Path, out: str, workers: int, *words: str) -> Cost:
    """Run a batch; raise CalledProcessError when it fails."""
    command = [sys.executable, "-m", "grader.cli", "batch", str(submissions), "--rubric", str(rubric)]
    command += ["--out", str(place / out), "--workers", str(workers), *words]
    watch, walls = Watch(), []

    def run() -> None:
        ended, started = threading.Event(), time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "GRADER_CACHE": str(place / "cache")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )

        def look() -> None:
            while not ended.wait(0.5):
                watch.look(process.pid)

        watcher = threading.Thread(target=look)
        watcher.start()
        code = process.wait()
        walls.append(time.perf_counter() - started)
        ended.set()
        watcher.join()
        if code:
            raise subprocess.CalledProcessError(code, command)

    processor = spent(run)
    return Cost(walls[0], processor, watch)


Network = tuple[bytes, bytes, str, float]
"""Document, tensors, meaning, and cost in FLOPs."""


def networks(out: Path) -> list[Network]:
    """Return what a batch captured, in the order of its reports."""
    found = []
    with Gradebook.of(out) as book:
        for report in book.current_reports():
            stored = book.load_capture(report.keys.capture)
            assert stored is not None, report.submission.id
            examination = stored.meta["examination"]
            found.append((stored.document, stored.tensors, examination["meaning"], float(examination["flops"])))
    return found


def bare_loops(several: Sequence[Network], data: StoredSplit, recipe: Recipe) -> float:
    """Train these networks one after the other; return seconds of processor of the training alone."""
    cpu = torch.device("cpu")
    devices.settle(cpu)
    keep_freed_memory()
    images, labels = mapped(data.train_images), torch.from_numpy(mapped(data.train_labels).copy())
    started = time.process_time()
    for document_bytes, tensors, meaning, _ in several:
        document = as_trained(parse(document_bytes), Meaning(meaning))
        layout = memory_format(document, recipe)
        pictures = Pictures(images, images, cpu, layout)
        trainee = Trainee(document, tensors, cpu, recipe, layout, Meaning(meaning))
        train(trainee.train, trainee.trainable, pictures, labels, recipe, Meaning(meaning))
    return time.process_time() - started


def beside_each_other(
    several: Sequence[Network], data: StoredSplit, recipe: Recipe, workers: int
) -> tuple[float, float]:
    """Train on so many workers, the longest first; return seconds of wall clock and of processor, started up."""
    shares: list[list[Network]] = [[] for _ in range(workers)]
    for one in sorted(several, key=lambda one: -one[3]):
        min(shares, key=lambda share: sum(other[3] for other in share)).append(one)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.map(_ready, range(8 * workers), chunksize=1)
        started = time.perf_counter()
        spent = pool.starmap(bare_loops, [(share, data, recipe) for share in shares], chunksize=1)
        return time.perf_counter() - started, sum(spent)


def _ready(_number: int) -> None:
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)], fused=True)
    time.sleep(0.2)


def measure(size: int, steps: int, workers: int, kind: str) -> str:
    """Return the figures in Markdown."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        os.environ["GRADER_CACHE"] = str(place / "cache")
        rubric = copied(place / "rubric.toml", {"steps": steps}, reference_seeds=2)
        everyone = students(place / "class", size, kind)
        graded(students(place / "first", 1, kind, seed=2), rubric, place, "first-out", workers)
        plain = load(rubric, DEFINITIONS)
        data = datasets.stored(plain, None)
        settings = plain.recipe.model_dump()
        recipe = replace(Recipe(), **{key: settings[key] for key in RECIPE_KEYS})
        # What is trained is not known before: the batch is timed between two halves of it, captured in a run before.
        untrained = graded(everyone, ROOT / "rubrics" / "structure_only.toml", place, "structure", workers)
        trained = networks(place / "structure")
        before = beside_each_other(trained[::2], data, recipe, workers)
        batch = graded(everyone, rubric, place, "out", workers)
        after = beside_each_other(trained[1::2], data, recipe, workers)
        again = graded(everyone, rubric, place, "out", workers)
    bare, processor = before[0] + after[0], before[1] + after[1]
    besides = (batch.cpu - processor) / size
    main = batch.watch.main
    lines = [
        f"| {size} {kind} submissions, {steps} steps, {workers} workers | wall, s | processor, s |",
        "| --- | --- | --- |",
        f"| bare loops | {bare:.1f} | {processor:.1f} |",
        f"| batch | {batch.wall:.1f} | {batch.cpu:.1f} |",
        f"| the same without training (`structure_only.toml`) | {untrained.wall:.1f} | {untrained.cpu:.1f} |",
        f"| the same command again | {again.wall:.1f} | {again.cpu:.1f} |",
        "",
        (
            f"Wall clock {batch.wall / bare:.3f} times the bare loops; besides training {besides:.2f} s of processor"
            " for each submission. Memory (proportional set size): "
            f"main process at most {max(main):.0f} MiB, {main[len(main) // 10]:.0f} MiB after a tenth of the time and"
            f" {main[-1]:.0f} MiB at the end; any other at most {batch.watch.others:.0f} MiB."
        ),
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kind", choices=("typical", "sound"), default="typical")
    asked = parser.parse_args()
    print(measure(asked.size, asked.steps, asked.workers, asked.kind))


if __name__ == "__main__":
    main()
