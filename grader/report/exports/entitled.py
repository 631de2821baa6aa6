"""Who gets how many points: everybody of a group, and nobody a zero that the grader cannot defend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from grader.intake.people import Roster
from grader.records import Outcome, Report, Status


class Blank(StrEnum):
    """Why somebody has no points yet."""

    FAULT = "the grader failed"
    LOOK = "a human has to look"
    MARKS = "marks of a human are pending"


@dataclass(frozen=True, slots=True)
class Earned:
    """What a submission has earned.

    Attributes:
        points: None where that is not decided; it is exported as blank, never as zero.
        most: what can be earned.
        blank: why there are no points; None where there are some.
        taken: what being late took from them.
    """

    points: float | None
    most: float
    blank: Blank | None
    taken: float = 0.0


@dataclass(frozen=True, slots=True)
class Entitled:
    """Somebody who gets the points of a submission.

    Attributes:
        id: the LMS id, or what stands in its place; empty for a member of a group of whom only the name is known.
        name: to show; a team's where the LMS names the team alone.
        email: empty when it is not known.
        handles: further ids, logins and addresses from a roster, in small letters.
        report: on the submission.
        earned: what it is worth.
    """

    id: str
    name: str
    email: str
    handles: frozenset[str]
    report: Report
    earned: Earned


def earned(report: Report, *, automatic_only: bool) -> Earned:
    """Return the points of a report: the machine's and a human's, or with `automatic_only` the machine's alone.

    What the rubric takes for being late is taken.
    """
    most = report.max_points + (0 if automatic_only else report.human_max)
    if report.status is Status.GRADER_FAULT or any(one.outcome is Outcome.ERROR for one in report.findings):
        return Earned(None, most, Blank.FAULT)
    if report.status is Status.NEEDS_HUMAN:
        return Earned(None, most, Blank.LOOK)
    if not automatic_only and report.human_max and report.human_points is None:
        return Earned(None, most, Blank.MARKS)
    marks = 0 if automatic_only else report.human_points or 0
    taken = report.lateness.taken(report.points, marks) if report.lateness is not None else 0.0
    return Earned(round(report.points + marks - taken, 2), most, None, taken)


def entitled(
    reports: Iterable[Report], roster: Roster | None = None, *, automatic_only: bool = False
) -> tuple[Entitled, ...]:
    """Return everybody who gets points, sorted by the submission's id; a group's members follow each other."""
    known = roster or Roster()
    return tuple(
        _entitled(report, identity, known, earned(report, automatic_only=automatic_only))
        for report in sorted(reports, key=lambda one: one.submission.id)
        for identity in _identities(report)
    )


def _identities(report: Report) -> list[tuple[str, str, str]]:
    """Return id, name and address of everybody a submission is of."""
    submission = report.submission
    if submission.members:
        return [(one.id, one.name, one.email) for one in submission.members]
    if submission.group:
        return [("", name, "") for name in submission.group]
    return [(submission.id, submission.student, submission.email)]


def _entitled(report: Report, identity: tuple[str, str, str], roster: Roster, points: Earned) -> Entitled:
    own, name, email = identity
    person = (roster.by_id(own) if own else None) or (roster.by_id(email) if email else None) or roster.by_name(name)
    if person is None:
        return Entitled(own, name, email, frozenset(), report, points)
    handles = frozenset(one.casefold() for one in person.ids) | person.handles
    return Entitled(own, person.name or name, email or person.email, handles, report, points)


def number(value: float, *, comma: bool = False) -> str:
    """Write points with at most two decimals; `comma` writes `7,5` for 7.5."""
    text = f"{round(value, 2):.12g}"
    return text.replace(".", ",") if comma else text
