"""Run the commands of a page as a reader would: in order, in one folder, beside what a fresh clone has."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.blocks import ROOT, SHELLS, Block, Command, commands
from tests.docs.graded import zipped
from tests.docs.surroundings import surroundings

_SECONDS = 600
_CLONED = ("submissions", "rubrics", "reference", "docs/examples")
_MOVING = (
    (re.compile(r"\b\d+(\.\d+)? (s|min)\b( \d+ s\b)?"), "N s"),
    (re.compile(r"\bin \d+\.\d+s\b"), "in N s"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b"), "DAY"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"=+ (.*?) =+"), r"= \1 ="),
)
"""What differs from one run to the next."""


@dataclass(frozen=True, slots=True)
class Printed:
    """How a command ended, and what it printed: `out` on standard output, `told` on standard error."""

    command: Command
    code: int
    out: str = ""
    told: str = ""

    @property
    def first(self) -> str:
        """Return what a page would show of it."""
        return self.out if self.out.strip() else self.told

    @property
    def as_shown(self) -> bool:
        """Tell whether it printed what the page shows; nothing shown fits everything."""
        ways = (self.out, self.told, f"{self.told}\n{self.out}", f"{self.out}\n{self.told}")
        return self.command.shown is None or any(fits(self.command.shown, one) for one in ways)


@dataclass(slots=True)
class Reader:
    """Somebody who follows one page.

    Attributes:
        folder: where they are; what they make lies there.
        home: their home folder, with what the grader remembers.
        graded: makes the graded class of which pages speak, and returns its folder.
        done: how many blocks of the page they have followed.
        has_class: whether they were given the graded class.
    """

    folder: Path
    home: Path
    graded: Callable[[], Path]
    done: int = 0
    has_class: bool = False
    where: Path = field(init=False)

    def __post_init__(self) -> None:
        """Lay out what a clone has."""
        self.where = self.folder
        for name in _CLONED:
            shutil.copytree(ROOT / name, self.folder / name)

    def follow(self, block: Block) -> list[Printed]:
        """Do what a block says; return what its commands printed."""
        if block.title:
            target = self.where / block.title
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        for ours, name in block.given:
            (self.where / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / ours, self.where / name)
        if "zip" in block.words:
            zipped(self.folder)
        if "class" in block.words and not self.has_class:
            self.has_class = True
            shutil.rmtree(self.folder / "results", ignore_errors=True)
            shutil.copytree(self.graded(), self.folder, dirs_exist_ok=True)
        if block.language not in SHELLS or block.never:
            return []
        return [self._type(one, block) for one in commands(block)]

    def _type(self, command: Command, block: Block) -> Printed:
        if command.text.startswith("cd "):
            self.where = (self.where / command.text.removeprefix("cd ").split("#")[0].strip()).resolve()
            return Printed(command, block.exit)
        if command.text == ". .venv/bin/activate":  # as their PATH does
            return Printed(command, block.exit)
        if command.text.startswith("make"):  # what it would do, which says that there is such a target
            words = ["make", "-n", *command.text.split("#")[0].split()[1:]]
            found = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
            return Printed(command, found.returncode, command.shown or "", found.stderr)
        return self._run(command, interrupt="interrupt" in block.words)

    def _run(self, command: Command, *, interrupt: bool) -> Printed:
        paper = self.home / "printed"
        with paper.open("w+", encoding="utf-8") as out, (self.home / "told").open("w+", encoding="utf-8") as told:
            child = subprocess.Popen(
                ["bash", "-c", command.text],
                cwd=self.where,
                env=surroundings(self.home),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=told,
                start_new_session=True,
            )
            before = ""
            if interrupt:
                before = _waited_for(paper, command.shown or "")
                os.killpg(child.pid, signal.SIGINT)
            try:
                code = child.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                raise
            out.seek(0)
            told.seek(0)
            return Printed(command, code, before or out.read(), told.read())


def _waited_for(file: Path, shown: str) -> str:
    end = time.monotonic() + 60
    while not fits(shown, printed := file.read_text(encoding="utf-8")):
        assert time.monotonic() < end, f"after a minute it has printed this alone:\n{printed}"
        time.sleep(0.1)
    return printed


def fits(shown: str, printed: str) -> bool:
    """Tell whether what a page shows is what was printed; `…` stands for anything in a line, alone for any lines."""
    pattern = "".join(
        "(?:.*\n)*" if line.strip() == "…" else f"{'.*'.join(map(re.escape, line.split('…')))}\n"
        for line in _still(shown)
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _still(printed))) is not None


def _still(text: str) -> list[str]:
    """Return the lines without what differs from one run to the next, and without those that are empty."""
    for what, instead in _MOVING:
        text = what.sub(instead, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def refreshed(block: Block, printed: list[Printed]) -> str:
    """Return the text of a block with what its commands print now, where it shows that whole."""
    if "\\\n" in block.text or "$ " not in block.text:
        return block.text
    parts = []
    for one in printed:
        shown = one.command.shown
        if shown is not None and "…" not in shown and not one.as_shown:
            shown = one.first.strip("\n")
        parts.append(f"$ {one.command.text}\n" + (f"{shown}\n" if shown is not None else ""))
    return "".join(parts)
