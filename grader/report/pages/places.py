"""Which places of a submission make its network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.records import Report, Where


def places(report: Report) -> tuple[Where, ...]:
    """Return the lines that make the network and those that call its layers."""
    made = (report.model.where,) if report.model is not None else ()
    return (*made, *(layer.where for layer in report.layers))
