"""Whose an item is: by the operator's tables first, then by a platform's mark, then by its own name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from grader.intake import names
from grader.intake.attempts import Part
from grader.intake.listing import Item, same, stem
from grader.intake.mapping import Owner
from grader.intake.marks import Marks
from grader.intake.names import Key, Sign
from grader.intake.people import Person, Roster, squashed
from grader.intake.tables import visible
from grader.records import Member


@dataclass(frozen=True, slots=True)
class Known:
    """What an operator knows about the class.

    Attributes:
        roster: who is in it; nobody when there is no table.
        owners: whose a file is, by its name as the mapping shows it.
    """

    roster: Roster = field(default_factory=Roster)
    owners: Mapping[str, Owner] = field(default_factory=dict)

    def owner(self, name: str) -> Owner | None:
        """Return what was filled in for an item of this name; None when nothing was."""
        return self.owners.get(visible(name))


@dataclass(slots=True)
class Claim:
    """Somebody's items, and what is known of that person.

    Attributes:
        id: of the submission.
        student: the name to show.
        email: empty when it is not known.
        group: names of everybody, when there are several.
        members: the same people with their ids, where a platform says them.
        parts: the items.
        is_known: whether one of the operator's tables, or a platform when there is none, says who it is.
        is_mapped: whether the mapping says it.
    """

    id: str
    student: str = ""
    email: str = ""
    group: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    parts: list[Part] = field(default_factory=list)
    is_known: bool = False
    is_mapped: bool = False

    def learn(self, other: Claim) -> None:
        """Take over what an operator's table says of the same person."""
        if (other.is_known and not self.is_known) or (other.is_mapped and not self.is_mapped):
            self.student, self.email = other.student, other.email or self.email
            self.is_known, self.is_mapped = True, other.is_mapped


def owner_of(item: Item, marks: Marks, known: Known) -> tuple[Key, Claim]:
    """Return a key that is equal for two items of one person, and what is known of that person."""
    sign = marks.signs.get(item.name)
    # A line for one file of a platform's student is about the student, so that no other file stays behind.
    owner = known.owner(item.name) or (marks.mapped.get(sign.identity) if sign else None)
    if owner is not None:
        person = known.roster.by_id(owner.id) if owner.id else known.roster.by_name(owner.student)
        if owner.id or person is not None:
            return _mapped(owner, person, marks)
    key, claim = _signed(sign, known.roster, marks) if sign is not None else _by_own_name(item, known.roster, marks)
    if owner is not None:
        claim = replace(claim, student=owner.student, is_known=True, is_mapped=True)
    return key, claim


def _mapped(owner: Owner, person: Person | None, marks: Marks) -> tuple[Key, Claim]:
    identity = person.id if person else owner.id
    name = owner.student or (person.name if person else owner.id)
    claim = Claim(identity, name, person.email if person else "", is_known=True, is_mapped=True)
    home = marks.homes.get(owner.id) or marks.homes.get(identity) or marks.people.get(identity)
    return home or ("person", identity), claim


def _signed(sign: Sign, roster: Roster, marks: Marks) -> tuple[Key, Claim]:
    person = roster.by_id(sign.id)
    if person is None and squashed(sign.name) not in marks.namesakes:
        person = roster.by_name(sign.name)
    claim = Claim(sign.id, sign.name or sign.id, sign.email, sign.group, sign.members, is_known=not roster.people)
    if person is not None:
        claim = replace(claim, student=person.name, email=sign.email or person.email, is_known=True)
    return sign.identity, claim


def _by_own_name(item: Item, roster: Roster, marks: Marks) -> tuple[Key, Claim]:
    own = item.name if item.is_folder else stem(item.name)
    person = roster.inside(own, marks.shared)
    if person is not None:
        claim = Claim(person.id, person.name, person.email, is_known=True)
        home = marks.homes.get(person.id) or marks.people.get(person.id)
        return home or ("person", person.id), claim
    student = "" if item.is_folder else names.drive_student(own)
    if student:
        title = names.without_copy_marks(own)
        return ("drive", same(title)), Claim(title, student)
    return ("item", item.name), Claim(own, own)
