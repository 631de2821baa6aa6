"""What the marks of a whole download say together: which ids there are, and which names several students share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from grader.intake.mapping import Owner
from grader.intake.names import Key, Sign
from grader.intake.people import Roster, squashed
from grader.intake.tables import visible

_Who = TypeVar("_Who")


@dataclass(frozen=True, slots=True)
class Marks:
    """What a download's marks say together.

    Attributes:
        signs: by the name of an item.
        homes: the one identity that has an id; an id that two platforms gave out is left out.
        people: the one identity that has any id or username of a person of the roster, by that person's id.
        mapped: what was filled in for an identity, where its lines agree.
        shared: names that several identities have, in every order in which the roster knows them.
        namesakes: these, and names of people whom an id in the class means: nobody else gets that person's address
            because of the name.
    """

    signs: Mapping[str, Sign]
    homes: Mapping[str, Key] = field(default_factory=dict)
    people: Mapping[str, Key] = field(default_factory=dict)
    mapped: Mapping[Key, Owner] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    namesakes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, signs: Mapping[str, Sign], roster: Roster, owners: Mapping[str, Owner]) -> Marks:
        """Return what these signs say."""
        meant = [(person, sign.identity) for sign in signs.values() if (person := roster.by_id(sign.id)) is not None]
        shared = _shared(signs.values(), roster)
        return cls(
            signs,
            _only((sign.id, sign.identity) for sign in signs.values()),
            _only((person.id, identity) for person, identity in meant),
            _filled_in(signs, owners),
            shared,
            shared | {name for person, _ in meant for name in person.names},
        )


def _only(pairs: Iterable[tuple[_Who, Key]]) -> dict[_Who, Key]:
    """Return the identity of each, where there is but one."""
    found: dict[_Who, set[Key]] = defaultdict(set)
    for one, identity in pairs:
        found[one].add(identity)
    return {one: next(iter(identities)) for one, identities in found.items() if len(identities) == 1}


def _filled_in(signs: Mapping[str, Sign], owners: Mapping[str, Owner]) -> dict[Key, Owner]:
    """Return whose an identity's files are, unless its lines give them to several people."""
    found: dict[Key, dict[str, Owner]] = defaultdict(dict)
    for name, sign in signs.items():
        owner = owners.get(visible(name))
        if owner is not None:
            found[sign.identity].setdefault(owner.id or owner.student, owner)
    return {identity: next(iter(said.values())) for identity, said in found.items() if len(said) == 1}


def _shared(signs: Iterable[Sign], roster: Roster) -> frozenset[str]:
    """Return names of several identities; `doejane` and `janedoe` are one name when the roster says so."""
    identities: dict[frozenset[str], set[Key]] = defaultdict(set)
    for sign in signs:
        person = roster.by_name(sign.name)
        names = {squashed(sign.name)} if person is None else {squashed(sign.name), *person.names}
        identities[frozenset(names)].add(sign.identity)
    return frozenset(name for names, found in identities.items() if len(found) > 1 for name in names)
