"""Which pairs a human looks at, and who belongs together."""

from __future__ import annotations

import pytest

from grader.records.similarity import Alike, Likeness
from grader.similarity.judging import Measures, clusters, kinds

CODE, SHAPE = Measures(code=0.7, tokens=60), Measures(shape=0.9, shape_tokens=80)


@pytest.mark.parametrize(
    ("measured", "people", "expected"),
    [
        (Measures(), 30, ()),
        (CODE, 30, (Alike.CODE,)),
        (Measures(code=0.9, tokens=20), 30, ()),
        (Measures(code=0.4, tokens=90), 30, ()),
        (SHAPE, 30, (Alike.SHAPE,)),
        (SHAPE, 5, ()),
        (Measures(shape=0.9, shape_tokens=80, names=3), 5, (Alike.SHAPE,)),
        (Measures(same_text=True, same_code=True, code=1), 3, (Alike.SAME_TEXT,)),
        (Measures(text=0.8, words=50), 3, (Alike.EXPLANATION,)),
        (Measures(text=0.8, words=12), 3, ()),
        (Measures(network=True, holders=2, rare_layers=4), 30, (Alike.NETWORK,)),
        (Measures(network=True, holders=2, rare_layers=4), 6, ()),
        (Measures(network=True, holders=6, rare_layers=4), 30, ()),
        (Measures(network=True, holders=2, rare_layers=1), 30, ()),
    ],
)
def test_when_a_human_should_look(measured: Measures, people: int, expected: tuple[Alike, ...]) -> None:
    """Shares need a length, numbers alike a large class or something else, a network layers that nobody else has."""
    assert kinds(measured, people) == expected


def pair(first: str, second: str, code: float = 0.8) -> Likeness:
    return Likeness(first, second, (Alike.CODE,), code=code)


def test_everybody_of_a_group_is_like_everybody() -> None:
    """Three who are alike are one group; a chain is two, which share a member."""
    whole = clusters([pair("a", "b"), pair("b", "c", 0.7), pair("a", "c", 0.6)])
    assert [(one.members, one.count, one.weakest) for one in whole] == [(("a", "b", "c"), 3, 0.6)]
    assert [one.members for one in clusters([pair("a", "b", 0.9), pair("b", "c")])] == [("a", "b"), ("b", "c")]


def test_the_most_alike_come_first() -> None:
    """Groups are in the order of their strongest pair, the same whatever order pairs come in."""
    pairs = [pair("c", "d", 0.6), pair("a", "b", 0.9), pair("e", "f", 0.7)]
    assert clusters(pairs) == clusters(pairs[::-1])
    assert [one.members[0] for one in clusters(pairs)] == ["a", "e", "c"]
