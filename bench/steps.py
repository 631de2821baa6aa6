"""Training steps per second of processor: the grader's trainer against plain loops and the machine's own sgemm peak.

python bench/steps.py [--rounds 5] [--steps 60]

The same pictures and the same network everywhere; every way to train has a process of one thread, and they take turns
in every round, so that a busy machine slows all of them. Counted is processor time (`time.process_time`), medians over
the rounds; FLOPs are those that torch counts, forward and backward.
Bars, on the network of two convolutions: at least 2.2 times the plain DataLoader loop over PNGs, at least 1.35 times
preloaded contiguous tensors, at least 38 % of the sgemm peak of one core.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torch.utils.flop_counter import FlopCounterMode
from walls import ARGUMENTS

from grader.allocator import keep_freed_memory
from grader.data.patterns import generate
from grader.graph.document import parse
from grader.records import Meaning
from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Kind, Limits
from grader.sandbox.walls.fence import NONE
from grader.training import device as devices
from grader.training.recipe import Pictures, Recipe, train
from grader.training.trainer import Trainee, memory_format

TWO = "two_convolutions"
"""The network that the bars are about (`performance.md`: 16 and 32 filters, 25,578 parameters)."""

NETWORKS = {
    TWO: "nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),"
    " nn.MaxPool2d(2), nn.Flatten(), nn.Linear(2048, 10)",
    "lenet": "nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),"
    " nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)",
    "three_norm": "nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),"
    " nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),"
    " nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),"
    " nn.Flatten(), nn.Dropout(0.3), nn.Linear(1024, 10)",
    "wide_dense": "nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1),"
    " nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4096, 128), nn.ReLU(), nn.Linear(128, 10)",
    "one_convolution": "nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(1024, 10)",
}
"""Five networks as students write them, by name: the layers of a Sequential."""

PICTURES = 2048
SHOWN = 14
"""Operators that are listed one by one."""

_MULTIPLIED = 64 * 16 * 32 * 32 * 3 * 9 * 2, 64 * 32 * 16 * 16 * 16 * 9 * 2
CONVOLUTION_FLOPS = {
    ("aten::mkldnn_convolution", "[64, 3, 32, 32]"): _MULTIPLIED[0],
    ("aten::mkldnn_convolution", "[64, 16, 16, 16]"): _MULTIPLIED[1],
    ("aten::convolution_backward", "[64, 16, 32, 32]"): _MULTIPLIED[0],
    ("aten::convolution_backward", "[64, 32, 16, 16]"): 2 * _MULTIPLIED[1],
}
"""What the convolutions of `TWO` do in a step, which the profiler does not count; pictures need no gradient."""


@dataclass(frozen=True, slots=True)
class Data:
    """Pictures (N, 3, 32, 32) as uint8 and labels (N,), and a folder in which the pictures are PNGs."""

    images: np.ndarray
    labels: np.ndarray
    folder: Path


class Files(Dataset[tuple[torch.Tensor, int]]):
    """PNGs, opened one by one, scaled and standardised as courses write it."""

    def __init__(self, data: Data) -> None:
        """Remember where the pictures are."""
        self.data = data
        self.mean = torch.tensor([0.5, 0.5, 0.5]).view(3, 1, 1)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.data.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """Read one."""
        picture = Image.open(self.data.folder / f"{index + 1}.png").convert("RGB")
        tensor = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float().div(255)
        return (tensor - self.mean) / 0.5, int(self.data.labels[index])


def built(layers: str) -> nn.Sequential:
    """Return the network of `layers`, always with the same weights."""
    torch.manual_seed(0)
    found = eval(f"nn.Sequential({layers})", {"nn": nn})
    assert isinstance(found, nn.Sequential)
    return found


def plainly(model: nn.Module, batches: Any, steps: int) -> None:
    """Train as every tutorial does: Adam, and the loss of each step read."""
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    done, total = 0, 0.0
    while done < steps:
        for pictures, labels in batches():
            optimiser.zero_grad()
            loss = F.cross_entropy(model(pictures), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += loss.item()
            done += 1
            if done == steps:
                break


def files_loop(layers: str, data: Data) -> Callable[[int], None]:
    """Return the plain DataLoader loop over PNGs."""
    loader = DataLoader(Files(data), batch_size=64, shuffle=True)
    return lambda steps: plainly(built(layers), lambda: loader, steps)


def loader_loop(layers: str, data: Data) -> Callable[[int], None]:
    """Return the plain DataLoader loop over tensors."""
    tensors = TensorDataset(torch.from_numpy(data.images).float() / 255, torch.from_numpy(data.labels))
    loader = DataLoader(tensors, batch_size=64, shuffle=True)
    return lambda steps: plainly(built(layers), lambda: loader, steps)


def preloaded_loop(layers: str, data: Data) -> Callable[[int], None]:
    """Return the loop over preloaded contiguous tensors, indexed batch by batch."""
    pictures, labels = torch.from_numpy(data.images).float() / 255, torch.from_numpy(data.labels)

    def batches() -> Any:
        order = torch.randperm(len(pictures))
        for start in range(0, len(pictures) - 63, 64):
            chosen = order[start : start + 64]
            yield pictures[chosen], labels[chosen]

    return lambda steps: plainly(built(layers), batches, steps)


def captured(layers: str) -> tuple[bytes, bytes]:
    """Return document and tensors of a network, captured as a submission is."""
    zygote = Zygote(NONE)
    try:
        source = f"import torch\nfrom torch import nn\ntorch.manual_seed(0)\nmodel = nn.Sequential({layers})\n"
        limits = Limits(wall_seconds=60, cpu_seconds=60, memory_megabytes=4096)
        done = zygote.run("capture", ARGUMENTS, {"network.py": source.encode()}, limits)
    finally:
        zygote.stop()
    return done.frames[Kind.DOCUMENT], done.frames[Kind.TENSORS]


def grader_loop(layers: str, data: Data) -> Callable[[int], None]:
    """Return the grader's own training of the captured network."""
    document_bytes, tensors = captured(layers)
    document, recipe, device = parse(document_bytes), Recipe(), torch.device("cpu")
    layout = memory_format(document, recipe)
    trainee = Trainee(document, tensors, device, recipe, layout, Meaning.LOGITS)
    pictures = Pictures(data.images, data.images, device, layout)
    labels = torch.from_numpy(data.labels)

    def run(steps: int) -> None:
        trainee.reset()
        shortened = replace(recipe, steps=steps)
        train(trainee.train, trainee.trainable, pictures, labels, shortened, Meaning.LOGITS)

    return run


LOOPS = {
    "PNGs, DataLoader": files_loop,
    "tensors, DataLoader": loader_loop,
    "preloaded, contiguous": preloaded_loop,
    "grader": grader_loop,
}


def flops_of_step(layers: str) -> int:
    """Return the floating-point operations of one step of 64 pictures, forward and backward, as torch counts them."""
    with FlopCounterMode(display=False) as counter:
        loss = F.cross_entropy(built(layers)(torch.rand(64, 3, 32, 32)), torch.zeros(64, dtype=torch.int64))
        loss.backward()  # type: ignore[no-untyped-call]
    return int(counter.get_total_flops())


def sgemm_peak() -> float:
    """Return FLOPs per second of processor of the best of many products of 256 by 256 float32 matrices."""
    left, right, out = torch.rand(256, 256), torch.rand(256, 256), torch.empty(256, 256)
    best = float("inf")
    for _ in range(40):
        started = time.process_time()
        for _ in range(20):
            torch.mm(left, right, out=out)
        best = min(best, (time.process_time() - started) / 20)
    return 2 * 256**3 / best


class Turn:
    """A process of its own in which one way to train is timed."""

    def __init__(self, loop: Callable[[str, Data], Callable[[int], None]], layers: str, data: Data) -> None:
        """Start it."""
        self._ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, loop, layers, data))
        self._process.start()

    def seconds(self, steps: int) -> float:
        """Return seconds of processor per step."""
        self._ours.send(steps)
        found = self._ours.recv()
        assert isinstance(found, float)
        return found

    def end(self) -> None:
        """End it."""
        self._ours.send(0)
        self._process.join()


def serve(asked: Connection, loop: Callable[[str, Data], Callable[[int], None]], layers: str, data: Data) -> None:
    """Time as many steps as are asked for, until none are."""
    torch.set_num_threads(1)
    if loop is grader_loop:
        devices.settle(torch.device("cpu"))
        keep_freed_memory()
    run = loop(layers, data)
    while steps := asked.recv():
        started = time.process_time()
        run(steps)
        asked.send((time.process_time() - started) / steps)


def measure(rounds: int = 5, steps: int = 60) -> str:
    """Return the figures in Markdown."""
    torch.set_num_threads(1)
    made = generate(PICTURES, seed=1)
    lines = [
        "| network | MFLOP a step | " + " | ".join(f"{one}, steps/s" for one in LOOPS) + " | to PNGs | to preloaded |"
        " of sgemm peak |",
        "| --- |" + " --- |" * (4 + len(LOOPS)),
    ]
    with tempfile.TemporaryDirectory() as name:
        data = Data(made.images, made.labels.astype(np.int64), Path(name))
        for number, picture in enumerate(data.images, 1):
            Image.fromarray(picture.transpose(1, 2, 0)).save(data.folder / f"{number}.png")
        for network, layers in NETWORKS.items():
            turns = {kind: Turn(loop, layers, data) for kind, loop in LOOPS.items()}
            times: dict[str, list[float]] = {kind: [] for kind in turns}
            peaks = []
            for turn in turns.values():
                turn.seconds(5)
            for _ in range(rounds):
                for kind, turn in turns.items():
                    times[kind].append(turn.seconds(steps))
                peaks.append(sgemm_peak())
            for turn in turns.values():
                turn.end()
            lines.append(_row(network, flops_of_step(layers), times, max(peaks)))
    return "\n".join(lines)


def where(network: str = TWO, steps: int = 60) -> str:
    """Return where a step's time goes, operator by operator, in the grader's loop."""
    devices.settle(torch.device("cpu"))
    keep_freed_memory()
    made = generate(PICTURES, seed=1)
    run = grader_loop(NETWORKS[network], Data(made.images, made.labels.astype(np.int64), Path()))
    run(20)
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True, with_flops=True) as profiler:
        run(steps)
    events = profiler.key_averages(group_by_input_shape=True)
    total = sum(one.self_cpu_time_total for one in events)
    lines = ["| operator | shape | ms a step | share | GFLOP/s |", "| --- | --- | --- | --- | --- |"]
    shown = sorted(events, key=lambda one: -one.self_cpu_time_total)[:SHOWN]
    for one in shown:
        first = one.input_shapes[0] if one.input_shapes else []
        flops = CONVOLUTION_FLOPS.get((one.key, str(first)), one.flops / steps if one.flops else 0)
        milliseconds = one.self_cpu_time_total / steps / 1000
        speed = f"{flops / milliseconds / 1e6:.0f}" if flops else ""
        shape = "x".join(map(str, first))
        share = 100 * one.self_cpu_time_total / total
        lines.append(f"| {one.key} | {shape} | {milliseconds:.2f} | {share:.1f} % | {speed} |")
    rest = 100 * (1 - sum(one.self_cpu_time_total for one in shown) / total)
    lines.append(f"| the rest | | {total / steps / 1000 * rest / 100:.2f} | {rest:.1f} % | |")
    return "\n".join(lines)


def _row(network: str, flops: int, times: dict[str, list[float]], peak: float) -> str:
    ours = statistics.median(times["grader"])
    cells = [network, f"{flops / 1e6:.0f}"] + [f"{1 / statistics.median(one):.1f}" for one in times.values()]
    others = (times["PNGs, DataLoader"], times["preloaded, contiguous"])
    cells += [f"{statistics.median(one) / ours:.2f}" for one in others]
    cells.append(f"{100 * flops / ours / peak:.0f} % of {peak / 1e9:.0f} GFLOP/s")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    asked = parser.parse_args()
    print(measure(asked.rounds, asked.steps))
    print(f"\nWhere a step of `{TWO}` goes (profiled, which costs a little):\n\n{where()}")


if __name__ == "__main__":
    main()
