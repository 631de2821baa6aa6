"""What an attack is: a row of the catalogue, what is handed in, and how it has to end on each rung of the ladder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grader.records import Report, Status
from grader.sandbox.protocol import Limits

if TYPE_CHECKING:
    from grader.sandbox.outcome import Done
    from tests.attacks.catalogue.field import Field

RUNGS = ("A", "B", "C")

Word = str | None
"""What a report says under `stopped`; None where the submission ended by itself."""

Files = Mapping[str, bytes] | Callable[[Path], None]
"""Bytes by path (one file is handed in by itself, several as a folder), or something that makes what is handed in.

The maker is given a path without an ending, which it may give one to.
"""

ROOM = Limits(wall_seconds=60, cpu_seconds=40, memory_megabytes=512, file_megabytes=4, flood_bytes=4 * 2**20)
"""For those that end by themselves."""

QUICK = Limits(wall_seconds=20, cpu_seconds=1, memory_megabytes=512, file_megabytes=4, flood_bytes=2**20)
"""For those that have to be stopped by their use of the processor, or of anything but time."""

BRIEF = Limits(wall_seconds=2, cpu_seconds=20, memory_megabytes=512, file_megabytes=4, flood_bytes=2**20)
"""For those that have to be stopped by the clock."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How an attack ended.

    Attributes:
        rung: what it ran behind.
        report: what the grader says of it.
        output: what its process printed.
        tried: what its attempts came to, by name: `open`, with a value or without, or the name of the error.
        done: how its process ended; None where none was started.
        field: where it ran, for proofs that look around.
    """

    rung: str
    report: Report
    output: str
    tried: Mapping[str, str]
    done: Done | None
    field: Field

    @property
    def said(self) -> str:
        """Return everything that the report tells the student, in one text."""
        findings = " ".join(f"{one.rationale} {one.help}" for one in self.report.findings)
        return " ".join((findings, *self.report.notes, *map(str, self.report.advice)))


Proof = Callable[[Seen], None]


def both(*proofs: Proof) -> Proof:
    """Return a proof that asserts what each of these asserts."""

    def prove(seen: Seen) -> None:
        for one in proofs:
            one(seen)

    return prove


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack.

    Attributes:
        row: its row in the catalogue.
        title: what it tries.
        files: what is handed in; `@SECRET@`, `@FOLDER@`, `@DRIVER@`, `@PORT@` and `@ROOT@` stand for a file that
            everybody may read, its folder, the grader's process, an open port and the grader's own folder.
        stopped: the word that has to be in its report, by rung where it differs.
        status: how its report has to end, by rung where it differs.
        tried: what each of its attempts has to come to, by rung where it differs; `|` separates what is as good.
        proof: asserts more.
        limits: what it may use.
        waits: whether it is over only when a limit is reached.
        meanwhile: done by the grader's side as soon as the attack prints something.
        between: done to its files after they were found and before they are read.
    """

    row: int
    title: str
    files: Files
    stopped: Word | Mapping[str, Word] = None
    status: Status | Mapping[str, Status] = Status.GRADED
    tried: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    proof: Proof | None = None
    limits: Limits = ROOM
    waits: bool = False
    meanwhile: Callable[[Field], None] | None = None
    between: Callable[[Path], None] | None = None

    def word(self, rung: str) -> Word:
        """Return what its report has to say under `stopped`."""
        return self.stopped[rung] if isinstance(self.stopped, Mapping) else self.stopped

    def ending(self, rung: str) -> Status:
        """Return how its report has to end."""
        return self.status[rung] if isinstance(self.status, Mapping) else self.status

    def outcomes(self, rung: str) -> dict[str, frozenset[str]]:
        """Return what each of its attempts may come to."""
        chosen = {name: one[rung] if isinstance(one, Mapping) else one for name, one in self.tried.items()}
        return {name: frozenset(one.split("|")) for name, one in chosen.items()}

    def fits(self, name: str, came_to: str, rung: str) -> bool:
        """Tell whether an attempt came to what it has to; `open` stands for any value."""
        return bool({came_to, came_to.split(" ", maxsplit=1)[0]} & self.outcomes(rung)[name])


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A row that has no meaning for this grader.

    Attributes:
        row: its row in the catalogue.
        title: what is tried elsewhere.
        reason: why it cannot be tried here, in a sentence.
    """

    row: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trap:
    """A row about running the sandbox, and what holds it.

    Attributes:
        row: its row in the catalogue.
        title: what goes wrong.
        tests: the tests that would fail, as `file::function`.
    """

    row: int
    title: str
    tests: tuple[str, ...]


HELPERS = '''
import ctypes, errno, json, os, signal, socket, subprocess, sys, threading, time, types
import torch
from torch import nn

LIBRARY = ctypes.CDLL(None, use_errno=True)
ARM = os.uname().machine == "aarch64"

def attempt(name, action):
    """Say what an action comes to."""
    try:
        said = f"open {action()!r}"[:200]
    except OSError as error:
        said = errno.errorcode.get(error.errno, type(error).__name__)
    except BaseException as error:
        said = type(error).__name__
    print("TRIED", name, said, sep="\\t", flush=True)

def checked(result):
    """Return what a function of the C library returned, or raise its error."""
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result

def call(x86, arm, *arguments):
    """Make a system call by its number on either processor."""
    return checked(LIBRARY.syscall(arm if ARM else x86, *arguments))

def send(kind, payload):
    """Write a frame where the job's own go."""
    rest = b"GRDR" + bytes([kind]) + len(payload).to_bytes(8, "little") + payload
    while rest:
        rest = rest[os.write(4, rest):]

'''
"""What attacks lean on; the grader takes the parts that they use."""


def network(init: str = "", forward: str = "", top: str = "", end: str = "") -> bytes:
    """Write a small network with statements at its top, in its making, before its answer and after it."""
    return f"""{HELPERS}
{top}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(4)
        self.dense = nn.Linear(4 * 8 * 8, 10)
{_indented(init)}

    def forward(self, x):
{_indented(forward)}
        x = self.pool(torch.relu(self.conv(x)))
        return self.dense(x.flatten(1))

model = Net()
{end}
""".encode()


def _indented(code: str) -> str:
    """Put statements into the body of a method."""
    return "\n".join(f"        {line}" for line in code.strip("\n").splitlines())


def module(init: str = "", forward: str = "", top: str = "", end: str = "") -> dict[str, bytes]:
    """Return a submission of one module."""
    return {"net.py": network(init, forward, top, end)}


def attempts(text: str) -> dict[str, str]:
    """Return what the attempts in an output came to, by name."""
    lines = (line.split("\t") for line in text.splitlines() if line.startswith("TRIED\t"))
    return {words[1]: words[2] for words in lines if len(words) == 3}


def tries(**actions: str) -> str:
    """Write statements that make attempts; each is an expression."""
    return "\n".join(f"attempt({name!r}, lambda: {action})" for name, action in actions.items())
