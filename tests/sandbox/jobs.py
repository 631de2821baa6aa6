"""Submissions as bytes, and what a job makes of them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from grader.sandbox.outcome import Done, Listen, Worker
from grader.sandbox.protocol import Limits

LIMITS = Limits(wall_seconds=30, cpu_seconds=20, memory_megabytes=2048)

ARGUMENTS: dict[str, Any] = {
    "shape": [3, 32, 32],
    "classes": 5,
    "batch": 8,
    "entry": "",
    "build_seconds": 10.0,
    "file_bytes": 2**20,
    "code_characters": 10**6,
}


def indented(code: str) -> str:
    """Put statements into the body of a method."""
    return "\n".join(f"        {line}" for line in code.strip("\n").splitlines())


def submission(init: str = "", forward: str = "", top: str = "") -> str:
    """Write a small network, with statements at its top, at the end of __init__ and at the start of forward."""
    return f"""
import os, sys, time
import torch
from torch import nn
{top}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(4)
        self.dense = nn.Linear(4 * 8 * 8, 5)
{indented(init)}

    def forward(self, x):
{indented(forward)}
        x = self.pool(torch.relu(self.conv(x)))
        return self.dense(x.flatten(1))

model = Net()
"""


def capture(
    worker: Worker, source: str, limits: Limits = LIMITS, listen: Listen | None = None, **arguments: Any
) -> Done:
    """Run the capture job over one module."""
    return worker.run("capture", {**ARGUMENTS, **arguments}, {"net.py": source.encode()}, limits, listen)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def all_gone(pids: list[int], seconds: float = 5.0) -> bool:
    """Wait until none of the processes runs."""
    deadline = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def numbers(text: str) -> list[int]:
    """Return the process ids that a job printed, one a line."""
    return [int(line) for line in text.split() if line.isdigit()]


def end(pids: list[int]) -> None:
    """Kill what a test left behind, by id."""
    for pid in pids:
        if is_alive(pid):
            os.kill(pid, 9)
