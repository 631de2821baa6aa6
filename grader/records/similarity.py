"""Which submissions are alike, and what shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Alike(StrEnum):
    """In which respect two submissions are alike."""

    SAME_TEXT = "same_text"
    """Their code is equal character for character."""
    SAME_CODE = "same_code"
    """The code of their networks is equal but for names, order, comments and blanks."""
    CODE = "code"
    """Most of what is their own in that code is shared."""
    SHAPE = "shape"
    """So is most of it with other numbers."""
    EXPLANATION = "explanation"
    """They share passages of their explanation."""
    NETWORK = "network"
    """Their networks are equal and have layers that nobody else has."""


class Mark(StrEnum):
    """What a line of code is beside another submission's."""

    SHARED = "shared"
    COURSE = "course"
    """In a template, or in so many submissions that it is the course's."""
    OWN = "own"


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """A line of code, its number in the cell or file, and what it is beside the other submission's."""

    number: int
    text: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Code that builds the network, of one cell or file.

    Attributes:
        file: path within the submission.
        cell: number of the cell; None for a module.
        lines: in order.
    """

    file: str
    cell: int | None
    lines: tuple[MarkedLine, ...]


@dataclass(frozen=True, slots=True)
class SharedPassage:
    """Words that two explanations share, and where they stand in each."""

    words: int
    text: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two submissions that are alike.

    Attributes:
        first: id of one.
        second: id of the other.
        kinds: in which respects, the strongest first.
        code: share of their own code that both have, from 0 to 1, numbers counted; what is rare
            in the class counts more.
        shape: the same with all numbers taken for equal.
        explanation: share of their explanations' own words that both have.
        lines: lines of the first that are shared.
        network: whether their networks are equal, layer by layer with all sizes.
        holders: how many of the class have that network.
        rare_layers: layers of it that nobody else has.
        renamed: names of the first, and those that stand in their place in the second.
        names: unusual names that only these have.
        numbers: unusual numbers that only these have.
        left: the first one's code; empty where it is not shown.
        right: the second one's.
        passages: shared words, the longest first.
    """

    first: str
    second: str
    kinds: tuple[Alike, ...]
    code: float = 0.0
    shape: float = 0.0
    explanation: float = 0.0
    lines: int = 0
    network: bool = False
    holders: int = 0
    rare_layers: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    left: tuple[Excerpt, ...] = ()
    right: tuple[Excerpt, ...] = ()
    passages: tuple[SharedPassage, ...] = ()

    @property
    def strength(self) -> float:
        """Return how alike they are at most, from 0 to 1: what clusters and rows are sorted by."""
        if {Alike.SAME_TEXT, Alike.SAME_CODE} & set(self.kinds):
            return 1.0
        sure = {Alike.CODE: self.code, Alike.SHAPE: self.shape, Alike.EXPLANATION: self.explanation}
        return max((sure.get(kind, 0.5) for kind in self.kinds), default=0.0)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Submissions that are alike, each with each.

    Attributes:
        members: their ids, sorted.
        pairs: some or all of them, the most alike first.
        count: how many pairs there are.
        weakest: the strength of the least alike pair.
    """

    members: tuple[str, ...]
    pairs: tuple[Likeness, ...]
    count: int
    weakest: float


@dataclass(frozen=True, slots=True)
class Similarity:
    """What comparing a class showed.

    Attributes:
        compared: how many submissions had code or an explanation to compare.
        method: `copydetect`, or `fingerprint` where that is not installed.
        clusters: the most alike first.
        templates: names of the files whose text counts for nobody.
        common: lines that count for nobody because many have them.
        together: pairs that were handed in by the same people, and are not compared.
        notes: sentences on what was left out.
    """

    compared: int
    method: str
    clusters: tuple[Cluster, ...] = ()
    templates: tuple[str, ...] = ()
    common: int = 0
    together: int = 0
    notes: tuple[str, ...] = field(default=())

    def cluster_of(self) -> dict[str, tuple[int, float]]:
        """Return, for each submission, the number of its first cluster (from 1) and how alike it is to one there."""
        found: dict[str, tuple[int, float]] = {}
        for number, cluster in enumerate(self.clusters, 1):
            best: dict[str, float] = {}
            for pair in cluster.pairs:
                for name in (pair.first, pair.second):
                    best[name] = max(best.get(name, 0.0), pair.strength)
            for name in cluster.members:
                found.setdefault(name, (number, best.get(name, cluster.weakest)))
        return found
