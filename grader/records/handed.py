"""Who handed in what, and what stands in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where the bytes of one file are.

    Attributes:
        path: of the file on disk, or of the archive that holds it.
        members: names within the archive, from the outermost inwards; empty for a file on disk.
    """

    path: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a submission cannot be graded by the machine.

    Attributes:
        kind: `rejected` (its files cannot be read safely) or `human` (it holds no code; somebody has to look).
        what: what was found, one sentence.
        fix: the one thing to do next; empty when there is none.
    """

    kind: str
    what: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One of several people who handed in together.

    Attributes:
        id: the LMS's or the university's; empty when it is not known.
        name: to show.
        email: empty when it is not known.
    """

    id: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """Who handed in what.

    Attributes:
        id: the LMS id where there is one, else the file's or folder's stem.
        student: the name to show.
        files: paths within the submission, sorted.
        places: where the bytes of each of `files` are, in their order; not part of the JSON.
        late: whether the LMS marked it as late.
        group: everybody it is handed in for, when there are several.
        email: the student's; empty when it is not known.
        superseded: names of the files of earlier attempts, which do not count.
        problem: why the machine cannot grade it; None when nothing speaks against it.
        handed_in: when, in ISO 8601, by the LMS; without a zone where it says none, and empty where it says nothing.
        members: everybody of `group` with what the LMS says of them; empty when it says nothing but names.
    """

    id: str
    student: str
    files: tuple[str, ...]
    places: tuple[Place, ...] = ()
    late: bool = False
    group: tuple[str, ...] = ()
    email: str = ""
    superseded: tuple[str, ...] = ()
    problem: Problem | None = None
    members: tuple[Member, ...] = ()
    handed_in: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the student's explanation.

    Attributes:
        where: `text cell 2`, `comments in cell 4`, `comments in net.py`, or the name of a file.
        words: counted in prose alone; code, addresses and pictures in it do not count.
        text: what a human reads, bounded; empty where the words were counted and the room was used up.
    """

    where: str
    words: int
    text: str


@dataclass(frozen=True, slots=True)
class LaidOutCell:
    """A cell of a notebook as HTML, which the sandbox wrote: a claim, to be shown where it can do nothing.

    Attributes:
        cell: number of the code cell from 1; None for any other.
        html: its text, layout and outputs; bounded.
    """

    cell: int | None
    html: str


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A notebook as HTML.

    Attributes:
        file: path within the submission.
        cells: in order.
        left_out: how many more there are.
    """

    file: str
    cells: tuple[LaidOutCell, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class SourceText:
    """A piece of the student's code as it was read.

    Attributes:
        file: path within the submission.
        cell: number of the code cell from 1; None in a module.
        text: Python, line n being line n of what the student wrote; bounded.
    """

    file: str
    cell: int | None
    text: str
