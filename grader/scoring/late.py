"""What being late costs, by the rubric's policy and by what the LMS says: its marks, or its times."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from grader.records import Lateness, Submission
from grader.rubric import Late
from grader.wording import counted

_DAY = timedelta(days=1)


def lateness_of(submission: Submission, policy: Late) -> Lateness | None:
    """Return what is taken from a submission; None where nothing is.

    Where both the deadline and the LMS's time are known, they decide; else the LMS's mark counts as one day, as it does
    not say by how much. A time without a zone is in the deadline's.
    """
    due = policy.due()
    if not policy.per_day or not policy.most:
        return None
    if due is not None and submission.handed_in:
        came = datetime.fromisoformat(submission.handed_in)
        over = (came if came.tzinfo is not None else came.replace(tzinfo=due.tzinfo)) - due
        if over <= timedelta(minutes=policy.grace_minutes):
            return None
        days = math.ceil(over / _DAY)
        found = f"Handed in {_length(over)} after the deadline of {due:%Y-%m-%d %H:%M %z}, by the LMS's time"
    elif submission.late:
        days, found = 1, "The LMS marks it as late and does not say by how much, which counts as one day"
    else:
        return None
    share = min(policy.most, round(policy.per_day * days, 6))
    most = ", which is the most" if policy.per_day * days > policy.most else ""
    rule = f"{100 * policy.per_day:g} % for each day begun"
    reason = f"{found}: {100 * share:g} % of {_WHAT[policy.applies_to]} are taken ({rule}{most})."
    return Lateness(days, share, policy.applies_to, reason)


def late_policy(policy: Late) -> str:
    """Say what being late costs, in one or two sentences."""
    if not policy.per_day or not policy.most:
        return "Nothing is taken for being late; it is only shown."
    rule = f"Each day begun after the deadline takes {100 * policy.per_day:g} % of {_WHAT[policy.applies_to]}"
    most = f", at most {100 * policy.most:g} %" if policy.most < 1 else ""
    grace = f"; the first {counted(round(policy.grace_minutes), 'minute')} cost nothing" if policy.grace_minutes else ""
    source = "The LMS's time is held to the deadline" if policy.deadline else "The LMS's late marks count"
    return f"{rule}{most}{grace}. {source}; a mark without a time counts as one day."


_WHAT = {"all": "all points", "automatic": "the automatic points"}


def _length(over: timedelta) -> str:
    """Write a time as `2 days and 3 hours`, `3 hours and 20 minutes` or `4 minutes`."""
    minutes = max(1, math.ceil(over / timedelta(minutes=1)))
    hours, days = minutes // 60, minutes // 1440
    if days:
        parts = [counted(days, "day"), counted(hours % 24, "hour") if hours % 24 else ""]
    else:
        parts = [counted(hours, "hour") if hours else "", counted(minutes % 60, "minute") if minutes % 60 else ""]
    return " and ".join(filter(None, parts))
