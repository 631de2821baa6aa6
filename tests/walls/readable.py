"""An interpreter that every user can read: what a grader that root started needs on rung C.

Where Python lies in root's own home, only bubblewrap can show it to somebody else. The tests then take the system's own
Python, if it is the same one, over the same packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.faults import GraderFault
from grader.sandbox import forked, ladder
from grader.sandbox.command import command
from grader.sandbox.walls import trials
from grader.sandbox.walls.fence import Fence, NoSuchWallError, fence
from grader.sandbox.walls.view import OTHER_USER

ROOT = Path(__file__).parents[2]
SYSTEM = Path("/usr/bin/python3")


def needed() -> bool:
    """Tell whether this process is root's, with an interpreter that nobody else can start."""
    if os.geteuid() != 0:
        return False
    words = [sys.executable, "-c", ""]
    try:
        done = subprocess.run(
            words, capture_output=True, check=False, user=OTHER_USER, group=OTHER_USER, extra_groups=[], cwd="/"
        )
    except OSError:
        return True
    return done.returncode != 0


def same(python: Path) -> bool:
    """Tell whether an interpreter is of this one's version, so that it can use the same packages."""
    words = [str(python), "-c", "import sys; print(*sys.version_info[:2])"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.split() == [str(one) for one in sys.version_info[:2]]


@contextmanager
def readable() -> Iterator[str | None]:
    """Give the path of an interpreter that everybody can read; None where there is none, or no need."""
    if not needed() or not SYSTEM.exists() or not same(SYSTEM):
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="readable-"))
    try:
        folder.chmod(0o755)
        subprocess.run([str(SYSTEM), "-m", "venv", "--without-pip", str(folder)], check=True)
        packages = next(folder.glob("lib/python3*/site-packages"))
        (packages / "grader.pth").write_text(f"{_own_packages()}\n{ROOT}\n", encoding="utf-8")
        yield str(folder / "bin" / "python")
    finally:
        shutil.rmtree(folder)


def _own_packages() -> str:
    return next(one for one in sys.path if Path(one).name == "site-packages")


@contextmanager
def standing_on(letter: str, python: str | None, *extra: str) -> Iterator[Fence]:
    """Give a rung to start warm processes on; `python` is started on rung C in place of this interpreter."""
    with pytest.MonkeyPatch.context() as patch:
        if letter == "C" and python is not None:
            patch.setattr(forked, "command", lambda *options, warm: [python, *command(*options, warm=warm)[1:]])
            extra = (*extra, str(Path(python).parents[1]))
        yield fence(letter, extra=extra)


def holding(python: str | None) -> tuple[str, ...]:
    """Return the letters of the rungs that can be stood on here."""
    found = []
    for letter in ladder.WALLED:
        try:
            with standing_on(letter, python) as behind:
                ladder.prove(behind)
        except (NoSuchWallError, trials.SetUpError, GraderFault):
            continue
        found.append(letter)
    return tuple(found)


def why_not(letter: str) -> str:
    """Return why a test is not run on a rung."""
    if letter == "C" and os.geteuid() == 0:
        return "root: there is no interpreter here that another user can read, so there is no rung C"
    return f"there is no bubblewrap, so there is no rung {letter}"
