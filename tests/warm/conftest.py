"""Helpers with folders of their own: no test meets the user's, and none is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.warm import client
from tests.sandbox.jobs import all_gone
from tests.walls.test_kills import below

ROOT = Path(__file__).parents[2]
SUBMISSIONS = ROOT / "submissions"
GOOD, BROKEN, ENDLESS = (SUBMISSIONS / one for one in ("functional.py", "nn_dense.ipynb", "endless_loop.py"))


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder for one helper, and the commands that find it."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of commands that use this folder."""
        return {**os.environ, "GRADER_WARM": str(self.folder), "GRADER_CACHE": str(self.folder / "cache")}

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Let this process use the folder."""
        with pytest.MonkeyPatch.context() as patch:
            for name in ("GRADER_WARM", "GRADER_CACHE"):
                patch.setenv(name, self.environment[name])
            yield

    def start(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """Start the program with these words."""
        environment = {**self.environment, **more.pop("environment", {})}
        return subprocess.Popen(
            [sys.executable, "-m", "grader.start", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            **{"cwd": ROOT, **more},
        )

    def grader(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run the program with these words."""
        with self.start(*words, **more) as process:
            out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def said(self) -> dict[str, Any] | None:
        """Return what the helper says of itself."""
        with self.entered():
            return client.say()

    def leave(self, idle_seconds: float = 120.0) -> dict[str, Any]:
        """Leave a helper behind, as a command does; return what it says of itself."""
        with self.entered():
            client.leave_behind("auto", "auto", idle_seconds)
        return self.waited()

    def waited(self, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for a helper; return what it says of itself."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.said()
            if found is not None and found["answers"]:
                return found
            time.sleep(0.1)
        raise AssertionError("no helper came")

    def end(self) -> None:
        """End the helper, and everything below it."""
        found = self.said()
        if found is not None:
            everything = [found["pid"], *below(found["pid"])]
            with self.entered():
                client.end()
            assert all_gone(everything, 10)


@contextmanager
def desk_in(folder: Path) -> Iterator[Desk]:
    """Give a desk whose helper is ended at the end."""
    folder.chmod(0o700)
    found = Desk(folder)
    try:
        yield found
    finally:
        found.end()


@pytest.fixture(scope="module")
def shared() -> Iterator[Desk]:
    """Return a desk with a helper, for all tests of a module that leave it alive."""
    with tempfile.TemporaryDirectory(prefix="desk-") as name, desk_in(Path(name)) as found:
        found.leave()
        yield found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Return a desk of one test's own, without a helper."""
    folder = tmp_path / "desk"
    folder.mkdir()
    with desk_in(folder) as found:
        yield found
