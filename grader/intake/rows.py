"""From what somebody handed in to a submission: its files, why it cannot be graded, and an id of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from grader.intake.attempts import latest
from grader.intake.listing import ARCHIVE, CODE, LINKS, OTHER_ARCHIVES, Entry, has_ending, same, stem
from grader.intake.owners import Claim
from grader.intake.reading import Bounds, is_link
from grader.intake.zips import expanded
from grader.records import Problem, Submission
from grader.wording import counted

ASK = "Ask for the .ipynb."


def rows(claims: Sequence[Claim], bounds: Bounds) -> list[Submission]:
    """Return a submission for each claim, with ids that are all different."""
    found = [_submission(one, bounds) for one in claims]
    return [replace(one, id=identity) for one, identity in zip(found, _unique_ids(claims), strict=True)]


def _submission(claim: Claim, bounds: Bounds) -> Submission:
    files = latest(claim.parts)
    entries, trouble = expanded(files.entries, bounds)
    return Submission(
        claim.id,
        claim.student or claim.id,
        tuple(one.path for one in entries),
        tuple(one.place for one in entries),
        files.late,
        claim.group,
        claim.email,
        files.superseded,
        _problem(entries, trouble or files.trouble, len(files.entries)),
        claim.members,
        files.handed_in,
    )


def _problem(entries: Sequence[Entry], trouble: str, before: int) -> Problem | None:
    """Return why the machine cannot grade these files, `before` archives were opened; None when there is code."""
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
    named = first if before == 1 and len(entries) == 1 else f"{first} and {counted(len(entries) - 1, 'other file')}"
    return Problem("human", f"Only {named} was handed in, and no notebook.", ASK)


def _unique_ids(claims: Sequence[Claim]) -> list[str]:
    """Tell `net.py` and `net.ipynb` apart by their whole names; whoever still shares an id gets a number."""
    first = Counter(one.id for one in claims)
    told = [_whole_name(one) if first[one.id] > 1 else one.id for one in claims]
    taken = set(told)
    seen: set[str] = set()
    unique = []
    for one in told:
        identity, number = one, 2
        while identity in seen or (identity != one and identity in taken):
            identity, number = f"{one} ({number})", number + 1
        seen.add(identity)
        unique.append(identity)
    return unique


def _whole_name(claim: Claim) -> str:
    """Return the name of the file whose stem is the id, when the id is nothing but that."""
    item = claim.parts[0].item
    own = not claim.is_known and not item.is_folder and stem(item.name) == claim.id
    return item.name if own else claim.id
