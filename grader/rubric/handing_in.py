"""The tables of a rubric about handing in: what being late costs, and when students see what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from grader.rubric.settings import Table


def _as_text(value: object) -> object:
    """Return a date and time of TOML as text, so that it may stand in the file with quotes or without."""
    return value.isoformat() if isinstance(value, datetime) else value


def _with_zone(text: str) -> str:
    try:
        known = not text or datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        known = False
    if not known:
        raise PydanticCustomError("moment", "a day and time with its zone is 2026-11-20T23:59:00+01:00")
    return text


Moment = Annotated[str, BeforeValidator(_as_text), AfterValidator(_with_zone)]


class Late(Table):
    """What being late costs; with the defaults nothing is taken, and lateness is only shown."""

    per_day: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="share of the points that each day begun after the deadline takes; 0 takes nothing"
    )
    most: Annotated[float, Field(ge=0, le=1)] = Field(
        default=1.0, description="share of the points that is taken at the most"
    )
    grace_minutes: Annotated[float, Field(ge=0, le=525_600)] = Field(
        default=0.0, description="minutes after the deadline that cost nothing"
    )
    applies_to: Literal["all", "automatic"] = Field(
        default="all",
        description="`all` takes from a human's marks as well, `automatic` from the machine's points alone",
    )
    deadline: Moment = Field(
        default="",
        description="when it was due, with the time zone, such as 2026-11-20T23:59:00+01:00; empty: the LMS's own late "
        "marks count, which do not say by how much, and each is one day",
    )

    def due(self) -> datetime | None:
        """Return the deadline; None where the rubric names none."""
        return datetime.fromisoformat(self.deadline) if self.deadline else None


Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]
CriteriaNames = Annotated[tuple[str, ...], Field(strict=False)]


class Gradescope(Table):
    """Who sees what on Gradescope; with the defaults students see every criterion at once."""

    visibility: Visibility = Field(
        default="visible",
        description="when students see a criterion that is not named below: `visible` at once, `hidden` never, "
        "`after_due_date`, or `after_published`, with the grades",
    )
    visible: CriteriaNames = Field(default=(), description="criteria that students see at once")
    hidden: CriteriaNames = Field(default=(), description="criteria that they never see")
    after_due_date: CriteriaNames = Field(default=(), description="criteria that they see after the due date")
    after_published: CriteriaNames = Field(default=(), description="criteria that they see with the grades")

    @property
    def named(self) -> dict[str, Visibility]:
        """Return what is said of single criteria."""
        groups: dict[Visibility, tuple[str, ...]] = {
            "visible": self.visible,
            "hidden": self.hidden,
            "after_due_date": self.after_due_date,
            "after_published": self.after_published,
        }
        return {name: when for when, names in groups.items() for name in names}

    def of(self, criterion: str) -> Visibility:
        """Return when students see a criterion."""
        return self.named.get(criterion, self.visibility)
