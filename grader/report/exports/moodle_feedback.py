"""Feedback for Moodle's `Upload multiple feedback files in a zip`: a file for each participant."""

from __future__ import annotations

import io
import re
import zipfile

from grader.report.exports.exported import Exported, Grades, shown
from grader.report.feedback import feedback_markdown
from grader.report.plain import inert_line

FILE = "feedback.md"
_NOT_IN_NAMES = re.compile(r'[_/\\:*?"<>|`\s]+')
_LONGEST = 80
_LONG_AGO = (2000, 1, 1, 0, 0, 0)
"""In place of the moment, so that the same feedback is the same file."""


def feedback_zip(grades: Grades) -> Exported:
    """Return an archive with `Full name_NUMBER_assignsubmission_file_feedback.md` for each participant.

    Moodle reads the number between the first two underscores and hands the file to that participant, or team, alone.
    Whoever has no points yet gets no feedback yet.
    """
    placed = tuple(one for one in grades.people if re.fullmatch(r"[0-9]+", one.id))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in placed:
            if one.earned.points is not None:
                name = f"{_name(one.name)}_{one.id}_assignsubmission_file_{FILE}"
                entry = zipfile.ZipInfo(name, _LONG_AGO)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, feedback_markdown(one.report).encode())
    missing = tuple(one for one in grades.people if one not in placed)
    notes = (f"Without a number of Moodle's, and so not exported: {shown(missing)}.",) if missing else ()
    return Exported(stream.getvalue(), placed, notes)


def _name(name: str) -> str:
    """Return a name that Moodle can take apart again: no underscore, and no leading dot, which hides a file."""
    return _NOT_IN_NAMES.sub(" ", inert_line(name))[:_LONGEST].strip(" .~") or "Participant"
