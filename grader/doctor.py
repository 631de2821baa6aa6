"""Say what stands between submissions and this machine: what `grader doctor` does."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader import hardware
from grader.engines.local import LocalSlot
from grader.faults import GraderError
from grader.report.terminal_doctor import show_doctor
from grader.sandbox import ladder
from grader.sandbox.ladder import Standing
from grader.sandbox.launch import worker
from grader.sandbox.walls import landlock
from grader.sandbox.walls.view import OTHER_USER, bubblewrap
from grader.versions import versions
from grader.warm import client
from grader.work import describe

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Found:
    """What the doctor found.

    Attributes:
        walls: which rung holds, and why others do not.
        machine: facts for whoever asks for help, by name.
        training: on what networks are trained behind these walls, or why they cannot be.
        trains: whether they can be.
        helper: what the warm helper of this user says of itself; None where there is none.
    """

    walls: Standing
    machine: dict[str, str]
    training: str
    trains: bool
    helper: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            **self.walls.isolation(),
            "holds": self.walls.holds,
            "refused": dict(self.walls.refused),
            "machine": self.machine,
            "training": self.training,
            "trains": self.trains,
            "helper": self.helper,
        }


def run_doctor(device: str, console: Console, notices: Console, *, fresh: bool, as_json: bool) -> int:
    """Try the walls, or say what came of it earlier; return 0 when a batch can run here, else 1."""
    with notices.status("trying the walls"):
        drives = ladder.accelerates(device)
        walls = ladder.standing(accelerator=drives, fresh=fresh)
        training, trains = _trains(walls, device)
    result = Found(walls, _machine(), training, trains, _helper())
    if as_json:
        console.file.write(json.dumps(result.to_json()) + "\n")
    else:
        show_doctor(console, result.to_json())
    return 0 if walls.holds and trains else 1


def stop(console: Console, *, as_json: bool) -> int:
    """End the warm helper of this user, and say so; return 0 also where there was none."""
    pid = client.end()
    if as_json:
        console.file.write(json.dumps({"stopped": pid}) + "\n")
    else:
        said = "No helper was running." if pid is None else f"The helper, process {pid}, has ended."
        console.print(said, highlight=False)
    return 0


def _helper() -> dict[str, Any] | None:
    """Return what the helper says of itself, with the memory of it and of all below it in bytes."""
    said = client.say()
    return None if said is None else {**said, "memory": sum(map(_resident, _tree(int(said["pid"]))))}


def _tree(pid: int) -> list[int]:
    """Return a process and every one below it; nothing where it cannot be seen."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                found += _tree(int(child))
    except OSError:
        return []
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _trains(walls: Standing, device: str) -> tuple[str, bool]:
    """Import torch behind the walls, and ask it what it would train on."""
    started = time.monotonic()
    slot = LocalSlot(0, lambda: worker(walls.fence, warm=False), lambda *_stage: None)
    try:
        found = hardware.sentence(describe({"device": device}, slot))
    except GraderError as error:
        return str(error), False
    finally:
        slot.close()
    return f"{found}; ready after {time.monotonic() - started:.1f} s", True


def _machine() -> dict[str, str]:
    found = {"system": f"{platform.system()} {platform.release()}, {platform.machine()}"}
    if hasattr(os, "geteuid"):
        found["started by"] = (
            f"root; submissions run as user {OTHER_USER}" if os.geteuid() == 0 else f"user {os.geteuid()}"
        )
    if platform.system() == "Linux":
        known = landlock.version()
        found["Landlock"] = f"version {known}" if known else "not in this kernel, or switched off"
        found["bubblewrap"] = _bubblewrap_version()
    return {**found, **versions()}


def _bubblewrap_version() -> str:
    program = bubblewrap()
    if program is None:
        return "not installed"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - found by us
    return done.stdout.strip().removeprefix("bubblewrap ") or "does not say its version"
