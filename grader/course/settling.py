"""From a course file to what holds for one check: which rubric is read, which pictures are used, what is said of it.

Fetching and unpacking are imported where there is something to fetch or unpack: most courses have neither.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from grader.course import reading
from grader.course.finding import Found, Surroundings, Wish
from grader.course.names import is_url, last_part
from grader.course.records import Course, Guidance
from grader.faults import CourseFault

if TYPE_CHECKING:
    from grader.course.fetching import Bounds
    from grader.course.keeping import Kept

_LENGTHS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"))


class Settled(NamedTuple):
    """A course file that was read, and the files that it names, as far as they were wanted.

    Attributes:
        found: which one, and why.
        course: what it says.
        guidance: what follows for the check.
        kept: what was fetched for it.
    """

    found: Found
    course: Course
    guidance: Guidance
    kept: tuple[Kept, ...]


def settled(found: Found, wish: Wish, around: Surroundings) -> Settled:
    """Read the course file that was found, and get what it names.

    Raises:
        CourseFault: it has mistakes, or something cannot be had.
    """
    files = _Files(around, wish.fresh)
    course = reading.parse(reading.contents(files.get(found.source, "The course file"), found.source), found.source)
    rubric = course.rubric if wish.rubric else ""
    path = str(files.get(rubric, "The course's rubric", course.rubric_sha256)) if rubric else ""
    if rubric and (is_url(rubric) or not found.chosen):
        _refuse_code(reading.contents(Path(path), rubric), rubric, found)
    data = _data(course, files, around) if wish.data and course.data else ""
    answer = Guidance(
        rubric=path,
        rubric_url=rubric if is_url(rubric) else "",
        data=data,
        data_name=last_part(course.data),
        notes=tuple(_notes(found, course, rubric, files, around.now())),
    )
    return Settled(found, course, answer, tuple(files.kept))


class _Files:
    """What a course names, by path or URL, and what had to be fetched for it."""

    def __init__(self, around: Surroundings, fresh: bool) -> None:
        self._around, self._fresh = around, fresh
        self.kept: list[Kept] = []

    def get(self, source: str, what: str, wanted: str = "", bounds: Bounds | None = None) -> Path:
        """Return the path of a file; raise CourseFault where it cannot be had, or is not what is `wanted`."""
        if is_url(source):
            return self._fetched(source, what, wanted, bounds)
        if not wanted:
            return Path(source)
        try:
            with open(source, "rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise CourseFault(f"{what} {source} cannot be read: {error.strerror or error}.") from error
        if digest != wanted:
            raise CourseFault(f"{what} {source} has the SHA-256 {digest}, and the course file says {wanted}.")
        return Path(source)

    def _fetched(self, url: str, what: str, wanted: str, bounds: Bounds | None) -> Path:
        from grader.course.fetching import SMALL, FetchError
        from grader.course.keeping import Store

        store = Store(self._around.cache() / "course", self._around.now)
        try:
            if bounds is None:
                kept = store.get(url, SMALL, wanted=wanted, fresh=self._fresh)
            else:
                from grader.course.unpacking import ending

                kept = store.get(url, bounds, wanted=wanted, fresh=self._fresh, ending=ending)
        except FetchError as error:
            raise CourseFault(f"{what} {url} {error}.", fix="Nothing of it is kept on this machine.") from error
        self.kept.append(kept)
        return store.path(kept)


def _data(course: Course, files: _Files, around: Surroundings) -> str:
    from grader.course.fetching import LARGE
    from grader.course.unpacking import unpacked

    path = files.get(course.data, "The course's data", course.data_sha256, LARGE)
    return str(unpacked(path, last_part(course.data), around.cache() / "course" / "unpacked"))


def _refuse_code(text: str, rubric: str, found: Found) -> None:
    """Refuse a rubric that brings Python of its own, which would run without walls: nobody here chose it.

    Raises:
        CourseFault: it does.
    """
    import tomllib

    try:
        rules = tomllib.loads(text).get("criteria", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return  # whoever reads the rubric says what is wrong
    for name, rule in rules.items() if isinstance(rules, dict) else ():
        check = rule.get("check", "") if isinstance(rule, dict) else ""
        if isinstance(check, str) and ":" in check:  # `file.py:function`; the name of an installed package's has none
            from grader.rubric.mistakes import line_of

            line = line_of(text, ("criteria", name, "check"))
            if is_url(rubric):
                why, fix = "code from the network does not run here", "Hand this rubric out as a file."
            else:
                why = "that code would run with your rights, and nobody chose this course file: it only lies there"
                fix = f"If it is your course's: grader course use {found.source}"
            raise CourseFault(f"{rubric}, line {line}: criteria.{name}.check names a Python file; {why}.", fix=fix)


def _notes(found: Found, course: Course, rubric: str, files: _Files, now: float) -> list[str]:
    """Return the sentences of a report on its course."""
    which = f"{last_part(rubric)}, as {course.origin} says" if rubric else f"as {course.origin} says"
    by = f"By the rubric {which}" if rubric else f"Of the course, {which}" if course.data else ""
    notes = [f"{by} ({found.way.words})."] if by else []
    stale = [one for one in files.kept if one.failed]
    if stale:
        oldest = ago(now - min(one.asked for one in stale))
        copies = "the copy" if len(stale) == 1 else f"{len(stale)} copies, the oldest"
        notes.append(f"{stale[0].url} {stale[0].reason}. In its place: {copies} of {oldest}.")
    said = " ".join(part for part in (course.message, f"Questions: {course.ask}" if course.ask else "") if part)
    if course.title or said:
        notes.append(": ".join(part for part in (course.title, said) if part))
    return [*notes, *([found.passed_over] if found.passed_over else [])]


def ago(seconds: float) -> str:
    """Say how long ago something was."""
    for length, name in _LENGTHS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "less than a minute ago"
