"""A batch against bare training: what the grader adds to the cost of training the same networks.

python bench/batch.py [--size 100] [--steps 500] [--workers 2] [--kind typical|sound] [--growth]

Synthetic students, all different. One half of the captured networks is trained by bare loops (a process for each
worker, the grader's own loop and nothing else) before the batch, the other half after it, so that a machine that
changes its speed meets both. Left out is what is done once for a course: pictures, reference, stamp of the hardware.
Bars, at 100 submissions of 500 steps and two workers: wall clock at most 1.10 times the bare loops, at most 0.6 s of
processor for each submission besides training. With --growth, at 1,000 of 20 steps: main process under 500 MB and no
growth over 5 % from submission 100 on, twice the time of half the class within 5 %.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent))

import torch
from gradings import ROOT, copied
from processes import spent
from sound_notebooks import sound_files

from grader import datasets
from grader.allocator import keep_freed_memory
from grader.criteria import DEFINITIONS
from grader.data.store import StoredSplit
from grader.gradebook import Gradebook
from grader.graph.document import parse
from grader.graph.ending import as_trained
from grader.records import Meaning
from grader.rubric import load
from grader.training import device as devices
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


@dataclass(frozen=True, slots=True)
class Look:
    """What a process tree looked like, and how many captures and reports were kept.

    Memory is in MiB: of the main process all that it has (`resident`) and its share (`main`, proportional set size), of
    the largest other process its share.
    """

    seconds: float
    resident: float
    main: float
    largest: float
    captures: int
    reports: int


def look(root: int, out: Path, started: float) -> Look:
    """Look once."""
    below, resident, main, largest = {root}, 0.0, 0.0, 0.0
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
        used = _megabytes("Pss", rollup)
        if int(entry.name) == root:
            resident, main = _megabytes("Rss", rollup), used
        else:
            largest = max(largest, used)
    captures, reports = (counted(out, table) for table in ("captures", "reports"))
    return Look(time.perf_counter() - started, resident, main, largest, captures, reports)


def _megabytes(name: str, rollup: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+)", rollup, re.MULTILINE)
    return int(found.group(1)) / 1024 if found else 0.0


def counted(out: Path, table: str) -> int:
    """Return how many rows a table of the gradebook has by now."""
    try:
        with closing(sqlite3.connect(f"file:{out / 'gradebook.sqlite'}?mode=ro", uri=True)) as book:
            return int(book.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.OperationalError:  # the file or its tables are not there yet
        return 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds of wall clock and of processor, and memory."""

    wall: float
    cpu: float
    looks: list[Look]

    @property
    def main(self) -> float:
        """Return the most that the main process had, in MiB."""
        return max((one.main for one in self.looks), default=math.nan)

    @property
    def largest(self) -> float:
        """Return the most that any other process had, in MiB."""
        return max((one.largest for one in self.looks), default=math.nan)

    def between(self, table: str, first: int, last: int) -> float:
        """Return what the main process had, MiB, in the median of the looks at which so many rows were there."""
        seen = [one.resident for one in self.looks if first <= getattr(one, table) < last]
        return statistics.median(seen) if seen else math.nan


def _sizes(number: int) -> tuple[int, int, int]:
    """Return how wide a student's layers are: no two of 1,164 alike, and as many large ones in each part of a class.

    Equal networks are trained once, so that a class which repeats itself costs less.
    """
    rest, first = divmod(number * 487 % 1164, 4)
    hidden, second = divmod(rest, 3)
    return (12, 16, 20, 24)[first], (24, 32, 40)[second], 32 + hidden


def students(folder: Path, size: int, kind: str, seed: int = 1) -> Path:
    """Write `size` different submissions; return the folder."""
    folder.mkdir(parents=True)
    for number in range(size):
        if kind == "typical":
            first, second, hidden = _sizes(number)
            text = TYPICAL.format(number=number, first=first, second=second, hidden=hidden)
            name, content = "net.py", text.encode()
        else:
            name, content, _ = sound_files(Random(f"{kind} {seed} {number}"))
        (folder / f"s{number:04}{Path(name).suffix}").write_bytes(content)
    return folder


EVERY = 10.0
"""Seconds between two looks at a batch: one takes 30 ms of processor, which every half second was 3 % of the wall."""


def graded(submissions: Path, rubric: Path, place: Path, out: str, workers: int, every: float = EVERY) -> Cost:
    """Run a batch and look at it `every` so many seconds; raise CalledProcessError when it fails."""
    command = [sys.executable, "-m", "grader.cli", "batch", str(submissions), "--rubric", str(rubric)]
    command += ["--out", str(place / out), "--workers", str(workers)]
    looks: list[Look] = []
    walls: list[float] = []

    def run() -> None:
        ended, started = threading.Event(), time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "GRADER_CACHE": str(place / "cache")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )

        def watch() -> None:
            while not ended.wait(every):
                looks.append(look(process.pid, place / out, started))

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        walls.append(time.perf_counter() - started)
        ended.set()
        watcher.join()
        if code:
            raise subprocess.CalledProcessError(code, command)

    processor = spent(run)
    return Cost(walls[0], processor, looks)


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
            f" for each submission. Memory (proportional set size): main process at most {batch.main:.0f} MiB, any"
            f" other at most {batch.largest:.0f} MiB."
        ),
    ]
    return "\n".join(lines)


def short(place: Path) -> Path:
    """Write a rubric of 20 steps on few pictures, by which nobody is told from a guess; return its path."""
    text = copied(place / "short.toml", {"steps": 20}, reference_seeds=2).read_text(encoding="utf-8")
    text = text.replace("train = 4000", "train = 640").replace("chance = 1.5", "chance = 1")
    (place / "short.toml").write_text(text, encoding="utf-8")
    return place / "short.toml"


def growth(size: int, workers: int, kind: str) -> str:
    """Return what a large class of short trainings costs against one of half its size, and how memory grows."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        rubric = short(place)
        graded(students(place / "first", 1, kind, seed=2), rubric, place, "first-out", workers)
        half = graded(students(place / "half", size // 2, kind), rubric, place, "half-out", workers, every=2.0)
        whole = graded(students(place / "class", size, kind), rubric, place, "out", workers, every=2.0)
        again = graded(place / "class", rubric, place, "out", workers)
    rows = []
    for table in ("captures", "reports"):
        early = whole.between(table, size // 10, size * 15 // 100)
        late = whole.between(table, size * 94 // 100, size * 99 // 100)
        rows.append(f"| {table} | {early:.1f} | {late:.1f} | {100 * (late / early - 1):+.1f} % |")
    lines = [
        (
            f"{size} {kind} submissions, 20 steps, {workers} workers: {whole.wall:.0f} s wall, {whole.cpu:.0f} s of"
            f" processor; half of them {half.wall:.0f} s and {half.cpu:.0f} s, so the whole takes"
            f" {whole.wall / half.wall:.2f} times the wall clock and {whole.cpu / half.cpu:.2f} times the processor."
            f" The same command again: {again.wall:.1f} s. Main process at most {whole.main:.0f} MiB, any other at most"
            f" {whole.largest:.0f} MiB (proportional set size)."
        ),
        "",
        f"| MiB of the main process | from {size // 10} on | up to {size * 99 // 100} | growth |",
        "| --- | --- | --- | --- |",
        *rows,
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kind", choices=("typical", "sound"), default="typical")
    parser.add_argument("--growth", action="store_true", help="20 steps each, against half the class")
    asked = parser.parse_args()
    if asked.growth:
        print(growth(asked.size, asked.workers, asked.kind))
    else:
        print(measure(asked.size, asked.steps, asked.workers, asked.kind))


if __name__ == "__main__":
    main()
