"""The trainer process's two jobs: plain values in, frames out."""

from __future__ import annotations

import dataclasses
import time
from typing import Any, Protocol

from grader.allocator import keep_freed_memory
from grader.graph.document import DocumentError
from grader.records import Meaning
from grader.training import device as devices
from grader.training import examine as examination
from grader.training import trainer
from grader.training.recipe import Recipe


class Answers(Protocol):
    """Where a job's answers go: frames to the parent."""

    def result(self, plain: dict[str, Any]) -> None:
        """Send what was found."""

    def logits(self, blob: bytes) -> None:
        """Send answers as float32, little-endian."""


def describe(arguments: dict[str, Any], blobs: dict[str, bytes], answers: Answers) -> None:
    """Answer with the hardware fingerprint of the device asked for."""
    del blobs
    try:
        device = devices.choose(arguments["device"])
    except RuntimeError as error:
        answers.result({"outcome": "rejected", "reason": str(error)})
        return
    devices.settle(device)
    answers.result({"outcome": "described", "fingerprint": devices.fingerprint(device)})


def examine(arguments: dict[str, Any], blobs: dict[str, bytes], answers: Answers) -> None:
    """Examine the graph in `blobs`; answer with an Examination or the reason for rejecting the document."""
    keep_freed_memory()
    task = examination.Task(
        shape=tuple(arguments["shape"]),
        classes=arguments["classes"],
        batch=arguments["batch"],
        probe=arguments["probe"],
        budget=examination.Budget(**arguments["budget"]),
    )
    try:
        found = examination.examine(blobs["document"], blobs["tensors"], task)
    except DocumentError as error:
        answers.result({"outcome": "rejected", "reason": str(error)})
        return
    answers.result({"outcome": "examined", "examination": dataclasses.asdict(found)})


def train(arguments: dict[str, Any], blobs: dict[str, bytes], answers: Answers) -> None:
    """Train the graph in `blobs`; answer with the curve and the logits. Progress goes to stdout, line by line."""
    assignment = trainer.Assignment(
        train_images=arguments["train_images"],
        train_labels=arguments["train_labels"],
        held_out_images=arguments["held_out_images"],
        recipe=Recipe(**arguments["recipe"]),
        meaning=Meaning(arguments["meaning"]),
        device=arguments["device"],
        memorise=arguments["memorise"],
        train_ready=arguments.get("train_ready"),
        held_out_ready=arguments.get("held_out_ready"),
    )
    keep_freed_memory()
    last = time.monotonic()

    def progress(step: int, loss: float) -> None:
        nonlocal last
        if time.monotonic() - last > 0.2:
            last = time.monotonic()
            print(f"step {step} {loss:.4f}", flush=True)  # noqa: T201 - the parent listens to it

    try:
        found = trainer.run(blobs["document"], blobs["tensors"], assignment, progress)
    except DocumentError as error:
        answers.result({"outcome": "rejected", "reason": str(error)})
        return
    answers.result(
        {
            "outcome": "trained",
            "curve": [dataclasses.asdict(one) for one in found.curve],
            "seconds": found.seconds,
            "memorised": found.memorised,
            "start": dataclasses.asdict(found.start),
            "shape": list(found.logits.shape),
            "fingerprint": found.fingerprint,
            "samples": [dataclasses.asdict(one) for one in found.samples],
        }
    )
    answers.logits(found.logits.astype("<f4").tobytes())
