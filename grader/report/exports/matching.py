"""Which row of an LMS's table is whose: by ids, then by logins and addresses, and by a name only if it is alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.intake.people import orders, squashed
from grader.report.exports.entitled import Entitled


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody in an LMS's table.

    Attributes:
        at: the row's number.
        keys: ids and logins, the ones that tell most first; some may be empty.
        name: as the LMS writes it.
        team: that hands in together; empty where everybody is alone.
    """

    at: int
    keys: tuple[str, ...]
    name: str
    team: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """Whose each row is.

    Attributes:
        owners: by the row's number.
        absent: who is in none of the rows.
        by_name: whose row was found by the name alone.
        renamed: rows of another name than the one whose id they have.
        contested: several who claim one row; none of them gets it.
    """

    owners: dict[int, Entitled]
    absent: tuple[Entitled, ...]
    by_name: tuple[Entitled, ...]
    renamed: tuple[tuple[Entitled, str], ...]
    contested: tuple[Entitled, ...]


def match(people: Sequence[Entitled], rows: Sequence[Row]) -> Matched:
    """Return whose each row is.

    A team's rows are found by its name. An id counts before logins and addresses, and each of these only where it is
    that of one row. A name counts where one row of all and one person of all bear it.
    """
    claims: dict[int, list[int]] = defaultdict(list)
    named: set[int] = set()
    teams, keys = _teams(rows), _keys(rows)
    known, same = _names(rows), Counter(name for one in people for name in names_of(one.name))
    for index, person in enumerate(people):
        found = teams.get(person.name, [])
        if not found and (row := _by_key(person, keys)) is not None:
            found = [row]
        if not found and (row := _by_name(person, known, same)) is not None:
            found = [row]
            named.add(index)
        for row in found:
            claims[row.at].append(index)
    alone = {at: claimed[0] for at, claimed in claims.items() if len(claimed) == 1}
    taken = set(alone.values())
    contested = {index for claimed in claims.values() if len(claimed) > 1 for index in claimed} - taken
    absent = [one for index, one in enumerate(people) if index not in taken and index not in contested]
    owners = {at: people[index] for at, index in sorted(alone.items())}
    return Matched(
        owners,
        tuple(absent),
        tuple(people[index] for index in sorted(named & taken)),
        tuple(_renamed(owners, rows)),
        tuple(people[index] for index in sorted(contested)),
    )


def names_of(name: str) -> frozenset[str]:
    """Return a name in every order that is used, squashed; empty for one without letters."""
    return frozenset({squashed(name), *orders(name)} - {""})


def _teams(rows: Iterable[Row]) -> dict[str, list[Row]]:
    teams: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.team:
            teams[row.team.replace("_", " ")].append(row)  # Moodle's file names have blanks there
    return teams


def _keys(rows: Iterable[Row]) -> list[dict[str, list[Row]]]:
    """Return for each kind of key which rows have it."""
    ranks: list[dict[str, list[Row]]] = []
    for row in rows:
        for rank, key in enumerate(row.keys):
            if rank == len(ranks):
                ranks.append(defaultdict(list))
            if key:
                ranks[rank][key.casefold()].append(row)
    return ranks


def _by_key(person: Entitled, ranks: Sequence[dict[str, list[Row]]]) -> Row | None:
    for key in (person.id.casefold(), *sorted(person.handles), person.email.casefold()):
        for rank in ranks:
            if key and len(found := rank.get(key, [])) == 1:
                return found[0]
    return None


def _names(rows: Iterable[Row]) -> dict[str, set[Row]]:
    known: dict[str, set[Row]] = defaultdict(set)
    for row in rows:
        for name in names_of(row.name):
            known[name].add(row)
    return known


def _by_name(person: Entitled, known: dict[str, set[Row]], same: Counter[str]) -> Row | None:
    names = names_of(person.name)
    found = {row for name in names for row in known.get(name, ())}
    if len(found) != 1 or any(same[name] > 1 for name in names):
        return None
    (row,) = found
    return row


def _renamed(owners: dict[int, Entitled], rows: Iterable[Row]) -> Iterable[tuple[Entitled, str]]:
    for row in rows:
        person = owners.get(row.at)
        if person is None or row.team or person.name.startswith(("Participant ", "Anonymous ")):
            continue
        mine, theirs = names_of(person.name), names_of(row.name)
        if person.name != person.id and mine and theirs and not mine & theirs:
            yield person, row.name
