"""What a marker has before them: the queue, one submission, its marks; read from a gradebook that others may write."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grader.faults import OperatorFault
from grader.gradebook import Entry, Gradebook
from grader.handed import Handed, handed_in, laid_out
from grader.marking import Marking, seen_by_marker
from grader.records import Finding, Mark, Outcome, Report, Status
from grader.report.mark_words import changes
from grader.report.pages.notebook_view import Layout
from grader.review.blind import Blind, blind
from grader.review.codes import codes_of
from grader.review.sheets import Item, Row, Sheet, history
from grader.scoring.marks import LOOKED, by_submission, comments_for, orphans, report_seen, seen_for, standing, steps

MOST_COMMENT = 4000
"""Characters of a comment."""
SNIPPETS = 9
"""Comments that are offered again, as there are so many digits."""

_SEEN = re.compile(r"[0-9a-f ]{0,64}")


@dataclass(slots=True)
class _Known:
    """The newest report of a submission with what was read for it."""

    entry: Entry
    kept: dict[str, Any] | None
    code: str
    handed: Handed | None = None
    blind: Blind | None = None


@dataclass(slots=True)
class Desk:
    """Read and write marks for one marker; safe to call from several threads.

    Reports are read again when a batch has saved one since.

    Attributes:
        gradebook: may be written by a batch at the same time.
        who: the marker.
        is_blind: whether whose a submission is is struck out.
        count: how many entries were added through this desk.
    """

    gradebook: Gradebook
    who: str
    is_blind: bool = False
    count: int = 0
    _known: dict[str, _Known] = field(default_factory=dict)
    _version: object = None
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _marking: Marking | None = None

    def queue(self) -> tuple[Row, ...]:
        """Return every submission, in an order that stays: by id, or by the numbers where marking is blind."""
        with self._lock:
            self._refresh()
            marks = by_submission(self.gradebook.marks())
            return tuple(self._row(one, self._counting(one, marks)) for one in self._known.values())

    def sheet(self, code: str) -> Sheet:
        """Return one submission.

        Raises:
            OperatorFault: there is none of this code.
        """
        with self._lock:
            self._refresh()
            known = self._known.get(code)
            if known is None:
                raise OperatorFault("There is no such submission in this gradebook.", fix="Take one from the queue.")
            return self._sheet(known)

    def give(self, code: str, criterion: str, points: str, comment: str, seen: str) -> Mark:
        """Add a mark; `points` is what was typed, empty where only the comment counts or the machine's points are to.

        Raises:
            OperatorFault: the points do not fit, or an override has no comment.
        """
        item = self._item(code, criterion)
        human = bool(item.machine.evidence.get("human"))
        said = comment.replace("\r\n", "\n").strip()
        if not item.machine.max_points:
            raise OperatorFault("This check has no points, so there is nothing to give.")
        value = points_of(points, item.machine.max_points)
        if len(said) > MOST_COMMENT:
            raise OperatorFault(f"A comment has at most {MOST_COMMENT:,} characters; this has {len(said):,}.")
        if criterion != LOOKED and not human and value is not None and not said:
            raise OperatorFault("The grader's points are replaced only with a reason.", fix="Write one beside them.")
        if human and value is None and not said and item.mark is None:
            raise OperatorFault("Nothing was typed, so nothing was saved.", fix="Type points, then Enter.")
        shown = seen if _SEEN.fullmatch(seen) else ""
        return self._save(Mark(0, 0, self._id(code), criterion, value, said, self.who, shown))

    def undo(self, code: str) -> str | None:
        """Take back this marker's last entry on a submission; return its criterion, None where there is none."""
        return self._step(code, self.sheet(code).undo)

    def redo(self, code: str) -> str | None:
        """Give again what was taken back last."""
        return self._step(code, self.sheet(code).redo)

    def _step(self, code: str, number: int | None) -> str | None:
        if number is None:
            return None
        name = self._id(code)
        if self.gradebook.undo_mark(number, self.who):
            self.count += 1
        return next(one.criterion for one in self.gradebook.marks(name) if one.id == number)

    def _save(self, mark: Mark) -> Mark:
        saved = self.gradebook.save_mark(mark)
        self.count += 1
        return saved

    def _item(self, code: str, criterion: str) -> Item:
        item = self.sheet(code).item(criterion)
        if item is None:
            raise OperatorFault("The rubric has no such criterion any more.", fix="Load the page again.")
        return item

    def _id(self, code: str) -> str:
        with self._lock:
            return self._known[code].entry.report.submission.id

    def _refresh(self) -> None:
        """Read the reports again where there are newer ones."""
        version = self.gradebook.last_change()
        if version == self._version and self._known:
            return
        before = {one.entry.report.submission.id: one for one in self._known.values()}
        entries = self.gradebook.current_entries()
        if not entries:
            raise OperatorFault("There is no report in this gradebook yet.", fix="Run `grader batch` with --out first.")
        runs = self.gradebook.runs()
        codes = codes_of([entry.report.submission.id for entry, _ in entries], f"{runs[0].started}")
        found = []
        for entry, kept in entries:
            old = before.get(entry.report.submission.id)
            same = old is not None and old.entry == entry
            found.append(old if old is not None and same else _Known(entry, kept, codes[entry.report.submission.id]))
        if self.is_blind:
            found.sort(key=lambda one: one.code)
        self._known = {one.code: one for one in found}
        self._marking = Marking(self.gradebook)
        self._version = version

    def _handed(self, known: _Known) -> Handed:
        if known.handed is None:
            known.handed = handed_in(self.gradebook, known.entry.report, known.kept)
        return known.handed

    def _blind(self, known: _Known) -> Blind | None:
        if self.is_blind and known.blind is None:
            known.blind = blind(known.entry.report, f"No. {known.code}")
        return known.blind

    def _counting(self, known: _Known, marks: Mapping[str, Sequence[Mark]]) -> Report:
        """Return a report with its marks."""
        given = marks.get(known.entry.report.submission.id, ())
        if not given or self._marking is None:
            return known.entry.report
        return self._marking.over(known.entry, given, seen_by_marker(self._handed(known))).report

    def _row(self, known: _Known, report: Report) -> Row:
        human = [one for one in report.findings if one.evidence.get("human")]
        struck = self._blind(known)
        label = struck.label if struck else report.submission.student or report.submission.id
        look = report.status in (Status.NEEDS_HUMAN, Status.GRADER_FAULT)
        given = sum(one.points is not None for one in human)
        return Row(known.code, label, given, len(human), look, changes(report))

    def _sheet(self, known: _Known) -> Sheet:
        machine, handed, struck = known.entry.report, self._handed(known), self._blind(known)
        everything = self.gradebook.marks()
        marks = by_submission(everything)
        report = self._counting(known, marks)
        mine = marks.get(machine.submission.id, ())
        offered = [replace(one, comment=self._said(one)) for one in everything] if self.is_blind else everything
        row, lost = self._row(known, report), orphans(machine, mine)
        look = self._look(machine, mine)
        seen, steps_now = seen_by_marker(handed), steps(mine, self.who)
        layout = laid_out(self.gradebook, machine, handed) if struck is None else Layout()
        if struck is not None:
            report, machine = struck.report(report), struck.report(machine)
            handed = Handed(
                struck.source(handed.source),
                struck.passages(handed.passages),
                struck.passages(handed.documents),
                handed.graph,
            )
            mine = tuple(replace(one, comment=struck.text(one.comment)) for one in mine)
        counting, items = standing(mine), []
        for now, was in zip(report.findings, machine.findings, strict=True):
            name = now.criterion
            snippets = comments_for(name, offered)[:SNIPPETS] if was.evidence.get("human") else ()
            items.append(Item(now, was, counting.get(name), seen_for(was, seen), history(mine, name), snippets))
        human = tuple(one for one in items if one.machine.evidence.get("human"))
        automatic = tuple(one for one in items if not one.machine.evidence.get("human"))
        return Sheet(row, report, handed, layout, human, automatic, look, lost, steps_now.undo, steps_now.redo)

    def _said(self, mark: Mark) -> str:
        """Return a comment without whose submission it was given on."""
        known = next((one for one in self._known.values() if one.entry.report.submission.id == mark.submission), None)
        struck = self._blind(known) if known is not None else None
        return struck.text(mark.comment) if struck is not None else ""

    def _look(self, machine: Report, marks: Sequence[Mark]) -> Item | None:
        """Return what a human decides on a submission as a whole, where the machine could not."""
        if machine.status not in (Status.NEEDS_HUMAN, Status.GRADER_FAULT):
            return None
        mark = standing(marks).get(LOOKED)
        done = mark is not None and mark.points is not None and mark.seen == report_seen(machine)
        outcome = Outcome.PASSED if done else Outcome.PENDING
        finding = Finding(LOOKED, "A human has looked at it", outcome, None, 1.0)
        return Item(finding, finding, mark if done else None, report_seen(machine), history(marks, LOOKED), ())


def points_of(typed: str, most: float) -> float | None:
    """Return the points that somebody typed, with a point or a comma; None where nothing was typed.

    Raises:
        OperatorFault: it is no number, or one that cannot be given.
    """
    text = typed.strip().replace(",", ".")
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}(\.\d{0,4})?|\.\d{1,4}", text):
        raise OperatorFault("Points are a number such as 3 or 2.5.", fix=f"Type one from 0 to {most:g}.")
    value = round(float(text), 2)
    if value > most:
        raise OperatorFault(f"{value:g} is more than there is to give.", fix=f"Type a number from 0 to {most:g}.")
    return value
