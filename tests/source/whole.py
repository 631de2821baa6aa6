"""Run a submission's whole program, or its slice, through the capture job, with tiny pictures and short training.

The whole program is a plan as well: every statement of every cell in order, and all of every module. What fails for
lack of a package is passed over, as it is in a slice. Training makes no gradients, so that every optimiser leaves the
weights as they were made, and stops after three steps a statement.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch._dynamo.aot_compile  # before stand-ins are offered, as in the warm process
from PIL import Image

from grader.graph.document import Document, parse
from grader.graph.tensors import read
from grader.sandbox.capture import Session, Task, quiet
from grader.sandbox.protocol import Channel, Kind
from grader.source.entry import Hints, Plan, plans
from grader.source.reading.notebook import Cell, ReadLimits, Source, read_submission
from grader.source.statements import Statement, statements
from tests.attacks.forks import in_a_child

STEPS = 3
ROWS, PICTURES = 5_000, 50
"""The table has so many rows, over so many different pictures."""
WORDS = "bird bottle camel clock forest house lamp sea tiger train".split()
TASK = Task(
    shape=(3, 32, 32), classes=10, batch=4, entry="", build_seconds=30.0, file_bytes=2**22, code_characters=10**6
)


class Enough(Exception):
    """A statement has trained for as many steps as it may."""


class Kept(Channel):
    """A channel that keeps what is sent."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.frames: dict[Kind, bytes] = {}

    def _send(self, kind: Kind, payload: bytes) -> None:
        self.frames[kind] = payload


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a program.

    Attributes:
        outcome: of the capture job.
        graphs: the captured graphs as text; empty where there are none.
        weights: shape and digest of every parameter, by name.
        passed_over: what could not run, with the reason.
        count: how many statements were executed.
    """

    outcome: str
    graphs: str
    weights: dict[str, str]
    passed_over: tuple[str, ...]
    count: int


def ran(files: Mapping[str, bytes], *, whole: bool) -> Ran:
    """Capture the model of a submission in a process of its own, from its whole program or from its slice."""
    named = {path: content.decode("latin-1") for path, content in files.items()}
    ended = in_a_child(_job, {"files": named, "whole": whole})
    assert ended.answer is not None, ended.how
    return Ran(**{**ended.answer, "passed_over": tuple(ended.answer["passed_over"])})


def _job(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Channel) -> None:
    del blobs
    torch.set_num_threads(1)
    quiet()
    source = read_submission({path: text.encode("latin-1") for path, text in arguments["files"].items()}, ReadLimits())
    plan = plans(source, None, Hints(TASK.shape, TASK.classes))[0]
    if arguments["whole"]:
        plan = _all_of(plan, source)
    kept = Kept()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        _pictures(Path(folder))
        _train_in_vain()
        Session(source, (plan,), TASK, kept).run({})
    result = json.loads(kept.frames[Kind.RESULT])
    document = parse(kept.frames[Kind.DOCUMENT]) if Kind.DOCUMENT in kept.frames else None
    channel.result(
        {
            "outcome": result["outcome"],
            "graphs": repr(document.graphs) if document is not None else "",
            "weights": _weights(document, kept.frames.get(Kind.TENSORS, b"")),
            "passed_over": [one["message"] for one in result["repairs"] if _is_telling(one)],
            "count": len(plan.statements),
        }
    )


def _all_of(plan: Plan, source: Source) -> Plan:
    """Return a plan that runs everything."""

    def program(cells: Iterable[Cell], *, main: bool) -> tuple[Statement, ...]:
        return statements(cells, main=main)

    modules = {name: program(cells, main=False) for name, cells in source.modules.items()}
    return replace(plan, statements=program(source.cells, main=True), modules=modules)


def _is_telling(repair: Mapping[str, str]) -> bool:
    return repair["kind"] == "skipped" and "Enough" not in repair["message"]


def _pictures(folder: Path) -> None:
    """Write the course's layout with a few pictures of noise."""
    (folder / "data").mkdir()
    noise = torch.randint(0, 256, (PICTURES, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    for index, picture in enumerate(noise):
        Image.fromarray(picture.numpy()).save(folder / "data" / f"{index}.png")
    for index in range(PICTURES, ROWS):
        (folder / "data" / f"{index}.png").hardlink_to(folder / "data" / f"{index % PICTURES}.png")
    rows = ["index,label", *(f"{index},{WORDS[index % len(WORDS)]}" for index in range(ROWS))]
    (folder / "y.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _train_in_vain() -> None:
    """Let `loss.backward()` make no gradients, and stop the statement that trains for long."""
    steps = 0

    def backward(self: torch.Tensor, *given: Any, **named: Any) -> None:
        nonlocal steps
        steps += 1
        if steps > STEPS:
            steps = 0
            raise Enough("it has trained long enough")

    torch.Tensor.backward = backward  # type: ignore[method-assign]


def _weights(document: Document | None, blob: bytes) -> dict[str, str]:
    """Return shape and digest of every parameter; buffers count batches, which only the whole program sees."""
    if document is None:
        return {}
    found = {}
    for entry, tensor in zip(document.tensors, read(document, blob, torch.device("cpu")), strict=True):
        if entry.role == "parameter":
            digest = hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()[:12]
            found[entry.name] = f"{tuple(tensor.shape)} {digest}"
    return found
