"""What `grader rescore --json` prints: every report that changed, and why."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from grader.records import VERSION
from grader.report.exports.appeals_json import diff_json_values, document

if TYPE_CHECKING:
    from grader.corrections import Correction
    from grader.report.terminal_rescore import Rescored


def rescored_json(found: Rescored) -> str:
    """Return one document; `changed` holds what `grader diff --json` prints of each report that is new."""
    return document(
        {
            "version": VERSION,
            "changed": [diff_json_values(one) for one in found.comparisons],
            "unchanged": found.unchanged,
            "left": [{"id": name, "why": why} for name, why in found.left],
            "labels": {
                "changed": [_correction(one) for one in found.labels.changed],
                "standing": [_correction(one) for one in found.labels.corrections.labels],
                "of_training_pictures": list(found.labels.training),
            },
            "rubric": [dataclasses.asdict(one) for one in found.rubric],
            "trained": found.trained,
            "seconds": found.elapsed,
        }
    )


def _correction(one: Correction) -> dict[str, Any]:
    return {"picture": one.picture, "before": one.before, "after": one.after}
