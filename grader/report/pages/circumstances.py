"""What a page says of how a report came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.report.plain import inert_line

if TYPE_CHECKING:
    from grader.records import Report


def isolation(report: Report) -> str:
    """Return what stood around a submission's code, and what that leaves open."""
    rung, title = report.isolation.get("rung"), report.isolation.get("title")
    missing = report.isolation.get("missing") or ()
    said = inert_line(": ".join(str(one) for one in (f"rung {rung}" if rung else "", title) if one) or "unknown")
    return said + (f"; not held: {inert_line('; '.join(map(str, missing)), 400)}" if missing else "")


def versions(report: Report) -> str:
    """Return the versions of what made it."""
    return inert_line(", ".join(f"{name} {version}" for name, version in report.versions.items()), 300)
