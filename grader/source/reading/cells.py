"""What reading gives: cells of Python, and problems."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of Python that runs as a whole.

    Attributes:
        file: path within the submission.
        number: which code cell of the notebook it is, from 1 in file order; None for a module.
        text: Python, line n being line n of what the student wrote.
    """

    file: str
    number: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read.

    Attributes:
        file: path within the submission.
        cell: number of the code cell; None for a whole file.
        line: line within the cell or file; None when it is not known.
        kind: `does-not-parse`, `not-a-notebook`, `cut-off`, `other-language`, `too-large`, `nothing-to-read`,
            `several-mains` or `several-files`; of a cell that was read all the same `python-2`, `hidden-characters`,
            `mixed-tabs` or `indented`.
        message: one sentence.
        said: Python's own words, where it is Python that cannot read it.
    """

    file: str
    cell: int | None
    line: int | None
    kind: str
    message: str
    said: str = ""
