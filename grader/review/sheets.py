"""What a marker sees: a row of the queue, and the sheet of one submission with every criterion on it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from grader.handed import Handed
from grader.records import Finding, Mark, Outcome, Report
from grader.report.pages.notebook_view import Layout
from grader.scoring.marks import standing

_UNDECIDED = (Outcome.PENDING, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class Row:
    """One submission in the queue.

    Attributes:
        code: what it is called in addresses, which says nothing of whose it is.
        label: what the marker sees: a name, or `No. 4821` where marking is blind.
        given: how many of the human's criteria have points.
        wanted: how many there are.
        look: whether the machine could not decide, and nobody has looked yet.
        changed: sentences on marks that were given on something that has changed since.
    """

    code: str
    label: str
    given: int
    wanted: int
    look: bool
    changed: tuple[str, ...]

    @property
    def open(self) -> bool:
        """Tell whether something is still to be done."""
        return self.given < self.wanted or self.look

    @property
    def flagged(self) -> bool:
        """Tell whether somebody has to look again."""
        return self.look or bool(self.changed)


@dataclass(frozen=True, slots=True)
class Given:
    """One line of what was given for a criterion: the entry, what it did in a word, and whether it counts."""

    mark: Mark
    did: str
    counts: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One criterion before a marker.

    Attributes:
        finding: as it counts, marks included.
        machine: as the machine left it.
        mark: what counts of the marks; None where there is none.
        seen: what the marker sees, for the form to send back.
        history: everything that was given, the newest first.
        snippets: comments that others got for it.
    """

    finding: Finding
    machine: Finding
    mark: Mark | None
    seen: str
    history: tuple[Given, ...]
    snippets: tuple[str, ...]

    @property
    def slot(self) -> str:
        """Return the id of its place on the page; a rubric may call a criterion anything."""
        return hashlib.sha256(self.finding.criterion.encode("utf-8", "surrogatepass")).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything on one submission.

    Attributes:
        row: its line in the queue.
        report: as it counts; of nobody's where marking is blind.
        handed: code and explanation; the same.
        layout: notebooks as HTML; none where marking is blind, as only text can be struck out.
        human: the criteria that a human marks.
        automatic: those that the machine judged.
        look: of the submission as a whole, where the machine could not decide.
        orphans: marks for criteria that are not in the rubric any more.
        undo: the entry that the marker's undo takes back; None for none.
        redo: the same of redo.
    """

    row: Row
    report: Report
    handed: Handed
    layout: Layout
    human: tuple[Item, ...]
    automatic: tuple[Item, ...]
    look: Item | None
    orphans: tuple[Mark, ...]
    undo: int | None
    redo: int | None

    def item(self, criterion: str) -> Item | None:
        """Return one criterion; None where it is not there."""
        everything = (*self.human, *self.automatic, *((self.look,) if self.look else ()))
        return next((one for one in everything if one.finding.criterion == criterion), None)


def undecided(sheet: Sheet) -> tuple[Item, ...]:
    """Return the automatic criteria that a human has to decide before the points of a submission count."""
    return tuple(one for one in sheet.automatic if one.finding.outcome in _UNDECIDED)


def history(marks: Sequence[Mark], criterion: str) -> tuple[Given, ...]:
    """Return what was given for a criterion, the newest first."""
    mine = [one for one in marks if one.criterion == criterion]
    counts = standing(mine).get(criterion)
    depth: dict[int, int] = {}
    for one in mine:
        depth[one.id] = 0 if one.undoes is None else depth.get(one.undoes, 0) + 1
    return tuple(Given(one, _did(depth[one.id]), one is counts) for one in reversed(mine))


def _did(depth: int) -> str:
    """Say what an entry of a chain of undoing does: every second one takes back."""
    return "taken back" if depth % 2 else ("given again" if depth else "given")
