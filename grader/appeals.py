"""Answer appeals from the gradebook alone: show one submission, what changed in it, and its history."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from grader.comparison import Comparison, Version, compare
from grader.faults import OperatorFault
from grader.gradebook import Entry, Gradebook, Run
from grader.marking import marked_entry
from grader.report.curve import BARS, PLAIN_BARS
from grader.report.exports.appeals_json import diff_json, history_json, shown_json
from grader.report.paging import MOST_WIDTH, Paging, print_page
from grader.report.plain import inert_line
from grader.report.terminal_diff import diff_page
from grader.report.terminal_history import history_page
from grader.report.terminal_show import Shown, show_page
from grader.wording import listed

if TYPE_CHECKING:
    from rich.console import Console

_MOST_NAMED = 5  # ids in a message


@dataclass(frozen=True, slots=True)
class Question:
    """Which submission is asked about, and how the answer is printed.

    Attributes:
        folder: the --out folder of the batch.
        submission: an id, the beginning of one, or a student's name.
        as_json: print one JSON document and nothing else.
        paging: whether a pager may be used.
        zone: where times are local; None for the machine's own zone.
    """

    folder: Path
    submission: str
    as_json: bool = False
    paging: Paging = field(default_factory=Paging)
    zone: tzinfo | None = None


def run_show(question: Question, run: int | None, console: Console) -> int:
    """Print everything about one submission as it was after `run` (None: as it is now); return the exit code.

    Raises:
        OperatorFault: there is no gradebook, no such submission or no such run.
    """
    with Gradebook.of(question.folder) as gradebook:
        entries, runs = _entries(gradebook, question.submission), _runs(gradebook)
        index = len(entries) - 1 if run is None else _index(entries, run, runs)
        # Marks are given on what stands now; an older report is shown as the machine made it.
        entry = marked_entry(gradebook, entries[index]) if index == len(entries) - 1 else entries[index]
        version = Version(entry, runs[entry.run])
    earlier, later = index, len(entries) - 1 - index
    if question.as_json:
        console.file.write(shown_json(version, earlier, later) + "\n")
    else:
        bars = BARS if _encodes(console, BARS) else PLAIN_BARS
        print_page(console, show_page(Shown(version, earlier, later, question.zone, bars)), question.paging)
    return 0


def run_diff(question: Question, first: int | None, last: int | None, console: Console) -> int:
    """Print what changed from the report of run `first` to that of run `last`; return the exit code.

    Where `last` is None the newest report stands; where `first` is None, the newest before it that differs.

    Raises:
        OperatorFault: there is no gradebook, no such submission or no such run.
    """
    with Gradebook.of(question.folder) as gradebook:
        entries, runs = _entries(gradebook, question.submission), _runs(gradebook)
        end = len(entries) - 1 if last is None else _index(entries, last, runs)
        after = _version(gradebook, entries[end], runs)
        if first is None:
            comparison = _newest_difference(gradebook, entries[:end], after, runs)
        else:
            start = _index(entries, first, runs)
            comparison = compare(after if start == end else _version(gradebook, entries[start], runs), after)
    if question.as_json:
        console.file.write(diff_json(comparison) + "\n")
    else:
        print_page(console, diff_page(comparison, question.zone), question.paging)
    return 0


def run_history(question: Question, console: Console) -> int:
    """Print one row for each report on a submission; return the exit code.

    Raises:
        OperatorFault: there is no gradebook or no such submission.
    """
    with Gradebook.of(question.folder) as gradebook:
        runs = _runs(gradebook)
        versions = [_version(gradebook, one, runs) for one in _entries(gradebook, question.submission)]
    comparisons = [compare(before, after) for before, after in pairwise(versions)]
    if question.as_json:
        console.file.write(history_json(versions, comparisons) + "\n")
    else:
        width = min(MOST_WIDTH, console.width)
        print_page(console, history_page(versions, comparisons, question.zone, width), question.paging)
    return 0


def find(wanted: str, students: Iterable[tuple[str, str]]) -> str:
    """Return the one id that `wanted` means among `(id, student's name)`.

    That is the id itself; else the only submission whose id begins with it or whose student is called that; else
    the only one whose student's name has it as a part. Capitals do not matter but in the id itself.

    Raises:
        OperatorFault: nothing fits, or several do; the message has the nearest.
    """
    known = dict(students)
    if wanted in known:
        return wanted
    said = _folded(wanted)
    words = _sorted(wanted)
    exact = [one for one, name in known.items() if said and (_folded(one).startswith(said) or _sorted(name) == words)]
    fitting = exact or [one for one, name in known.items() if said and f" {said} " in f" {_folded(name)} "]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise OperatorFault(
            f"{len(fitting):,} submissions fit {_quoted(wanted)}: {listed(_shown(fitting, known))}.",
            fix="Write the whole id.",
        )
    raise OperatorFault(f"There is no submission {_quoted(wanted)} in this gradebook.", fix=_nearest(said, known))


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _sorted(name: str) -> str:
    """Return the words of a name in one order, whether it was written `Ada Lovelace` or `Lovelace, Ada`."""
    return " ".join(sorted(_folded(name.replace(",", " ")).split()))


def _quoted(name: str) -> str:
    return f"'{inert_line(name, 60)}'"


def _shown(ids: Sequence[str], known: dict[str, str]) -> list[str]:
    return [
        inert_line(one, 60) + (f" ({inert_line(known[one], 60)})" if known[one] not in ("", one) else "") for one in ids
    ]


def _nearest(said: str, known: dict[str, str]) -> str:
    """Return a sentence with the ids that are most like what was asked for."""
    meant: dict[str, list[str]] = {}
    for one, name in known.items():
        for key in {_folded(one), _sorted(name)}:
            meant.setdefault(key, []).append(one)
    close = difflib.get_close_matches(_sorted(said), meant, n=_MOST_NAMED, cutoff=0.5)
    ids = list(dict.fromkeys(one for key in close for one in meant[key]))[:_MOST_NAMED]
    if ids:
        return f"The nearest: {', '.join(_shown(ids, known))}."
    return "The ids stand in the first column of grades.csv."


def _runs(gradebook: Gradebook) -> dict[int, Run]:
    return {run.id: run for run in gradebook.runs()}


def _entries(gradebook: Gradebook, wanted: str) -> tuple[Entry, ...]:
    """Return the history of the submission that is meant; all reports are read only where the id is not exact."""
    entries = gradebook.history(wanted)
    if entries:
        return entries
    reports = gradebook.current_reports()
    return gradebook.history(find(wanted, ((one.submission.id, one.submission.student) for one in reports)))


def _index(entries: Sequence[Entry], run: int, runs: dict[int, Run]) -> int:
    """Return which report stood after `run`: the newest that this run or one before it made."""
    if run not in runs:
        newest = max(runs, default=0)
        raise OperatorFault(
            f"There is no run {run} in this gradebook.", f"Its runs are 1 to {newest}." if newest else ""
        )
    standing = [index for index, entry in enumerate(entries) if entry.run <= run]
    if not standing:
        raise OperatorFault(
            f"After run {run} there was no report on this submission yet.", f"The first is of run {entries[0].run}."
        )
    return standing[-1]


def _version(gradebook: Gradebook, entry: Entry, runs: dict[int, Run]) -> Version:
    key = entry.report.keys.capture
    return Version(entry, runs[entry.run], gradebook.find_source(key) if key else ())


def _newest_difference(
    gradebook: Gradebook, earlier: Sequence[Entry], after: Version, runs: dict[int, Run]
) -> Comparison:
    """Compare with the newest report that differs; with the one before where none does, and with itself if alone."""
    comparison: Comparison | None = None
    for entry in reversed(earlier):
        candidate = compare(_version(gradebook, entry, runs), after)
        if candidate.changed:
            return candidate
        comparison = comparison or candidate
    return comparison or compare(after, after)


def _encodes(console: Console, characters: str) -> bool:
    try:
        characters.encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
