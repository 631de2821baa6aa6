"""What holds for one check: the one question that others ask here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.course.finding import Surroundings, Wish, find

if TYPE_CHECKING:
    from grader.course.records import Guidance


def guidance(wish: Wish, around: Surroundings | None = None) -> Guidance | None:
    """Return what holds for a check; None where no course file does.

    Raises:
        CourseFault: the course file has mistakes, or it or what it names cannot be had.
    """
    if not wish.rubric and wish.asked is None:
        return None  # a rubric that was named is not another course's
    around = around or Surroundings()
    found = find(wish.work, wish.asked, around)
    if not found.source and not found.passed_over:
        return None
    from grader.course.records import Guidance  # most checks end above, and need no more than what is imported there
    from grader.course.settling import settled

    return settled(found, wish, around).guidance if found.source else Guidance(notes=(found.passed_over,))
