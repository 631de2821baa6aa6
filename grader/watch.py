"""Check again whenever the file is saved: what `grader check --watch` does."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader import asking, events
from grader.checking import CheckOptions, checked, options_from
from grader.faults import OperatorFault
from grader.report.notices import say
from grader.serving import AbandonedError, WarmPlace, verdict
from grader.warm.client import Answer, screen

if TYPE_CHECKING:
    from rich.console import Console

POLL_SECONDS = 0.015
"""How often the file is looked at."""

SETTLED_SECONDS = 0.06
"""How old a save is before anything is said of it: some editors write a file in several steps."""

MOST_FILES = 2_000
"""How many files of a folder are watched."""

Look = tuple[tuple[str, int, int, int], ...]
"""(path, time, size, number) of every file that is watched."""


def run_watch(asked: Mapping[str, Any], console: Console, notices: Console, *, warm: bool) -> int:
    """Check now and after every save, until Ctrl-C; return the exit code of the last check.

    Raises:
        OperatorFault: the command, the rubric or the submission is wrong from the beginning.
        KeyboardInterrupt: before the first verdict.
    """
    if asked["train"]:
        raise OperatorFault("--watch answers within a second, and a training takes minutes.", fix="Leave --train out.")
    asked = asking.settled(asked)
    options = options_from(asked)
    guided = options.guidance.rubric if options.guidance is not None else ""
    rubric = options.rubric or (Path(guided) if guided else None)
    paths = [options.submission, *([rubric] if rubric is not None else [])]
    seen = look(paths)
    last = asking.ask(asked) if warm else None
    watching = _Watching(options, notices)
    try:
        if last is None:
            last = watching.check()
            assert last is not None
        else:
            events.again(last.events)
        _show(last, None, options, console, notices)
        while True:
            seen = changed(paths, seen)
            started = time.monotonic()
            now, wrong = None, ""
            try:
                with watching.until_changed(paths, seen):
                    now = watching.check()
            except OperatorFault as fault:
                wrong = " ".join(str(fault).split())
            if not settled(paths, seen, started):
                continue
            if wrong:
                say(notices, f"{wrong} Waiting for the next save.")
            if now is not None:
                before, last = last, now
                _show(now, before, options, console, notices)
    except KeyboardInterrupt:
        if last is None:
            raise
        return last.code
    finally:
        watching.close()


def look(paths: list[Path]) -> Look:
    """Return what stands on the disk by now; a file that an editor is just replacing is left out."""
    return tuple(sorted(_looked(paths)))


def _looked(paths: list[Path]) -> Iterator[tuple[str, int, int, int]]:
    for path in paths:
        for number, one in enumerate(_files(path)):
            if number == MOST_FILES:
                break
            try:
                found = one.stat()
            except OSError:
                continue
            yield str(one), found.st_mtime_ns, found.st_size, found.st_ino


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one != "__pycache__")
        yield from (Path(folder, one) for one in sorted(names) if not one.startswith("."))


def changed(paths: list[Path], seen: Look) -> Look:
    """Wait until there are files, and others than those `seen`."""
    while True:
        started = time.monotonic()
        found = look(paths)
        if found and found != seen:
            return found
        # A large folder is looked at less often.
        time.sleep(max(POLL_SECONDS, 5 * (time.monotonic() - started)))


def settled(paths: list[Path], seen: Look, since: float) -> bool:
    """Tell whether the files are still those `seen`, once a save of the moment `since` is old enough to be whole."""
    time.sleep(max(0.0, since + SETTLED_SECONDS - time.monotonic()))
    return look(paths) == seen


class _Watching:
    """A warm place of this process's own, and the way to end a check whose file is saved meanwhile."""

    def __init__(self, options: CheckOptions, notices: Console) -> None:
        self._options, self._notices = options, notices
        self._outdated = threading.Event()
        self._place = WarmPlace(options, self._tell)

    def _tell(self, _stage: str) -> None:
        if self._outdated.is_set():
            raise AbandonedError

    def check(self) -> Answer | None:
        """Return the verdict; None when the file was saved before it was found."""
        try:
            report = self._place.check(self._options)
        except AbandonedError:
            return None
        if self._outdated.is_set():
            return None
        if report is None:
            report = checked(self._options, self._notices)
        return verdict(report, self._options, screen(sys.stdout))

    @contextmanager
    def until_changed(self, paths: list[Path], seen: Look) -> Iterator[None]:
        """End what runs inside as soon as the files are no longer those that were `seen`."""
        self._outdated.clear()
        over = threading.Event()

        def watch() -> None:
            while not over.wait(2 * POLL_SECONDS):
                if look(paths) != seen:
                    self._outdated.set()
                    self._place.slot.abandon()

        thread = threading.Thread(target=watch, name="saves", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def close(self) -> None:
        self._place.close()


def difference(now: Answer, before: Answer | None) -> str:
    """Say in one line what a verdict is, and what is new about it."""
    points = f"{now.points:g} points"
    if before is not None and now.points != before.points:
        more = now.points - before.points
        points += f", {abs(more):g} {'more' if more > 0 else 'fewer'} than before"
    elif before is not None:
        points += ", as before"
    if not now.problem:
        return f"{points}. Nothing is wrong{' any more' if before is not None and before.problem else ''}."
    if before is not None and before.problem == now.problem:
        return f"{points}. The first problem is the same: {now.problem}"
    return f"{points}. First problem: {now.problem}"


def _show(now: Answer, before: Answer | None, options: CheckOptions, console: Console, notices: Console) -> None:
    """Print a verdict: on a cleared terminal, after a separator elsewhere, as a line of JSON where that was asked."""
    if console.is_terminal and not options.as_json:
        console.clear()
    elif before is not None and not options.as_json:
        console.rule(time.strftime("%H:%M:%S"), style="none", characters="-")
    console.file.write(now.text)
    told = notices if options.as_json else console
    told.print(f"\n{time.strftime('%H:%M:%S')}  {difference(now, before)}", highlight=False, markup=False)
    if console.is_terminal:
        told.print(f"Watching {options.submission.name}; Ctrl-C ends.", style="dim", highlight=False, markup=False)
    console.file.flush()
