"""Compare a class: everybody with everybody, as cheaply as that can be, and tell what a human should look at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.records.similarity import Alike, Cluster, Likeness, Similarity
from grader.similarity.entries import Entry, Template
from grader.similarity.evidence import excerpts, renamed, shared_lines
from grader.similarity.judging import MOST_PAIRS, Measures, clusters, kinds
from grader.similarity.prepared import Side, prepared
from grader.similarity.winnowing import Rarity, shared_counts
from grader.similarity.wording import shared_passages

LEAST_TOKENS = 40
"""A network of fewer tokens of its own is equal to another by chance: `nn.Sequential` of seven layers has about 35."""
MOST_ALIKE = 8
"""Submissions with the same code that are compared with everybody one by one; more follow the first of them."""
MOST_MEASURED = 20_000
"""Pairs that are looked at closely, the most promising first."""
MOST_SHOWN = 80
"""Pairs whose code is shown side by side."""
MOST_CLUSTERS = 150

_CODE, _SHAPE, _WORDS = 0.3, 0.6, 0.15  # shares of fingerprints from which a pair is looked at


def compare(
    entries: Sequence[Entry],
    templates: Sequence[Template] = (),
    *,
    library: Any = None,
) -> Similarity:
    """Return which submissions are alike, by copydetect's functions in `library`, or by equality alone without them."""
    usable = [one for one in entries if one.pieces or one.passages]
    sides, common = prepared(usable, templates, library, LEAST_TOKENS)
    leaders, followers = _led(sides)
    everybody = _Class(leaders, sides, winnowed=library is not None)
    groups = _with_followers(clusters(tuple(everybody.pairs())), followers)
    if len(groups) > MOST_CLUSTERS:
        everybody.notes.append(f"There are {len(groups):,} groups; the {MOST_CLUSTERS} most alike are told.")
    return Similarity(
        compared=len(usable),
        method="copydetect" if library is not None else "fingerprint",
        clusters=_shown(groups[:MOST_CLUSTERS], {one.entry.id: one for one in sides}),
        templates=tuple(dict.fromkeys(one.name for one in templates)),
        common=common,
        together=everybody.together,
        notes=tuple(everybody.notes),
    )


def _led(sides: Sequence[Side]) -> tuple[list[Side], dict[str, list[str]]]:
    """Return those that are compared, and for each the ids of those with the same code that follow it."""
    same: dict[str, list[Side]] = defaultdict(list)
    leaders: list[Side] = []
    followers: dict[str, list[str]] = defaultdict(list)
    for one in sides:
        twins = same[one.code] if one.code else []
        if len(twins) < MOST_ALIKE:
            leaders.append(one)
            twins.append(one)
        else:
            followers[twins[0].entry.id].append(one.entry.id)
    return leaders, followers


def _with_followers(found: Sequence[Cluster], followers: dict[str, list[str]]) -> tuple[Cluster, ...]:
    """Add to each cluster whoever has the same code as one of its members."""
    grown = []
    for one in found:
        more = [name for member in one.members for name in followers.get(member, ())]
        members = tuple(sorted({*one.members, *more}))
        count = len(members) * (len(members) - 1) // 2 if more else one.count
        grown.append(replace(one, members=members, count=count))
    return tuple(grown)


class _Class:
    """Everybody who is compared, with who has what."""

    def __init__(self, sides: Sequence[Side], everybody: Sequence[Side], *, winnowed: bool) -> None:
        """Count who has which names, numbers, networks and layers."""
        self.sides, self.people, self.winnowed = sides, len(everybody), winnowed
        self.together = 0
        self.notes: list[str] = []
        self.names = Counter(name for one in sides for name in one.names)
        self.numbers = Counter(name for one in sides for name in one.numbers)
        self.holders = Counter(one.entry.network for one in everybody if one.entry.network)
        self.layers = Counter(name for one in everybody for name in set(one.entry.layers))
        self.exact = Rarity([one.exact for one in sides])
        self.masked = Rarity([one.masked for one in sides])

    def pairs(self) -> Iterator[Likeness]:
        """Yield the pairs that a human should look at, without their evidence."""
        for i, j in self._near():
            first, second = self.sides[i], self.sides[j]
            if first.entry.people & second.entry.people:
                self.together += 1
                continue
            pair = self._pair(first, second)
            if pair is not None:
                yield pair

    def _near(self) -> list[tuple[int, int]]:
        """Return the pairs that may be alike, by how many fingerprints they share; equal ones always."""
        ways: list[tuple[Callable[[Side], frozenset[int]], float]] = [(lambda side: side.runs, _WORDS)]
        if self.winnowed:
            ways.append((lambda side: frozenset(side.exact.places), _CODE))
            ways.append((lambda side: frozenset(side.masked.places), _SHAPE))
        best = np.zeros((len(self.sides), len(self.sides)), np.float32)
        for of, least in ways:
            sets = [of(one) for one in self.sides]
            sizes = np.array([len(one) for one in sets], np.float32)
            share = 2 * shared_counts(sets) / np.maximum(sizes[:, None] + sizes[None, :], 1)
            np.maximum(best, np.where(share >= least, share, 0), out=best)
        for of_equal in (lambda side: side.code, lambda side: side.text, self._rare_network):
            self._mark_equal(best, of_equal)
        rows, columns = np.nonzero(np.triu(best, 1))
        if len(rows) > MOST_MEASURED:
            most = f"the {MOST_MEASURED:,} most alike were looked at closely"
            self.notes.append(f"{len(rows):,} pairs looked alike at first sight; {most}.")
            order = np.argsort(-best[rows, columns], kind="stable")[:MOST_MEASURED]
            rows, columns = rows[order], columns[order]
        return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True)]

    def _rare_network(self, side: Side) -> str:
        """Return a network that few have."""
        network = side.entry.network
        return network if 1 < self.holders[network] <= max(2, self.people // 20) else ""

    def _mark_equal(self, best: np.ndarray[Any, np.dtype[np.float32]], of: Callable[[Side], str]) -> None:
        equal: dict[str, list[int]] = defaultdict(list)
        for index, one in enumerate(self.sides):
            if of(one):
                equal[of(one)].append(index)
        for members in equal.values():
            best[np.ix_(members, members)] = 1

    def _pair(self, first: Side, second: Side) -> Likeness | None:
        exact = first.exact.places.keys() & second.exact.places.keys()
        masked = first.masked.places.keys() & second.masked.places.keys()
        runs = first.runs & second.runs
        tokens = min(len(first.exact.covered(exact)), len(second.exact.covered(exact)))
        shape_tokens = min(len(first.masked.covered(masked)), len(second.masked.covered(masked)))
        words = min(len(first.words.covered(runs)), len(second.words.covered(runs)))
        same_code = bool(first.code) and first.code == second.code
        network = bool(first.entry.network) and first.entry.network == second.entry.network
        holders = self.holders[first.entry.network] if network else 0
        layers = sorted(one for one in set(first.entry.layers) if network and self.layers[one] <= holders)
        names = sorted(one for one in first.names & second.names if self.names[one] <= 3)
        measured = Measures(
            same_text=bool(first.text) and first.text == second.text,
            same_code=same_code,
            code=1.0 if same_code else self.exact.share(first.exact, second.exact),
            tokens=tokens,
            shape=1.0 if same_code else self.masked.share(first.masked, second.masked),
            shape_tokens=shape_tokens,
            text=_share(words, first.own_words, second.own_words),
            words=words,
            network=network,
            holders=holders,
            rare_layers=len(layers),
            names=len(names),
        )
        why = kinds(measured, self.people)
        if not why:
            return None
        numbers = sorted(one for one in first.numbers & second.numbers if self.numbers[one] <= 3)
        return Likeness(
            first.entry.id,
            second.entry.id,
            why,
            measured.code,
            measured.shape,
            measured.text,
            network=network,
            holders=holders,
            rare_layers=tuple(layers[:8]),
            names=tuple(names[:12]),
            numbers=tuple(numbers[:12]),
        )


def _share(both: int, first: frozenset[int], second: frozenset[int]) -> float:
    """Return which share of what is their own two have in common (Dice)."""
    return min(1.0, 2 * both / max(1, len(first) + len(second)))


def _shown(found: Sequence[Cluster], sides: dict[str, Side]) -> tuple[Cluster, ...]:
    """Return the clusters with the evidence of as many pairs as are shown."""
    room = MOST_SHOWN
    shown = []
    for cluster in found:
        # The least alike pair as well: it says what holds the cluster together.
        chosen = [*cluster.pairs[: MOST_PAIRS - 1], *cluster.pairs[MOST_PAIRS - 1 :][-1:]]
        pairs = []
        for one in chosen:
            pairs.append(_with_evidence(one, sides[one.first], sides[one.second]) if room > 0 else one)
            room -= 1
        shown.append(replace(cluster, pairs=tuple(pairs)))
    return tuple(shown)


def thinner(found: Similarity) -> Similarity:
    """Return the same with the code of half as many pairs side by side; without any, with half as many clusters."""
    shown = [pair for cluster in found.clusters for pair in cluster.pairs if pair.left or pair.passages]
    kept = {(one.first, one.second) for one in shown[: len(shown) // 2]}
    if not shown:
        note = f"There are {len(found.clusters):,} groups; half of them are left out here."
        return replace(found, clusters=found.clusters[: len(found.clusters) // 2], notes=(*found.notes, note))
    return replace(
        found,
        clusters=tuple(
            replace(
                cluster,
                pairs=tuple(
                    one if (one.first, one.second) in kept else replace(one, left=(), right=(), passages=(), renamed=())
                    for one in cluster.pairs
                ),
            )
            for cluster in found.clusters
        ),
    )


def _with_evidence(pair: Likeness, first: Side, second: Side) -> Likeness:
    same = {Alike.SAME_CODE, Alike.SAME_TEXT} & set(pair.kinds)
    exact = Alike.SHAPE not in pair.kinds
    one, other = (first.exact, second.exact) if exact else (first.masked, second.masked)
    keys = one.places.keys() & other.places.keys()
    left = frozenset(range(len(first.stream.tokens)) if same else one.covered(keys))
    right = frozenset(range(len(second.stream.tokens)) if same else other.covered(keys))
    code = bool(same) or bool({Alike.CODE, Alike.SHAPE, Alike.NETWORK} & set(pair.kinds))
    runs = first.runs & second.runs
    return replace(
        pair,
        lines=shared_lines(first, left),
        renamed=renamed(first, second, keys, exact=exact),
        left=excerpts(first, left) if code else (),
        right=excerpts(second, right) if code else (),
        passages=shared_passages(first.words, second.words, runs, first.entry.passages, second.entry.passages),
    )
