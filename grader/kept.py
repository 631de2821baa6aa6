"""What of a submission is kept beside its report, so that it can be judged again without its files."""

from __future__ import annotations

from typing import Any

from grader.faults import StudentFault
from grader.orders import Assignment, Prepared
from grader.records import Report


def kept(prepared: Prepared, assignment: Assignment) -> dict[str, Any]:
    """Return plain values for `prepared_from` and `mixed_from`; the bytes of the files are none of them."""
    fault = prepared.fault
    return {
        "documents_key": prepared.documents_key,
        "notes": list(prepared.notes),
        "fault": None if fault is None else [fault.what, fault.why, fault.fix],
        "unseen": prepared.unseen,
        "mixed": list(assignment.mixed),
    }


def prepared_from(plain: dict[str, Any], report: Report) -> Prepared:
    """Return the submission of a report as if it had been read, without its bytes.

    Raises:
        KeyError: something was not kept.
        TypeError: it is something else.
    """
    fault = plain["fault"]
    return Prepared(
        report.submission,
        report.keys.capture,
        str(plain["documents_key"]),
        notes=tuple(plain["notes"]),
        fault=None if fault is None else StudentFault(*fault),
        unseen=str(plain["unseen"]),
    )
