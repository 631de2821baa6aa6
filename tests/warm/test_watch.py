"""`grader check --watch`: a verdict after every save."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.warm.client import Answer
from grader.watch import changed, difference, look
from tests.sandbox.jobs import all_gone
from tests.stress import stress
from tests.walls.test_kills import below
from tests.warm.conftest import BROKEN, ENDLESS, GOOD, ROOT, Desk


class Watched:
    """A watching command and the lines that it prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._came = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._came:
                self.lines.append(line)
                self._came.notify()

    def line(self, number: int, seconds: float = 60.0) -> str:
        """Return a line, counted from 0, when it comes."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.lines) > number, seconds), self.lines
            return self.lines[number]


@contextmanager
def watching(desk: Desk, *words: str) -> Iterator[Watched]:
    """Give a watching command; at the end nothing of it may be left."""
    with desk.start("check", *words, "--watch", "--no-warm") as process:
        watched = Watched(process)
        try:
            yield watched
        finally:
            everything = below(process.pid)
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            finally:
                process.kill()
            assert all_gone(everything, 10)


def test_save_after_save(desk: Desk, tmp_path: Path) -> None:
    """Each save gives a verdict: a file written in place, one that replaces it, and one that comes in two halves."""
    file = tmp_path / "mine.ipynb"
    shutil.copy(BROKEN, file)
    good = (ROOT / "submissions" / "sequential.ipynb").read_bytes()
    with watching(desk, str(file), "--json") as watched:
        assert json.loads(watched.line(0))["broke"] is not None
        file.write_bytes(good)
        assert json.loads(watched.line(1))["broke"] is None
        other = tmp_path / "mine.ipynb~"
        shutil.copy(BROKEN, other)
        other.replace(file)
        assert json.loads(watched.line(2))["broke"] is not None
        with file.open("wb") as stream:
            for part in (good[:100], good[100:200], good[200:300], good[300:]):
                stream.write(part)
                stream.flush()
                time.sleep(0.01)
        assert json.loads(watched.line(3))["broke"] is None
        time.sleep(0.3)
        assert len(watched.lines) == 4
    assert watched.process.returncode == 0


@stress
def test_a_save_while_it_checks(desk: Desk, tmp_path: Path) -> None:
    """A check of what does not end is given up as soon as the file is saved again; the exit code is the last verdict's."""
    file = tmp_path / "mine.py"
    shutil.copy(GOOD, file)
    with watching(desk, str(file), "--json") as watched:
        assert json.loads(watched.line(0))["submission"]["id"] == "mine"
        shutil.copy(ENDLESS, file)
        time.sleep(1)
        started = time.monotonic()
        shutil.copy(ROOT / "submissions" / "no_pooling.py", file)
        assert [one["outcome"] for one in json.loads(watched.line(1))["findings"]].count("failed") == 1
        assert time.monotonic() - started < 15
    assert watched.process.returncode == 1


@stress
def test_what_is_printed(desk: Desk, tmp_path: Path) -> None:
    """Where no terminal is, a separator stands between two verdicts, and one line says what changed."""
    file = tmp_path / "mine.py"
    shutil.copy(ROOT / "submissions" / "no_pooling.py", file)
    with watching(desk, str(file)) as watched:
        deadline = time.monotonic() + 60
        while not any("First problem" in one for one in watched.lines) and time.monotonic() < deadline:
            time.sleep(0.05)
        shutil.copy(GOOD, file)
        while not any("any more" in one for one in watched.lines) and time.monotonic() < deadline:
            time.sleep(0.05)
        file.unlink()
        time.sleep(0.3)
        shutil.copy(GOOD, file)
        while not any("as before" in one for one in watched.lines) and time.monotonic() < deadline:
            time.sleep(0.05)
    text = "".join(watched.lines)
    assert "more than before. Nothing is wrong any more." in text
    assert "points, as before. Nothing is wrong." in text
    assert text.count("✓ mine") == 2
    assert "\x1b" not in text
    assert sum(set(one.strip()) <= set("-: 0123456789") and "---" in one for one in watched.lines) == 2


def test_a_training_is_not_watched(desk: Desk) -> None:
    """`--watch --train` is one line and exit code 2."""
    done = desk.grader("check", str(GOOD), "--watch", "--train")
    assert done.returncode == 2
    assert done.stderr.startswith("grader: --watch answers within a second")


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        ((12.0, ""), None, "12 points. Nothing is wrong."),
        ((12.0, "P"), None, "12 points. First problem: P"),
        ((12.5, "P"), (10.0, "P"), "12.5 points, 2.5 more than before. The first problem is the same: P"),
        ((9.0, "Q"), (10.0, "P"), "9 points, 1 fewer than before. First problem: Q"),
        ((10.0, ""), (10.0, "P"), "10 points, as before. Nothing is wrong any more."),
        ((10.0, ""), (10.0, ""), "10 points, as before. Nothing is wrong."),
    ],
)
def test_one_line(now: tuple[float, str], before: tuple[float, str] | None, said: str) -> None:
    """The line counts the points against the verdict before, and repeats a problem as the same."""
    last = None if before is None else Answer(0, "", *before)
    assert difference(Answer(0, "", *now), last) == said


def test_what_counts_as_a_save(tmp_path: Path) -> None:
    """Content, time, or another file of the same name; in a folder any file that is not hidden, and a new one."""
    (tmp_path / ".git").mkdir()
    file = tmp_path / "a.py"
    file.write_text("a", encoding="utf-8")
    paths = [tmp_path]
    seen = look(paths)
    (tmp_path / ".git" / "index").write_text("x", encoding="utf-8")
    assert look(paths) == seen
    os.utime(file, (1, 1))
    assert look(paths) != seen
    seen = look(paths)
    other = tmp_path / ".other"
    other.write_text("a", encoding="utf-8")
    os.utime(other, (1, 1))
    other.replace(file)
    assert look(paths) != seen
    seen = look(paths)
    (tmp_path / "b.py").write_text("", encoding="utf-8")
    assert changed(paths, seen) == look(paths) != seen
