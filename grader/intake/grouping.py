"""From items to submissions: whose each item is, and what of it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader.faults import OperatorFault
from grader.intake import names
from grader.intake.attempts import Part
from grader.intake.gradescope import METADATA, read_metadata
from grader.intake.listing import (
    ARCHIVE,
    CODE,
    DOCUMENTS,
    LINKS,
    OTHER_ARCHIVES,
    PAGES,
    Item,
    Listing,
    has_ending,
    same,
    stem,
)
from grader.intake.mapping import Unknown
from grader.intake.marks import Marks
from grader.intake.names import Key, Sign
from grader.intake.owners import Claim, Known, owner_of
from grader.intake.reading import Bounds, is_link
from grader.intake.rows import rows
from grader.intake.tables import visible
from grader.intake.zips import metadata_of
from grader.records import Submission
from grader.wording import counted, listed

_BESIDE = (*PAGES, ".docx", *LINKS)
"""Endings of the files of a flat folder that are a submission unless code of their name lies beside them."""
_ALONE = (*CODE, *_BESIDE, ARCHIVE, *OTHER_ARCHIVES)
_WORTH_SAYING = (*CODE, *DOCUMENTS, ".doc", ".odt", ".rtf", ".tex", ".pages")


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


def group(listing: Listing, known: Known, bounds: Bounds) -> Intake:
    """Return the submissions of a class.

    Raises:
        OperatorFault: the table of a Gradescope export is there and cannot be read.
    """
    items = [one for one in listing.items if one.name != METADATA]
    signed = _signs(listing, items)
    marks = Marks.of(signed, known.roster, known.owners)
    stems = {same(stem(one.name)) for one in items if _is_plain_code(one) and one.name not in signed}
    claims: dict[Key, Claim] = {}
    strangers: list[Item] = []
    for item in items:
        sign = signed.get(item.name)
        if sign is None and known.owner(item.name) is None and not _stands_alone(item, stems):
            strangers.append(item)
            continue
        key, claim = owner_of(item, marks, known)
        home = claims.setdefault(key, claim)
        home.learn(claim)
        home.parts.append(Part(item, sign))
    left = _attach(strangers, claims)
    unknown = _unknown(claims, known, signed)
    submissions = rows(list(claims.values()), bounds)
    notes = (*_notes(submissions, signed, len(items) - len(left), len(unknown)), *_left_out(left))
    return Intake(tuple(sorted(submissions, key=lambda one: one.id)), unknown, notes)


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


def _is_plain_code(item: Item) -> bool:
    return not item.is_folder and not item.trouble and has_ending(item.name, CODE)


def _stands_alone(item: Item, stems: set[str]) -> bool:
    """Tell whether an item without a platform's mark is a submission: code, what may hold it, or a folder of these.

    `jane.pdf` is one, and is not where `jane` is among the `stems` of code. What cannot be opened always is one:
    nobody knows what it would have been.
    """
    if item.trouble:
        return True
    if item.is_folder:
        return any(has_ending(one.path, (*_ALONE, *DOCUMENTS)) for one in item.entries)
    if item.name.startswith("_") or (has_ending(item.name, _BESIDE) and same(stem(item.name)) in stems):
        return False
    return has_ending(item.name, _ALONE) or (has_ending(item.name, ".txt") and any(map(is_link, item.entries)))


def _attach(strangers: Sequence[Item], claims: Mapping[Key, Claim]) -> list[Item]:
    """Give `jane.md` to the submission of `jane.ipynb`; return what else lies around and is not handed in."""
    homes: dict[str, Claim] = {}
    for claim in claims.values():
        for part in claim.parts:
            if part.sign is None and _is_plain_code(part.item):
                homes.setdefault(same(stem(part.item.name)), claim)
    left: list[Item] = []
    for item in strangers:
        home = homes.get(same(stem(item.name)))
        if home is not None and not item.is_folder and has_ending(item.name, (*DOCUMENTS, *LINKS)):
            home.parts.append(Part(item))
        else:
            left.append(item)
    return left


def _left_out(items: Sequence[Item]) -> tuple[str, ...]:
    """Say what may have been meant to be graded and is not, so that nobody is lost unseen."""
    said = [
        visible(one.name)
        for one in items
        if not one.is_output
        and (one.is_folder or has_ending(one.name, _WORTH_SAYING))
        and not one.name.casefold().startswith("readme")
    ]
    return (f"Left out, with nothing in them to grade: {listed(said)}.",) if said else ()


def _unknown(claims: Mapping[Key, Claim], known: Known, signed: Mapping[str, Sign]) -> tuple[Unknown, ...]:
    """Return what has no owner where owners are to be expected: a roster, a mapping, or a download with marks."""
    items = sum(len(one.parts) for one in claims.values())
    if not known.roster.people and not known.owners and 2 * len(signed) <= items:
        return ()
    return tuple(
        Unknown(part.item.name, claim.student if claim.student != claim.id else "")
        for claim in claims.values()
        if not claim.is_known
        for part in claim.parts
        if part.sign is None or (known.roster.people and not part.sign.receipt)
    )


def _notes(submissions: Sequence[Submission], signed: Mapping[str, Sign], items: int, unknown: int) -> tuple[str, ...]:
    """Say what kind of download it is, where most items carry its marks."""
    platforms = Counter(sign.platform for sign in signed.values())
    if 2 * len(signed) <= items:
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
