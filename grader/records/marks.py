"""What a human gave: points and words, by whom and when; nothing of it is ever changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """One entry in the list of everything that humans decided.

    Attributes:
        id: its number, from 1, in the order in which they were given.
        saved: seconds since 1970.
        submission: the id of the submission.
        criterion: the id of the criterion.
        points: what was given; None where only words were, or where the machine's points are to stand again.
        comment: what the student reads about it.
        who: the marker.
        seen: digest of what the marker had before their eyes (`grader.scoring.marks`).
        undoes: number of the entry that this one takes back; an entry is taken back once, and taking back that is
            to give it again. None for a mark.
    """

    id: int
    saved: float
    submission: str
    criterion: str
    points: float | None
    comment: str
    who: str
    seen: str
    undoes: int | None = None
