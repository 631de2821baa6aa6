"""What humans gave, laid over what the machine found: pure arithmetic, which leaves the machine's report as it is."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.records import Finding, Mark, Outcome, Passage, Report, SourceText, Status
from grader.scoring.sums import points_sum

LOOKED = "*looked"
"""What stands for a criterion where a human looked at a submission that the machine could not decide; no criterion is
called so."""

HALF = 0.5
"""Share of a human's points from which a mark counts as passed; an automatic criterion has its own."""

_ROUNDING = 1e-9
_DIGITS = 16
_UNDECIDED = (Outcome.PENDING, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class Steps:
    """Which entry would be taken back next, and which undoing; None where there is none."""

    undo: int | None
    redo: int | None


def seen_of(passages: Iterable[Passage], source: Iterable[SourceText]) -> str:
    """Return the digests of the explanation and of the code that a marker sees, with a space between.

    Where a text stands and how it is spaced does not matter.
    """
    return f"{_digest(one.text for one in passages)} {_digest(one.text for one in source)}"


def verdict_seen(finding: Finding) -> str:
    """Return what a marker sees of an automatic verdict; its wording may change without the verdict."""
    return _digest([str(finding.outcome), f"{finding.points}", f"{finding.max_points:g}"])


def report_seen(report: Report) -> str:
    """Return what somebody sees who looks at a whole submission: what was handed in, and how it ended."""
    return _digest([report.keys.capture, str(report.status)])


def standing(marks: Iterable[Mark]) -> dict[str, Mark]:
    """Return the mark that counts for each criterion: the newest that nobody took back. All are of one submission."""
    listed = tuple(marks)
    undone = {one.undoes: one.id for one in listed if one.undoes is not None}
    return {one.criterion: one for one in listed if one.undoes is None and _counts(one.id, undone)}


def steps(marks: Iterable[Mark], who: str) -> Steps:
    """Return what undo and redo would do next on one submission, for one marker: only their own entries."""
    done: list[tuple[int, int]] = []  # the mark, and the newest entry of its chain
    gone: list[tuple[int, int]] = []
    origin: dict[int, int] = {}
    for one in marks:
        mark = one.id if one.undoes is None else origin.get(one.undoes, one.undoes)
        origin[one.id] = mark
        if one.who != who:
            continue
        was_done = any(number == mark for number, _ in done)
        done = [pair for pair in done if pair[0] != mark]
        gone = [pair for pair in gone if pair[0] != mark] if one.undoes is not None else []
        (gone if was_done else done).append((mark, one.id))
    return Steps(done[-1][1] if done else None, gone[-1][1] if gone else None)


def by_submission(marks: Iterable[Mark]) -> dict[str, tuple[Mark, ...]]:
    """Return the marks of each submission, in their order."""
    found: defaultdict[str, list[Mark]] = defaultdict(list)
    for one in marks:
        found[one.submission].append(one)
    return {name: tuple(listed) for name, listed in found.items()}


def marked(report: Report, marks: Iterable[Mark], seen: str, passing: Mapping[str, float]) -> Report:
    """Return the report as it counts, with what humans gave on it; `report` itself where they gave nothing.

    `marks` are those of its submission, `seen` is what a marker would see now, `passing` has the points from which
    automatic criteria pass. The machine's points and outcome stay in the evidence. A mark on something that has
    changed since counts, and its finding says in `changed` what did: `text`, `code` or `verdict`.
    """
    given = standing(marks)
    if not given:
        return report
    findings = tuple(_marked(one, given.get(one.criterion), seen, passing) for one in report.findings)
    sums = points_sum(findings)
    undecided = any(one.outcome in _UNDECIDED and not one.evidence.get("human") for one in findings)
    look = given.get(LOOKED)
    # Who looked at something else has not looked at this: then it stays open, as no points are better than wrong ones.
    decided = look is not None and look.points is not None and look.seen == report_seen(report) and not undecided
    is_open = report.status in (Status.NEEDS_HUMAN, Status.GRADER_FAULT)
    return replace(
        report,
        findings=findings,
        status=Status.GRADED if is_open and decided else report.status,
        points=sums.points,
        human_points=sums.human_points,
    )


def orphans(report: Report, marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Return the marks for criteria that the report does not have any more; they are kept and count for nothing."""
    known = {one.criterion for one in report.findings} | {LOOKED}
    return tuple(one for name, one in standing(marks).items() if name not in known and one.points is not None)


def seen_for(finding: Finding, seen: str) -> str:
    """Return what a mark on this finding is given on: the machine's verdict, or the submission's text and code."""
    return seen if finding.evidence.get("human") else verdict_seen(finding)


def _counts(number: int, undone: Mapping[int, int]) -> bool:
    """Tell whether an entry stands: nobody took it back, or taking it back was itself taken back, and so on."""
    counts = True
    while number in undone:
        counts, number = not counts, undone[number]
    return counts


def _marked(finding: Finding, mark: Mark | None, seen: str, passing: Mapping[str, float]) -> Finding:
    # A rubric may have taken a criterion's points away since.
    if mark is None or mark.points is None or not finding.max_points:
        return finding
    human = bool(finding.evidence.get("human"))
    least = HALF * finding.max_points if human else passing.get(finding.criterion, finding.max_points)
    passed = mark.points >= least - _ROUNDING
    changed = _changed(mark, finding, seen)
    evidence = {
        **finding.evidence,
        "marked_by": mark.who,
        "marked_at": mark.saved,
        "comment": mark.comment,
        **({} if human else {"machine_points": finding.points, "machine_outcome": str(finding.outcome)}),
        # What judges whether another criterion can be judged reads this, and so do statistics.
        **({"share": round(mark.points / finding.max_points, 4)} if "share" in finding.evidence else {}),
        **({"changed": changed} if changed else {}),
    }
    return replace(
        finding,
        outcome=Outcome.PASSED if passed else Outcome.FAILED,
        points=mark.points,
        rationale=mark.comment if human else _overridden(finding, mark),
        help="" if mark.points >= finding.max_points else finding.help,
        evidence=evidence,
    )


def _overridden(finding: Finding, mark: Mark) -> str:
    if finding.points is None:
        head = f"A human gives {mark.points:g} of {finding.max_points:g} points, which the grader could not decide"
    else:
        head = f"A human gives {mark.points:g} of {finding.max_points:g} points, the grader gave {finding.points:g}"
    return f"{head}: {mark.comment}" if mark.comment else f"{head}."


def _changed(mark: Mark, finding: Finding, seen: str) -> str:
    """Say what is not as the marker saw it; nothing where all is, or where that is not known."""
    now = seen_for(finding, seen)
    if not mark.seen or mark.seen == now:
        return ""
    if not finding.evidence.get("human"):
        return "verdict"
    return "text" if mark.seen.split(" ")[0] != now.split(" ")[0] else "code"


def _digest(texts: Iterable[str]) -> str:
    whole = "\x00".join(" ".join(one.split()) for one in texts)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def comments_for(criterion: str, marks: Sequence[Mark]) -> tuple[str, ...]:
    """Return the comments on this criterion that count somewhere, each once, the most used first."""
    counts: dict[str, int] = {}
    for listed in by_submission(marks).values():
        mark = standing(listed).get(criterion)
        if mark is not None and mark.comment:
            counts[mark.comment] = counts.get(mark.comment, 0) + 1
    return tuple(sorted(counts, key=lambda one: (-counts[one], one)))
