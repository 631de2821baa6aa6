"""`grader ci`: one check for whoever is no human: remarks beside the lines, a summary, a result, an exit code."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from grader import submissions
from grader.asking import ask, settled
from grader.checking import checked, exit_code, options_from
from grader.faults import OperatorFault
from grader.records import Report, report_from_json
from grader.report.annotations import Annotation, Files, annotated, as_lines
from grader.report.exports import classroom
from grader.report.feedback import feedback_markdown
from grader.report.terminal import show_check
from grader.report.workflow_commands import annotation_lines, command, unread
from grader.warm import client

if TYPE_CHECKING:
    from grader.records import Submission

_WIDTH = 80
_LARGEST_SUMMARY = 2**20
"""Bytes that GitHub takes of one step's summary."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run is told by whoever started it.

    Attributes:
        folder: from which paths are seen.
        environment: names GitHub's files, where GitHub started it.
        form: `github` or `lines`, as remarks are written.
        warm: whether the helper may answer, and may be left behind.
    """

    folder: Path
    environment: Mapping[str, str]
    form: str
    warm: bool


def form_of(wanted: str, environment: Mapping[str, str]) -> str:
    """Return how remarks are written: as it is wanted, or with `auto` as whoever started it reads them."""
    if wanted != "auto":
        return wanted
    return "github" if environment.get("GITHUB_ACTIONS") == "true" else "lines"


def run_ci(asked: Mapping[str, Any], around: Surroundings, console: Console, notices: Console) -> int:
    """Check what was `asked`, say it in the form that is read, and return the exit code of `grader check`.

    Raises:
        OperatorFault: what is wrong with the command, the rubric or the data, or GitHub's files cannot be written.
    """
    submission = submissions.single(Path(asked["submission"]))
    code, report = _checked(settled(asked), notices, warm=around.warm)
    found = annotated(report, Files(submission, around.folder))
    if around.form == "github":
        _tell_github(report, found, classroom.result(report, trains=asked["train"]), around.environment, console)
    else:
        show_check(console, report)
        for line in as_lines(found, _root(submission, asked)):
            console.file.write(f"{line}\n")
    return code


def _root(submission: Submission, asked: Mapping[str, Any]) -> str:
    """Return what a remark stands beside that belongs to no line."""
    given = Path(asked["submission"])
    return given.as_posix() if given.is_file() else (given / next(iter(submission.files), "")).as_posix()


def _checked(asked: Mapping[str, Any], notices: Console, *, warm: bool) -> tuple[int, Report]:
    """Check, by the warm helper where that may be; return the exit code and the report."""
    warm = warm and not asked["train"]
    answer = ask({**asked, "as_json": True}) if warm else None
    if answer is not None:
        return answer.code, report_from_json(json.loads(answer.text))
    report = checked(options_from(asked), notices)
    if warm:
        client.leave_behind(asked["isolation"], asked["device"])
    return exit_code(report), report


def _tell_github(
    report: Report,
    found: tuple[Annotation, ...],
    result: dict[str, Any],
    environment: Mapping[str, str],
    console: Console,
) -> None:
    """Write the report into the log, remarks beside lines, the summary of the job and the step's output."""
    page = io.StringIO()
    show_check(Console(file=page, width=_WIDTH, highlight=False, markup=False), report)
    lines = [unread(page.getvalue(), secrets.token_hex(16)), *annotation_lines(found)]
    if result["max_score"]:
        earned = classroom.total(result)
        # What Classroom's own reporter says, and where Classroom reads the points.
        lines.append(command("notice", f"Points {earned:g}/{result['max_score']:g}", {"title": "Autograding complete"}))
        sums = json.dumps({"totalPoints": earned, "maxPoints": result["max_score"]}, separators=(",", ":"))
        lines.append(command("notice", sums, {"title": "Autograding report"}))
    console.file.write("\n".join(lines) + "\n")
    _append(environment, "GITHUB_STEP_SUMMARY", _bounded(feedback_markdown(report)))
    outputs = {
        "result": classroom.encoded(result),
        "points": f"{classroom.total(result):g}" if result["max_score"] else "",
        "max-points": f"{result['max_score']:g}" if result["max_score"] else "",
    }
    _append(environment, "GITHUB_OUTPUT", "".join(f"{name}={value}\n" for name, value in outputs.items()))


def _bounded(text: str) -> str:
    """Return a summary that GitHub takes; one that is too large is cut at the end of a line, and says so."""
    if len(text.encode()) <= _LARGEST_SUMMARY:
        return text
    kept = text.encode()[: _LARGEST_SUMMARY - 200].decode("utf-8", "ignore")
    return f"{kept.rpartition(chr(10))[0]}\n\nThis is longer than GitHub shows; the log has the whole report.\n"


def _append(environment: Mapping[str, str], name: str, text: str) -> None:
    """Add text to one of the files that GitHub reads after a step; without such a file nothing happens."""
    place = environment.get(name)
    if not place:
        return
    try:
        with open(place, "a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise OperatorFault(f"{name} names {place}, which cannot be written: {error.strerror}.") from error
