"""Read the Containerfile, strictly, and carry its steps out in a folder by chroot: there may be no engine at hand."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_CHROOT = shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin") or "chroot"

ALLOWED = ("FROM", "RUN", "COPY", "ENV", "ARG", "USER", "WORKDIR", "ENTRYPOINT")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction and what stands behind it, continued lines joined."""

    instruction: str
    rest: str


def read(path: Path) -> tuple[Step, ...]:
    """Return the steps of a Containerfile; raise ValueError at one that is not understood."""
    found: list[Step] = []
    waiting = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        joined = f"{waiting} {text}".strip()
        if joined.endswith("\\"):
            waiting = joined.removesuffix("\\").strip()
            continue
        waiting = ""
        instruction, _, rest = joined.partition(" ")
        if instruction not in ALLOWED or not rest.strip():
            raise ValueError(f"not understood: {joined}")
        found.append(Step(instruction, rest.strip()))
    if waiting:
        raise ValueError(f"not ended: {waiting}")
    return tuple(found)


@dataclass(slots=True)
class Container:
    """A folder in which the steps are carried out, one after the other.

    Attributes:
        root: the folder; it holds a Debian when the first step is carried out.
        context: where files are copied from.
        environment: what the steps set, over what the first one is given.
        user: who runs the next step.
        folder: where it runs.
        prepare: done before every RUN, which may have undone it: an installed package brings certificates of its own.
        entry: what is run at the end.
    """

    root: Path
    context: Path
    environment: dict[str, str]
    prepare: Callable[[Path], None]
    user: str = "root"
    folder: str = "/"
    entry: tuple[str, ...] = ()
    log: list[str] = field(default_factory=list)

    def build(self, steps: Sequence[Step]) -> None:
        """Carry out every step behind FROM; raise CalledProcessError where one fails."""
        for step in steps:
            match step.instruction:
                case "RUN":
                    self.prepare(self.root)
                    self.run(["/bin/sh", "-c", step.rest])
                case "COPY":
                    self.copy(step.rest.split())
                case "ENV":
                    name, _, value = step.rest.partition("=")
                    self.environment[name] = value
                case "ARG":
                    name, _, value = step.rest.partition("=")
                    if name not in self.environment and value:
                        self.environment[name] = value
                case "USER":
                    self.user = step.rest
                case "WORKDIR":
                    self.folder = step.rest
                case "ENTRYPOINT":
                    self.entry = tuple(json.loads(step.rest))

    def copy(self, words: Sequence[str]) -> None:
        """Copy files into a folder, or one folder to its new name, as COPY does."""
        *sources, target = words
        for source in sources:
            here, there = self.context / source, self.root / target.lstrip("/")
            if here.is_dir():
                shutil.copytree(here, there, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
                continue
            place = there / here.name if target.endswith("/") else there
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(here, place)

    def run(self, words: Sequence[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program inside, as the user and in the folder of this step."""
        inside = shlex.join(words)
        command = [
            _CHROOT,
            f"--userspec={self.user}",
            str(self.root),
            "/bin/sh",
            "-c",
            f"cd {self.folder} && {inside}",
        ]
        done = subprocess.run(
            command,
            env={**self.environment, "GRADER_WARM": "off"},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        self.log.append(f"{inside}: {done.returncode}")
        if check and done.returncode:
            raise AssertionError(f"{inside} failed: {done.stdout[-2000:]} {done.stderr[-2000:]}")
        return done


def outside_settings() -> dict[str, str]:
    """Return what package clients are told by this machine's environment."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "SSL_")) or name.endswith("_CA_BUNDLE") or name.lower().endswith("_proxy")
    }
