"""What `grader show`, `diff` and `history` print with `--json`: plain values, one document each."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from grader.records import VERSION, Finding, Layer
from grader.report.exports.report_json import as_json

if TYPE_CHECKING:
    from grader.comparison import Comparison, Version


def shown_json(version: Version, earlier: int, later: int) -> str:
    """Return the report as `grader check --json` prints it, with `run`, `earlier` and `later` beside it."""
    run = version.run
    made = {
        **_made(version),
        "started": run.started,
        "finished": run.finished,
        "command": list(run.invocation.command),
        "fingerprint": run.invocation.fingerprint,
        "rubric_hash": run.rubric_hash,
    }
    return document({**as_json(version.entry.report), "run": made, "earlier": earlier, "later": later})


def history_json(versions: Sequence[Version], comparisons: Sequence[Comparison]) -> str:
    """Return one object a report, the oldest first; `changed` of the first is null."""
    changed = [None, *(list(one.words) for one in comparisons)]
    rows = [
        {
            **_made(version),
            "status": version.entry.report.status,
            "points": version.entry.report.points,
            "max_points": version.entry.report.max_points,
            "accuracy": version.entry.report.score.accuracy if version.entry.report.score else None,
            "changed": words,
            "grader": version.entry.report.versions.get("grader"),
        }
        for version, words in zip(versions, changed, strict=True)
    ]
    newest = versions[-1].entry.report.submission
    return document({"version": VERSION, "submission": {"id": newest.id, "student": newest.student}, "reports": rows})


def diff_json(comparison: Comparison) -> str:
    """Return everything that changed; lists are `[before, after]` where two values stand side by side."""
    return document(diff_json_values(comparison))


def diff_json_values(comparison: Comparison) -> dict[str, Any]:
    """Return the same as plain values."""
    old, new = comparison.before.entry.report, comparison.after.entry.report
    gone, came = comparison.files
    return {
        "version": VERSION,
        "submission": {"id": new.submission.id, "student": new.submission.student},
        "from": _made(comparison.before),
        "to": _made(comparison.after),
        "changed": list(comparison.words),
        "files": {"removed": list(gone), "added": list(came)},
        "source": [dataclasses.asdict(one) for one in comparison.source] if comparison.source_known else None,
        "layers": [
            {
                "kind": one.kind,
                "before": _layer(one.before),
                "after": _layer(one.after),
                "details": [dataclasses.asdict(detail) for detail in one.details],
            }
            for one in comparison.layers
        ],
        "parameters": [report.model and report.model.parameters for report in (old, new)],
        "flops": [report.model and report.model.flops for report in (old, new)],
        "findings": [
            {"criterion": one.criterion, "before": _finding(one.before), "after": _finding(one.after)}
            for one in comparison.points
        ],
        "status": [old.status, new.status],
        "points": [old.points, new.points],
        "max_points": [old.max_points, new.max_points],
        "score": [report.score and dataclasses.asdict(report.score) for report in (old, new)],
        "notes": {"removed": list(comparison.notes[0]), "added": list(comparison.notes[1])},
        "why": [dataclasses.asdict(one) for one in comparison.reasons],
        **dataclasses.asdict(comparison.around),
    }


def document(plain: dict[str, Any]) -> str:
    """Write plain values as JSON, with null for numbers that it does not have."""
    read = json.loads(json.dumps(plain), parse_constant=lambda _name: None)
    return json.dumps(read, allow_nan=False)


def _made(version: Version) -> dict[str, Any]:
    return {"id": version.entry.run, "saved": version.entry.saved}


def _layer(layer: Layer | None) -> dict[str, Any] | None:
    if layer is None:
        return None
    plain = dataclasses.asdict(layer)
    where = plain.pop("where")
    return {
        **{key: value for key, value in plain.items() if key not in ("inputs", "outputs")},
        "in": plain["inputs"],
        "out": plain["outputs"],
        "cell": where["cell"],
        "line": where["line"],
    }


def _finding(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    return {
        "outcome": finding.outcome,
        "points": finding.points,
        "max_points": finding.max_points,
        "rationale": finding.rationale,
    }
