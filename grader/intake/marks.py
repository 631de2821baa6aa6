"""What the marks of a whole download say together: which ids there are, and which names several students share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from grader.intake.names import Sign
from grader.intake.people import Roster, squashed


@dataclass(frozen=True, slots=True)
class Marks:
    """What a download's marks say together.

    Attributes:
        signs: by the name of an item.
        homes: key of the one identity that has an id; an id that two platforms gave out is left out.
        namesakes: names that several identities share, and names of people whom an id in the class means: nobody
            else gets that person's address because of the name.
    """

    signs: Mapping[str, Sign]
    homes: Mapping[str, tuple[str, str]]
    namesakes: frozenset[str]

    @classmethod
    def of(cls, signs: Mapping[str, Sign], roster: Roster) -> Marks:
        """Return what these signs say."""
        ids: dict[str, set[tuple[str, str]]] = defaultdict(set)
        names_of: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for sign in signs.values():
            ids[sign.id].add((sign.platform, sign.key))
            names_of[squashed(sign.name)].add((sign.platform, sign.key))
        shared = {name for name, keys in names_of.items() if len(keys) > 1}
        meant = {name for one in ids if (person := roster.by_id(one)) is not None for name in person.names}
        return cls(
            signs, {one: next(iter(keys)) for one, keys in ids.items() if len(keys) == 1}, frozenset(shared | meant)
        )
