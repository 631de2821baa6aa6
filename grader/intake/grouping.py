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
from grader.intake.names import Sign
from grader.intake.people import Person, Roster
from grader.intake.reading import Bounds
from grader.intake.tables import visible
from grader.intake.zips import expanded, metadata_of
from grader.records import Problem, Submission
from grader.wording import counted

ASK = "Ask for the .ipynb."
_ALONE = (*CODE, *PAGES, *LINKS, ARCHIVE, *OTHER_ARCHIVES)
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


def group(listing: Listing, known: Known, bounds: Bounds) -> Intake:
    """Return the submissions of a class.

    Raises:
        OperatorFault: the table of a Gradescope export is there and cannot be read.
    """
    items = [one for one in listing.items if one.name != METADATA]
    signed = _signs(listing, items)
    claims: dict[tuple[str, str], _Claim] = {}
    strangers: list[Item] = []
    for item in items:
        sign = signed.get(item.name)
        if sign is None and not _stands_alone(item):
            strangers.append(item)
            continue
        key, claim = _owner(item, sign, known)
        claims.setdefault(key, claim).parts.append(Part(item, sign))
    _attach(strangers, claims)
    unknown = _unknown(claims, known, signed)
    submissions = _with_unique_ids([_submission(one, bounds) for one in claims.values()])
    return Intake(
        tuple(sorted(submissions, key=lambda one: one.id)), unknown, _notes(submissions, signed, len(unknown))
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
        return bool(item.trouble) or any(has_ending(one.path, _ALONE) for one in item.entries)
    return has_ending(item.name, _ALONE) and not item.name.startswith("_")


def _owner(item: Item, sign: Sign | None, known: Known) -> tuple[tuple[str, str], _Claim]:
    """Return a key that is equal for two items of one person, and what is known of that person."""
    owner = known.owners.get(visible(item.name))
    if owner is not None:
        person = known.roster.by_id(owner.id)
        name = owner.student or (person.name if person else owner.id)
        return ("person", owner.id), _Claim(owner.id, name, person.email if person else "", is_known=True)
    if sign is not None:
        person = known.roster.by_id(sign.id) or known.roster.by_name(sign.name)
        claim = _Claim(sign.id, person.name if person else sign.name or sign.id, sign.email, sign.group)
        claim.is_known = person is not None or not known.roster.people
        return (sign.platform, sign.key), claim if person is None else replace(claim, email=sign.email or person.email)
    return _by_own_name(item, known.roster)


def _by_own_name(item: Item, roster: Roster) -> tuple[tuple[str, str], _Claim]:
    own = item.name if item.is_folder else stem(item.name)
    person: Person | None = roster.inside(own)
    if person is not None:
        return ("person", person.id), _Claim(person.id, person.name, person.email, is_known=True)
    student = "" if item.is_folder else names.drive_student(own)
    if student:
        title = names.without_copy_marks(own)
        return ("drive", same(title)), _Claim(title, student)
    return ("item", item.name), _Claim(own, own)


def _attach(strangers: Sequence[Item], claims: Mapping[tuple[str, str], _Claim]) -> None:
    """Give `jane.md` to the submission of `jane.ipynb`; whatever else lies around is not handed in."""
    homes: dict[str, _Claim] = {}
    for claim in claims.values():
        for part in claim.parts:
            if part.sign is None and not part.item.is_folder and has_ending(part.item.name, CODE):
                homes.setdefault(same(stem(part.item.name)), claim)
    for item in strangers:
        home = homes.get(same(stem(item.name)))
        if home is not None and not item.is_folder and has_ending(item.name, DOCUMENTS):
            home.parts.append(Part(item))


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
    if has_ending(first, LINKS) or same(first).endswith("link.html"):
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
