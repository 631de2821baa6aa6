"""When two submissions are alike enough for a human to look, and which of them belong together.

The bounds were chosen on `bench/similar.py`: copies with changed names, order and numbers on one side, independent
solutions on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.records.similarity import Alike, Cluster, Likeness

CODE_SHARE, CODE_TOKENS = 0.5, 36
"""Of their own code that two have in common, what is rare counting more, and the least number of tokens (six lines)."""
SHAPE_SHARE, SHAPE_TOKENS = 0.85, 45
"""The same with all numbers alike; in a small class never without something else."""
TEXT_SHARE, TEXT_WORDS = 0.3, 30
RARE_LAYERS = 3
"""Layers with weights that nobody else has, for equal networks to count by themselves."""
SMALL_CLASS = 10
"""In a smaller class neither a network nor code without its numbers says anything by itself."""
MOST_PAIRS = 12
"""Of one cluster that are told one by one."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of two submissions; shares from 0 to 1.

    Attributes:
        same_text: the code is equal character for character, and not the template.
        same_code: so is what it comes to, and enough of it is their own.
        code: share of their own code, what is rare counting more.
        tokens: of it, in the one that has fewer.
        shape: the same with all numbers alike.
        shape_tokens: of it.
        text: share of the explanations' own words.
        words: of them.
        network: whether the networks are equal.
        holders: how many have it.
        rare_layers: of it, that nobody else has.
        names: unusual names that only these two have.
    """

    same_text: bool = False
    same_code: bool = False
    code: float = 0.0
    tokens: int = 0
    shape: float = 0.0
    shape_tokens: int = 0
    text: float = 0.0
    words: int = 0
    network: bool = False
    holders: int = 0
    rare_layers: int = 0
    names: int = 0


def kinds(of: Measures, people: int) -> tuple[Alike, ...]:
    """Return in which respects two of a class are alike, the strongest first; empty where a human need not look."""
    found: list[Alike] = []
    large = people >= SMALL_CLASS
    if of.same_text:
        found.append(Alike.SAME_TEXT)
    elif of.same_code:
        found.append(Alike.SAME_CODE)
    elif of.code >= CODE_SHARE and of.tokens >= CODE_TOKENS:
        found.append(Alike.CODE)
    elif of.shape >= SHAPE_SHARE and of.shape_tokens >= SHAPE_TOKENS and (large or _corroborated(of)):
        found.append(Alike.SHAPE)
    if of.text >= TEXT_SHARE and of.words >= TEXT_WORDS:
        found.append(Alike.EXPLANATION)
    rare = of.holders <= max(2, people // 20) and of.rare_layers >= RARE_LAYERS
    if of.network and large and rare:
        found.append(Alike.NETWORK)
    return tuple(found)


def _corroborated(of: Measures) -> bool:
    return of.names >= 2 or of.text >= TEXT_SHARE / 2 or (of.network and of.rare_layers >= 1)


def clusters(pairs: Sequence[Likeness]) -> tuple[Cluster, ...]:
    """Return groups in which everybody is like everybody, the most alike first.

    A chain (A like B, B like C, A unlike C) becomes two groups that share a member, so that nobody stands beside
    somebody whom nothing connects.
    """
    strong = sorted(pairs, key=lambda one: (-one.strength, one.first, one.second))
    joined = {frozenset((one.first, one.second)): one for one in strong}
    near: dict[str, set[str]] = {}
    for one in strong:
        near.setdefault(one.first, set()).add(one.second)
        near.setdefault(one.second, set()).add(one.first)
    told: set[frozenset[str]] = set()
    found: list[Cluster] = []
    for one in strong:
        if frozenset((one.first, one.second)) in told:
            continue
        members = [one.first, one.second]
        common = near[one.first] & near[one.second]
        while common:
            # The one that is most like those that are there already.
            chosen = max(sorted(common), key=lambda name: min(joined[frozenset((name, to))].strength for to in members))
            members.append(chosen)
            common &= near[chosen]
        inside = [
            joined[frozenset((first, second))] for index, first in enumerate(members) for second in members[index + 1 :]
        ]
        told |= {frozenset((pair.first, pair.second)) for pair in inside}
        inside.sort(key=lambda pair: (-pair.strength, pair.first, pair.second))
        found.append(Cluster(tuple(sorted(members)), tuple(inside), len(inside), inside[-1].strength))
    return tuple(sorted(found, key=lambda one: (-one.pairs[0].strength, -len(one.members), one.members)))
