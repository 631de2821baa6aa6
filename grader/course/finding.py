"""Which course file holds for a check, and why: asked for, beside the work or above it, in the environment, remembered.

This is what every plain check pays for, so it is a few calls of stat(2), and nothing is read where nothing lies.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from grader.course.names import is_url
from grader.faults import CourseFault
from grader.folders import cache_folder, configuration_folder

FILE = "grader.toml"
"""What the file is called where it is looked for."""

VARIABLE = "GRADER_COURSE"
"""Environment variable that names a course file, by path or URL."""

NOBODY = "none"
"""In the place of a course file: the rubric that the grader brings, whatever lies around."""

_MEMORY = "course.json"
_VERSION = 1


class Way(StrEnum):
    """How a course file came to hold."""

    ASKED = "asked"
    BESIDE = "beside"
    ENVIRONMENT = "environment"
    REMEMBERED = "remembered"

    @property
    def words(self) -> str:
        """Return the way as the end of a sentence."""
        return _WORDS[self]


_WORDS = {
    Way.ASKED: "named for this check",
    Way.BESIDE: "found beside your work or above it",
    Way.ENVIRONMENT: f"named by {VARIABLE}",
    Way.REMEMBERED: "remembered by grader course use",
}


class Found(NamedTuple):
    """What was found.

    Attributes:
        source: absolute path or URL of the course file; empty where none holds.
        way: how it came to hold.
        chosen: whether the user named it, now or before; a file that merely lies there was not.
        passed_over: why a file that lies there does not count, a sentence; empty where there is none.
    """

    source: str = ""
    way: Way = Way.BESIDE
    chosen: bool = False
    passed_over: str = ""


class Wish(NamedTuple):
    """What a check wants to know.

    Attributes:
        work: what is checked, a path.
        asked: the course file that was named for this check, by path or URL; None leaves it to be found.
        rubric: whether a rubric is wanted; not where another one was named.
        data: whether pictures are wanted: for a training, where no others were named.
        fresh: ask servers also if they were asked within the hour.
    """

    work: Path
    asked: str | None = None
    rubric: bool = True
    data: bool = False
    fresh: bool = False


class Surroundings(NamedTuple):
    """What a course file is looked for in.

    Attributes:
        environment: the variables of the process.
        home: the user's own folder, above which nothing is looked for.
        cache: returns the folder for what can be made again.
        now: returns the seconds since 1970.
    """

    environment: Mapping[str, str] = os.environ
    home: Path = Path(os.path.expanduser("~"))  # noqa: PTH111 - never raises
    cache: Callable[[], Path] = cache_folder
    now: Callable[[], float] = time.time

    @property
    def configuration(self) -> Path:
        """Return the folder of what is remembered."""
        return configuration_folder(self.environment)


def find(work: Path, asked: str | None, around: Surroundings) -> Found:
    """Return the course file that holds for a piece of work, where `asked` names one or not.

    `work` is a path; for the cells of a notebook a name in the folder of its kernel.

    Raises:
        CourseFault: what is remembered cannot be read.
    """
    if asked is not None:
        return Found() if asked == NOBODY else Found(absolute(asked), Way.ASKED, chosen=True)
    named = around.environment.get(VARIABLE, "").strip()
    if named == NOBODY:
        return Found()
    from_environment = absolute(named) if named else ""
    beside, passed_over = _near(work, around.home)
    if beside:
        chosen = beside in (from_environment, remembered(around.configuration))
        return Found(beside, Way.BESIDE, chosen, passed_over)
    if from_environment:
        return Found(from_environment, Way.ENVIRONMENT, chosen=True, passed_over=passed_over)
    kept = remembered(around.configuration)
    return Found(kept, Way.REMEMBERED, True, passed_over) if kept else Found(passed_over=passed_over)


def absolute(source: str) -> str:
    """Return a path as it is seen from everywhere, that of the course file where it is a folder's; a URL is itself."""
    if is_url(source):
        return source
    path = os.path.abspath(Path(source).expanduser())  # noqa: PTH100 - a link stays as it is called
    return str(Path(path, FILE)) if Path(path).is_dir() else path


def _near(work: Path, home: Path) -> tuple[str, str]:
    """Return the course file beside the work or above it, and why one that lies there does not count.

    A folder that is checked as one submission is not looked into: nobody's submission chooses its own rubric.
    """
    try:
        start = os.path.abspath(work)  # noqa: PTH100 - the folder that the work was named in, not where a link leads
    except FileNotFoundError:  # this process's own folder is gone, and nothing lies beside it
        return "", ""
    passed_over = ""
    if Path(start).is_dir() and Path(start, FILE).is_file():
        passed_over = (
            f"The {FILE} inside {work} does not count, as a submission does not choose its own rubric; "
            f"--course {Path(work, FILE)} takes it."
        )
    for folder in _upwards(Path(start).parent, home):
        file = os.path.join(folder, FILE)  # noqa: PTH118 - a string is what stat(2) takes, and this is asked each time
        try:
            found = os.stat(file)  # noqa: PTH116
        except OSError:
            continue
        if not stat.S_ISREG(found.st_mode):
            continue
        stranger = _stranger(file)
        if not stranger:
            return file, passed_over
        passed_over = passed_over or stranger
    return "", passed_over


def _upwards(folder: Path, home: Path) -> Iterator[str]:
    """Yield a folder and those above it, up to the user's own, the root of a repository or that of the files."""
    here, last = str(folder), str(home)
    while True:
        yield here
        above = os.path.dirname(here)  # noqa: PTH120
        if here in (last, above) or os.path.lexists(os.path.join(here, ".git")):  # noqa: PTH118
            return
        here = above


def _stranger(file: str) -> str:
    """Say that a file belongs to another user, who may put it where many can write; empty where it does not."""
    if not hasattr(os, "geteuid"):
        return ""
    owner = os.lstat(file).st_uid
    if owner in (os.geteuid(), 0):
        return ""
    return f"{file} belongs to another user and does not count; if it is your course's: grader course use {file}"


def remembered(configuration: Path) -> str:
    """Return what `grader course use` remembered; empty when nothing is.

    Raises:
        CourseFault: it cannot be read.
    """
    path = os.path.join(configuration, _MEMORY)  # noqa: PTH118
    try:
        with open(path, encoding="utf-8") as stream:
            return _course_in(json.load(stream))
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CourseFault(
            f"{path}, which says which course file to use, cannot be read: {error}.", fix="Write grader course forget."
        ) from error


def _course_in(stored: Mapping[str, Any]) -> str:
    if stored["version"] != _VERSION:
        raise ValueError(f"version {stored['version']} is not known")
    return str(stored["course"])


def remember(configuration: Path, source: str) -> Path:
    """Remember a course file for this user; return the file that says so.

    Raises:
        CourseFault: it cannot be written.
    """
    path = configuration / _MEMORY
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        configuration.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps({"version": _VERSION, "course": source}) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise CourseFault(f"{path} cannot be written: {error.strerror or error}.") from error
    return path


def forget(configuration: Path) -> bool:
    """Forget it; return whether there was anything to forget.

    Raises:
        CourseFault: it cannot be removed.
    """
    path = configuration / _MEMORY
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise CourseFault(f"{path} cannot be removed: {error.strerror or error}.") from error
    return True
