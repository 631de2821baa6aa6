"""What needs a human after a batch, and why: submissions with the same reason are one line with their ids."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from grader.records import Finding, Outcome, Report, Status
from grader.report.plain import inert_line
from grader.report.terminal_text import STATUS_MARKS, counted, first_problem, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_MOST_IDS = 30  # of one reason
_MOST_REASONS = 12  # of one kind
_ID = 40  # characters of an id
_LONGEST = 2000  # characters of a rationale that are looked at
_DIFFERS = re.compile(
    r"`[^`]*`|'[^']*'|\bcell \d+(?:, line \d+)?|[\w.-]+\.(?:py|ipynb)(?:, line \d+)?|\bline \d+|\d[\d,.]*\d|\d"
)
"""What may differ between two sentences that say the same: code, quoted names, places, numbers."""
_ASIDE = re.compile(r" ?\([^()]*\)")
_PLURAL = re.compile(r"(?<=\w)s\b")
_ARRIVED = re.compile(r"^What came in there[^(]*\([^)]*\)\. ")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some submissions need a human.

    Attributes:
        kind: the word in front, such as `Broken`.
        style: its colour.
        count: how many submissions.
        text: the reason, one sentence.
        ids: of the submissions; empty where naming them would say nothing.
    """

    kind: str
    style: str
    count: int
    text: str
    ids: tuple[str, ...]


def reasons(reports: Sequence[Report]) -> tuple[Reason, ...]:
    """Return what a human has to look at, the most urgent kind first and, in a kind, what concerns most first."""
    fault, doubt = STATUS_MARKS[Status.GRADER_FAULT][1], STATUS_MARKS[Status.NEEDS_HUMAN][1]
    red = STATUS_MARKS[Status.STUDENT_FAULT][1]
    rejected = [one for one in reports if _is_rejected(one)]
    broken = [one for one in reports if one.status is Status.STUDENT_FAULT and not _is_rejected(one)]
    return (
        *_grouped("Grader's fault", fault, _of(reports, Status.GRADER_FAULT), first_problem),
        *_grouped("Needs a human", doubt, _of(reports, Status.NEEDS_HUMAN), first_problem),
        *_grouped("Not accepted", red, rejected, _rejection),
        *_grouped("Broken", red, broken, diagnosis),
        *_handed_in(reports),
        *_same_network(reports),
        *_explanations(reports),
    )


def attention(found: Sequence[Reason]) -> Table:
    """Return the reasons as a table without borders."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column()
    kind = ""
    for reason in found:
        label = Text(reason.kind if reason.kind != kind else "", reason.style)
        kind = reason.kind
        grid.add_row(label, f"{reason.count:,}", Text("\n").join(_said(reason)))
    return grid


def diagnosis(report: Report) -> str:
    """Return why a submission is broken, without the place where it broke and what was expected there."""
    failed = next((one for one in report.findings if one.outcome is Outcome.FAILED and one.rationale), None)
    if failed is None:
        return first_problem(report)
    said = failed.rationale[:_LONGEST]
    broke = report.broke
    place = str(broke.where) if broke else ""
    source = broke.source if broke else ""
    for border in (f", in `{source}`. ", f" at {place}. ", " stopped. ", " handed in. "):
        _, _, rest = said.partition(border)
        if rest:
            return inert_line(_ARRIVED.sub("", rest))
    return first_problem(report) if broke or report.stopped else inert_line(said)


def _said(reason: Reason) -> Iterator[Text]:
    yield named(reason.text, most=300)
    if reason.ids:
        more = len(reason.ids) - _MOST_IDS
        names = ", ".join(inert_line(one, _ID) for one in reason.ids[:_MOST_IDS])
        yield Text(names + (f" and {more:,} more" if more > 0 else ""), "dim")


def _of(reports: Iterable[Report], status: Status) -> list[Report]:
    return [one for one in reports if one.status is status]


def _is_rejected(report: Report) -> bool:
    return report.status is Status.STUDENT_FAULT and report.stopped == "rejected-input"


def _rejection(report: Report) -> str:
    problem = report.submission.problem
    if problem is not None:
        return inert_line(problem.what)
    return inert_line(report.notes[0]) if report.notes else first_problem(report)


def _grouped(kind: str, style: str, reports: Iterable[Report], why: Callable[[Report], str]) -> Iterator[Reason]:
    groups: dict[tuple[str, ...], list[tuple[Report, str]]] = defaultdict(list)
    for report in reports:
        said = why(report)
        groups[tuple(_PLURAL.sub("", piece) for piece in _pieces(report, said)[::2])].append((report, said))
    ordered = sorted(groups.values(), key=lambda group: (-len(group), group[0][0].submission.id))
    for group in ordered[:_MOST_REASONS]:
        yield Reason(kind, style, len(group), _common(group), _ids(report for report, _ in group))
    rest = [report for group in ordered[_MOST_REASONS:] for report, _ in group]
    if rest:
        yield Reason(kind, style, len(rest), "other reasons; grades.csv and report.json have them", _ids(rest))


def _pieces(report: Report, said: str) -> list[str]:
    """Split a sentence: at even places what makes it this sentence, at odd ones what another may have otherwise."""
    layer = report.broke.layer if report.broke else None
    name = rf"(?<!\w){re.escape(layer)}(?!\w)|" if layer else ""
    return re.split(f"({name}{_DIFFERS.pattern})", _ASIDE.sub("", said))


def _common(group: Sequence[tuple[Report, str]]) -> str:
    """Return the sentence that a group shares; an ellipsis stands where its members differ."""
    if len({said for _, said in group}) == 1:
        return group[0][1]
    columns = zip(*(_pieces(report, said) for report, said in group), strict=True)
    return "".join(
        column[0] if index % 2 == 0 or len(set(column)) == 1 else "…" for index, column in enumerate(columns)
    )


def _handed_in(reports: Sequence[Report]) -> Iterator[Reason]:
    late = [one for one in reports if one.submission.late or one.lateness]
    if late:
        costs = ", which takes points from them" if any(one.lateness for one in late) else ""
        yield Reason("Late", "yellow", len(late), f"handed in after the deadline{costs}", _ids(late))
    again = [one for one in reports if one.submission.superseded]
    if again:
        names = tuple(f"{one.submission.id} ({len(one.submission.superseded)} older)" for one in again)
        yield Reason("Older attempts", "yellow", len(again), "only the newest attempt was graded", names)


def _same_network(reports: Sequence[Report]) -> Iterator[Reason]:
    """Name those whose networks are equal to the last weight; by themselves they are what a tutorial gives to all."""
    groups: dict[str, list[Report]] = defaultdict(list)
    for one in reports:
        if one.training is not None and one.keys.training:
            groups[one.keys.training].append(one)
    several = sorted((group for group in groups.values() if len(group) > 1), key=lambda group: -len(group))
    text = "one network, first weights included, trained once; `grader similar` compares their code and words"
    for group in several[:_MOST_REASONS]:
        yield Reason("Same network", "yellow", len(group), text, _ids(group))
    rest = [one for group in several[_MOST_REASONS:] for one in group]
    if rest:
        yield Reason("Same network", "yellow", len(rest), "more of the same, in smaller groups", _ids(rest))


def _explanations(reports: Sequence[Report]) -> Iterator[Reason]:
    waiting = [one for one in reports if any(finding.outcome is Outcome.PENDING for finding in one.findings)]
    if not waiting:
        return
    marks = sum(finding.outcome is Outcome.PENDING for one in waiting for finding in one.findings)
    none = [one for one in waiting if _words(one.findings) == 0]
    text = f"to be read by a human: {counted(marks, 'mark')} in all"
    if none:
        text += f"; in {len(none):,} no explanation was found:"
    yield Reason("Explanations", "cyan", len(waiting), text, _ids(none))


def _words(findings: Iterable[Finding]) -> int | None:
    """Return the words of the explanation that was found; None where nobody counted."""
    found = [one.evidence["words"] for one in findings if isinstance(one.evidence.get("words"), int)]
    return max(found, default=None)


def _ids(reports: Iterable[Report]) -> tuple[str, ...]:
    return tuple(one.submission.id for one in reports)
