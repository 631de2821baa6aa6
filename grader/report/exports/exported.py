"""What a formatter is given and what it returns, whatever the format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.report.exports.entitled import Entitled
from grader.report.exports.matching import Matched
from grader.report.plain import inert_line
from grader.wording import counted, listed


@dataclass(frozen=True, slots=True)
class Grades:
    """The points of a class.

    Attributes:
        people: everybody who gets some or will.
        title: the assignment's name.
        automatic_only: whether a human's marks are left out.
    """

    people: tuple[Entitled, ...]
    title: str
    automatic_only: bool = False

    @property
    def most(self) -> float:
        """Return what can be earned; the highest where reports of several rubrics stand side by side."""
        return max((one.earned.most for one in self.people), default=0)


@dataclass(frozen=True, slots=True)
class Exported:
    """A file for an LMS.

    Attributes:
        content: of the file.
        placed: who is in it, with points or blank; not those whose row was left alone.
        notes: sentences for the screen.
    """

    content: bytes
    placed: tuple[Entitled, ...]
    notes: tuple[str, ...] = ()


def placed(found: Matched, left: Sequence[Entitled]) -> tuple[Entitled, ...]:
    """Return whose rows were filled, once each; `left` are those whose rows were not."""
    kept = {id(one) for one in left}
    return tuple({id(one): one for one in found.owners.values() if id(one) not in kept}.values())


def shown(people: tuple[Entitled, ...]) -> str:
    """Name people for a sentence, the ids of those who have one beside their names."""
    return listed(
        [inert_line(one.name if one.id in ("", one.name) else f"{one.name} ({one.id})", 80) for one in people]
    )


def written_over(grades: int) -> list[str]:
    """Say how many other grades stood there before."""
    return [f"Other grades stood there before, and are written over: {grades:,}."] if grades else []


def merge_notes(found: Matched, nobody: int) -> tuple[str, ...]:
    """Say how a class and the rows of a table fit; `nobody` rows are those of nobody's here."""
    notes = []
    if nobody:
        verb = "belongs" if nobody == 1 else "belong"
        notes.append(
            f"{counted(nobody, 'row')} of --into {verb} to nobody in this gradebook; nothing is changed there."
        )
    if found.absent:
        notes.append(f"Not in --into, and so not exported: {shown(found.absent)}.")
    if found.contested:
        notes.append(f"Several claim one row, which stays as it is: {shown(found.contested)}.")
    if found.by_name:
        notes.append(f"Found by name alone, as no id of theirs is in --into: {shown(found.by_name)}.")
    if found.renamed:
        pairs = [f"{inert_line(one.name, 60)} is {inert_line(other, 60)} there" for one, other in found.renamed]
        notes.append(f"The id is the same and the name is not, please look: {listed(pairs)}.")
    return tuple(notes)
