"""Who is in the class: a roster, and the one person whom a name can mean."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.faults import OperatorFault
from grader.intake.tables import bare, read_table

_COLUMNS = {
    "id": (
        "id userid studentid sid canvasid canvasuserid identifier orgdefinedid idnumber studentnumber"
        " matriculationnumber matriculation sisuserid sisid externalid integrationid"
    ),
    "name": "name fullname student studentname displayname sortablename",
    "first": "firstname first givenname forename",
    "last": "lastname last surname familyname",
    "email": "email emailaddress mail emails",
    "username": "username login loginid sisloginid user netid uid account",
    "github": "github githubusername githubuser githublogin githubname githubhandle githubaccount",
}
_MEANING = {name: meaning for meaning, names in _COLUMNS.items() for name in names.split()}
_SHORTEST_TOKEN = 3
_LONGEST_NAME = 5
"""Words of a name that are looked for inside a file's name."""
_MAX_WORDS = 24


@dataclass(frozen=True, slots=True)
class Person:
    """One line of a roster.

    Attributes:
        id: the first that stands there of id, username, GitHub name, email and name.
        name: to show.
        email: empty when the roster has none.
        ids: everything that a platform may use as the id.
        handles: usernames, GitHub name, email and what stands before its @, in small letters.
        names: the name in every order that is used, squashed.
    """

    id: str
    name: str
    email: str
    ids: frozenset[str]
    handles: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody in a class; a key that two people share finds nobody.

    Attributes:
        people: in the order of the table.
    """

    people: tuple[Person, ...] = ()
    _ids: dict[str, Person | None] = field(default_factory=dict)
    _handles: dict[str, Person | None] = field(default_factory=dict)
    _words: dict[str, Person | None] = field(default_factory=dict)

    @classmethod
    def of(cls, people: Iterable[Person]) -> Roster:
        """Return a roster of these people."""
        known = tuple(people)
        ids = _index((key, one) for one in known for key in one.ids)
        handles = _index((key, one) for one in known for key in one.handles)
        words = _index((key, one) for one in known for key in _every_key(one))
        return cls(known, ids, handles, words)

    def by_id(self, key: str) -> Person | None:
        """Return whom a platform's id means: an id of the table, else a username."""
        return self._ids.get(key) or self._handles.get(key.casefold())

    def by_name(self, *texts: str) -> Person | None:
        """Return the one person whom any of these whole names means; None when they mean two."""
        found = {one.id: one for text in texts if text and (one := self._words.get(squashed(text))) is not None}
        return next(iter(found.values())) if len(found) == 1 else None

    def inside(self, text: str, shared: frozenset[str] = frozenset()) -> Person | None:
        """Return the one person whose id, username or whole name stands in a file's name; None when two do.

        A name in `shared` is one of several people, whatever the roster knows.
        """
        words = [word for word in re.split(r"[\W_]+", unicodedata.normalize("NFC", text)) if word][:_MAX_WORDS]
        found: dict[str, Person] = {}
        for start in range(len(words)):
            for stop in range(start + 1, min(start + _LONGEST_NAME, len(words)) + 1):
                key = squashed("".join(words[start:stop]))
                if len(key) >= _SHORTEST_TOKEN and key in self._words:
                    person = self._words[key]
                    if person is None or key in shared:  # two people of one name
                        return None
                    found[person.id] = person
        return next(iter(found.values())) if len(found) == 1 else None


def squashed(text: str) -> str:
    """Return letters and digits alone, small and without accents: `Doe, José` becomes `doejose`."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in plain if one.isalnum())


def _index(pairs: Iterable[tuple[str, Person]]) -> dict[str, Person | None]:
    """Return who has a key; None where several people do."""
    owners: dict[str, set[str]] = defaultdict(set)
    people: dict[str, Person] = {}
    for key, person in pairs:
        owners[key].add(person.id)
        people[person.id] = person
    return {key: people[next(iter(ids))] if len(ids) == 1 else None for key, ids in owners.items() if key}


def _every_key(person: Person) -> frozenset[str]:
    return person.names | {squashed(one) for one in (person.ids | person.handles)}


def read_roster(path: Path) -> Roster:
    """Read a roster: a CSV file whose columns are found by their names in the first line.

    Raises:
        OperatorFault: it cannot be read, names no column that is known, or has one id for two people.
    """
    header, rows = read_table(path, "--roster")
    meanings = [_MEANING.get(re.sub(r"[^a-z0-9]", "", one.lower()), "") for one in header]
    if not any(meanings):
        raise OperatorFault(
            f"--roster {path} has the columns {', '.join(header)[:200]}; none says who somebody is.",
            fix="Name the columns id, name, email, username or github in the first line.",
        )
    found: dict[str, Person] = {}
    for row in rows:
        person = _person(meanings, [bare(cell) for cell in row])
        if person is None:
            continue
        before = found.setdefault(person.id, person)
        if before.names != person.names or (not before.names and before.name != person.name):
            raise OperatorFault(
                f"--roster {path} has the id {person.id} for {before.name} and for {person.name}.",
                fix="Give everybody an id of their own.",
            )
    return Roster.of(found.values())


def _person(meanings: Sequence[str], row: Sequence[str]) -> Person | None:
    cells: dict[str, list[str]] = {meaning: [] for meaning in _COLUMNS}
    for meaning, cell in zip(meanings, row, strict=False):
        if meaning and cell:
            cells[meaning].append(cell)
    name = (cells["name"] or [" ".join((*cells["first"][:1], *cells["last"][:1]))])[0]
    if name.casefold() in ("points possible", "points-per-question"):  # second line of a platform's own table
        return None
    ids = [re.sub(r"^Participant\s+", "", one) for one in cells["id"]]
    handles = [*cells["username"], *cells["github"], *cells["email"]]
    first = (*ids, *handles, name)[0]
    if not first:
        return None
    before_at = [one.partition("@")[0] for one in cells["email"]]
    return Person(
        id=first,
        name=_natural(name) or first,
        email=(cells["email"] or [""])[0],
        ids=frozenset(ids or [first]),
        handles=frozenset(one.casefold() for one in (*handles, *before_at)),
        names=frozenset(orders(name)),
    )


def _natural(name: str) -> str:
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and first.strip() else name


def orders(name: str) -> list[str]:
    """Return `janedoe` and `doejane` for `Jane Doe` and for `Doe, Jane`."""
    words = _natural(name).split()
    if len(words) < 2:
        return []
    rotated = [words[-split:] + words[:-split] for split in range(1, len(words))]
    return [squashed("".join(order)) for order in (words, *rotated)]
