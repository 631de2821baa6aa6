"""Fewer rows for who has one screen: what needs nothing to be done is said once, together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from grader.records import Outcome
from grader.report.terminal_text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.records import Finding

_FEW = 2  # rows of one kind that stay as they are


def folded(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings with one row for those not judged, and one for those that a human marks.

    Where something failed, what passed in full is one row as well: the failure is what there is to read.
    """
    failed = any(one.outcome is Outcome.FAILED for one in findings)
    kinds = {Outcome.SKIPPED: "not judged", Outcome.PENDING: "marked by a human"}
    if failed:
        kinds[Outcome.PASSED] = "passed"
    groups = {outcome: tuple(one for one in findings if one.outcome is outcome and _is_plain(one)) for outcome in kinds}
    rows: list[Finding] = []
    for one in findings:
        group = groups.get(one.outcome, ())
        if len(group) <= _FEW or one not in group:
            rows.append(one)
        elif one is group[0]:
            rows.append(_together(group, kinds[one.outcome]))
    return tuple(rows)


def _is_plain(finding: Finding) -> bool:
    """Tell whether a row says nothing of its own: it passed in full, or nobody judged it yet."""
    return finding.outcome is not Outcome.PASSED or finding.points == finding.max_points


def _needs_another(finding: Finding) -> bool:
    """Tell whether a check waits for one that failed, and not for a training."""
    return finding.evidence.get("because") not in (None, "training")


def _together(group: Sequence[Finding], word: str) -> Finding:
    earned = [one.points for one in group if one.points is not None]
    blocked = all(one.outcome is Outcome.SKIPPED and _needs_another(one) for one in group)
    return replace(
        group[0],
        rationale="" if blocked else group[0].rationale,
        title=f"{counted(len(group), 'check')} {word}{', as they need one that failed' if blocked else ''}",
        points=sum(earned) if earned else None,
        max_points=sum(one.max_points for one in group),
    )
