"""From items to submissions: whose each item is, and what of it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from grader.faults import OperatorFault
from grader.intake import names
from grader.intake.attempts import Counted, Part, latest
from grader.intake.gradescope import METADATA, read_metadata
from grader.intake.listing import (
    ARCHIVE,
    CODE,
    DOCUMENTS,
    LINKS,
    OTHER_ARCHIVES,
    PAGES,
    Entry,
    Item,
    Listing,
    has_ending,
    same,
    stem,
)
from grader.intake.mapping import Owner, Unknown
from grader.intake.marks import Marks
from grader.intake.names import Sign
from grader.intake.people import Person, Roster, squashed
from grader.intake.reading import Bounds, is_link
from grader.intake.tables import visible
from grader.intake.zips import expanded, metadata_of
from grader.records import Problem, Submission
from grader.wording import counted, listed

ASK = "Ask for the .ipynb."
_ALONE = (*CODE, *PAGES, ".docx", *LINKS, ARCHIVE, *OTHER_ARCHIVES)
"""Endings of the files of a flat folder that are a submission by themselves."""


@dataclass(frozen=True, slots=True)
class Known:
    """What an operator knows about the class.

    Attributes:
        roster: who is in it; nobody when there is no table.
        owners: whose a file is, by its name as the mapping shows it.
    """

    roster: Roster = field(default_factory=Roster)
    owners: Mapping[str, Owner] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intake:
    """A class at the door.

    Attributes:
        submissions: sorted by id.
        unknown: files that nobody could be found for; they are graded under their own names.
        notes: sentences for the screen.
    """

    submissions: tuple[Submission, ...]
    unknown: tuple[Unknown, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Claim:
    """Somebody's items, and what is known of that person."""

    id: str
    student: str = ""
    email: str = ""
    group: tuple[str, ...] = ()
    parts: list[Part] = field(default_factory=list)
    is_known: bool = False
    is_mapped: bool = False

    def learn(self, other: _Claim) -> None:
        """Take over what an operator's table says of the same person."""
        if (other.is_known and not self.is_known) or (other.is_mapped and not self.is_mapped):
            self.student, self.email = other.student, other.email or self.email
            self.is_known, self.is_mapped = True, other.is_mapped


def group(listing: Listing, known: Known, bounds: Bounds) -> Intake:
    """Return the submissions of a class.

    Raises:
        OperatorFault: the table of a Gradescope export is there and cannot be read.
    """
    items = [one for one in listing.items if one.name != METADATA]
    signed = _signs(listing, items)
    marks = Marks.of(signed, known.roster)
    claims: dict[tuple[str, str], _Claim] = {}
    strangers: list[Item] = []
    for item in items:
        sign = signed.get(item.name)
        if sign is None and not _stands_alone(item):
            strangers.append(item)
            continue
        key, claim = _owner(item, marks, known)
        home = claims.setdefault(key, claim)
        home.learn(claim)
        home.parts.append(Part(item, sign))
    left_out = [one.name for one in _attach(strangers, claims) if one.is_folder and not one.is_output]
    unknown = _unknown(claims, known, signed)
    submissions = _with_unique_ids([_submission(one, bounds) for one in claims.values()])
    return Intake(
        tuple(sorted(submissions, key=lambda one: one.id)),
        unknown,
        (*_notes(submissions, signed, len(unknown)), *_left_out(left_out)),
    )


def _signs(listing: Listing, items: Sequence[Item]) -> dict[str, Sign]:
    table = metadata_of(listing)
    if table is not None:
        try:
            return read_metadata(table)
        except ValueError as error:
            raise OperatorFault(f"{error}.", fix="Export the submissions again.") from error
    found = names.signs([one.name for one in items])
    clones = [one.name for one in items if one.is_clone and one.name not in found]
    return {**found, **names.clones(clones, listing.wrapper or listing.origin)}


def _stands_alone(item: Item) -> bool:
    """Tell whether an item without a platform's mark is a submission: code, what may hold it, or a folder of these."""
    if item.is_folder:
        return bool(item.trouble) or any(has_ending(one.path, (*_ALONE, *DOCUMENTS)) for one in item.entries)
    if item.name.startswith("_"):
        return False
    return has_ending(item.name, _ALONE) or (has_ending(item.name, ".txt") and any(map(is_link, item.entries)))


def _owner(item: Item, marks: Marks, known: Known) -> tuple[tuple[str, str], _Claim]:
    """Return a key that is equal for two items of one person, and what is known of that person."""
    owner, sign = known.owners.get(visible(item.name)), marks.signs.get(item.name)
    person: Person | None
    if owner is not None:
        person = known.roster.by_id(owner.id) if owner.id else known.roster.by_name(owner.student)
        one = owner.id or (person.id if person else "")
        name = owner.student or (person.name if person else owner.id)
        if one:
            email = person.email if person else ""
            return marks.homes.get(one, ("person", one)), _Claim(one, name, email, is_known=True, is_mapped=True)
    if sign is not None:
        person = known.roster.by_id(sign.id)
        if person is None and squashed(sign.name) not in marks.namesakes:
            person = known.roster.by_name(sign.name)
        claim = _Claim(sign.id, person.name if person else sign.name or sign.id, sign.email, sign.group)
        claim.is_known = person is not None or not known.roster.people
        return (sign.platform, sign.key), claim if person is None else replace(claim, email=sign.email or person.email)
    key, claim = _by_own_name(item, known.roster, marks)
    return key, claim if owner is None or claim.is_known else replace(claim, student=owner.student)


def _by_own_name(item: Item, roster: Roster, marks: Marks) -> tuple[tuple[str, str], _Claim]:
    own = item.name if item.is_folder else stem(item.name)
    person: Person | None = roster.inside(own)
    if person is not None:
        claim = _Claim(person.id, person.name, person.email, is_known=True)
        return marks.homes.get(person.id, ("person", person.id)), claim
    student = "" if item.is_folder else names.drive_student(own)
    if student:
        title = names.without_copy_marks(own)
        return ("drive", same(title)), _Claim(title, student)
    return ("item", item.name), _Claim(own, own)


def _attach(strangers: Sequence[Item], claims: Mapping[tuple[str, str], _Claim]) -> list[Item]:
    """Give `jane.md` to the submission of `jane.ipynb`; return what else lies around and is not handed in."""
    homes: dict[str, _Claim] = {}
    for claim in claims.values():
        for part in claim.parts:
            if part.sign is None and not part.item.is_folder and has_ending(part.item.name, CODE):
                homes.setdefault(same(stem(part.item.name)), claim)
    left: list[Item] = []
    for item in strangers:
        home = homes.get(same(stem(item.name)))
        if home is not None and not item.is_folder and has_ending(item.name, DOCUMENTS):
            home.parts.append(Part(item))
        else:
            left.append(item)
    return left


def _left_out(folders: Sequence[str]) -> tuple[str, ...]:
    """Say which folders hold nothing to grade, so that nobody is lost unseen."""
    said = listed([visible(one) for one in folders])
    return (f"Left out, with nothing in them to grade: {said}.",) if folders else ()


def _unknown(claims: Mapping[tuple[str, str], _Claim], known: Known, signed: Mapping[str, Sign]) -> tuple[Unknown, ...]:
    """Return what has no owner where owners are to be expected: a roster, a mapping, or a download with marks."""
    items = sum(len(one.parts) for one in claims.values())
    if not known.roster.people and not known.owners and 2 * len(signed) <= items:
        return ()
    return tuple(
        Unknown(part.item.name, claim.student if claim.student != claim.id else "")
        for claim in claims.values()
        if not claim.is_known
        for part in claim.parts
        if part.sign is None or known.roster.people
    )


def _submission(claim: _Claim, bounds: Bounds) -> Submission:
    counted_files = latest(claim.parts)
    entries, trouble = expanded(counted_files.entries, bounds)
    broken = next((part.item.trouble for part in claim.parts if part.item.trouble), "")
    return Submission(
        claim.id,
        claim.student or claim.id,
        tuple(one.path for one in entries),
        tuple(one.place for one in entries),
        counted_files.late,
        claim.group,
        claim.email,
        counted_files.superseded,
        _problem(entries, trouble or broken, counted_files),
    )


def _problem(entries: Sequence[Entry], trouble: str, before: Counted) -> Problem | None:
    """Return why the machine cannot grade these files; None when there is code."""
    if trouble:
        return Problem("rejected", trouble)
    if any(has_ending(one.path, CODE) for one in entries):
        return None
    closed = next((one.path for one in entries if has_ending(one.path, (*OTHER_ARCHIVES, ARCHIVE))), "")
    if closed:
        return Problem("rejected", f"{closed} is an archive that is not opened.", "Hand in the notebook itself.")
    marked = next((one.trouble for one in entries if one.trouble), "")
    if marked:
        return Problem("rejected", marked)
    if not entries:
        return Problem("human", "Nothing was handed in that could be graded.", ASK)
    first = entries[0].path
    if has_ending(first, LINKS) or same(first).endswith("link.html") or is_link(entries[0]):
        return Problem("human", f"Only a link was handed in ({first}).", ASK)
    named = first if len(before.entries) == 1 else f"{first} and {counted(len(entries) - 1, 'other file')}"
    return Problem("human", f"Only {named} was handed in, and no notebook.", ASK)


def _with_unique_ids(found: Sequence[Submission]) -> list[Submission]:
    """Tell `net.py` and `net.ipynb` apart by their whole names; whoever still shares an id gets a number."""
    first = Counter(one.id for one in found)
    told = [
        one if first[one.id] == 1 or not one.files or one.student != one.id else replace(one, id=_whole_name(one))
        for one in found
    ]
    taken: Counter[str] = Counter()
    unique = []
    for one in told:
        taken[one.id] += 1
        unique.append(one if taken[one.id] == 1 else replace(one, id=f"{one.id} ({taken[one.id]})"))
    return unique


def _whole_name(one: Submission) -> str:
    return one.files[0] if one.files and "/" not in one.files[0] and stem(one.files[0]) == one.id else one.id


def _notes(submissions: Sequence[Submission], signed: Mapping[str, Sign], unknown: int) -> tuple[str, ...]:
    platforms = Counter(sign.platform for sign in signed.values())
    if 2 * len(signed) <= sum(len(one.files) for one in submissions):
        return ()
    platform = platforms.most_common(1)[0][0]
    parts = [counted(len(submissions), "submission")]
    late, again = sum(one.late for one in submissions), sum(bool(one.superseded) for one in submissions)
    groups, human = sum(bool(one.group) for one in submissions), sum(one.problem is not None for one in submissions)
    parts += [
        said
        for count, said in (
            (late, f"{late:,} late"),
            (again, f"{again:,} handed in again (the latest counts)"),
            (groups, f"{groups:,} of groups"),
            (human, f"{human:,} without a notebook that can be read"),
            (unknown, f"{unknown:,} of nobody known"),
        )
        if count
    ]
    kind = {"GitHub": "GitHub Classroom", "Gradescope": "Gradescope export"}.get(platform, f"{platform} download")
    return (f"{kind}: {', '.join(parts)}.",)
